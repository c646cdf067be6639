//! The component's glue: the WIT interface over the plain modules. Nothing is decided here.

use std::{cell::RefCell, path::Path, rc::Rc};

use bindings::exports::colloquy::{
    preload::preload::{self, File},
    vad::vad::{self as wit, Error, Guest, GuestDetector, Info},
};
use colloquy_preload::{Loaded, PreloadError, Slot};

use crate::{
    detector::{Detector, DetectorError},
    live::Event,
    model::{ModelError, Silero},
    options::{Options, Rules},
};

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "colloquy:worlds/vad-stage-preloadable",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

/// The folder below `/models` that is used when `VAD_MODEL` is not set.
const DEFAULT_MODEL: &str = "silero-vad";

struct Component;

struct Stream(RefCell<Detector>);

impl Guest for Component {
    type Detector = Stream;

    fn describe() -> Result<Info, Error> {
        let model = model()?;
        let folder = (!model.preloaded).then(|| format!("models/{} (read)", model.name));
        Ok(Info {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            needs: folder.into_iter().collect(),
            model: Some(model.name.clone()),
            languages: Vec::new(),
        })
    }

    fn open(options: wit::Options) -> Result<wit::Detector, Error> {
        let rules = Rules::try_from(Options {
            threshold: options.threshold,
            neg_threshold: options.neg_threshold,
            min_speech_ms: options.min_speech_ms,
            min_silence_ms: options.min_silence_ms,
            speech_pad_ms: options.speech_pad_ms,
            max_speech_ms: options.max_speech_ms,
        })
        .map_err(|error| Error::InvalidInput(error.to_string()))?;
        Ok(wit::Detector::new(Stream(RefCell::new(Detector::new(
            Rc::clone(&model()?.value),
            rules,
        )))))
    }
}

impl GuestDetector for Stream {
    fn push(&self, samples: Vec<i16>) -> Result<Vec<wit::Event>, Error> {
        let events = self.0.borrow_mut().push(&samples).map_err(refusal)?;
        Ok(events
            .into_iter()
            .map(|event| match event {
                Event::Started(at) => wit::Event::SpeechStarted(at),
                Event::Stopped(at) => wit::Event::SpeechStopped(at),
            })
            .collect())
    }

    fn finish(&self) -> Result<Vec<wit::Segment>, Error> {
        let mut detector = self.0.borrow_mut();
        let segments = detector.finish().map_err(refusal)?;
        Ok(segments
            .iter()
            .map(|segment| wit::Segment {
                start_sample: segment.start,
                end_sample: segment.end,
            })
            .collect())
    }

    fn take_probabilities(&self) -> Vec<f32> {
        self.0.borrow_mut().take_probabilities()
    }
}

thread_local! {
    static MODEL: Slot<Rc<Silero>> = const { Slot::new() };
}

/// The model: preloaded, or loaded on first use. Kept for the life of the instance.
fn model() -> Result<Rc<Loaded<Rc<Silero>>>, Error> {
    let load = |files: &_| {
        let model = Silero::read(files).map_err(|error| Error::Unavailable(error.to_string()));
        model.map(Rc::new)
    };
    MODEL.with(|slot| slot.get(Path::new("/models"), model_name, load))
}

impl preload::Guest for Component {
    fn load(name: String, files: Vec<File>) -> Result<(), preload::Error> {
        let files = files.into_iter().map(|file| (file.name, file.bytes));
        let load = |files: &_| Silero::read(files).map(Rc::new);
        MODEL
            .with(|slot| slot.preload(name, files, load))
            .map_err(|error| match error {
                PreloadError::Late => preload::Error::InvalidInput(error.to_string()),
                PreloadError::Load(error) => preload::Error::Unavailable(error.to_string()),
            })
    }
}

/// The model's folder below `/models`: one plain name, so that no setting reaches outside of it.
fn model_name() -> Result<String, Error> {
    let name = std::env::var("VAD_MODEL").unwrap_or_else(|_| DEFAULT_MODEL.into());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(Error::Unavailable(format!(
            "VAD_MODEL is {name:?}, expected the name of a folder"
        )));
    }
    Ok(name)
}

fn refusal(error: DetectorError) -> Error {
    match error {
        DetectorError::Finished | DetectorError::PushTooLong(_) => {
            Error::InvalidInput(error.to_string())
        }
        DetectorError::Model(error) => internal(&error),
    }
}

/// The caller learns that it was a defect; the host, which keeps this stream as its log, learns which.
#[expect(clippy::print_stderr, reason = "standard error is the component's log")]
fn internal(error: &ModelError) -> Error {
    eprintln!("vad-silero: {error}");
    Error::Internal("the model failed".into())
}
