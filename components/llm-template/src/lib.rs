//! Answers composed from the selected content in the voice of a persona.
//!
//! No model, no network, no randomness: equal requests give equal answers. It says nothing that is not in the cards or in the persona,
//! and serves as the fallback of every other language model. Personas and content are English; for other languages there are small tables
//! of phrases ([`languages`]), and whoever asks for one that is missing gets English and is told. It needs the folder with `persona.json`.

pub mod answer;
pub mod choice;
#[cfg(target_family = "wasm")]
mod component;
pub mod error;
pub mod frames;
pub mod grammar;
pub mod languages;
pub mod limit;
pub mod persona;
pub mod phrase;
pub mod request;
pub mod stream;
pub mod translated;

use colloquy_preload::Files;
use error::Error;
use frames::Frames;
use languages::{Languages, Spoken};
use persona::Persona;
use request::Request;
use stream::Stream;

/// A persona ready to answer.
#[derive(Debug)]
pub struct Speaker {
    persona: Persona,
    frames: Frames,
    languages: Languages,
}

impl Speaker {
    /// Gives a persona the built-in sentence frames and phrases.
    ///
    /// # Errors
    /// `internal` when these are broken, which a test excludes.
    pub fn new(persona: Persona) -> Result<Self, Error> {
        Ok(Self {
            persona,
            frames: Frames::built_in().map_err(Error::Internal)?,
            languages: Languages::built_in().map_err(Error::Internal)?,
        })
    }

    /// Loads the `persona.json` of a folder.
    ///
    /// # Errors
    /// `unavailable`, with the path of the mistake inside the file.
    pub fn load(folder: &std::path::Path) -> Result<Self, Error> {
        Self::read(&Files::folder(folder))
    }

    /// Loads the `persona.json` among files.
    ///
    /// # Errors
    /// As [`Speaker::load`].
    pub fn read(files: &Files) -> Result<Self, Error> {
        Self::new(Persona::read(files).map_err(|error| Error::Unavailable(error.to_string()))?)
    }

    /// Who speaks.
    #[must_use]
    pub fn persona(&self) -> &Persona {
        &self.persona
    }

    /// Tags of the languages of the answers, English first.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        std::iter::once("en").chain(self.languages.tags())
    }

    /// Composes an answer, ready to be streamed.
    ///
    /// # Errors
    /// `invalid-input`, see [`Request::check`].
    pub fn generate(&self, request: &Request) -> Result<Stream, Error> {
        request.check()?;
        let spoken = self.languages.of(&request.language);
        let sentences = match spoken {
            Spoken::Other(phrases) => translated::compose(&self.persona, phrases, request),
            Spoken::English | Spoken::Lacking => {
                answer::compose(&self.persona, &self.frames, request)
            }
        };
        let stream = Stream::new(&limit::fit(sentences, request.max_tokens));
        Ok(match spoken {
            Spoken::Lacking => stream.degraded(lacking(&request.language)),
            Spoken::English | Spoken::Other(_) => stream,
        })
    }
}

fn lacking(language: &str) -> String {
    let language: String = language.chars().take(35).collect();
    format!("it has no sentences in the language {language:?}, the answer is English")
}
