//! The glue: the stages behind the ports, the two halves behind the exported resources. No logic.

use std::{
    cell::RefCell,
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::{
    answering::{self, Answer},
    contract as c,
    hearing::{self, Utterance},
    ports::{self, Result},
    speaking::{self, Talk},
};
use bindings::{
    colloquy::{
        asr::asr, content::content, events::events, ingest::ingest, intent::intent, llm::llm,
        tts::tts, vad::vad,
    },
    exports::colloquy::pipeline::{listen, respond, speak},
};

mod bindings;

/// The imported stages.
#[derive(Clone, Copy)]
struct Imports;

impl ports::Clock for Imports {
    fn now(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

impl ports::Events for Imports {
    fn publish(&self, event: c::events::Event) {
        events::publish(&event);
    }
}

impl ports::Ingest for Imports {
    fn ingest_info(&self) -> Result<c::Info> {
        ingest::describe()
    }
    fn open_decoder(&self, limits: c::ingest::Limits) -> Result<Box<dyn ports::Decoder>> {
        Ok(Box::new(ingest::open(limits)?))
    }
}

impl ports::Decoder for ingest::Decoder {
    fn push(&mut self, bytes: Vec<u8>) -> Result<()> {
        ingest::Decoder::push(self, &bytes)
    }
    fn finish(&mut self) -> Result<c::ingest::Format> {
        ingest::Decoder::finish(self)
    }
    fn next(&mut self) -> Result<Option<Vec<i16>>> {
        ingest::Decoder::next(self)
    }
    fn rejection(&self) -> Option<c::ingest::Rejection> {
        use c::ingest::Rejection as R;
        Some(match ingest::Decoder::rejection(self)? {
            ingest::Rejection::TooShort => R::TooShort,
            ingest::Rejection::TooLong => R::TooLong,
            ingest::Rejection::TooLarge => R::TooLarge,
            ingest::Rejection::UnsupportedFormat => R::UnsupportedFormat,
            ingest::Rejection::Malformed => R::Malformed,
        })
    }
}

impl ports::Vad for Imports {
    fn vad_info(&self) -> Result<c::Info> {
        vad::describe()
    }
    fn open_detector(&self, options: c::vad::Options) -> Result<Box<dyn ports::Detector>> {
        Ok(Box::new(vad::open(options)?))
    }
}

impl ports::Detector for vad::Detector {
    fn push(&mut self, samples: &[i16]) -> Result<Vec<c::vad::Event>> {
        vad::Detector::push(self, samples)
    }
    fn finish(&mut self) -> Result<Vec<c::Span>> {
        vad::Detector::finish(self)
    }
}

impl ports::Asr for Imports {
    fn asr_info(&self) -> Result<c::Info> {
        asr::describe()
    }
    fn transcribe(
        &self,
        samples: &[i16],
        speech: &[c::Span],
        options: c::asr::Options,
    ) -> Result<Box<dyn ports::Transcription>> {
        Ok(Box::new(asr::transcribe(samples, speech, &options)?))
    }
}

impl ports::Transcription for asr::Transcription {
    fn next(&mut self) -> Result<Option<c::asr::Segment>> {
        asr::Transcription::next(self)
    }
    fn degraded(&self) -> Option<String> {
        asr::Transcription::degraded(self)
    }
}

impl ports::Intent for Imports {
    fn intent_info(&self) -> Result<c::Info> {
        intent::describe()
    }
    fn classify(&self, text: &str, history: &[c::Turn]) -> Result<c::intent::Classification> {
        intent::classify(text, history)
    }
}

impl ports::Content for Imports {
    fn content_info(&self) -> Result<c::Info> {
        content::describe()
    }
    fn select(&self, request: c::content::Request) -> Result<c::content::Selection> {
        content::select(&request)
    }
}

impl ports::Llm for Imports {
    fn llm_info(&self) -> Result<c::Info> {
        llm::describe()
    }
    fn generate(&self, request: c::llm::Request) -> Result<Box<dyn ports::Generation>> {
        Ok(Box::new(llm::generate(&request)?))
    }
}

impl ports::Generation for llm::Generation {
    fn next(&mut self) -> Result<Option<c::llm::Chunk>> {
        Ok(llm::Generation::next(self)?.map(|chunk| match chunk {
            llm::Chunk::Degraded(why) => c::llm::Chunk::Degraded(why),
            llm::Chunk::Text(text) => c::llm::Chunk::Text(text),
            llm::Chunk::Finished(usage) => c::llm::Chunk::Finished(usage.item_ids),
        }))
    }
}

impl ports::Tts for Imports {
    fn tts_info(&self) -> Result<c::Info> {
        tts::describe()
    }
    fn synthesize(&self, text: &str, options: c::tts::Options) -> Result<Box<dyn ports::Speech>> {
        Ok(Box::new(tts::synthesize(text, &options)?))
    }
    fn voices(&self) -> Result<Vec<c::tts::Voice>> {
        tts::voices()
    }
}

impl ports::Speech for tts::Speech {
    fn sample_rate_hz(&self) -> u32 {
        tts::Speech::sample_rate_hz(self)
    }
    fn next(&mut self) -> Result<Option<Vec<i16>>> {
        tts::Speech::next(self)
    }
    fn degraded(&self) -> Option<String> {
        tts::Speech::degraded(self)
    }
}

struct Component;

impl listen::Guest for Component {
    type Utterance = RefCell<Utterance<Imports>>;

    fn describe() -> Result<Vec<c::Stage>> {
        hearing::describe(&Imports)
    }
    fn open(options: c::listen::Options) -> Result<listen::Utterance> {
        Utterance::open(Imports, options)
            .map(|utterance| listen::Utterance::new(RefCell::new(utterance)))
    }
}

impl listen::GuestUtterance for RefCell<Utterance<Imports>> {
    fn push(&self, bytes: Vec<u8>) -> Result<()> {
        self.borrow_mut().push(bytes)
    }
    fn finish(&self) -> Result<()> {
        self.borrow_mut().finish()
    }
    fn next(&self) -> Result<Option<c::listen::Event>> {
        self.borrow_mut().pull()
    }
    fn rejection(&self) -> Option<listen::Rejection> {
        use c::ingest::Rejection as R;
        Some(match self.borrow().rejection()? {
            R::TooShort => listen::Rejection::TooShort,
            R::TooLong => listen::Rejection::TooLong,
            R::TooLarge => listen::Rejection::TooLarge,
            R::UnsupportedFormat => listen::Rejection::UnsupportedFormat,
            R::Malformed => listen::Rejection::Malformed,
        })
    }
    fn failed_stage(&self) -> Option<String> {
        self.borrow().failed_stage().map(str::to_owned)
    }
}

impl respond::Guest for Component {
    type Answer = RefCell<Answer<Imports>>;

    fn describe() -> Result<Vec<c::Stage>> {
        answering::describe(&Imports)
    }
    fn start(request: c::respond::Request) -> Result<respond::Answer> {
        Answer::start(Imports, request).map(|answer| respond::Answer::new(RefCell::new(answer)))
    }
}

impl respond::GuestAnswer for RefCell<Answer<Imports>> {
    fn next(&self) -> Result<Option<c::respond::Event>> {
        self.borrow_mut().pull()
    }
    fn failed_stage(&self) -> Option<String> {
        self.borrow().failed_stage().map(str::to_owned)
    }
}

impl speak::Guest for Component {
    type Speech = RefCell<Talk<Imports>>;

    fn voices() -> Result<Vec<c::speak::Voice>> {
        speaking::voices(&Imports)
    }
    fn start(request: c::speak::Request) -> Result<speak::Speech> {
        Talk::start(Imports, request).map(|talk| speak::Speech::new(RefCell::new(talk)))
    }
}

impl speak::GuestSpeech for RefCell<Talk<Imports>> {
    fn next(&self) -> Result<Option<c::speak::Audio>> {
        self.borrow_mut().pull()
    }
    fn engine(&self) -> String {
        self.borrow().engine()
    }
    fn degraded(&self) -> Option<String> {
        self.borrow().degraded()
    }
}
