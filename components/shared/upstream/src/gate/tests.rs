//! One breaker for all who look into the same store, and one for each who cannot.

use super::*;
use crate::breaker::State;
use crate::fakes::Place;

const ORIGIN: &str = "https://api.example.com";

fn gate(place: &Rc<Place>) -> Gate {
    let policy = Policy {
        n_failures: 2,
        open_ms: 10_000,
        claim_ms: 3_000,
    };
    Gate::new("the server", ORIGIN, policy, Rc::<Place>::clone(place))
}

fn fail(gate: &Gate) {
    gate.enter().unwrap().report(Outcome::Failed);
}

fn refusal(gate: &Gate) -> String {
    gate.enter().unwrap_err().to_string()
}

fn states(place: &Place) -> Vec<(State, State, u32)> {
    let told = place.told.take().into_iter();
    told.inspect(|change| assert_eq!(change.upstream, ORIGIN))
        .map(|change| (change.before, change.now, change.n_failures))
        .collect()
}

#[test]
fn all_who_share_a_store_share_what_they_know() {
    let place = Rc::new(Place::default());
    let (one, other) = (gate(&place), gate(&place));
    fail(&one);
    assert!(states(&place).is_empty());
    fail(&other);
    assert_eq!(states(&place), [(State::Closed, State::Open, 2)]);
    let text = "the server is not asked: it failed 2 times in a row; tried again in about 10 s";
    assert_eq!(refusal(&one), text);
    assert_eq!(
        place.kept(ORIGIN),
        r#"{"state":"open","n_failures":2,"until_ms":1790000010000}"#
    );
    place.pass(9_999);
    assert!(refusal(&other).ends_with("in about 1 s"));
    place.pass(1);
    let ticket = one.enter().unwrap();
    assert_eq!(states(&place), [(State::Open, State::HalfOpen, 2)]);
    assert!(refusal(&other).ends_with("being tried again just now"));
    ticket.report(Outcome::Failed);
    assert_eq!(states(&place), [(State::HalfOpen, State::Open, 3)]);
    place.pass(10_000);
    other.enter().unwrap().report(Outcome::Answered);
    assert_eq!(
        states(&place),
        [
            (State::Open, State::HalfOpen, 3),
            (State::HalfOpen, State::Closed, 0)
        ]
    );
    assert!(one.enter().is_ok());
}

#[test]
fn who_goes_away_holds_nobody_up() {
    let place = Rc::new(Place::default());
    let gate = gate(&place);
    fail(&gate);
    fail(&gate);
    place.pass(10_000);
    drop(gate.enter().unwrap());
    drop(gate.enter().unwrap());
    // A trap runs no destructors: then the claim has to end.
    std::mem::forget(gate.enter().unwrap());
    assert!(gate.enter().is_err());
    place.pass(3_000);
    gate.enter().unwrap().report(Outcome::Answered);
    assert!(gate.enter().is_ok());
    // Released and claimed again is still half-open: there is nothing to tell.
    assert_eq!(states(&place).len(), 3);
}

#[test]
fn of_two_who_want_to_try_one_may() {
    let place = Rc::new(Place::default());
    let gate = gate(&place);
    fail(&gate);
    fail(&gate);
    place.pass(10_000);
    let theirs = r#"{"state":"half-open","n_failures":2,"until_ms":1790000012345}"#;
    *place.rival.borrow_mut() = Some(theirs.into());
    assert!(refusal(&gate).ends_with("being tried again just now"));
    assert_eq!(place.kept(ORIGIN), theirs);
    // And a failure that was counted at the same moment is counted.
    place.store.borrow_mut().clear();
    let ticket = gate.enter().unwrap();
    let theirs = r#"{"state":"closed","n_failures":1,"until_ms":0}"#;
    *place.rival.borrow_mut() = Some(theirs.into());
    ticket.report(Outcome::Failed);
    assert!(place.kept(ORIGIN).starts_with(r#"{"state":"open""#));
}

#[test]
fn without_a_store_an_instance_knows_for_itself() {
    let place = Rc::new(Place::default());
    place.broken.set(true);
    let gate = gate(&place);
    fail(&gate);
    fail(&gate);
    assert!(gate.enter().is_err());
    assert_eq!(states(&place), [(State::Closed, State::Open, 2)]);
    // A store that is back counts again, with what is in it.
    place.broken.set(false);
    assert!(gate.enter().is_ok());
}

#[test]
fn nonsense_in_the_store_is_a_closed_breaker() {
    let place = Rc::new(Place::default());
    let nonsense = b"\xff{".to_vec();
    place.store.borrow_mut().insert(ORIGIN.into(), nonsense);
    fail(&gate(&place));
    assert!(place.kept(ORIGIN).contains(r#""n_failures":1"#));
}
