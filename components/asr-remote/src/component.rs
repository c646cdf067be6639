//! The glue between the `colloquy:asr` contract and the plain modules: types in, types out, errors mapped. No logic lives here.

use std::cell::RefCell;

use colloquy_upstream::{failure_is, wasi::Http};

use crate::config::{Config, Strategy};
use crate::transcription::{Options, Segment, Transcription};
use bindings::exports::colloquy::asr::asr as contract;

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "generated code"
    )]
    wit_bindgen::generate!({ path: "../../wit", world: "colloquy:worlds/asr-stage", generate_all });
    use super::Component;
    export!(Component);
}

failure_is!(contract::Error);

struct Component;

fn config() -> Result<Config, contract::Error> {
    Ok(Config::read(&|name| std::env::var(name).ok())?)
}

impl contract::Guest for Component {
    type Transcription = InProgress;

    /// The server is not asked: that would cost money at every start, and it may be there when it is needed.
    fn describe() -> Result<contract::Info, contract::Error> {
        let config = config()?;
        Ok(contract::Info {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            needs: vec![format!("{} (http)", config.api.base)],
            model: Some(config.api.model),
            languages: config.languages,
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
            max_tokens: _not_in_the_interface,
            strategy,
        } = options;
        let options = Options {
            language,
            prompt,
            temperature,
            strategy: match strategy {
                contract::Strategy::Fast => Strategy::Fast,
                contract::Strategy::Balanced => Strategy::Balanced,
                contract::Strategy::High => Strategy::High,
            },
        };
        let speech: Vec<_> = speech
            .iter()
            .map(|span| span.start_sample..span.end_sample)
            .collect();
        let work = Transcription::new(config()?, samples, &speech, options)?;
        Ok(contract::Transcription::new(InProgress(RefCell::new(work))))
    }
}

/// The exported resource.
struct InProgress(RefCell<Transcription>);

impl contract::GuestTranscription for InProgress {
    fn next(&self) -> Result<Option<contract::Segment>, contract::Error> {
        let segment = self.0.borrow_mut().next(&Http)?;
        Ok(segment.map(contract::Segment::from))
    }

    fn degraded(&self) -> Option<String> {
        None
    }
}

impl From<Segment> for contract::Segment {
    fn from(segment: Segment) -> Self {
        Self {
            confidence: segment.confidence(),
            start_ms: segment.ms.start,
            end_ms: segment.ms.end,
            text: segment.text,
            tokens: segment.tokens,
            language: segment.language,
            avg_logprob: segment.avg_logprob,
            no_speech_prob: segment.no_speech_prob,
            temperature: segment.temperature,
        }
    }
}
