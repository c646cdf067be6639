//! The `[events.*]` sections: who is told what happens.

use super::{Mistake, Reader, file};
use crate::events::nats;

pub(super) fn resolve(
    reader: &Reader<'_>,
    events: &file::Events,
) -> Result<Option<nats::Settings>, Mistake> {
    let Some(section) = &events.nats else {
        return Ok(None);
    };
    let about = |key: &str, what: &str| reader.about(&format!("events.nats.{key}"), what);
    let server = nats::server(&section.url).map_err(|what| about("url", what))?;
    nats::subject(&section.subject).map_err(|what| about("subject", what))?;
    let credentials = match &section.credentials {
        None => None,
        Some(file::Credential { env }) => {
            let value = std::env::var(env).unwrap_or_default();
            if value.trim().is_empty() {
                let what = format!("names the environment variable {env}, which is not set");
                return Err(about("credentials", &what));
            }
            Some(value.trim().to_owned())
        }
    };
    let subject = section.subject.clone();
    Ok(Some(nats::Settings::new(server, subject, credentials)))
}
