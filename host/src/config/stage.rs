//! The `[stage.*]` sections, each with a component and sensible bounds, and which of them stand for a stage. Which ones there must be depends on what the edge component
//! imports, which is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Mistake, Reader, Stages, file};
use crate::outbound::{Credential, Destinations, Origin};
use crate::stage::{Chain, Grants, Limits, Settings};

pub(super) fn resolve(
    reader: &Reader<'_>,
    sections: BTreeMap<String, file::Stage>,
    chain: &file::Chain,
) -> Result<Stages, Mistake> {
    let mut found = BTreeMap::new();
    for (name, section) in sections {
        let settings = stage(reader, &name, section)?;
        found.insert(name, settings);
    }
    let mut used = BTreeSet::new();
    let (fast, high) = (&chain.fast, &chain.high);
    let mut chained = |(stage, orders): (&'static str, [&Option<Vec<String>>; 3])| {
        members(reader, &found, stage, orders, &mut used)
    };
    let none = &None;
    let stages = Stages {
        ingest: chained(("ingest", [none; 3]))?,
        vad: chained(("vad", [none; 3]))?,
        asr: chained(("asr", [&fast.asr, &chain.asr, &high.asr]))?,
        intent: chained(("intent", [none; 3]))?,
        llm: chained(("llm", [&fast.llm, &chain.llm, &high.llm]))?,
        tts: chained(("tts", [none, &chain.tts, none]))?,
    };
    match found.keys().find(|name| !used.contains(*name)) {
        None => Ok(stages),
        Some(name) => Err(reader.about(
            &format!("stage.{name}.component"),
            "stands for no stage: a section has the name of a stage (ingest, vad, asr, intent, llm, tts), or is in a list of [chain]",
        )),
    }
}

/// Who stands for a stage: the sections that its lists name, or the section of its own name.
fn members(
    reader: &Reader<'_>,
    sections: &BTreeMap<String, Settings>,
    stage: &'static str,
    [fast, balanced, high]: [&Option<Vec<String>>; 3],
    used: &mut BTreeSet<String>,
) -> Result<Chain<Settings>, Mistake> {
    let own: Vec<_> = sections
        .contains_key(stage)
        .then(|| stage.to_owned())
        .into_iter()
        .collect();
    let usual = balanced.as_ref().unwrap_or(&own);
    let orders = [
        fast.as_ref().unwrap_or(usual),
        usual,
        high.as_ref().unwrap_or(usual),
    ];
    let mut members = Vec::<(Arc<str>, Settings)>::new();
    // A strategy without a list of its own has the mistakes of the usual one.
    let table = |list: &Option<_>, own| if list.is_some() { own } else { "chain" };
    let tables = [
        table(fast, "chain.fast"),
        "chain",
        table(high, "chain.high"),
    ];
    for (names, table) in orders.into_iter().zip(tables) {
        let about = |what: &str| reader.about(&format!("{table}.{stage}"), what);
        if names.is_empty() && sections.contains_key(stage) {
            return Err(about("must name a section"));
        }
        for (k, name) in names.iter().enumerate() {
            let settings = sections.get(name).ok_or_else(|| {
                about(&format!(
                    "names [stage.{name}], and there is no such section"
                ))
            })?;
            if names.iter().skip(k + 1).any(|later| later == name) {
                return Err(about(&format!("names {name} twice")));
            }
            used.insert(name.clone());
            if members.iter().all(|(known, _)| **known != **name) {
                members.push((name.as_str().into(), settings.clone()));
            }
        }
    }
    Ok(Chain::new(members, orders.map(Vec::as_slice)))
}

fn stage(reader: &Reader<'_>, name: &str, stage: file::Stage) -> Result<Settings, Mistake> {
    let key = |field: &str| format!("stage.{name}.{field}");
    reader.range(&key("instances"), stage.instances as u64, 1, 256)?;
    reader.range(&key("memory_mib"), stage.memory_mib as u64, 1, 4096)?;
    reader.positive(&key("deadline_ms"), stage.deadline_ms)?;
    reader.positive(&key("load_timeout_ms"), stage.load_timeout_ms)?;
    let mounts = reader.mounts(&key("mounts"), &stage.mounts)?;
    let outbound = destinations(reader, &key, &stage.outbound, &stage.credentials)?;
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
            mounts,
            environment: stage.environment,
            outbound,
            buckets: Arc::new(stage.keyvalue.into_iter().collect()),
            own_thread: true,
        },
    })
}

/// Fails when a section may use a bucket that there is not.
pub(super) fn check_buckets(
    reader: &Reader<'_>,
    stages: &Stages,
    buckets: &BTreeMap<String, file::KeyValue>,
) -> Result<(), Mistake> {
    for (section, settings) in stages.all() {
        let mut names = settings.grants.buckets.iter();
        if let Some(name) = names.find(|name| !buckets.contains_key(*name)) {
            return Err(reader.about(
                &format!("stage.{section}.keyvalue"),
                &format!("names the bucket `{name}`, and there is no [keyvalue.{name}]"),
            ));
        }
    }
    Ok(())
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
        if to.is_socket() {
            return Err(about(&format!(
                "has a key for {to}: in connections that a stage makes itself the host puts nothing"
            )));
        }
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
