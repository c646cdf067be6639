//! Whether two answers look alike: the same members with values of the same types, the same kinds of events in the same order.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::document::Block;

/// Compares what is shown with what was answered.
pub(super) fn compare(shown: &Block, real: &Block) -> Result<()> {
    match (shown, real) {
        (Block::Json(shown), Block::Json(real)) => alike("answer", shown, real),
        (Block::Events(shown), Block::Events(real)) => {
            let (shown, real) = (kinds(shown), kinds(real));
            ensure!(shown == real, "events {real:?}, the file shows {shown:?}");
            Ok(())
        }
        (Block::Text(shown), Block::Text(real)) => {
            ensure!(!real.trim().is_empty(), "nothing was answered");
            let kind = |text: &str| {
                let is_kind = text.starts_with("audio/") || text.starts_with("text/html");
                is_kind.then(|| text.trim().to_owned())
            };
            ensure!(
                kind(shown) == kind(real),
                "{:?}, the file shows {:?}",
                kind(real),
                kind(shown)
            );
            Ok(())
        }
        _ => bail!("the file shows another kind of answer"),
    }
}

/// Kinds of events, each run of the same kind once. How often they come differs from run to run.
fn kinds(events: &[(String, String)]) -> Vec<&str> {
    let mut kinds: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    // Text and speech of a sentence overlap.
    for kind in &mut kinds {
        if ["token", "sentence", "audio"].contains(kind) {
            *kind = "token, sentence, audio";
        }
    }
    kinds.dedup();
    kinds
}

fn alike(at: &str, shown: &Value, real: &Value) -> Result<()> {
    match (shown, real) {
        // What may be null may be null today.
        (Value::Null, _) | (_, Value::Null) => Ok(()),
        (Value::Object(shown), Value::Object(real)) => {
            let names = |members: &serde_json::Map<String, Value>| {
                members.keys().cloned().collect::<Vec<_>>()
            };
            // A map from stages to names has the members of whatever stages there are.
            let (shown_names, real_names) = (names(shown), names(real));
            ensure!(
                shown_names.iter().all(|name| real.contains_key(name))
                    && real_names.iter().all(|name| shown.contains_key(name)),
                "{at} has {real_names:?}, the file shows {shown_names:?}"
            );
            shown
                .iter()
                .try_for_each(|(name, value)| alike(&format!("{at}.{name}"), value, &real[name]))
        }
        (Value::Array(shown), Value::Array(real)) => match (shown.first(), real.first()) {
            (Some(shown), Some(real)) => alike(&format!("{at}[0]"), shown, real),
            _ => Ok(()),
        },
        _ => {
            let same = std::mem::discriminant(shown) == std::mem::discriminant(real);
            ensure!(same, "{at} is {real}, the file shows {shown}");
            Ok(())
        }
    }
}

/// Adds the ids in what is shown, each with the one that was answered in its place.
pub(super) fn ids(shown: &Block, real: &Block, found: &mut Vec<(String, String)>) {
    fn collect(at: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    collect(&format!("{at}.{name}"), value, into);
                }
            }
            Value::String(text) if at.ends_with(".session_id") || at.ends_with(".audio_file") => {
                into.insert(at.to_owned(), text.clone());
            }
            _ => {}
        }
    }
    let (Block::Json(shown), Block::Json(real)) = (shown, real) else {
        return;
    };
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    collect("", shown, &mut old);
    collect("", real, &mut new);
    for (at, shown) in old {
        if let Some(real) = new.remove(&at)
            && shown.len() >= 8
            && !found.iter().any(|(known, _)| *known == shown)
        {
            found.push((shown, real));
        }
    }
}
