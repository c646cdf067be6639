//! Whom a turn names as a stage: real components in chains of two, asked and passed over in every way.

use http::HeaderMap;

use super::*;
use crate::bindings::colloquy::llm::llm::Error;
use crate::metrics::Metrics;
use crate::stage::tests::{Bed, PROBE, Probe, bed};
use crate::telemetry::Telemetry;

/// Two stages that describe themselves by numbers, ready, in a turn: 42 is asked first and 43 second, but 43 alone when it has to be fast.
struct Turn {
    bound: Bound<Probe>,
    _beds: [Bed; 2],
}

async fn turn() -> Turn {
    let beds = [
        bed(PROBE),
        bed(&PROBE.replace("i32.const 42", "i32.const 43")),
    ];
    for bed in &beds {
        drop(bed.version.lease().await.unwrap());
    }
    let members = [("first", &beds[0]), ("second", &beds[1])];
    let members = members.map(|(name, bed)| (name.into(), Arc::clone(&bed.version)));
    let both = ["first".to_owned(), "second".to_owned()];
    let chain = Chain::new(members.into(), [&both[1..], &both, &both]);
    Turn {
        bound: Bound::new(chain, &trace()),
        _beds: beds,
    }
}

fn trace() -> Trace {
    Telemetry::default().request(&HeaderMap::new(), "POST", "r", &Metrics::new())
}

/// What a candidate comes to when it is asked.
#[derive(Clone, Copy)]
enum Outcome {
    Answers,
    IsDown,
    Lacks,
}

impl Turn {
    fn names(&self) -> String {
        self.bound.describe().unwrap().version
    }

    /// Asks as the stages do: one after the other until one answers. Gives the sections that were asked.
    fn ask(&mut self, strategy: Strategy, outcomes: &[Outcome]) -> Vec<String> {
        let mut attempts = Attempts::default();
        let mut asked = Vec::new();
        for (candidate, outcome) in self.bound.candidates(strategy).iter().zip(outcomes) {
            asked.push(candidate.name.clone());
            let error = match outcome {
                Outcome::Answers => {
                    self.bound.answered(candidate, attempts.why().is_some());
                    break;
                }
                Outcome::IsDown => Error::Unavailable("no server".into()),
                Outcome::Lacks => Error::Unsupported("no such language".into()),
            };
            assert!(self.bound.failed(candidate, error, &mut attempts).is_none());
        }
        asked
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_anybody_has_answered_it_is_who_would_be_asked_first() {
    use Outcome::IsDown;
    let mut turn = turn().await;
    assert_eq!(turn.names(), "42");
    // A turn that has to be fast never thinks of the other one.
    assert_eq!(turn.ask(Strategy::Fast, &[IsDown]), ["second"]);
    assert_eq!(turn.names(), "43");
    // Nobody answers: it is the one that was asked first, and not the one that failed last.
    assert_eq!(turn.ask(Strategy::High, &[IsDown]), ["first"]);
    assert_eq!(turn.names(), "42");
    let asked = turn.ask(Strategy::Balanced, &[IsDown, IsDown]);
    assert_eq!(asked, ["first", "second"]);
    assert_eq!(turn.names(), "42");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_fallback_it_is_who_answered() {
    use Outcome::{Answers, IsDown};
    let mut turn = turn().await;
    let asked = turn.ask(Strategy::Balanced, &[IsDown, Answers]);
    assert_eq!(asked, ["first", "second"]);
    assert_eq!(turn.names(), "43");
    // The turn asks the first one no more, whatever the order.
    assert_eq!(turn.ask(Strategy::High, &[Answers]), ["second"]);
    assert_eq!(turn.names(), "43");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_something_once_is_asked_again_and_named_when_it_answers() {
    use Outcome::{Answers, Lacks};
    let mut turn = turn().await;
    let asked = turn.ask(Strategy::Balanced, &[Lacks, Answers]);
    assert_eq!(asked, ["first", "second"]);
    assert_eq!(turn.names(), "43");
    assert_eq!(turn.ask(Strategy::Balanced, &[Answers]), ["first"]);
    assert_eq!(turn.names(), "42");
}

#[tokio::test]
async fn a_stage_inside_the_edge_component_is_not_named_by_the_host() {
    let bound = Bound::<Probe>::new(Chain::default(), &trace());
    assert_eq!(bound.describe(), Err(Fault::internal("probe")));
}
