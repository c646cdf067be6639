//! The `[stage.*]` sections: each with a component and sensible bounds. Which ones there must be depends on what the edge component
//! imports, which is not known here.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Mistake, Reader, Stages, file};
use crate::outbound::{Credential, Destinations, Origin};
use crate::stage::{Grants, Limits, Settings};

pub(super) fn resolve(reader: &Reader<'_>, stages: file::Stages) -> Result<Stages, Mistake> {
    Ok(Stages {
        ingest: stage(reader, "ingest", stages.ingest)?,
        vad: stage(reader, "vad", stages.vad)?,
        asr: stage(reader, "asr", stages.asr)?,
        intent: stage(reader, "intent", stages.intent)?,
        llm: stage(reader, "llm", stages.llm)?,
        tts: stage(reader, "tts", stages.tts)?,
    })
}

fn stage(
    reader: &Reader<'_>,
    name: &str,
    stage: Option<file::Stage>,
) -> Result<Option<Settings>, Mistake> {
    let Some(stage) = stage else {
        return Ok(None);
    };
    let key = |field: &str| format!("stage.{name}.{field}");
    reader.range(&key("instances"), stage.instances as u64, 1, 256)?;
    reader.range(&key("memory_mib"), stage.memory_mib as u64, 1, 4096)?;
    reader.positive(&key("deadline_ms"), stage.deadline_ms)?;
    reader.positive(&key("load_timeout_ms"), stage.load_timeout_ms)?;
    let mounts = reader.mounts(&key("mounts"), &stage.mounts)?;
    let outbound = destinations(reader, &key, &stage.outbound, &stage.credentials)?;
    Ok(Some(Settings {
        component: reader.resolve(&stage.component),
        limits: Limits {
            instances: stage.instances,
            queue: stage.queue,
            queue_timeout: Duration::from_millis(stage.queue_timeout_ms),
            deadline: Duration::from_millis(stage.deadline_ms),
            load_timeout: Duration::from_millis(stage.load_timeout_ms),
            memory: stage.memory_mib << 20,
        },
        grants: Grants {
            mounts,
            environment: stage.environment,
            outbound,
            own_thread: true,
        },
    }))
}

/// The destinations of a stage, each with its key if it has one.
fn destinations(
    reader: &Reader<'_>,
    key: &impl Fn(&str) -> String,
    outbound: &[String],
    credentials: &BTreeMap<String, file::Credential>,
) -> Result<Destinations, Mistake> {
    let origin = |field: &str, text: &str| {
        Origin::parse(text).map_err(|error| {
            reader.about(
                &key(field),
                &format!("has what is not a destination: {error}"),
            )
        })
    };
    let mut found = Vec::new();
    for text in outbound {
        found.push((origin("outbound", text)?, None));
    }
    for (text, credential) in credentials {
        let to = origin("credentials", text)?;
        let about = |what: &str| reader.about(&key("credentials"), what);
        let place = found.iter_mut().find(|(listed, _)| *listed == to);
        let (_, place) = place
            .ok_or_else(|| about(&format!("has a key for {to}, which is not in `outbound`")))?;
        let name = &credential.env;
        let value = std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty());
        let value = value.ok_or_else(|| {
            about(&format!(
                "takes the key for {to} from the environment variable {name}, which is not set"
            ))
        })?;
        let header = Credential::bearer(value.trim()).ok_or_else(|| {
            about(&format!(
                "takes a key from {name} that cannot be sent in a header"
            ))
        })?;
        *place = Some(header);
    }
    Ok(found.into_iter().collect())
}
