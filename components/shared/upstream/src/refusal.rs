//! What a server means that refuses: the failure for the caller, whether to ask again, and what it says of the server's health.
//!
//! | status | failure | again | health |
//! |---|---|---|---|
//! | 408, 499, 5xx | unavailable | yes | failed |
//! | 429 with `Retry-After` | busy | after that time | unknown: busy is not broken |
//! | 429 without | busy | no | unknown |
//! | 429 because a quota is used up | unavailable | no | answered |
//! | any other | the caller's or the configuration's fault | no | answered |

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::breaker::Outcome;
use crate::failure::Failure;
use crate::retry::Again;
use crate::transport::Response;

/// The longest that a server may ask for patience.
const MAX_RETRY_MS: u64 = 600_000;

/// What a refusal means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// For the caller.
    pub failure: Failure,
    /// Whether the request may be sent again.
    pub again: Again,
    /// What it says of the server's health.
    pub outcome: Outcome,
}

impl Refusal {
    /// Reads a refusal. `name` is the server's for messages, `has_key` whether the stage sent a key, `body` what could be read.
    #[must_use]
    pub fn read(
        name: &str,
        has_key: bool,
        response: &Response,
        body: &[u8],
        now: SystemTime,
    ) -> Self {
        let status = response.status;
        let about = About::read(body);
        let retry_ms = retry_ms(response, now);
        let wish = retry_ms.map(|ms| Again::After(Duration::from_millis(ms.into())));
        let outcome = health(status).unwrap_or(if about.quota {
            Outcome::Answered
        } else {
            Outcome::Unknown
        });
        Self {
            failure: failure(name, has_key, status, &about, retry_ms),
            again: match outcome {
                Outcome::Answered => Again::Never,
                Outcome::Unknown => wish.unwrap_or(Again::Never),
                Outcome::Failed => wish.unwrap_or(Again::Backoff),
            },
            outcome,
        }
    }
}

/// What a status alone says of the server's health; none where that depends on the body.
#[must_use]
pub fn health(status: u16) -> Option<Outcome> {
    match status {
        429 => None,
        408 | 499 | 500..600 => Some(Outcome::Failed),
        _ => Some(Outcome::Answered),
    }
}

fn failure(
    name: &str,
    has_key: bool,
    status: u16,
    about: &About,
    retry_ms: Option<u32>,
) -> Failure {
    let unavailable = |what: &str| Failure::Unavailable(format!("{name} {what}"));
    match status {
        300..400 => unavailable("redirects; its address must be the final one"),
        401 | 403 if has_key => unavailable("refused the key"),
        401 | 403 => unavailable("refused: it asks for a key, or for another one"),
        400 | 404 | 422 if about.model => unavailable("does not have the model that is configured"),
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
