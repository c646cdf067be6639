//! The glue between the `colloquy:tts` contract and the plain modules: types in, types out, errors mapped. No logic lives here.

use std::cell::RefCell;

use bindings::exports::colloquy::tts::tts as contract;
use colloquy_upstream::{failure_is, voices, wasi::Http};

use crate::config::Config;
use crate::speech::Speech;

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({ path: "../../wit", world: "colloquy:worlds/tts-stage", generate_all });
    use super::Component;
    export!(Component);
}

failure_is!(contract::Error);

struct Component;

/// Speech on its way.
struct Stream(RefCell<Speech>);

fn config() -> Result<Config, contract::Error> {
    Ok(Config::read(&|name| std::env::var(name).ok())?)
}

impl contract::Guest for Component {
    type Speech = Stream;

    /// The server is not asked: that would cost money at every start, and it may be there when it is needed.
    fn describe() -> Result<contract::Info, contract::Error> {
        let config = config()?;
        Ok(contract::Info {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            needs: vec![format!("{} (http)", config.api.base)],
            model: Some(config.api.model),
            languages: voices::languages(&config.voices),
        })
    }

    fn voices() -> Result<Vec<contract::Voice>, contract::Error> {
        let voices = config()?.voices.into_iter();
        Ok(voices
            .map(|voice| contract::Voice {
                name: voice.name,
                display_name: voice.display_name,
                gender: voice.gender,
                locale: voice.locale,
            })
            .collect())
    }

    fn synthesize(
        text: String,
        options: contract::Options,
    ) -> Result<contract::Speech, contract::Error> {
        let voice = options.voice.as_deref();
        let speech = Speech::begin(&config()?, &Http, &text, voice, options.rate)?;
        Ok(contract::Speech::new(Stream(RefCell::new(speech))))
    }
}

impl contract::GuestSpeech for Stream {
    fn sample_rate_hz(&self) -> u32 {
        self.0.borrow().rate_hz()
    }

    fn next(&self) -> Result<Option<Vec<i16>>, contract::Error> {
        Ok(self.0.borrow_mut().next_samples()?)
    }

    fn degraded(&self) -> Option<String> {
        None
    }
}
