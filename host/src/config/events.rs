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
    let credentials = section
        .credentials
        .as_ref()
        .map(|it| reader.secret("events.nats.credentials", it))
        .transpose()?;
    let subject = section.subject.clone();
    Ok(Some(nats::Settings::new(server, subject, credentials)))
}
