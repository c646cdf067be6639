//! Answers composed from the selected content in the voice of a persona.
//!
//! No model, no network, no randomness: equal requests give equal answers. It says nothing that is not in the cards or in the persona,
//! and serves as the fallback of every other language model. The language is English. It needs the folder with `persona.json`.

pub mod answer;
pub mod choice;
#[cfg(target_family = "wasm")]
mod component;
pub mod error;
pub mod frames;
pub mod grammar;
pub mod limit;
pub mod persona;
pub mod phrase;
pub mod request;
pub mod stream;

use colloquy_preload::Files;
use error::Error;
use frames::Frames;
use persona::Persona;
use request::Request;
use stream::Stream;

/// A persona ready to answer.
#[derive(Debug)]
pub struct Speaker {
    persona: Persona,
    frames: Frames,
}

impl Speaker {
    /// Gives a persona the built-in sentence frames.
    ///
    /// # Errors
    /// `internal` when the built-in frames are broken, which a test excludes.
    pub fn new(persona: Persona) -> Result<Self, Error> {
        Ok(Self {
            persona,
            frames: Frames::built_in().map_err(Error::Internal)?,
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

    /// Composes an answer, ready to be streamed.
    ///
    /// # Errors
    /// `invalid-input` or `unsupported`, see [`Request::check`].
    pub fn generate(&self, request: &Request) -> Result<Stream, Error> {
        request.check()?;
        let sentences = answer::compose(&self.persona, &self.frames, request);
        Ok(Stream::new(&limit::fit(sentences, request.max_tokens)))
    }
}
