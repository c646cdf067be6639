//! The `[stage.*]` sections: all six must be there, each with a component and sensible bounds.

use std::time::Duration;

use super::{Mistake, Reader, Stages, file};
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

fn stage(reader: &Reader<'_>, name: &str, stage: Option<file::Stage>) -> Result<Settings, Mistake> {
    let missing = || Mistake {
        file: reader.path.to_owned(),
        line: None,
        what: format!("the section [stage.{name}] is missing"),
    };
    let stage = stage.ok_or_else(missing)?;
    let key = |field: &str| format!("stage.{name}.{field}");
    reader.range(&key("instances"), stage.instances as u64, 1, 256)?;
    reader.range(&key("memory_mib"), stage.memory_mib as u64, 1, 4096)?;
    reader.positive(&key("deadline_ms"), stage.deadline_ms)?;
    reader.positive(&key("load_timeout_ms"), stage.load_timeout_ms)?;
    if let Some(inside) = stage.mounts.keys().find(|inside| !inside.starts_with('/')) {
        return Err(reader.about(
            &key("mounts"),
            &format!("maps absolute guest paths to folders, and `{inside}` does not begin with /"),
        ));
    }
    Ok(Settings {
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
            mounts: stage
                .mounts
                .iter()
                .map(|(inside, folder)| (inside.clone(), reader.resolve(folder)))
                .collect(),
            environment: stage.environment,
            own_thread: true,
        },
    })
}
