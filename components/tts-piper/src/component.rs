//! The component's glue: the WIT interface over the plain modules. Nothing is decided here.

use std::{cell::RefCell, path::Path, rc::Rc, sync::Arc};

use bindings::exports::colloquy::{
    preload::preload::{self, File},
    tts::tts::{self as wit, Error, Guest, GuestSpeech, Info},
};
use colloquy_preload::{Files, Loaded, PreloadError, Slot};

use crate::speech::{Speech, SpeechError, Synthesizer};

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
        world: "colloquy:worlds/tts-stage-preloadable",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

/// The folder below `/models` that is used when `TTS_MODEL` is not set.
const DEFAULT_MODEL: &str = "piper-en_US-joe-medium";

struct Component;

struct Stream(RefCell<Speech>);

impl Guest for Component {
    type Speech = Stream;

    fn describe() -> Result<Info, Error> {
        let synthesizer = synthesizer()?;
        let description = synthesizer.value.description();
        let folder =
            (!synthesizer.preloaded).then(|| format!("models/{} (read)", synthesizer.name));
        Ok(Info {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            model: Some(description.name.clone()),
            languages: vec![description.language.clone()],
            needs: folder.into_iter().collect(),
        })
    }

    fn voices() -> Result<Vec<wit::Voice>, Error> {
        let synthesizer = synthesizer()?;
        let description = synthesizer.value.description();
        Ok(vec![wit::Voice {
            name: description.name.clone(),
            display_name: description.display_name(),
            gender: "unknown".into(),
            locale: description.language.clone(),
        }])
    }

    fn synthesize(text: String, options: wit::Options) -> Result<wit::Speech, Error> {
        let speech = synthesizer()?
            .value
            .speak(&text, options.voice.as_deref(), options.rate)
            .map_err(refusal)?;
        Ok(wit::Speech::new(Stream(RefCell::new(speech))))
    }
}

impl GuestSpeech for Stream {
    fn sample_rate_hz(&self) -> u32 {
        self.0.borrow().sample_rate_hz()
    }

    fn next(&self) -> Result<Option<Vec<i16>>, Error> {
        self.0.borrow_mut().next().map_err(refusal)
    }

    fn degraded(&self) -> Option<String> {
        None
    }
}

fn refusal(error: SpeechError) -> Error {
    let text = error.to_string();
    match error {
        SpeechError::TooLong(_) | SpeechError::Rate(_) => Error::InvalidInput(text),
        SpeechError::NoVoice { .. } => Error::Unsupported(text),
        SpeechError::Model(_) => Error::Internal(text),
    }
}

/// The name of the model's folder: one plain path component, from the environment or the default.
fn model_name() -> Result<String, Error> {
    let name = std::env::var("TTS_MODEL").unwrap_or_else(|_| DEFAULT_MODEL.into());
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(Error::Unavailable(
            "TTS_MODEL is not the name of a folder".into(),
        ));
    }
    Ok(name)
}

thread_local! {
    static LOADED: Slot<Arc<Synthesizer>> = const { Slot::new() };
}

/// The synthesizer of this instance: preloaded, or loaded on first use.
fn synthesizer() -> Result<Rc<Loaded<Arc<Synthesizer>>>, Error> {
    let load = |files: &Files| {
        let opened =
            Synthesizer::read(files).map_err(|error| Error::Unavailable(error.to_string()));
        opened.map(Arc::new)
    };
    LOADED.with(|slot| slot.get(Path::new("/models"), model_name, load))
}

impl preload::Guest for Component {
    fn load(name: String, files: Vec<File>) -> Result<(), preload::Error> {
        let files = files.into_iter().map(|file| (file.name, file.bytes));
        let load = |files: &Files| Synthesizer::read(files).map(Arc::new);
        LOADED
            .with(|slot| slot.preload(name, files, load))
            .map_err(|error| match error {
                PreloadError::Late => preload::Error::InvalidInput(error.to_string()),
                PreloadError::Load(error) => preload::Error::Unavailable(error.to_string()),
            })
    }
}
