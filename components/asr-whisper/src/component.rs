//! The glue between the `colloquy:asr` contract and the plain modules: types in, types out, errors mapped. No logic lives here.
//!
//! The model is loaded once per instance, by the first call that needs it, and shared by all transcriptions.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use crate::error::Error;
use crate::language;
use crate::model::Whisper;
use crate::transcription::{Options, Segment, Transcription};
use bindings::exports::colloquy::asr::asr as contract;

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::restriction,
        reason = "generated code"
    )]
    wit_bindgen::generate!({ path: "../../wit", world: "colloquy:worlds/asr-stage", generate_all });
    use super::Component;
    export!(Component);
}

/// Where the host mounts the model folders, and which of them is used when `ASR_MODEL` does not say.
const MODELS: &str = "/models";
const DEFAULT_MODEL: &str = "whisper-tiny.en";

thread_local! {
    static MODEL: RefCell<Option<Rc<Whisper>>> = const { RefCell::new(None) };
}

struct Component;

/// The model, loaded now if it was not. A failure is not remembered: the files may be there the next time.
fn model() -> Result<Rc<Whisper>, Error> {
    MODEL.with_borrow_mut(|slot| {
        if let Some(model) = slot {
            return Ok(Rc::clone(model));
        }
        let name = model_name();
        let model = Rc::new(
            Whisper::load(&Path::new(MODELS).join(&name)).map_err(|error| match error {
                Error::Unavailable(why) => Error::Unavailable(format!("model {name}: {why}")),
                other => other,
            })?,
        );
        *slot = Some(Rc::clone(&model));
        Ok(model)
    })
}

fn model_name() -> String {
    std::env::var("ASR_MODEL")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| DEFAULT_MODEL.to_owned())
}

impl contract::Guest for Component {
    type Transcription = InProgress;

    fn describe() -> Result<contract::Info, contract::Error> {
        let model = model()?;
        Ok(contract::Info {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: Some(model_name()),
            languages: language::tags(&model.description.tokens),
            needs: vec![format!("models/{} (read)", model_name())],
        })
    }

    fn transcribe(
        samples: Vec<i16>,
        speech: Vec<contract::Span>,
        options: contract::Options,
    ) -> Result<contract::Transcription, contract::Error> {
        let contract::Options {
            language,
            prompt,
            temperature,
            max_tokens,
        } = options;
        let options = Options {
            language,
            prompt,
            temperature,
            max_tokens,
        };
        let speech: Vec<_> = speech
            .iter()
            .map(|span| span.start_sample..span.end_sample)
            .collect();
        let work = Transcription::new(model()?, samples, &speech, &options)?;
        Ok(contract::Transcription::new(InProgress(RefCell::new(work))))
    }
}

/// The exported resource.
struct InProgress(RefCell<Transcription>);

impl contract::GuestTranscription for InProgress {
    fn next(&self) -> Result<Option<contract::Segment>, contract::Error> {
        Ok(self
            .0
            .borrow_mut()
            .next_segment()?
            .map(contract::Segment::from))
    }
}

impl From<Segment> for contract::Segment {
    fn from(segment: Segment) -> Self {
        Self {
            confidence: segment.confidence(),
            start_ms: segment.start_ms,
            end_ms: segment.end_ms,
            text: segment.text,
            tokens: segment.tokens,
            language: segment.language,
            avg_logprob: segment.mean_logprob,
            no_speech_prob: segment.no_speech,
            temperature: segment.temperature,
        }
    }
}

impl From<Error> for contract::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidInput(why) => Self::InvalidInput(why),
            Error::Unsupported(why) => Self::Unsupported(why),
            Error::Unavailable(why) => Self::Unavailable(why),
            Error::Internal(why) => Self::Internal(why),
        }
    }
}
