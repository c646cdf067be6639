//! The circuit breaker of one server, as a value: closed, open after so many failures in a row, half-open while one caller tries again.
//!
//! No clock, no store and no server here: [`crate::gate`] brings them. Times are milliseconds since 1970, because instances and hosts
//! that share a record have no other clock in common.
//!
//! Invariants: half-open lets one caller through; its claim ends at a time, so a caller that never reports back holds nobody up; a
//! record from elsewhere that makes no sense counts as closed.

use serde::{Deserialize, Serialize};

/// The longest that a breaker can be open, or a claim can last. What is further away was written by a wrong clock.
pub const LONGEST_MS: u64 = 600_000;

/// Where a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The server is asked.
    #[default]
    Closed,
    /// It is not asked.
    Open,
    /// One caller tries whether it is back.
    HalfOpen,
}

/// What is known of a server, as it is kept: `{"state":"open","n_failures":5,"until_ms":1790000000000}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// Where the breaker is.
    pub state: State,
    /// Failures in a row so far.
    pub n_failures: u32,
    /// When open ends, or when the claim of the caller who tries ends.
    pub until_ms: u64,
}

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Failures in a row that open it.
    pub n_failures: u32,
    /// How long it is open.
    pub open_ms: u64,
    /// How long a caller that tries again may take.
    pub claim_ms: u64,
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Ask.
    Ask,
    /// Ask, and be the one who tries: if the record can be replaced by this one.
    Try(Record),
    /// Do not ask.
    Refused {
        /// Failures in a row so far.
        n_failures: u32,
        /// For how long; none when somebody else tries now.
        left_ms: Option<u64>,
    },
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server is there: an answer, or a refusal that is not its own fault.
    Answered,
    /// It is broken: no connection, no answer in time, a 5xx, an answer cut short or that is none.
    Failed,
    /// Nothing can be said: it was busy, or the caller went away.
    Unknown,
}

impl Record {
    /// Reads what is kept; anything else is a closed breaker.
    #[must_use]
    pub fn read(value: Option<&[u8]>) -> Self {
        value
            .and_then(|bytes| serde_json::from_slice(bytes).ok())
            .unwrap_or_default()
    }

    /// As it is kept.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        // Two numbers and a name: there is nothing to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether to ask now.
    #[must_use]
    pub fn admit(&self, now_ms: u64, policy: &Policy) -> Admission {
        let left_ms = self.until_ms.saturating_sub(now_ms);
        let waiting = left_ms > 0 && left_ms <= LONGEST_MS;
        match self.state {
            State::Closed => Admission::Ask,
            State::Open | State::HalfOpen if waiting => Admission::Refused {
                n_failures: self.n_failures,
                left_ms: (self.state == State::Open).then_some(left_ms),
            },
            State::Open | State::HalfOpen => Admission::Try(Self {
                state: State::HalfOpen,
                until_ms: now_ms + policy.claim_ms.clamp(1, LONGEST_MS),
                ..*self
            }),
        }
    }

    /// The record after an answer. `claim` is the `until_ms` of the record with which the caller was let in to try, none for others.
    ///
    /// Only who tries moves a breaker that is not closed: what others bring then was asked before it opened.
    #[must_use]
    pub fn after(
        &self,
        outcome: Outcome,
        claim: Option<u64>,
        now_ms: u64,
        policy: &Policy,
    ) -> Self {
        let failed = || Self {
            state: State::Open,
            n_failures: self.n_failures.saturating_add(1),
            until_ms: now_ms + policy.open_ms.min(LONGEST_MS),
        };
        let mine = claim == Some(self.until_ms);
        match (self.state, outcome) {
            (State::Closed, Outcome::Answered) => Self::default(),
            (State::Closed, Outcome::Failed)
                if self.n_failures.saturating_add(1) >= policy.n_failures =>
            {
                failed()
            }
            (State::Closed, Outcome::Failed) => Self {
                n_failures: self.n_failures.saturating_add(1),
                ..*self
            },
            // An answer is an answer, even after the claim was given to the next one.
            (State::HalfOpen, Outcome::Answered) if claim.is_some() => Self::default(),
            (State::HalfOpen, Outcome::Failed) if mine => failed(),
            // The next caller may try at once.
            (State::HalfOpen, Outcome::Unknown) if mine => Self {
                until_ms: now_ms,
                ..*self
            },
            _ => *self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        n_failures: 3,
        open_ms: 1000,
        claim_ms: 400,
    };

    fn open() -> Record {
        Record {
            state: State::Open,
            n_failures: 3,
            until_ms: 2000,
        }
    }

    fn after(record: Record, outcome: Outcome, claim: Option<u64>, now_ms: u64) -> Record {
        record.after(outcome, claim, now_ms, &POLICY)
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let mut record = Record::default();
        for n in 1..3 {
            record = after(record, Outcome::Failed, None, 1000);
            assert_eq!((record.state, record.n_failures), (State::Closed, n));
            assert_eq!(record.admit(1000, &POLICY), Admission::Ask);
        }
        // Busy is neither.
        assert_eq!(after(record, Outcome::Unknown, None, 1000), record);
        let reset = after(record, Outcome::Answered, None, 1000);
        assert_eq!(reset, Record::default());
        assert_eq!(after(record, Outcome::Failed, None, 1000), open());
    }

    #[test]
    fn open_refuses_until_its_time() {
        let left = |now| match open().admit(now, &POLICY) {
            Admission::Refused {
                left_ms,
                n_failures: 3,
            } => left_ms,
            other => panic!("{other:?}"),
        };
        assert_eq!(left(1000), Some(1000));
        assert_eq!(left(1999), Some(1));
        // What was asked before does not move it.
        for outcome in [Outcome::Answered, Outcome::Failed, Outcome::Unknown] {
            assert_eq!(after(open(), outcome, None, 1500), open());
        }
    }

    fn tried(now_ms: u64) -> Record {
        match open().admit(now_ms, &POLICY) {
            Admission::Try(record) => record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_caller_tries() {
        let half = tried(2000);
        assert_eq!((half.state, half.until_ms), (State::HalfOpen, 2400));
        let second = half.admit(2100, &POLICY);
        assert!(matches!(second, Admission::Refused { left_ms: None, .. }));
        let claim = Some(2400);
        assert_eq!(
            after(half, Outcome::Answered, claim, 2100),
            Record::default()
        );
        let again = after(half, Outcome::Failed, claim, 2100);
        assert_eq!(
            (again.state, again.n_failures, again.until_ms),
            (State::Open, 4, 3100)
        );
        // Who went away lets the next one try at once.
        let released = after(half, Outcome::Unknown, claim, 2100);
        assert!(matches!(
            released.admit(2100, &POLICY),
            Admission::Try(Record { until_ms: 2500, .. })
        ));
    }

    #[test]
    fn who_never_reports_holds_nobody_up() {
        let lost = tried(2000);
        let Admission::Try(next) = lost.admit(2400, &POLICY) else {
            panic!("the claim has ended")
        };
        assert_eq!(next.until_ms, 2800);
        // The first one comes back late: a failure says nothing about the second, an answer does.
        assert_eq!(after(next, Outcome::Failed, Some(2400), 2500), next);
        assert_eq!(after(next, Outcome::Unknown, Some(2400), 2500), next);
        let closed = after(next, Outcome::Answered, Some(2400), 2500);
        assert_eq!(closed, Record::default());
        // And when all is over already, it is one more failure of a server that is asked.
        assert_eq!(
            after(closed, Outcome::Failed, Some(2800), 2600).n_failures,
            1
        );
    }

    #[test]
    fn a_wrong_clock_does_not_close_a_server_off() {
        let far = Record {
            until_ms: 2000 + LONGEST_MS + 1,
            ..open()
        };
        assert!(matches!(far.admit(2000, &POLICY), Admission::Try(_)));
        let endless = Policy {
            open_ms: u64::MAX,
            n_failures: 0,
            ..POLICY
        };
        let open = Record::default().after(Outcome::Failed, None, 7, &endless);
        assert_eq!(open.until_ms, 7 + LONGEST_MS);
        for n_failures in [u32::MAX - 1, u32::MAX] {
            let many = Record {
                n_failures,
                ..Record::default()
            };
            assert_eq!(
                many.after(Outcome::Failed, None, 0, &POLICY).n_failures,
                u32::MAX
            );
        }
    }

    #[test]
    fn it_is_kept_as_documented() {
        let half = Record {
            state: State::HalfOpen,
            ..open()
        };
        let text = r#"{"state":"half-open","n_failures":3,"until_ms":2000}"#;
        assert_eq!(half.write(), text.as_bytes());
        assert_eq!(Record::read(Some(text.as_bytes())), half);
        for nonsense in ["", "{}", "[1]", r#"{"state":"ajar","n_failures":1}"#] {
            assert_eq!(
                Record::read(Some(nonsense.as_bytes())),
                Record::default(),
                "{nonsense}"
            );
        }
        assert_eq!(Record::read(None), Record::default());
    }
}
