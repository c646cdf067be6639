//! A voice that says what a script tells it to.

use std::collections::VecDeque;

use super::{Fakes, Shared};
use crate::{
    contract::{Error, speak},
    ports::{Result, Speak, Speech},
};

/// What the voice does, and what it was asked for.
#[derive(Clone)]
pub(crate) struct Voice {
    pub(crate) audio: Vec<Result<speak::Audio>>,
    pub(crate) degraded: Option<&'static str>,
    pub(crate) sayings: Shared<Vec<speak::Request>>,
    /// Pieces given in all.
    pub(crate) given: Shared<usize>,
}

impl Default for Voice {
    fn default() -> Self {
        let piece = |level: i16| speak::Audio {
            sample_rate_hz: 22_050,
            samples: (0..11_025)
                .map(|k| if k % 50 < 25 { level } else { -level })
                .collect(),
        };
        Self {
            audio: vec![Ok(piece(1_000)), Ok(piece(2_000))],
            degraded: None,
            sayings: Shared::default(),
            given: Shared::default(),
        }
    }
}

impl Speak for Fakes {
    fn voices(&self) -> Result<Vec<speak::Voice>> {
        self.ready.clone()?;
        let voice = |name: &str, gender: &str| speak::Voice {
            name: name.into(),
            display_name: name.to_uppercase(),
            gender: gender.into(),
            locale: "en-US".into(),
            engine: "fake-tts".into(),
        };
        Ok(vec![voice("joe", "male"), voice("ann", "female")])
    }
    fn speak(&self, request: speak::Request) -> Result<Box<dyn Speech>> {
        self.open.clone()?;
        let script = match &request.voice {
            Some(voice) if !["joe", "ann"].contains(&voice.as_str()) => {
                let text = format!("tts: there is no voice `{voice}`");
                [Err(Error::Unsupported(text))].into()
            }
            _ => self.voice.audio.clone().into(),
        };
        self.voice.sayings.lock().unwrap().push(request);
        Ok(Box::new(Talk {
            fakes: self.clone(),
            script,
        }))
    }
}

struct Talk {
    fakes: Fakes,
    script: VecDeque<Result<speak::Audio>>,
}

impl Speech for Talk {
    fn next(&mut self) -> Result<Option<speak::Audio>> {
        *self.fakes.voice.given.lock().unwrap() += 1;
        self.fakes.pass_ms(10);
        self.script.pop_front().transpose()
    }
    fn engine(&self) -> String {
        "fake-tts".into()
    }
    fn degraded(&self) -> Option<String> {
        self.fakes.voice.degraded.map(str::to_owned)
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.fakes.dropped.lock().unwrap().push("speech");
    }
}
