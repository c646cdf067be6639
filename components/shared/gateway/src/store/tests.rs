use super::*;
use crate::{
    contract::events::{AudioRemoved, Event, Removal},
    fakes::{Fakes, START_MS},
    ports::Stores as _,
    problem::Problem,
    session::Exchange,
};

mod alternating;
mod damage;
mod index;
mod lifecycle;
mod model;
mod turns;

const MINUTE: u64 = 60_000;

fn setting(one_store: bool) -> (Fakes, Config) {
    let mut config = Config::default();
    if one_store {
        config.kv_sessions = "default".into();
        config.kv_audio = "default".into();
    }
    (Fakes::default(), config)
}

/// A session that has just been created.
fn session(fakes: &Fakes, config: &Config) -> Session {
    let session = Session::new("session-1".into(), START_MS);
    Store::new(fakes, config).create(&session).unwrap();
    session
}

fn exchange(question: &str) -> Exchange {
    Exchange {
        at_ms: START_MS,
        user_input: question.into(),
        ai_response: "So it is.".into(),
        intent: None,
        item_ids: vec![],
        item_type: None,
    }
}

/// A whole turn; gives the id of its audio, if it has any.
fn turn(store: &Store<'_>, question: &str, sound: &[u8]) -> Result<Option<String>, Problem> {
    let owner = crate::ids::new();
    let session = store.begin("session-1", &owner)?;
    let kept = match sound {
        [] => None,
        _ => store.keep_audio(Some(&session), "audio/wav", sound)?,
    };
    let (audio, evicted) = kept.map_or((None, vec![]), |kept| (Some(kept.audio), kept.evicted));
    store.finish(&session, &owner, audio.as_ref(), |session| {
        session.audio.retain(|audio| !evicted.contains(&audio.id));
        session.record(exchange(question), 10, &store.config.sessions);
    })?;
    Ok(audio.map(|audio| audio.id))
}

fn live(store: &Store<'_>) -> Session {
    store.live_session("session-1").unwrap()
}

fn questions(session: &Session) -> Vec<&str> {
    session
        .turns
        .iter()
        .map(|turn| turn.user_input.as_str())
        .collect()
}

/// Bytes of audio, as counted, as listed, and as they are in the bucket.
fn bytes_of_audio(fakes: &Fakes, config: &Config) -> [u64; 3] {
    let store = Store::new(fakes, config);
    let sessions = store.sessions().unwrap();
    let counted = sessions.increment(audio::BYTES, 0).unwrap() as u64;
    let index = store.audio_index(sessions.as_ref());
    let slots = index.directory().unwrap();
    let listed = slots
        .into_iter()
        .flat_map(|slot| index.entries(slot).unwrap());
    let listed = listed.map(|entry| entry.1).sum();
    let buckets = fakes.buckets.lock().unwrap();
    let stored = buckets.get(&config.kv_audio).map_or(0, |bucket| {
        let audio = bucket.iter().filter(|(key, _)| key.starts_with("audio:"));
        audio
            .map(|(_, bytes)| (bytes.len() - crate::envelope::open(bytes).unwrap().1) as u64)
            .sum()
    });
    [counted, listed, stored]
}

fn removals(fakes: &Fakes) -> Vec<(Removal, bool)> {
    let published = fakes.published.lock().unwrap();
    let removed = published.iter().filter_map(|event| match event {
        Event::AudioRemoved(AudioRemoved {
            reason, was_served, ..
        }) => Some((*reason, *was_served)),
        _ => None,
    });
    removed.collect()
}
