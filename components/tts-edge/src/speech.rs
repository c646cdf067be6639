//! One call: a text in as many requests as it takes, one after the other.
//!
//! The first audio is read before the speech is handed out, so that a service that does not speak is known at once. After an error there
//! is nothing more.

use std::collections::VecDeque;
use std::rc::Rc;

use colloquy_upstream::{Failure, voices};

use crate::session::{Service, Session};
use crate::ssml;

/// Characters in one call, from the contract.
const MAX_CHARACTERS: usize = 2_000;
/// Speeds, from the contract.
const SPEEDS: std::ops::RangeInclusive<f32> = 0.5..=2.0;

/// Speech on its way.
pub struct Speech {
    service: Rc<Service>,
    voice: String,
    rate: f32,
    /// Text that is not sent yet.
    pieces: VecDeque<String>,
    session: Option<Session>,
    /// Samples that were read ahead.
    first: Option<Vec<i16>>,
}

impl Speech {
    /// Asks the service, and returns when audio begins to arrive.
    ///
    /// # Errors
    /// `InvalidInput` for a text or a speed that breaks the contract, `Unsupported` for an unknown voice, and what the service brings.
    pub fn begin(
        service: Rc<Service>,
        text: &str,
        voice: Option<&str>,
        rate: f32,
    ) -> Result<Self, Failure> {
        let n = text.chars().count();
        if n > MAX_CHARACTERS {
            let why =
                format!("the text has {n} characters, at most {MAX_CHARACTERS} are spoken at once");
            return Err(Failure::InvalidInput(why));
        }
        if !SPEEDS.contains(&rate) {
            let why = format!("rate {rate} is not between 0.5 and 2");
            return Err(Failure::InvalidInput(why));
        }
        let mut speech = Self {
            voice: voices::choose(&service.config.voices, voice)?.name.clone(),
            service,
            rate,
            pieces: ssml::pieces(text, ssml::MAX_PIECE).into(),
            session: None,
            first: None,
        };
        speech.first = speech.next_samples()?;
        Ok(speech)
    }

    /// Sample rate in hertz.
    #[must_use]
    pub fn rate_hz(&self) -> u32 {
        self.service.config.format.rate_hz()
    }

    /// The next samples as they arrive, at least one; none after the last.
    ///
    /// # Errors
    /// What the way from the service brings.
    pub fn next_samples(&mut self) -> Result<Option<Vec<i16>>, Failure> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let next = self.advance();
        if next.is_err() {
            self.pieces.clear();
            self.session = None;
        }
        next
    }

    fn advance(&mut self) -> Result<Option<Vec<i16>>, Failure> {
        loop {
            if let Some(session) = &mut self.session {
                if let Some(samples) = session.next_samples(&self.service.config)? {
                    return Ok(Some(samples));
                }
                self.session = None;
            }
            let Some(piece) = self.pieces.pop_front() else {
                return Ok(None);
            };
            self.session = Some(Session::begin(
                &self.service,
                &piece,
                &self.voice,
                self.rate,
            )?);
        }
    }
}

#[cfg(test)]
mod tests;
