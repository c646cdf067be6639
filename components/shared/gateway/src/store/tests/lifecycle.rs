//! Sessions and audio from beginning to end.

use super::*;

#[test]
fn a_session_lives_then_has_expired_then_is_forgotten_with_its_audio() {
    for one_store in [false, true] {
        let (fakes, config) = setting(one_store);
        let store = Store::new(&fakes, &config);
        session(&fakes, &config);
        turn(&store, "hello", b"sound").unwrap();
        assert_eq!(questions(&live(&store)), ["hello"]);
        fakes.pass_ms(config.session_ttl_ms);
        assert_eq!(store.session("session-1").unwrap(), Found::Expired);
        fakes.pass_ms(2 * MINUTE);
        store.sweep();
        assert_eq!(store.session("session-1").unwrap(), Found::Expired);
        let left = fakes.buckets.lock().unwrap()[&config.kv_sessions]["session:session-1"].clone();
        assert!(!String::from_utf8(left).unwrap().contains("hello"));
        assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
        fakes.pass_ms(config.session_ttl_ms + 2 * MINUTE);
        store.sweep();
        assert_eq!(store.session("session-1").unwrap(), Found::Unknown);
        assert_eq!(
            fakes.keys(),
            ["audio-bytes", "audio-slots", "session-slots", "sweep"]
        );
        let published = fakes.published.lock().unwrap();
        let ended = published
            .iter()
            .filter(|event| matches!(event, Event::SessionEnded(ended) if ended.n_turns == 1));
        assert_eq!(ended.count(), 1);
    }
}

#[test]
fn a_session_that_goes_on_is_swept_later() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    fakes.pass_ms(config.session_ttl_ms - MINUTE);
    turn(&store, "still there?", b"").unwrap();
    fakes.pass_ms(5 * MINUTE);
    store.sweep();
    assert_eq!(questions(&live(&store)), ["still there?"]);
    for _ in 0..2 {
        fakes.pass_ms(config.session_ttl_ms + 2 * MINUTE);
        store.sweep();
    }
    assert_eq!(store.session("session-1").unwrap(), Found::Unknown);
}

#[test]
fn audio_is_created_active_inactive_expired_and_deleted() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let id = turn(&store, "hello", b"sound").unwrap().unwrap();
    let phase = || {
        store
            .audio_meta(&id)
            .unwrap()
            .map(|meta| meta.phase(store.now_ms()))
    };
    assert_eq!(phase(), Some(Phase::Created));
    let found = store.audio(&id).unwrap().unwrap();
    assert_eq!(&found.bytes[found.start..], b"sound");
    assert_eq!(found.meta.session_id.as_deref(), Some("session-1"));
    assert_eq!(phase(), Some(Phase::Active));
    fakes.pass_ms(MINUTE);
    assert_eq!(phase(), Some(Phase::Inactive));
    fakes.pass_ms(config.audio_ttl_ms - MINUTE);
    assert_eq!(phase(), None, "nobody gets it any more");
    assert_eq!(store.audio(&id).unwrap(), None);
    assert_eq!(bytes_of_audio(&fakes, &config), [5; 3]);
    fakes.pass_ms(MINUTE);
    store.sweep();
    assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
    assert_eq!(removals(&fakes), [(Removal::Expired, true)]);
}

#[test]
fn audio_that_is_being_served_as_it_ends_is_removed_later() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let id = turn(&store, "hello", b"sound").unwrap().unwrap();
    fakes.pass_ms(config.audio_ttl_ms - 1);
    assert!(store.audio(&id).unwrap().is_some());
    fakes.pass_ms(meta::SERVING_MS - 1);
    store.sweep();
    assert_eq!(bytes_of_audio(&fakes, &config), [5; 3]);
    fakes.pass_ms(config.sessions.sweep_every_ms);
    store.sweep();
    assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
}

#[test]
fn ending_a_session_removes_everything_of_it() {
    let (fakes, config) = setting(true);
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let id = turn(&store, "hello", b"sound").unwrap().unwrap();
    let ended = store.end("session-1").unwrap();
    assert_eq!(
        ended,
        Ended {
            n_turns: 1,
            n_audio: 1
        }
    );
    assert_eq!(store.session("session-1").unwrap(), Found::Unknown);
    assert_eq!(store.audio(&id).unwrap(), None);
    assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
    assert_eq!(removals(&fakes), [(Removal::SessionEnded, false)]);
    assert_eq!(
        store.end("session-1").unwrap_err().code.as_str(),
        "SESSION_NOT_FOUND"
    );
    fakes.pass_ms(2 * config.session_ttl_ms);
    store.sweep();
    assert_eq!(
        fakes.keys(),
        ["audio-bytes", "audio-slots", "session-slots", "sweep"]
    );
}

#[test]
fn who_stopped_in_the_middle_of_ending_a_session_is_helped() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    let mut session = session(&fakes, &config);
    let id = turn(&store, "hello", b"sound").unwrap().unwrap();
    let audio = live(&store).audio;
    let left = record::Over::new(record::Why::Leaving, store.now_ms(), audio);
    let bytes = record::Record::Over(left).write().unwrap();
    fakes
        .bucket("sessions")
        .unwrap()
        .set("session:session-1", &bytes)
        .unwrap();
    // Not at once: they may still be at it.
    assert_eq!(store.end("session-1").unwrap_err().status, 404);
    session.born += 1;
    assert_eq!(
        store.create(&session).unwrap_err().code.as_str(),
        "SESSION_BUSY"
    );
    fakes.pass_ms(record::LEAVING_MS);
    store.create(&session).unwrap();
    assert_eq!(store.audio(&id).unwrap(), None);
    assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
    assert_eq!(live(&store).born, session.born);
}

#[test]
fn an_expired_session_makes_room_for_another_of_its_id() {
    let (fakes, mut config) = setting(false);
    config.audio_ttl_ms = 2 * config.session_ttl_ms;
    let store = Store::new(&fakes, &config);
    let old = session(&fakes, &config);
    turn(&store, "hello", b"sound").unwrap();
    assert_eq!(store.create(&old).unwrap_err().status, 409);
    fakes.pass_ms(config.session_ttl_ms);
    let new = Session::new("session-1".into(), store.now_ms());
    store.create(&new).unwrap();
    assert_eq!(live(&store), new);
    assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
    // The end of the old one is still in the index, and no end of the new one.
    fakes.pass_ms(5 * MINUTE);
    store.sweep();
    assert_eq!(live(&store), new);
}

#[test]
fn the_oldest_audio_of_a_session_makes_room() {
    let (fakes, mut config) = setting(false);
    config.sessions.audio_bytes_each = 10;
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let ids: Vec<_> = [4, 4, 4]
        .map(|n| turn(&store, "hello", &vec![1; n]).unwrap().unwrap())
        .into();
    assert_eq!(store.audio(&ids[0]).unwrap(), None);
    assert!(store.audio(&ids[1]).unwrap().is_some());
    assert_eq!(bytes_of_audio(&fakes, &config), [8; 3]);
    assert_eq!(live(&store).audio.len(), 2);
    assert_eq!(removals(&fakes), [(Removal::Evicted, false)]);
    // The second one is being served, so the third one goes.
    turn(&store, "hello", &[1; 5]).unwrap();
    assert_eq!(store.audio(&ids[2]).unwrap(), None);
    assert!(store.audio(&ids[1]).unwrap().is_some());
    // And what is larger than all of it is not kept.
    assert_eq!(turn(&store, "hello", &[1; 11]).unwrap(), None);
    assert_eq!(bytes_of_audio(&fakes, &config), [9; 3]);
}

#[test]
fn the_oldest_audio_of_all_makes_room() {
    let (fakes, mut config) = setting(false);
    config.sessions.audio_bytes = 10;
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let alone = store
        .keep_audio(None, "audio/mpeg", b"four")
        .unwrap()
        .unwrap();
    let found = store.audio(&alone.audio.id).unwrap().unwrap();
    assert_eq!(
        (found.meta.session_id, found.meta.content_type.as_str()),
        (None, "audio/mpeg")
    );
    fakes.pass_ms(MINUTE);
    let first = turn(&store, "hello", b"four").unwrap().unwrap();
    fakes.pass_ms(MINUTE);
    let second = turn(&store, "hello", b"four").unwrap().unwrap();
    assert_eq!(store.audio(&alone.audio.id).unwrap(), None);
    assert!(store.audio(&first).unwrap().is_some() && store.audio(&second).unwrap().is_some());
    assert_eq!(bytes_of_audio(&fakes, &config), [8; 3]);
    assert_eq!(removals(&fakes), [(Removal::Evicted, true)]);
}

#[test]
fn a_bucket_that_has_lost_audio_is_believed() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let id = turn(&store, "hello", b"sound").unwrap().unwrap();
    fakes.buckets.lock().unwrap().remove("audio");
    assert_eq!(store.audio(&id).unwrap(), None);
    assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
}

#[test]
fn tenants_have_ids_of_their_own() {
    let (fakes, config) = setting(false);
    session(&fakes, &config);
    let store = Store::new(&fakes, &config).within("kiosk~".into());
    assert_eq!(store.session("session-1").unwrap(), Found::Unknown);
    store
        .create(&Session::new("session-1".into(), START_MS))
        .unwrap();
    let id = turn(&store, "hello", b"sound").unwrap().unwrap();
    assert!(store.audio(&id).unwrap().is_some());
    assert_eq!(Store::new(&fakes, &config).audio(&id).unwrap(), None);
    assert!(live(&Store::new(&fakes, &config)).turns.is_empty());
    // Any host sweeps for all.
    for _ in 0..2 {
        fakes.pass_ms(config.session_ttl_ms + 2 * MINUTE);
        Store::new(&fakes, &config).sweep();
    }
    assert_eq!(
        fakes.keys(),
        ["audio-bytes", "audio-slots", "session-slots", "sweep"]
    );
}

#[test]
fn sweeps_are_rare_and_bounded() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    for _ in 0..450 {
        store.keep_audio(None, "audio/wav", b"sound").unwrap();
    }
    fakes.pass_ms(config.audio_ttl_ms + 2 * MINUTE);
    let swept = || {
        store.sweep();
        let published = fakes.published.lock().unwrap();
        let swept = published.iter().filter_map(|event| match event {
            Event::Swept(swept) => Some((swept.n_audio, swept.is_complete)),
            _ => None,
        });
        swept.collect::<Vec<_>>()
    };
    assert_eq!(swept(), [(200, false)]);
    assert_eq!(swept().len(), 1);
    fakes.pass_ms(1_000);
    assert_eq!(swept().len(), 2);
    fakes.pass_ms(1_000);
    assert_eq!(swept()[2], (50, true));
    assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
    fakes.pass_ms(config.sessions.sweep_every_ms - 1);
    assert_eq!(swept().len(), 3);
    fakes.pass_ms(1);
    assert_eq!(swept().len(), 4);
}

#[test]
fn a_sweep_that_nobody_finished_is_done_again_and_a_wrong_count_is_put_right() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    store.keep_audio(None, "audio/wav", b"sound").unwrap();
    let sessions = fakes.bucket("sessions").unwrap();
    // A host has removed audio, and died before it had counted that.
    sessions.increment(audio::BYTES, 37).unwrap();
    let died = format!(
        r#"{{"next_ms":0,"owner":"x","until_ms":{},"missing":0}}"#,
        START_MS + 5_000
    );
    sessions.set("sweep", died.as_bytes()).unwrap();
    store.sweep();
    assert_eq!(sessions.get("sweep").unwrap().unwrap(), died.as_bytes());
    fakes.pass_ms(5_000);
    store.sweep();
    assert_eq!(
        bytes_of_audio(&fakes, &config),
        [42, 5, 5],
        "it may be on its way"
    );
    fakes.pass_ms(config.sessions.sweep_every_ms);
    store.sweep();
    assert_eq!(bytes_of_audio(&fakes, &config), [5; 3]);
}

#[test]
fn what_cannot_be_read_is_a_failure_not_a_guess() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    let sessions = fakes.bucket("sessions").unwrap();
    sessions.set("session:session-1", b"{").unwrap();
    assert_eq!(store.session("session-1").unwrap_err().status, 500);
    sessions.set("audio-meta:x", b"RIFF").unwrap();
    assert_eq!(store.audio("x").unwrap_err().status, 500);
    let id = store
        .keep_audio(None, "audio/wav", b"sound")
        .unwrap()
        .unwrap()
        .audio
        .id;
    fakes
        .bucket("audio")
        .unwrap()
        .set(&format!("audio:{id}"), b"RIFF")
        .unwrap();
    assert_eq!(store.audio(&id).unwrap_err().status, 500);
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
