use super::*;
use crate::fakes::{Fakes, START_MS};
use crate::ports::Stores as _;

const MINUTE: u64 = 60_000;

fn setting(one_store: bool) -> (Fakes, Config) {
    let mut config = Config::default();
    if one_store {
        config.kv_sessions = "default".into();
        config.kv_audio = "default".into();
    }
    (Fakes::default(), config)
}

fn session(fakes: &Fakes, config: &Config) -> Session {
    let session = Session::new("session-1".into(), START_MS);
    Store::new(fakes, config).create(&session).unwrap();
    session
}

#[test]
fn a_session_lives_then_has_expired_then_is_forgotten_with_its_audio() {
    for one_store in [false, true] {
        let (fakes, config) = setting(one_store);
        let store = Store::new(&fakes, &config);
        let mut session = session(&fakes, &config);
        store
            .add_audio(&mut session, "audio/wav", b"sound")
            .unwrap();
        store.save(&session).unwrap();
        assert_eq!(store.session("session-1").unwrap(), Found::Live(session));
        fakes.pass_ms(config.session_ttl_ms);
        assert_eq!(store.session("session-1").unwrap(), Found::Expired);
        fakes.pass_ms(2 * MINUTE);
        store.sweep();
        assert_eq!(
            store.session("session-1").unwrap(),
            Found::Expired,
            "remembered as expired"
        );
        assert!(
            !fakes.keys().iter().any(|key| key.starts_with("audio")),
            "{:?}",
            fakes.keys()
        );
        fakes.pass_ms(config.session_ttl_ms);
        store.sweep();
        assert_eq!(store.session("session-1").unwrap(), Found::Unknown);
        assert_eq!(fakes.keys(), ["swept"]);
        assert!(
            matches!(&fakes.published.lock().unwrap()[..], [Event::SessionEnded(ended)] if ended.session_id == "session-1")
        );
    }
}

#[test]
fn a_session_that_goes_on_is_swept_later() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    let mut session = session(&fakes, &config);
    fakes.pass_ms(config.session_ttl_ms - MINUTE);
    session.last_activity_ms = store.now_ms();
    store.save(&session).unwrap();
    fakes.pass_ms(3 * MINUTE);
    store.sweep();
    assert_eq!(store.session("session-1").unwrap(), Found::Live(session));
    fakes.pass_ms(2 * config.session_ttl_ms);
    store.sweep();
    assert_eq!(store.session("session-1").unwrap(), Found::Unknown);
}

#[test]
fn audio_expires_by_itself() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    let mut session = session(&fakes, &config);
    let id = store
        .add_audio(&mut session, "audio/wav", b"sound")
        .unwrap();
    let found = store.audio(&id).unwrap().unwrap();
    assert_eq!(
        (
            &found.bytes[found.start..],
            found.header.session_id.as_str()
        ),
        (&b"sound"[..], "session-1")
    );
    fakes.pass_ms(config.audio_ttl_ms);
    assert_eq!(store.audio(&id).unwrap(), None);
    assert!(
        !fakes.keys().iter().any(|key| key.contains(&id)),
        "gone for good"
    );
    // The next turn forgets it too.
    store.add_audio(&mut session, "audio/wav", b"more").unwrap();
    assert_eq!(session.audio.len(), 1);
}

#[test]
fn ending_a_session_removes_everything_of_it() {
    let (fakes, config) = setting(true);
    let store = Store::new(&fakes, &config);
    let mut session = session(&fakes, &config);
    let id = store
        .add_audio(&mut session, "audio/wav", b"sound")
        .unwrap();
    assert_eq!(store.end(&session).unwrap(), 1);
    assert_eq!(store.session("session-1").unwrap(), Found::Unknown);
    assert_eq!(store.audio(&id).unwrap(), None);
    fakes.pass_ms(2 * config.session_ttl_ms);
    store.sweep();
    assert_eq!(fakes.keys(), ["swept"]);
}

#[test]
fn sweeps_are_rare() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    let mut session = session(&fakes, &config);
    store.sweep();
    store
        .add_audio(&mut session, "audio/wav", b"sound")
        .unwrap();
    let swept = |fakes: &Fakes| fakes.buckets.lock().unwrap()["sessions"]["swept"].clone();
    let before = swept(&fakes);
    fakes.pass_ms(SWEEP_EVERY_MS - 1);
    store.sweep();
    assert_eq!(swept(&fakes), before);
    fakes.pass_ms(1);
    store.sweep();
    assert_ne!(swept(&fakes), before);
}

#[test]
fn what_cannot_be_read_is_a_failure_not_a_guess() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    fakes
        .bucket("sessions")
        .unwrap()
        .set("session:session-1", b"{")
        .unwrap();
    assert_eq!(store.session("session-1").unwrap_err().status, 500);
    fakes
        .bucket("audio")
        .unwrap()
        .set("audio:x", b"RIFF")
        .unwrap();
    assert_eq!(store.audio("x").unwrap_err().status, 500);
    let broken = Fakes {
        store: Err(StoreError("gone".into())),
        ..fakes.clone()
    };
    let problem = Store::new(&broken, &config)
        .session("session-1")
        .unwrap_err();
    assert_eq!(
        (problem.status.as_u16(), problem.code.as_str()),
        (503, "STAGE_UNAVAILABLE")
    );
    Store::new(&broken, &config).sweep();
}
