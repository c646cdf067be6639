//! The glue between the `colloquy:asr` contract and the plain modules: types in, types out, errors mapped. No logic lives here.
//!
//! The model is loaded once per instance, before it or by the first call that needs it, and shared by all transcriptions.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use colloquy_preload::{Files, Loaded, PreloadError, Slot};

use crate::error::Error;
use crate::language;
use crate::model::Whisper;
use crate::strategy::{self, Strategy};
use crate::transcription::{Options, Segment, Transcription};
use bindings::exports::colloquy::asr::asr as contract;
use bindings::exports::colloquy::preload::preload;

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::restriction,
        reason = "generated code"
    )]
    wit_bindgen::generate!({ path: "../../wit", world: "colloquy:worlds/asr-stage-preloadable", generate_all });
    use super::Component;
    export!(Component);
}

/// Where the host mounts the model folders, and which of them is used when `ASR_MODEL` does not say.
const MODELS: &str = "/models";
const DEFAULT_MODEL: &str = "whisper-tiny.en";

thread_local! {
    static MODEL: Slot<Rc<Whisper>> = const { Slot::new() };
}

struct Component;

/// The model: preloaded, or loaded now if it was not. A failure is not remembered: the files may be there the next time.
fn model() -> Result<Rc<Loaded<Rc<Whisper>>>, Error> {
    let load = |files: &Files| Whisper::read(files).map(Rc::new);
    MODEL
        .with(|slot| slot.get(Path::new(MODELS), || Ok(model_name()), load))
        .map_err(|error| match error {
            Error::Unavailable(why) => Error::Unavailable(format!("model {}: {why}", model_name())),
            other => other,
        })
}

fn model_name() -> String {
    std::env::var("ASR_MODEL")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| DEFAULT_MODEL.to_owned())
}

/// The width of the search, read at each call: an instance that was made before it has a host has no environment yet.
fn beam() -> Result<usize, Error> {
    strategy::beam(std::env::var(strategy::BEAM).ok().as_deref())
}

impl preload::Guest for Component {
    fn load(name: String, files: Vec<preload::File>) -> Result<(), preload::Error> {
        let files = files.into_iter().map(|file| (file.name, file.bytes));
        let load = |files: &Files| Whisper::read(files).map(Rc::new);
        MODEL
            .with(|slot| slot.preload(name, files, load))
            .map_err(|error| match error {
                PreloadError::Late => preload::Error::InvalidInput(error.to_string()),
                PreloadError::Load(error) => preload::Error::Unavailable(error.to_string()),
            })
    }
}

impl contract::Guest for Component {
    type Transcription = InProgress;

    fn describe() -> Result<contract::Info, contract::Error> {
        let model = model()?;
        // A setting that is wrong is told at the start, not to the first who asks for much.
        beam()?;
        let folder = (!model.preloaded).then(|| format!("models/{} (read)", model.name));
        Ok(contract::Info {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: Some(model.name.clone()),
            languages: language::tags(&model.value.description.tokens),
            needs: folder.into_iter().collect(),
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
            strategy,
        } = options;
        let options = Options {
            language,
            prompt,
            temperature,
            max_tokens,
            strategy: match strategy {
                contract::Strategy::Fast => Strategy::Fast,
                contract::Strategy::Balanced => Strategy::Balanced,
                contract::Strategy::High => Strategy::High { beam: beam()? },
            },
        };
        let speech: Vec<_> = speech
            .iter()
            .map(|span| span.start_sample..span.end_sample)
            .collect();
        let work = Transcription::new(Rc::clone(&model()?.value), samples, &speech, &options)?;
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

    fn degraded(&self) -> Option<String> {
        None
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
