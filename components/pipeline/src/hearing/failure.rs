//! Why an utterance failed: which stage is to blame, and which limit a recording broke.

use crate::{
    contract::{Error, ingest::Rejection},
    ports::Decoder,
    words::named,
};

/// What is remembered of a failure, to repeat it.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) stage: Option<&'static str>,
    pub(super) rejection: Option<Rejection>,
    pub(super) error: Error,
}

/// A failure of a stage.
pub(super) fn failed(stage: &'static str, error: Error) -> Failure {
    Failure {
        stage: Some(stage),
        rejection: None,
        error: named(stage, error),
    }
}

/// A failure of `ingest`, which can say which limit was broken.
pub(super) fn refused(decoder: &dyn Decoder, error: Error) -> Failure {
    let rejection = match error {
        Error::InvalidInput(_) | Error::Unsupported(_) => decoder.rejection(),
        _ => None,
    };
    Failure {
        stage: Some("ingest"),
        rejection,
        error: named("ingest", error),
    }
}

/// A failure that no stage is to blame for.
pub(super) fn misuse(text: &str) -> Failure {
    Failure {
        stage: None,
        rejection: None,
        error: Error::InvalidInput(text.to_owned()),
    }
}
