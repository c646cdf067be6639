//! A vad stage that goes by loudness. It keeps the contract, unless the variable `FAULT` names the promise to break.
//!
//! It is both sides of the tests of `conform`: somebody else's stage without a model, which must pass, and for each fault a bad one,
//! which must be found out.
#![cfg(target_family = "wasm")]
#![allow(
    unsafe_code,
    reason = "the bindings are generated where they are exported"
)]

mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, reason = "generated code")]
    wit_bindgen::generate!({ path: "../../../wit", world: "colloquy:worlds/vad-stage", generate_all });
}
mod stream;

use std::cell::RefCell;

use bindings::exports::colloquy::vad::vad::{
    Detector, Error, Event, Guest, GuestDetector, Info, Options, Segment,
};
use stream::Stream;

/// Samples that one push may bring: ten minutes.
const MOST: usize = 600 * 16_000;

thread_local! {
    static SHARED: RefCell<u32> = const { RefCell::new(0) };
}

/// Whether this promise is to be broken.
fn breaks(promise: &str) -> bool {
    std::env::var("FAULT").is_ok_and(|fault| fault == promise)
}

struct Stage;

impl Guest for Stage {
    type Detector = Listener;

    fn describe() -> Result<Info, Error> {
        let calls = SHARED.with_borrow_mut(|calls| {
            *calls += 1;
            *calls
        });
        Ok(Info {
            name: if breaks("name") { "" } else { "bad-vad" }.into(),
            version: match breaks("version") {
                true => calls.to_string(),
                false => env!("CARGO_PKG_VERSION").into(),
            },
            model: None,
            languages: Vec::new(),
            needs: Vec::new(),
        })
    }

    fn open(options: Options) -> Result<Detector, Error> {
        let good = (0.0..=1.0).contains(&options.threshold)
            && options
                .neg_threshold
                .is_none_or(|neg| (0.0..=options.threshold).contains(&neg));
        if !good {
            let why = "a threshold is not from 0 to 1".to_owned();
            return Err(if breaks("case") {
                Error::Unsupported(why)
            } else {
                Error::InvalidInput(why)
            });
        }
        Ok(Detector::new(Listener(RefCell::new(Stream::new(&options)))))
    }
}

struct Listener(RefCell<Stream>);

impl GuestDetector for Listener {
    fn push(&self, samples: Vec<i16>) -> Result<Vec<Event>, Error> {
        if breaks("empty") && samples.is_empty() {
            std::process::abort();
        }
        if samples.len() > MOST {
            while breaks("hang") {
                std::hint::black_box(());
            }
            return Err(Error::InvalidInput("more than ten minutes at once".into()));
        }
        let mut stream = self.0.borrow_mut();
        if stream.finished.is_some() && !breaks("end") {
            return Err(Error::InvalidInput("the stream has ended".into()));
        }
        stream.push(&samples);
        if breaks("chunks") {
            stream.fill_up();
        }
        Ok(std::mem::take(&mut stream.events))
    }

    fn finish(&self) -> Result<Vec<Segment>, Error> {
        let mut stream = self.0.borrow_mut();
        if breaks("again") && stream.finished.is_some() {
            return Ok(Vec::new());
        }
        let mut segments = stream.finish();
        if breaks("order") {
            segments.reverse();
        }
        Ok(segments)
    }

    fn take_probabilities(&self) -> Vec<f32> {
        let mut all = std::mem::take(&mut self.0.borrow_mut().probabilities);
        if breaks("range") {
            all.iter_mut().for_each(|probability| *probability *= 100.0);
        }
        all
    }
}

bindings::export!(Stage with_types_in bindings);
