//! The component's glue: the WIT interface over the plain modules. Nothing is decided here.

use std::cell::RefCell;

use bindings::exports::colloquy::ingest::ingest as wit;

use crate::{Fault, Limits, Recording, Rejection};

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
        world: "colloquy:worlds/ingest-stage",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

struct Component;

struct Decoder(RefCell<Recording>);

impl wit::Guest for Component {
    type Decoder = Decoder;

    fn describe() -> Result<wit::Info, wit::Error> {
        Ok(wit::Info {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            model: None,
            languages: Vec::new(),
            needs: Vec::new(),
        })
    }

    fn open(limits: wit::Limits) -> Result<wit::Decoder, wit::Error> {
        let recording = Recording::new(Limits {
            max_bytes: limits.max_bytes,
            min_duration_ms: limits.min_duration_ms,
            max_duration_ms: limits.max_duration_ms,
            min_sample_rate_hz: limits.min_sample_rate_hz,
            max_sample_rate_hz: limits.max_sample_rate_hz,
            max_channels: limits.max_channels,
        })
        .map_err(error)?;
        Ok(wit::Decoder::new(Decoder(RefCell::new(recording))))
    }
}

impl wit::GuestDecoder for Decoder {
    fn push(&self, bytes: Vec<u8>) -> Result<(), wit::Error> {
        self.0.borrow_mut().push(&bytes).map_err(error)
    }

    fn finish(&self) -> Result<wit::Format, wit::Error> {
        let format = self.0.borrow_mut().finish().map_err(error)?;
        Ok(wit::Format {
            container: format.container.into(),
            codec: format.codec.into(),
            sample_rate_hz: format.sample_rate_hz,
            n_channels: format.n_channels,
        })
    }

    fn next(&self) -> Result<Option<Vec<i16>>, wit::Error> {
        self.0.borrow_mut().pull().map_err(error)
    }

    fn rejection(&self) -> Option<wit::Rejection> {
        self.0
            .borrow()
            .rejection()
            .map(|rejection| match rejection {
                Rejection::TooShort => wit::Rejection::TooShort,
                Rejection::TooLong => wit::Rejection::TooLong,
                Rejection::TooLarge => wit::Rejection::TooLarge,
                Rejection::UnsupportedFormat => wit::Rejection::UnsupportedFormat,
                Rejection::Malformed => wit::Rejection::Malformed,
            })
    }
}

fn error(fault: Fault) -> wit::Error {
    match fault {
        Fault::Rejected(Rejection::UnsupportedFormat, text) => wit::Error::Unsupported(text),
        Fault::Rejected(_, text) | Fault::Contract(text) => wit::Error::InvalidInput(text),
        Fault::Internal(text) => wit::Error::Internal(text),
    }
}
