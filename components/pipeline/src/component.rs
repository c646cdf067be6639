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
};
use bindings::{
    colloquy::{
        asr::asr, content::content, events::events, ingest::ingest, intent::intent, llm::llm,
        tts::tts, vad::vad,
    },
    exports::colloquy::pipeline::{listen, respond},
};

mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        unreachable_pub,
        dead_code,
        clippy::all,
        clippy::allow_attributes_without_reason,
        reason = "generated"
    )]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "colloquy:worlds/pipeline",
        generate_all,
        with: {
            "colloquy:ingest/ingest@0.1.0/error": crate::contract::Error,
            "colloquy:ingest/ingest@0.1.0/info": crate::contract::Info,
            "colloquy:ingest/ingest@0.1.0/limits": crate::contract::ingest::Limits,
            "colloquy:ingest/ingest@0.1.0/format": crate::contract::ingest::Format,
            "colloquy:vad/vad@0.1.0/error": crate::contract::Error,
            "colloquy:vad/vad@0.1.0/info": crate::contract::Info,
            "colloquy:vad/vad@0.1.0/options": crate::contract::vad::Options,
            "colloquy:vad/vad@0.1.0/segment": crate::contract::Span,
            "colloquy:vad/vad@0.1.0/event": crate::contract::vad::Event,
            "colloquy:asr/asr@0.1.0/error": crate::contract::Error,
            "colloquy:asr/asr@0.1.0/info": crate::contract::Info,
            "colloquy:asr/asr@0.1.0/span": crate::contract::Span,
            "colloquy:asr/asr@0.1.0/options": crate::contract::asr::Options,
            "colloquy:asr/asr@0.1.0/segment": crate::contract::asr::Segment,
            "colloquy:intent/intent@0.1.0/error": crate::contract::Error,
            "colloquy:intent/intent@0.1.0/info": crate::contract::Info,
            "colloquy:intent/intent@0.1.0/turn": crate::contract::Turn,
            "colloquy:intent/intent@0.1.0/entity": crate::contract::intent::Entity,
            "colloquy:intent/intent@0.1.0/factor": crate::contract::intent::Factor,
            "colloquy:intent/intent@0.1.0/classification": crate::contract::intent::Classification,
            "colloquy:content/content@0.1.0/error": crate::contract::Error,
            "colloquy:content/content@0.1.0/info": crate::contract::Info,
            "colloquy:content/content@0.1.0/metric": crate::contract::Metric,
            "colloquy:content/content@0.1.0/item": crate::contract::content::Item,
            "colloquy:content/content@0.1.0/score": crate::contract::Score,
            "colloquy:content/content@0.1.0/hit": crate::contract::content::Hit,
            "colloquy:content/content@0.1.0/filter": crate::contract::content::Filter,
            "colloquy:content/content@0.1.0/selection": crate::contract::content::Selection,
            "colloquy:content/content@0.1.0/entity": crate::contract::content::Entity,
            "colloquy:content/content@0.1.0/request": crate::contract::content::Request,
            "colloquy:llm/llm@0.1.0/error": crate::contract::Error,
            "colloquy:llm/llm@0.1.0/info": crate::contract::Info,
            "colloquy:llm/llm@0.1.0/role": crate::contract::llm::Role,
            "colloquy:llm/llm@0.1.0/message": crate::contract::llm::Message,
            "colloquy:llm/llm@0.1.0/metric": crate::contract::Metric,
            "colloquy:llm/llm@0.1.0/card": crate::contract::llm::Card,
            "colloquy:llm/llm@0.1.0/request": crate::contract::llm::Request,
            "colloquy:tts/tts@0.1.0/error": crate::contract::Error,
            "colloquy:tts/tts@0.1.0/info": crate::contract::Info,
            "colloquy:tts/tts@0.1.0/options": crate::contract::tts::Options,
            "colloquy:events/events@0.1.0/turn": crate::contract::events::Turn,
            "colloquy:events/events@0.1.0/transcript-ready": crate::contract::events::TranscriptReady,
            "colloquy:events/events@0.1.0/audio-processed": crate::contract::events::AudioProcessed,
            "colloquy:events/events@0.1.0/response-generated": crate::contract::events::ResponseGenerated,
            "colloquy:events/events@0.1.0/stage-degraded": crate::contract::events::StageDegraded,
            "colloquy:events/events@0.1.0/session-ended": crate::contract::events::SessionEnded,
            "colloquy:events/events@0.1.0/event": crate::contract::events::Event,
            "colloquy:pipeline/listen@0.1.0/error": crate::contract::Error,
            "colloquy:pipeline/listen@0.1.0/stage": crate::contract::Stage,
            "colloquy:pipeline/listen@0.1.0/options": crate::contract::listen::Options,
            "colloquy:pipeline/listen@0.1.0/transcript": crate::contract::listen::Transcript,
            "colloquy:pipeline/listen@0.1.0/report": crate::contract::listen::Report,
            "colloquy:pipeline/listen@0.1.0/event": crate::contract::listen::Event,
            "colloquy:pipeline/respond@0.1.0/error": crate::contract::Error,
            "colloquy:pipeline/respond@0.1.0/stage": crate::contract::Stage,
            "colloquy:pipeline/respond@0.1.0/turn": crate::contract::Turn,
            "colloquy:pipeline/respond@0.1.0/request": crate::contract::respond::Request,
            "colloquy:pipeline/respond@0.1.0/classification": crate::contract::respond::Classification,
            "colloquy:pipeline/respond@0.1.0/metric": crate::contract::Metric,
            "colloquy:pipeline/respond@0.1.0/score": crate::contract::Score,
            "colloquy:pipeline/respond@0.1.0/card": crate::contract::respond::Card,
            "colloquy:pipeline/respond@0.1.0/items": crate::contract::respond::Items,
            "colloquy:pipeline/respond@0.1.0/sentence": crate::contract::respond::Sentence,
            "colloquy:pipeline/respond@0.1.0/audio": crate::contract::respond::Audio,
            "colloquy:pipeline/respond@0.1.0/degradation": crate::contract::respond::Degradation,
            "colloquy:pipeline/respond@0.1.0/report": crate::contract::respond::Report,
            "colloquy:pipeline/respond@0.1.0/event": crate::contract::respond::Event,
        },
    });
    use super::Component;
    export!(Component with_types_in self);
}

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
            llm::Chunk::Text(text) => c::llm::Chunk::Text(text),
            llm::Chunk::Finished(_) => c::llm::Chunk::Finished,
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
}

impl ports::Speech for tts::Speech {
    fn sample_rate_hz(&self) -> u32 {
        tts::Speech::sample_rate_hz(self)
    }
    fn next(&mut self) -> Result<Option<Vec<i16>>> {
        tts::Speech::next(self)
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
        self.borrow_mut().next()
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
        self.borrow_mut().next()
    }
    fn failed_stage(&self) -> Option<String> {
        self.borrow().failed_stage().map(str::to_owned)
    }
}
