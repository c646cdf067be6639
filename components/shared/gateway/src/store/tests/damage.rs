//! What cannot be read: it stops nothing else, is told, and has an end as well.

use super::*;
use crate::store::{damage::GRACE_MS, record::unreadable, sweep::Tried};

/// What each sweep so far has told: sessions, audio, whether that was all.
fn sweeps(fakes: &Fakes) -> Vec<(u32, u32, bool)> {
    let published = fakes.published.lock().unwrap();
    let swept = published.iter().filter_map(|event| match event {
        Event::Swept(swept) => Some((swept.n_sessions, swept.n_audio, swept.is_complete)),
        _ => None,
    });
    swept.collect()
}

/// Puts something else under a key that is there; gives what was there.
fn damage(fakes: &Fakes, bucket: &str, key: &str, value: &[u8]) -> Vec<u8> {
    let mut buckets = fakes.buckets.lock().unwrap();
    let bucket = buckets.get_mut(bucket).unwrap();
    bucket
        .insert(key.into(), value.into())
        .expect("it was there")
}

fn alone(store: &Store<'_>) -> String {
    let kept = store.keep_audio(None, "audio/wav", b"sound").unwrap();
    kept.unwrap().audio.id
}

const OTHERS: [&[u8]; 3] = [b"{", b"", b"{\"v\":99}"];

#[test]
fn a_damaged_record_of_audio_stops_no_sweep_and_goes_in_the_end() {
    for value in OTHERS {
        let (fakes, config) = setting(false);
        let store = Store::new(&fakes, &config);
        let [damaged, other] = [(); 2].map(|()| alone(&store));
        session(&fakes, &config);
        damage(&fakes, "sessions", &format!("audio-meta:{damaged}"), value);
        fakes.pass_ms(config.session_ttl_ms + 2 * MINUTE);
        // Sessions have their turn, and nobody comes back in a moment for what would fail again.
        assert_eq!(store.try_sweep(), Ok(Tried::Enough));
        assert_eq!(sweeps(&fakes), [(1, 1, false)]);
        assert!(!fakes.keys().contains(&format!("audio-meta:{other}")));
        assert_eq!(bytes_of_audio(&fakes, &config), [5; 3], "it is still there");
        fakes.pass_ms(config.sessions.sweep_every_ms - 1);
        store.sweep();
        assert_eq!(sweeps(&fakes).len(), 1);
        fakes.pass_ms(1);
        store.sweep();
        assert_eq!(sweeps(&fakes)[1..], [(0, 0, false)]);
        fakes.pass_ms(GRACE_MS);
        store.sweep();
        assert_eq!(sweeps(&fakes)[2..], [(0, 1, true)]);
        assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
        assert_eq!(
            fakes.keys(),
            ["audio-bytes", "audio-slots", "session-slots", "sweep"]
        );
        assert_eq!(removals(&fakes), [(Removal::Expired, false); 2]);
    }
}

#[test]
fn a_damaged_session_stops_no_sweep_and_goes_in_the_end() {
    for value in OTHERS {
        let (fakes, config) = setting(true);
        let store = Store::new(&fakes, &config);
        session(&fakes, &config);
        for id in ["session-2", "session-3"] {
            store
                .create(&Session::new(id.into(), store.now_ms()))
                .unwrap();
        }
        damage(&fakes, "default", "session:session-1", value);
        fakes.pass_ms(config.session_ttl_ms + 2 * MINUTE);
        store.sweep();
        assert_eq!(sweeps(&fakes), [(2, 0, false)]);
        assert_eq!(store.session("session-2"), Ok(Found::Expired));
        assert_eq!(store.session("session-1"), Err(unreadable()));
        fakes.pass_ms(config.session_ttl_ms + 2 * MINUTE);
        store.sweep();
        assert_eq!(store.session("session-1"), Err(unreadable()));
        fakes.pass_ms(GRACE_MS);
        store.sweep();
        assert_eq!(sweeps(&fakes)[2..], [(0, 0, true)]);
        assert_eq!(fakes.keys(), ["audio-bytes", "session-slots", "sweep"]);
    }
}

#[test]
fn what_another_version_has_written_is_left_to_it() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    let id = alone(&store);
    let key = format!("audio-meta:{id}");
    let written = damage(&fakes, "sessions", &key, b"{\"v\":2,\"new\":true}");
    fakes.pass_ms(config.audio_ttl_ms + GRACE_MS - MINUTE);
    store.sweep();
    assert_eq!(sweeps(&fakes), [(0, 0, false)]);
    // The host that can read it.
    assert_eq!(
        damage(&fakes, "sessions", &key, &written),
        b"{\"v\":2,\"new\":true}"
    );
    fakes.pass_ms(config.sessions.sweep_every_ms);
    store.sweep();
    assert_eq!(sweeps(&fakes)[1..], [(0, 1, true)]);
}

#[test]
fn what_can_be_read_is_not_given_up_because_a_store_is_away() {
    let (fakes, config) = setting(false);
    session(&fakes, &config);
    let id = alone(&Store::new(&fakes, &config));
    let away = Fakes {
        lost: Some("audio"),
        ..fakes.clone()
    };
    fakes.pass_ms(config.session_ttl_ms + GRACE_MS + MINUTE);
    Store::new(&away, &config).sweep();
    assert_eq!(sweeps(&fakes), [(1, 0, false)]);
    let left = [format!("audio:{id}"), format!("audio-meta:{id}")];
    assert!(left.iter().all(|key| fakes.keys().contains(key)));
    fakes.pass_ms(config.sessions.sweep_every_ms);
    Store::new(&fakes, &config).sweep();
    assert!(!left.iter().any(|key| fakes.keys().contains(key)));
}

#[test]
fn a_damaged_part_of_the_index_or_state_of_the_sweep_stops_nothing_else() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    alone(&store);
    fakes.pass_ms(2 * MINUTE);
    alone(&store);
    session(&fakes, &config);
    let slots: Vec<_> = fakes.keys();
    let slot = slots.iter().find(|key| key.starts_with("audio-slot:"));
    damage(&fakes, "sessions", slot.unwrap(), b"[[");
    let sessions = fakes.bucket("sessions").unwrap();
    sessions.set("sweep", b"{\"v\":2}").unwrap();
    fakes.pass_ms(config.session_ttl_ms + 2 * MINUTE);
    store.sweep();
    assert_eq!(sweeps(&fakes), [(1, 1, false)]);
    fakes.pass_ms(GRACE_MS);
    store.sweep();
    let is_slot = |key: &String| key.starts_with("audio-slot:");
    assert!(!fakes.keys().iter().any(is_slot));
    // And the count goes right, as it does after any accident.
    for _ in 0..2 {
        fakes.pass_ms(config.sessions.sweep_every_ms);
        store.sweep();
    }
    assert_eq!(sweeps(&fakes).last(), Some(&(0, 0, true)));
    assert_eq!(bytes_of_audio(&fakes, &config)[..2], [0; 2]);
}

#[test]
fn many_damaged_records_keep_no_others_from_their_turn() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    for _ in 0..300 {
        let id = alone(&store);
        damage(&fakes, "sessions", &format!("audio-meta:{id}"), b"{");
    }
    alone(&store);
    fakes.pass_ms(config.audio_ttl_ms + 2 * MINUTE);
    store.sweep();
    assert_eq!(sweeps(&fakes), [(0, 1, false)]);
}

#[test]
fn a_damaged_record_keeps_no_new_audio_out() {
    let (fakes, mut config) = setting(false);
    config.sessions.audio_bytes = 10;
    let store = Store::new(&fakes, &config);
    let [damaged, second] = [(); 2].map(|()| {
        fakes.pass_ms(MINUTE);
        alone(&store)
    });
    damage(&fakes, "sessions", &format!("audio-meta:{damaged}"), b"{");
    fakes.pass_ms(MINUTE);
    let third = alone(&store);
    assert!(store.audio(&third).unwrap().is_some());
    assert_eq!(store.audio(&second).unwrap(), None);
    assert_eq!(bytes_of_audio(&fakes, &config), [10; 3]);
}

#[test]
fn a_damaged_record_keeps_no_new_audio_out_of_its_session_nor_the_session_alive() {
    let (fakes, mut config) = setting(false);
    config.sessions.audio_bytes_each = 12;
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let [damaged, second] = [(); 2].map(|()| {
        fakes.pass_ms(MINUTE);
        turn(&store, "hello", b"sound").unwrap().unwrap()
    });
    damage(&fakes, "sessions", &format!("audio-meta:{damaged}"), b"{");
    let third = turn(&store, "hello", b"sound").unwrap().unwrap();
    assert!(store.audio(&third).unwrap().is_some());
    assert_eq!(store.audio(&second).unwrap(), None);
    let ended = store.end("session-1").unwrap();
    assert_eq!((ended.n_turns, ended.n_audio), (3, 1));
    assert_eq!(store.session("session-1").unwrap(), Found::Unknown);
    fakes.pass_ms(config.audio_ttl_ms + GRACE_MS + 2 * MINUTE);
    store.sweep();
    assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
}
