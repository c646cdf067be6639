//! The `[telemetry.*]` sections: where traces go.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};
use serde::Deserialize;

use super::{Mistake, Reader, file};
use crate::telemetry::Settings;

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Telemetry {
    otlp: Option<Otlp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Otlp {
    endpoint: String,
    #[serde(default)]
    headers: BTreeMap<String, file::Credential>,
    #[serde(default = "all")]
    sample_ratio: f64,
    #[serde(default = "timeout_ms")]
    timeout_ms: u64,
    #[serde(default = "service_name")]
    service_name: String,
}

fn all() -> f64 {
    1.0
}

fn timeout_ms() -> u64 {
    5_000
}

fn service_name() -> String {
    "colloquy".into()
}

pub(super) fn resolve(
    reader: &Reader<'_>,
    telemetry: &Telemetry,
) -> Result<Option<Settings>, Mistake> {
    let Some(section) = &telemetry.otlp else {
        return Ok(None);
    };
    let about = |key: &str, what: &str| reader.about(&format!("telemetry.otlp.{key}"), what);
    let endpoint = endpoint(&section.endpoint).ok_or_else(|| {
        about(
            "endpoint",
            "is not the URL of a collector such as http://127.0.0.1:4318",
        )
    })?;
    if !(0.0..=1.0).contains(&section.sample_ratio) {
        return Err(about("sample_ratio", "must be 0 to 1"));
    }
    reader.range("telemetry.otlp.timeout_ms", section.timeout_ms, 1, 60_000)?;
    let mut headers = HashMap::new();
    for (name, from) in &section.headers {
        let value = reader.secret("telemetry.otlp.headers", from)?;
        let name = name.to_ascii_lowercase();
        if HeaderName::try_from(&name).is_err() || HeaderValue::try_from(&value).is_err() {
            return Err(about(
                "headers",
                &format!("has `{name}`, whose name or value cannot be sent"),
            ));
        }
        headers.insert(name, value);
    }
    Ok(Some(Settings {
        endpoint,
        service_name: section.service_name.clone(),
        headers,
        sample_ratio: section.sample_ratio,
        timeout: Duration::from_millis(section.timeout_ms),
    }))
}

/// The whole URL; the path is OTLP's own unless another one is given.
fn endpoint(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?;
    let authority = uri.authority()?.as_str();
    if !matches!(scheme, "http" | "https") || authority.contains('@') {
        return None;
    }
    Some(match uri.path_and_query().map_or("/", |it| it.as_str()) {
        "" | "/" => format!("{scheme}://{authority}/v1/traces"),
        _ => text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn read(section: &str) -> Result<Config, Mistake> {
        let text = format!("[telemetry.otlp]\n{section}");
        Config::parse(Path::new("/etc/colloquy.toml"), &text)
    }

    #[test]
    fn a_collector_needs_only_its_address() {
        let config = read("endpoint = 'http://127.0.0.1:4318'").unwrap();
        let settings = config.otlp.unwrap();
        assert_eq!(settings.endpoint, "http://127.0.0.1:4318/v1/traces");
        assert_eq!(settings.service_name, "colloquy");
        let with_path = read("endpoint = 'https://a.example/otlp/v1/traces?x=1'").unwrap();
        assert_eq!(
            with_path.otlp.unwrap().endpoint,
            "https://a.example/otlp/v1/traces?x=1"
        );
        let none = Config::parse(Path::new("/etc/colloquy.toml"), "").unwrap();
        assert!(none.otlp.is_none());
    }

    #[test]
    fn mistakes_are_told() {
        for (section, told) in [
            (
                "endpoint = '127.0.0.1:4318'",
                "is not the URL of a collector",
            ),
            ("endpoint = 'http://u:p@a'", "is not the URL of a collector"),
            ("endpoint = 'grpc://a'", "is not the URL of a collector"),
            (
                "endpoint = 'http://a'\nsample_ratio = 1.5",
                "must be 0 to 1",
            ),
            ("endpoint = 'http://a'\ntimeout_ms = 0", "must be 1 to"),
            (
                "endpoint = 'http://a'\nheaders = { authorization = { env = 'NOBODY_SETS_THIS' } }",
                "NOBODY_SETS_THIS, which is not set",
            ),
        ] {
            let mistake = read(section).unwrap_err().to_string();
            assert!(mistake.contains(told), "{section}: {mistake}");
        }
    }
}
