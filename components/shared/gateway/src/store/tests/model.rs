//! Random lives of sessions and audio, against a model that is too simple to be wrong.

use std::collections::BTreeMap;

use super::*;

/// xorshift: the same lives each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

struct Known {
    session: String,
    n_bytes: u64,
    created_ms: u64,
    /// When somebody last got it.
    got_ms: Option<u64>,
}

struct Life {
    fakes: Fakes,
    config: Config,
    /// What was said, when last, and since when, in sessions that were created and not ended.
    sessions: BTreeMap<String, (Vec<String>, u64, u64)>,
    /// Audio that was stored and not seen to be removed.
    audio: BTreeMap<String, Known>,
    n_events: usize,
}

impl Life {
    fn new() -> Self {
        let mut config = Config::default();
        config.sessions.audio_bytes_each = 60;
        config.sessions.audio_bytes = 100;
        config.sessions.turns = 3;
        Self {
            fakes: Fakes::default(),
            config,
            sessions: BTreeMap::new(),
            audio: BTreeMap::new(),
            n_events: 0,
        }
    }

    fn store(&self) -> Store<'_> {
        Store::new(&self.fakes, &self.config)
    }

    fn now(&self) -> u64 {
        self.store().now_ms()
    }

    fn is_live(&self, id: &str) -> bool {
        let ttl_ms = self.config.session_ttl_ms;
        self.sessions
            .get(id)
            .is_some_and(|(_, last_ms, _)| self.now() < last_ms + ttl_ms)
    }

    fn create(&mut self, id: &str) {
        let session = Session::new(id.into(), self.now());
        assert_eq!(self.store().create(&session).is_ok(), !self.is_live(id));
        if !self.is_live(id) {
            self.sessions
                .insert(id.into(), (vec![], self.now(), self.now()));
        }
    }

    fn turn(&mut self, id: &str, n_bytes: u64) {
        let question = format!("question of {}", self.now());
        let outcome = self.store().begin(id, "me");
        assert_eq!(outcome.is_ok(), self.is_live(id), "{outcome:?}");
        let Ok(begun) = outcome else {
            return;
        };
        let sound = vec![0; n_bytes as usize];
        let kept = self
            .store()
            .keep_audio(Some(&begun), "audio/wav", &sound)
            .unwrap()
            .unwrap();
        self.store()
            .finish(&begun, "me", Some(&kept.audio), |session| {
                session
                    .audio
                    .retain(|audio| !kept.evicted.contains(&audio.id));
                session.record(exchange(&question), 1, &self.config.sessions);
            })
            .unwrap();
        let now = self.now();
        let (said, last_ms, _) = self.sessions.get_mut(id).unwrap();
        said.push(question);
        *last_ms = now;
        let known = Known {
            session: id.into(),
            n_bytes,
            created_ms: now,
            got_ms: None,
        };
        self.audio.insert(kept.audio.id, known);
    }

    fn get(&mut self, at: u64) {
        let n_audio = self.audio.len() as u64;
        let Some(id) = self
            .audio
            .keys()
            .nth((at % n_audio.max(1)) as usize)
            .cloned()
        else {
            return;
        };
        let found = self.store().audio(&id).unwrap();
        let now = self.now();
        let known = self.audio.get_mut(&id).unwrap();
        let is_over = known.created_ms + self.config.audio_ttl_ms <= now;
        assert_eq!(found.is_none(), is_over);
        if let Some(found) = found {
            assert_eq!(found.meta.n_bytes, known.n_bytes);
            known.got_ms = Some(now);
        }
    }

    fn end(&mut self, id: &str) {
        assert_eq!(self.store().end(id).is_ok(), self.is_live(id));
        if self.is_live(id) {
            self.sessions.remove(id);
        }
    }

    fn is_being_served(&self, known: &Known) -> bool {
        known
            .got_ms
            .is_some_and(|got_ms| self.now() < got_ms + meta::SERVING_MS / 2)
    }

    /// Whatever has been removed since the last step was removed for a good reason.
    fn settle(&mut self) {
        let store = self.store();
        let [counted, listed, stored] = bytes_of_audio(&self.fakes, &self.config);
        assert_eq!([counted, listed], [stored; 2]);
        let is_there = |id: &String| {
            let bytes = store.sessions().unwrap().get(&format!("audio-meta:{id}"));
            bytes.unwrap().is_some()
        };
        let (there, gone): (Vec<_>, Vec<_>) = self.audio.keys().cloned().partition(is_there);
        let of = |ids: &[String]| ids.iter().map(|id| self.audio[id].n_bytes).sum::<u64>();
        assert_eq!(stored, of(&there), "what is stored is known");
        let published = self.fakes.published.lock().unwrap();
        let mut reasons: Vec<_> = published[self.n_events..]
            .iter()
            .filter_map(|event| match event {
                Event::AudioRemoved(removed) => Some(removed.clone()),
                _ => None,
            })
            .collect();
        let n_events = published.len();
        drop(published);
        assert_eq!(reasons.len(), gone.len());
        for id in &gone {
            let known = &self.audio[id];
            let of_this = |removed: &AudioRemoved| {
                removed.session_id == known.session
                    && removed.n_bytes == known.n_bytes
                    && removed.was_served == known.got_ms.is_some()
            };
            let at = reasons.iter().position(of_this).expect("an event for each");
            let removed = reasons.remove(at);
            match removed.reason {
                Removal::Expired => {
                    assert!(known.created_ms + self.config.audio_ttl_ms <= self.now());
                }
                Removal::SessionEnded => {
                    let is_of_another =
                        |(_, _, since_ms): &(_, _, u64)| *since_ms > known.created_ms;
                    let session = self.sessions.get(&known.session);
                    assert!(!self.is_live(&known.session) || session.is_some_and(is_of_another));
                }
                Removal::Evicted => {
                    assert!(!self.is_being_served(known), "it is in use");
                    // Something newer took its place, in its session or in all.
                    let newest = there.iter().map(|id| self.audio[id].created_ms).max();
                    assert!(newest > Some(known.created_ms));
                    let limits = &self.config.sessions;
                    let of_session = |id: &&String| self.audio[*id].session == known.session;
                    let all = there.iter().chain(&gone);
                    let beside: Vec<_> = all.filter(of_session).cloned().collect();
                    let is_needed = of(&beside) > limits.audio_bytes_each
                        || of(&there) + of(&gone) > limits.audio_bytes;
                    assert!(is_needed, "there was room for it");
                    let is_spared = |other: &Known| {
                        let is_over = other.created_ms + self.config.audio_ttl_ms <= self.now();
                        is_over || other.got_ms.is_some()
                    };
                    let mut older = there.iter().map(|id| &self.audio[id]).filter(|other| {
                        other.created_ms < known.created_ms && other.session == known.session
                    });
                    assert!(older.all(is_spared), "it was not the oldest");
                }
            }
        }
        let limit = self.config.sessions.audio_bytes;
        let in_use = self.audio.values().any(|known| known.got_ms.is_some());
        assert!(stored <= limit || in_use, "{stored} bytes");
        for (id, (said, ..)) in &self.sessions {
            match store.session(id).unwrap() {
                Found::Live(session) => {
                    assert!(self.is_live(id));
                    let latest = &said[said.len().saturating_sub(3)..];
                    assert_eq!(questions(&session), latest);
                    assert_eq!(session.n_turns as usize, said.len());
                }
                Found::Expired | Found::Unknown => assert!(!self.is_live(id), "{id}"),
            }
        }
        self.audio.retain(|id, _| !gone.contains(id));
        self.n_events = n_events;
    }
}

#[test]
fn whatever_happens_everything_has_its_end_and_nothing_goes_before() {
    for seed in 1..=60 {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let mut life = Life::new();
        for _ in 0..250 {
            // No two things happen at the same time, so that older and newer are what they seem.
            life.fakes.pass_ms(1 + dice.roll(5));
            let id = ["session-1", "session-2", "session-3"][dice.roll(3) as usize];
            match dice.roll(12) {
                0 | 1 => life.create(id),
                2..=5 => life.turn(id, 1 + dice.roll(40)),
                6 | 7 => life.get(dice.roll(1_000)),
                8 => life.end(id),
                9 => life.fakes.pass_ms(dice.roll(3) * 20 * MINUTE),
                10 => life.fakes.pass_ms(dice.roll(90_000)),
                _ => life.store().sweep(),
            }
            life.settle();
        }
        for _ in 0..3 {
            life.fakes.pass_ms(life.config.session_ttl_ms + 5 * MINUTE);
            life.store().sweep();
        }
        let keys = life.fakes.keys();
        assert!(
            keys.len() <= 4 && keys.iter().all(|key| !key.contains(':')),
            "{keys:?}"
        );
        let ends = life.fakes.published.lock().unwrap();
        let count =
            |matches: fn(&Event) -> bool| ends.iter().filter(|event| matches(event)).count();
        assert_eq!(
            count(|event| matches!(event, Event::AudioStored(_))),
            count(|event| matches!(event, Event::AudioRemoved(_)))
        );
    }
}
