//! One JSON object for an event: `timestamp`, `level`, `target`, what the request's span has (`request_id`, `trace_id`), `message`, and the
//! event's own fields, all of them side by side, so that whoever collects lines can search for any of them.

use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The format.
pub(super) struct Flat;

impl<S> FormatEvent<S, JsonFields> for Flat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        let mut line = Map::new();
        if let Some(scope) = context.event_scope() {
            for span in scope.from_root() {
                let extensions = span.extensions();
                if let Some(fields) = extensions.get::<FormattedFields<JsonFields>>() {
                    add(&mut line, fields);
                }
            }
        }
        let mut fields = FormattedFields::<JsonFields>::new(String::new());
        context.format_fields(fields.as_writer(), event)?;
        add(&mut line, &fields);
        // No field, of whoever it is, stands for one of these.
        let now = humantime::format_rfc3339_millis(SystemTime::now());
        line.insert("timestamp".into(), now.to_string().into());
        line.insert("level".into(), about.level().as_str().into());
        line.insert("target".into(), about.target().into());
        for c in Value::Object(line).to_string().chars() {
            // JSON leaves these as they are, a terminal does not.
            if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            } else {
                writer.write_char(c)?;
            }
        }
        writeln!(writer)
    }
}

/// Adds fields that have been formatted as an object.
fn add(line: &mut Map<String, Value>, fields: &str) {
    if let Ok(Value::Object(fields)) = serde_json::from_str(fields) {
        line.extend(fields);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_flat_object() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .event_format(Flat)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let none: Option<&str> = None;
            let span = tracing::error_span!("request", request_id = "r-1", trace_id = none);
            let _in_span = span.enter();
            let path = "/a\n{\"level\":\"INFO\"}\u{2028}\u{9b}";
            tracing::warn!(path, status = 404, level = "none", "not\nthere");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(!text.contains(['\u{2028}', '\u{9b}']), "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        for (field, value) in [
            ("request_id", Value::from("r-1")),
            ("level", "WARN".into()),
            ("message", "not\nthere".into()),
            ("path", "/a\n{\"level\":\"INFO\"}\u{2028}\u{9b}".into()),
            ("status", 404.into()),
            ("target", module_path!().into()),
        ] {
            assert_eq!(line[field], value, "{field}: {text}");
        }
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
        assert!(line.get("trace_id").is_none(), "{text}");
    }
}
