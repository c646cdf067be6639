//! Two hosts on one store: every order in which their accesses to it can happen, or every one with few changes from one to the other.

use std::{
    cell::Cell,
    sync::{Arc, Condvar, Mutex},
};

use super::*;

thread_local! {
    static WHO: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Lets one of two threads make its next step. A thread waits before each.
#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waits: [bool; 2],
    is_done: [bool; 2],
    may: Option<usize>,
}

impl Gate {
    fn step(&self) {
        let who = WHO.get();
        // Whoever sets up and checks has no order to keep.
        if who == usize::MAX {
            return;
        }
        let mut state = self.state.lock().unwrap();
        state.waits[who] = true;
        self.changed.notify_all();
        state = self
            .changed
            .wait_while(state, |state| state.may != Some(who))
            .unwrap();
        state.may = None;
        state.waits[who] = false;
    }

    /// Decides who is next until both are done. Gives what was decided, and whether there was a choice.
    fn direct(&self, decided: &[usize], mut switches: usize) -> Vec<(usize, bool)> {
        let mut path: Vec<(usize, bool)> = vec![];
        loop {
            let state = self.state.lock().unwrap();
            let mut state = self
                .changed
                .wait_while(state, |state| {
                    state.may.is_some()
                        || (0..2).any(|who| !state.waits[who] && !state.is_done[who])
                })
                .unwrap();
            let able = |who: usize| !state.is_done[who];
            if !able(0) && !able(1) {
                return path;
            }
            let last = path.last().map_or(0, |last| last.0);
            let first = if able(last) { last } else { 1 - last };
            let other = 1 - first;
            let is_switch = first == last && !path.is_empty();
            let has_choice = able(other) && (!is_switch || switches > 0);
            let next = decided.get(path.len()).copied().unwrap_or(first);
            if next != first && is_switch {
                switches -= 1;
            }
            path.push((next, has_choice && next == first));
            state.may = Some(next);
            self.changed.notify_all();
        }
    }
}

type Work = fn(&Store<'_>, usize);

/// Runs both works in each order with at most that many changes before one is done, on stores as `begin` leaves them. Gives the number of
/// orders.
fn in_every_order(
    switches: usize,
    begin: impl Fn(&Store<'_>),
    works: [Work; 2],
    check: impl Fn(&Fakes, &Config),
) -> usize {
    let mut decided = vec![];
    for n_orders in 1.. {
        let gate = Arc::new(Gate::default());
        let step = Arc::clone(&gate);
        let fakes = Fakes {
            gate: Some(Arc::new(move || step.step())),
            ..Fakes::default()
        };
        let config = Config::default();
        begin(&Store::new(&fakes, &config));
        let path = std::thread::scope(|threads| {
            for (who, work) in works.into_iter().enumerate() {
                let (gate, store) = (&gate, Store::new(&fakes, &config));
                threads.spawn(move || {
                    WHO.set(who);
                    work(&store, who);
                    gate.state.lock().unwrap().is_done[who] = true;
                    gate.changed.notify_all();
                });
            }
            gate.direct(&decided, switches)
        });
        check(&fakes, &config);
        // The latest decision that can still be made otherwise.
        let Some(at) = path.iter().rposition(|(_, has_choice)| *has_choice) else {
            return n_orders;
        };
        decided = path[..at].iter().map(|(next, _)| *next).collect();
        decided.push(1 - path[at].0);
    }
    unreachable!("the orders have an end")
}

fn a_session(store: &Store<'_>) {
    let mut session = Session::new("session-1".into(), START_MS);
    session.born = 1;
    store.create(&session).unwrap();
}

/// Saves without having the session, as a turn does that was silent for too long.
fn save(store: &Store<'_>, who: usize) {
    let mut begun = Session::new("session-1".into(), START_MS);
    begun.born = 1;
    let question = ["one", "two"][who];
    let limits = &store.config.sessions;
    let _ended = store.finish(&begun, question, None, |session| {
        session.record(exchange(question), 1, limits);
    });
}

fn a_turn(store: &Store<'_>, who: usize) {
    let _refused = turn(store, ["one", "two"][who], b"sound");
}

fn end(store: &Store<'_>, _: usize) {
    let _refused = store.end("session-1");
}

fn create(store: &Store<'_>, who: usize) {
    let mut session = Session::new("session-1".into(), START_MS);
    session.n_turns = 7 + who as u32;
    match store.create(&session) {
        Ok(()) => store
            .ports
            .publish(Event::TurnStarted(crate::contract::events::Turn {
                session_id: who.to_string(),
                request_id: "created".into(),
            })),
        Err(problem) => assert_eq!(problem.status, 409),
    }
}

/// Who has created the session, by their own account.
fn creators(fakes: &Fakes) -> Vec<u32> {
    let published = fakes.published.lock().unwrap();
    let created = published.iter().filter_map(|event| match event {
        Event::TurnStarted(turn) => turn.session_id.parse().ok(),
        _ => None,
    });
    created.collect()
}

/// Everything that is stored is in the index and counted, and belongs to a session that knows it.
#[track_caller]
fn nothing_is_orphaned(fakes: &Fakes, config: &Config) {
    let store = Store::new(fakes, config);
    let [counted, listed, stored] = bytes_of_audio(fakes, config);
    assert_eq!([counted, listed], [stored; 2]);
    let known = match store.session("session-1").unwrap() {
        Found::Live(session) => session.audio.iter().map(|audio| audio.n_bytes).sum(),
        _ => 0,
    };
    assert_eq!(stored, known);
    // And all of it ends.
    for _ in 0..2 {
        fakes.pass_ms(config.session_ttl_ms + 5 * MINUTE);
        store.sweep();
    }
    let keys = fakes.keys();
    assert!(
        keys.len() <= 4 && keys.iter().all(|key| !key.contains(':')),
        "{keys:?}"
    );
}

#[test]
fn no_save_is_lost() {
    let n_orders = in_every_order(usize::MAX, a_session, [save, save], |fakes, config| {
        let session = live(&Store::new(fakes, config));
        let mut said = questions(&session);
        said.sort_unstable();
        assert_eq!((said, session.n_turns), (vec!["one", "two"], 2));
    });
    assert!(n_orders >= 6, "{n_orders}");
}

#[test]
fn a_session_that_has_ended_stays_ended_whoever_saves() {
    let n_orders = in_every_order(usize::MAX, a_session, [save, end], |fakes, config| {
        assert_eq!(
            Store::new(fakes, config).session("session-1").unwrap(),
            Found::Unknown
        );
    });
    assert!(n_orders >= 10, "{n_orders}");
}

#[test]
fn one_turn_of_two_has_the_session() {
    let begin = |store: &Store<'_>, who: usize| {
        let _refused = store.begin("session-1", ["one", "two"][who]);
    };
    in_every_order(usize::MAX, a_session, [begin, begin], |fakes, config| {
        let session = live(&Store::new(fakes, config));
        assert!(session.has_turn(START_MS) && session.waiting.is_empty());
        assert!(fakes.published.lock().unwrap().is_empty());
    });
}

#[test]
fn of_two_that_create_one_session_one_does() {
    let nothing = |_: &Store<'_>| {};
    let n_orders = in_every_order(4, nothing, [create, create], |fakes, config| {
        let session = live(&Store::new(fakes, config));
        assert_eq!(creators(fakes), [session.n_turns - 7]);
        nothing_is_orphaned(fakes, config);
    });
    assert!(n_orders > 100, "{n_orders}");
}

#[test]
fn a_session_that_is_created_while_another_of_its_id_ends_is_there() {
    let n_orders = in_every_order(4, a_session, [end, create], |fakes, config| {
        let found = Store::new(fakes, config).session("session-1").unwrap();
        match &creators(fakes)[..] {
            [1] => assert!(matches!(found, Found::Live(session) if session.n_turns == 8)),
            _ => assert_eq!(found, Found::Unknown),
        }
        nothing_is_orphaned(fakes, config);
    });
    assert!(n_orders > 5, "{n_orders}");
}

#[test]
fn audio_of_a_turn_in_a_session_that_ends_is_not_orphaned() {
    let n_orders = in_every_order(3, a_session, [a_turn, end], nothing_is_orphaned);
    assert!(n_orders > 100, "{n_orders}");
}

#[test]
fn two_turns_are_saved_or_refused() {
    let n_orders = in_every_order(3, a_session, [a_turn, a_turn], |fakes, config| {
        let session = live(&Store::new(fakes, config));
        assert!((1..=2).contains(&session.n_turns) && session.lease.is_none());
        assert_eq!(session.audio.len(), session.n_turns as usize);
        nothing_is_orphaned(fakes, config);
    });
    assert!(n_orders > 50, "{n_orders}");
}

#[test]
fn audio_that_somebody_has_begun_to_get_arrives_whole_whatever_the_sweep_does() {
    let begin = |store: &Store<'_>| {
        a_session(store);
        let id = turn(store, "one", b"sound").unwrap().unwrap();
        store.sessions().unwrap().set("id", id.as_bytes()).unwrap();
    };
    let get = |store: &Store<'_>, _: usize| {
        let id = String::from_utf8(store.sessions().unwrap().get("id").unwrap().unwrap()).unwrap();
        // Whoever was told that the audio is there has its bytes.
        if let Some(found) = store.audio(&id).unwrap() {
            assert_eq!(&found.bytes[found.start..], b"sound");
        }
    };
    let evict = |store: &Store<'_>, _: usize| {
        let sessions = store.sessions().unwrap();
        let id = String::from_utf8(sessions.get("id").unwrap().unwrap()).unwrap();
        store
            .remove_audio(sessions.as_ref(), &id, Removal::Expired, false)
            .unwrap();
    };
    in_every_order(usize::MAX, begin, [get, evict], |fakes, config| {
        let [counted, listed, stored] = bytes_of_audio(fakes, config);
        assert_eq!([counted, listed], [stored; 2]);
        // Removed before anybody had it, or not at all.
        let expected: &[_] = if stored == 0 {
            &[(Removal::Expired, false)]
        } else {
            &[]
        };
        assert_eq!(removals(fakes), expected);
    });
}

#[test]
fn two_sweeps_at_once_are_one() {
    let begin = |store: &Store<'_>| {
        a_session(store);
        turn(store, "one", b"sound").unwrap();
    };
    let sweep = |store: &Store<'_>, _: usize| store.sweep();
    let late = |store: &Store<'_>| {
        begin(store);
        store
            .ports
            .sleep(std::time::Duration::from_millis(3 * 3_600_000));
    };
    in_every_order(2, late, [sweep, sweep], |fakes, config| {
        let published = fakes.published.lock().unwrap();
        let swept = published
            .iter()
            .filter(|event| matches!(event, Event::Swept(_)));
        assert_eq!(swept.count(), 1);
        drop(published);
        assert_eq!(bytes_of_audio(fakes, config), [0; 3]);
    });
}
