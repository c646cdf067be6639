//! Asking a server, and telling the ways apart in which it refuses.
//!
//! What a server says when it refuses goes to the log (standard error), shortened and without the key. The caller is told what it means.

use std::time::SystemTime;

use serde_json::Value;

use crate::base::BaseUrl;
use crate::failure::Failure;
use crate::settings::Key;
use crate::transport::{Limits, Request, Response, Transport};

/// How much of a refusal is read, and how much of it is logged.
const REFUSAL: (usize, usize) = (16 << 10, 500);
/// The longest that a server may ask for patience.
const MAX_RETRY_MS: u64 = 600_000;

/// A server and how to ask it.
#[derive(Debug, Clone)]
pub struct Api {
    /// What it is, for messages: `the transcription server`.
    pub name: &'static str,
    /// Where it is.
    pub base: BaseUrl,
    /// The key, where this stage has to bring one.
    pub key: Option<Key>,
    /// The model asked for.
    pub model: String,
    /// How long an exchange may take.
    pub limits: Limits,
}

impl Api {
    /// Posts a body to a route and returns the answer if it is a success.
    ///
    /// # Errors
    /// As [`Transport::post`], and what the status of a refusal means.
    pub fn post(
        &self,
        transport: &dyn Transport,
        route: &str,
        content_type: &str,
        accept: &str,
        body: &[u8],
    ) -> Result<Response, Failure> {
        let bearer = self.key.as_ref().map(Key::bearer);
        let mut headers = vec![
            ("content-type", content_type),
            ("accept", accept),
            (
                "user-agent",
                concat!("colloquy/", env!("CARGO_PKG_VERSION")),
            ),
        ];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let path = self.base.path(route);
        let request = Request {
            base: &self.base,
            path: &path,
            headers: &headers,
            body,
            limits: self.limits,
        };
        let response = transport.post(&request)?;
        match response.status {
            200..300 => Ok(response),
            _ => Err(self.refused(response, SystemTime::now())),
        }
    }

    /// Logs a line, without the key.
    pub fn log(&self, line: &str) {
        let line = match &self.key {
            Some(key) => key.redact(line),
            None => line.to_owned(),
        };
        let line = line.replace(char::is_control, " ");
        #[expect(
            clippy::print_stderr,
            reason = "standard error is a component's log; the host marks it with the stage"
        )]
        {
            eprintln!("{}: {line}", self.name);
        }
    }

    fn refused(&self, response: Response, now: SystemTime) -> Failure {
        let (status, name) = (response.status, self.name);
        let retry_ms = retry_ms(&response, now);
        // A refusal that cannot be read is still one.
        let body = response.whole(REFUSAL.0).unwrap_or_default();
        let said: String = String::from_utf8_lossy(&body)
            .chars()
            .take(REFUSAL.1)
            .collect();
        self.log(&format!("refused with {status}: {said}"));
        let about = About::read(&body);
        let unavailable = |what: &str| Failure::Unavailable(format!("{name} {what}"));
        match status {
            300..400 => unavailable("redirects; its address must be the final one"),
            401 | 403 if self.key.is_some() => unavailable("refused the key"),
            401 | 403 => unavailable("refused: it asks for a key, or for another one"),
            400 | 404 | 422 if about.model => {
                unavailable("does not have the model that is configured")
            }
            404 | 405 => unavailable("has no such route; its address may be wrong"),
            400 | 422 if about.choice => Failure::Unsupported(format!(
                "{name} does not have this language, voice or format"
            )),
            400 | 422 => Failure::InvalidInput(format!("{name} refused the request ({status})")),
            413 => Failure::InvalidInput(format!("{name} takes no request of this size")),
            415 => Failure::Unsupported(format!("{name} does not take this format")),
            429 if about.quota => unavailable("says that the account's quota is used up"),
            429 => Failure::Busy(retry_ms),
            500..600 => unavailable(&format!("failed ({status})")),
            _ => unavailable(&format!("answered with status {status}")),
        }
    }
}

/// What the error object of a refusal is about. Servers put it in different places, and some send none.
#[derive(Debug, Default, PartialEq, Eq)]
struct About {
    model: bool,
    choice: bool,
    quota: bool,
}

impl About {
    fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        let error = ["/error", "/detail/error"]
            .into_iter()
            .find_map(|place| value.pointer(place));
        let error = error.unwrap_or(&value);
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let (param, code, kind) = (text("param"), text("code"), text("type"));
        Self {
            model: param == "model" || code == "model_not_found",
            choice: ["language", "voice", "response_format"].contains(&param),
            quota: [code, kind].contains(&"insufficient_quota"),
        }
    }
}

/// What a server asks for: milliseconds (OpenAI), seconds, or a date.
fn retry_ms(response: &Response, now: SystemTime) -> Option<u32> {
    let header = |name| response.header(name).map(str::trim);
    let precise = || header("retry-after-ms")?.parse::<u64>().ok();
    let seconds = || {
        let seconds: f64 = header("retry-after")?.parse().ok()?;
        (seconds >= 0.0).then_some((seconds * 1000.0) as u64)
    };
    let date = || {
        let until = httpdate::parse_http_date(header("retry-after")?).ok()?;
        let wait = until.duration_since(now).unwrap_or_default();
        u64::try_from(wait.as_millis()).ok()
    };
    let ms = precise().or_else(seconds).or_else(date)?;
    u32::try_from(ms.min(MAX_RETRY_MS)).ok()
}

#[cfg(test)]
mod tests;
