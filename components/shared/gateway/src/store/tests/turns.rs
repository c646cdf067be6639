//! One turn at a time.

use super::*;

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Problem>, status: u16, code: &str) -> Problem {
    let problem = outcome.unwrap_err();
    assert_eq!(
        (problem.status.as_u16(), problem.code.as_str()),
        (status, code)
    );
    problem
}

#[test]
fn a_second_turn_is_refused_until_the_first_one_has_saved_or_given_up() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let begun = store.begin("session-1", "one").unwrap();
    let busy = refused(store.begin("session-1", "two"), 409, "SESSION_BUSY");
    assert_eq!(busy.response("/", "r").headers()["retry-after"], "1");
    assert!(store.live_session("session-1").unwrap().waiting.is_empty());
    store.finish(&begun, "one", None, |_| {}).unwrap();
    let begun = store.begin("session-1", "two").unwrap();
    store.release(&begun, "one").unwrap();
    refused(store.begin("session-1", "three"), 409, "SESSION_BUSY");
    store.release(&begun, "two").unwrap();
    store.begin("session-1", "three").unwrap();
    refused(store.begin("session-2", "one"), 404, "SESSION_NOT_FOUND");
}

#[test]
fn a_turn_that_dies_does_not_keep_the_session_and_one_that_lives_does() {
    let (fakes, config) = setting(false);
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let lease_ms = config.sessions.lease_ms;
    let dead = store.begin("session-1", "one").unwrap();
    fakes.pass_ms(lease_ms);
    let begun = store.begin("session-1", "two").unwrap();
    for _ in 0..5 {
        fakes.pass_ms(lease_ms / 2);
        assert_eq!(
            store.renew(&begun, "two").unwrap(),
            store.now_ms() + lease_ms
        );
        refused(store.begin("session-1", "three"), 409, "SESSION_BUSY");
    }
    // The dead one was only slow. It does not take the session back, and what it has to say is not lost.
    store.renew(&dead, "one").unwrap();
    let limits = &config.sessions;
    let save = |begun: &Session, owner: &str, question: &str| {
        store.finish(begun, owner, None, |session| {
            session.record(exchange(question), 1, limits)
        })
    };
    save(&dead, "one", "slow").unwrap();
    refused(store.begin("session-1", "three"), 409, "SESSION_BUSY");
    save(&begun, "two", "quick").unwrap();
    assert_eq!(questions(&live(&store)), ["slow", "quick"]);
}

#[test]
fn a_turn_that_may_wait_does_and_the_first_to_come_is_served_first() {
    let (fakes, mut config) = setting(false);
    config.sessions.wait_ms = 5_000;
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let begun = store.begin("session-1", "one").unwrap();
    let since = store.now_ms();
    refused(store.begin("session-1", "two"), 409, "SESSION_BUSY");
    assert_eq!(store.now_ms() - since, 5_000);
    assert!(
        live(&store).waiting.is_empty(),
        "who goes leaves no place behind"
    );

    // While two and three wait, one ends.
    let (order, saved) = (std::sync::Mutex::new(vec![]), std::sync::Once::new());
    std::thread::scope(|threads| {
        let wait_for = |owner: &'static str| {
            let (store, order) = (Store::new(&fakes, &config), &order);
            let places = live(&store).waiting.len();
            threads.spawn(move || {
                let begun = store.begin("session-1", owner).unwrap();
                order.lock().unwrap().push(owner);
                store.finish(&begun, owner, None, |_| {}).unwrap();
            });
            let store = Store::new(&fakes, &config);
            while live(&store).waiting.len() == places {
                // Time stands still for the fake clock only when nobody sleeps.
                std::thread::yield_now();
            }
        };
        *fakes.sleeps.lock().unwrap() = false;
        wait_for("two");
        wait_for("three");
        saved.call_once(|| drop(store.finish(&begun, "one", None, |_| {})));
    });
    assert_eq!(*order.lock().unwrap(), ["two", "three"]);
}

#[test]
fn the_queue_has_an_end() {
    let (fakes, mut config) = setting(false);
    config.sessions.wait_ms = 60_000;
    let store = Store::new(&fakes, &config);
    let mut session = session(&fakes, &config);
    let ticket = |owner: &str| crate::session::Lease {
        owner: owner.into(),
        until_ms: START_MS + MINUTE,
    };
    session.lease = Some(ticket("one"));
    session.waiting = ["a", "b", "c", "d"].map(ticket).into();
    let bytes = record::Record::Live(session).write().unwrap();
    let sessions = fakes.bucket("sessions").unwrap();
    sessions.set("session:session-1", &bytes).unwrap();
    refused(store.begin("session-1", "two"), 409, "SESSION_BUSY");
    assert_eq!(store.now_ms(), START_MS);
}

#[test]
fn a_session_that_ends_in_the_middle_of_a_turn_stays_ended() {
    for created_again in [false, true] {
        let (fakes, config) = setting(false);
        let store = Store::new(&fakes, &config);
        session(&fakes, &config);
        let begun = store.begin("session-1", "one").unwrap();
        store.end("session-1").unwrap();
        if created_again {
            session(&fakes, &config);
        }
        refused(store.renew(&begun, "one"), 404, "SESSION_NOT_FOUND");
        let kept = store
            .keep_audio(Some(&begun), "audio/wav", b"sound")
            .unwrap()
            .unwrap();
        let saved = store.finish(&begun, "one", Some(&kept.audio), |_| {});
        refused(saved, 404, "SESSION_NOT_FOUND");
        assert_eq!(bytes_of_audio(&fakes, &config), [0; 3]);
        store.release(&begun, "one").unwrap();
        match store.session("session-1").unwrap() {
            Found::Live(session) => assert!(created_again && session.turns.is_empty()),
            other => assert!(!created_again && other == Found::Unknown),
        }
    }
}

#[test]
fn a_session_does_not_expire_under_a_turn() {
    let (fakes, mut config) = setting(false);
    config.session_ttl_ms = 1_000;
    let store = Store::new(&fakes, &config);
    session(&fakes, &config);
    let begun = store.begin("session-1", "one").unwrap();
    fakes.pass_ms(20_000);
    store.sweep();
    assert!(matches!(
        store.session("session-1").unwrap(),
        Found::Live(_)
    ));
    store.finish(&begun, "one", None, |_| {}).unwrap();
    assert_eq!(store.session("session-1").unwrap(), Found::Expired);
}
