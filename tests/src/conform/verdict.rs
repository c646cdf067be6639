//! What a check finds: kept, not kept (what was expected, what came), or impossible to tell.
//!
//! The six errors of the contracts become one type here. `busy` and `unavailable` are allowed at any time, so they never fail a check;
//! they leave it undecided.

use std::fmt;

use super::bindings::colloquy;

/// The case of an error, as the contracts name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// The caller broke the contract.
    InvalidInput,
    /// Something that the stage does not have.
    Unsupported,
    /// No room now.
    Busy,
    /// The time ran out inside the stage.
    Deadline,
    /// A model or an upstream is missing.
    Unavailable,
    /// A defect.
    Internal,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidInput => "invalid-input",
            Self::Unsupported => "unsupported",
            Self::Busy => "busy",
            Self::Deadline => "deadline",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        })
    }
}

/// An error that a stage answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its case.
    pub case: Case,
    /// Its text, empty where the case has none.
    pub text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.as_str() {
            "" => write!(f, "{}", self.case),
            text => write!(f, "{}({:?})", self.case, shortened(text)),
        }
    }
}

/// Implements the conversion for the error of each package.
macro_rules! refusals {
    ($($package:ident),*) => { $(
        impl From<colloquy::$package::$package::Error> for Refusal {
            fn from(error: colloquy::$package::$package::Error) -> Self {
                use colloquy::$package::$package::Error as E;
                let (case, text) = match error {
                    E::InvalidInput(text) => (Case::InvalidInput, text),
                    E::Unsupported(text) => (Case::Unsupported, text),
                    E::Busy(_) => (Case::Busy, String::new()),
                    E::Deadline => (Case::Deadline, String::new()),
                    E::Unavailable(text) => (Case::Unavailable, text),
                    E::Internal(text) => (Case::Internal, text),
                };
                Self { case, text }
            }
        }
    )* };
}
refusals!(ingest, vad, asr, intent, content, llm, tts);

/// Why a check is not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    /// The contract is broken.
    Failed {
        /// What the contract promises.
        expected: String,
        /// What came instead.
        got: String,
    },
    /// It could not be tried, for this reason.
    Skipped(String),
}

impl Unmet {
    /// A broken promise.
    pub fn failed(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Failed {
            expected: expected.into(),
            got: got.into(),
        }
    }
}

/// The result of a check.
pub type Verdict = Result<(), Unmet>;

/// What a call answered: the stage's own result. The error of the outer result is a stage that did not answer at all.
pub type Asked<T> = Result<Answer<T>, Unmet>;

/// The answer of a stage to one call.
#[derive(Debug)]
pub struct Answer<T> {
    /// The function, for messages.
    pub function: &'static str,
    /// What it returned.
    pub result: Result<T, Refusal>,
}

impl<T> Answer<T> {
    /// The value, which the contract promises for this input; `input` says which it was.
    pub fn given(self, input: &str) -> Result<T, Unmet> {
        let function = self.function;
        self.result.map_err(|refusal| match refusal.case {
            Case::Busy | Case::Unavailable => {
                Unmet::Skipped(format!("`{function}` answered {refusal}"))
            }
            _ => Unmet::failed(
                format!("`{function}` of {input} succeeds"),
                refusal.to_string(),
            ),
        })
    }

    /// The contract demands this error for this input, with a text that says what is wrong.
    pub fn refused(self, case: Case, input: &str) -> Verdict {
        self.refusal(case, input).map(drop)
    }

    /// As [`Self::refused`], giving the error.
    pub fn refusal(self, case: Case, input: &str) -> Result<Refusal, Unmet> {
        let expected = format!("`{}` of {input} is {case}", self.function);
        match self.result {
            Err(refusal) if refusal.case == case && refusal.text.trim().is_empty() => {
                Err(Unmet::failed(
                    format!("{expected} with a text that names what is wrong"),
                    "an empty text",
                ))
            }
            Err(refusal) if refusal.case == case => Ok(refusal),
            Err(refusal) if matches!(refusal.case, Case::Busy | Case::Unavailable) => Err(
                Unmet::Skipped(format!("`{}` answered {refusal}", self.function)),
            ),
            Err(refusal) => Err(Unmet::failed(expected, refusal.to_string())),
            Ok(_) => Err(Unmet::failed(expected, "success")),
        }
    }

    /// The value, or none when it was refused as the caller's fault. For input that the contract neither promises to take nor to
    /// refuse: a trap or a defect is still a failure.
    pub fn given_or_refused(self, input: &str) -> Result<Option<T>, Unmet> {
        match self.result {
            Err(refusal) if matches!(refusal.case, Case::InvalidInput | Case::Unsupported) => {
                Ok(None)
            }
            _ => self.given(input).map(Some),
        }
    }
}

/// Fails the check when the condition does not hold: `ensure(condition, expected, || got)`.
pub fn ensure(holds: bool, expected: &str, got: impl FnOnce() -> String) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(Unmet::failed(expected, got()))
    }
}

/// A text for a line of the terminal.
pub fn shortened(text: &str) -> String {
    const MOST: usize = 160;
    let mut short: String = text.chars().take(MOST).collect();
    if text.chars().nth(MOST).is_some() {
        short.push_str("...");
    }
    short
}
