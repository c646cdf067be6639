//! The stages of the first half: recordings, their speech, and its text.

use super::{Fake, Fakes};
use crate::{
    contract::{Info, Span, asr, ingest, vad},
    ports::{Asr, Decoder, Detector, Ingest, Result, Transcription, Vad},
};

impl Ingest for Fakes {
    fn ingest_info(&self) -> Result<Info> {
        self.info("ingest")
    }
    fn open_decoder(&self, _: ingest::Limits) -> Result<Box<dyn Decoder>> {
        Ok(Box::new(self.open("ingest", &self.samples)?))
    }
}

impl Decoder for Fake<Vec<i16>> {
    fn push(&mut self, _: Vec<u8>) -> Result<()> {
        self.fakes.call("ingest", "ingest.push")?;
        self.fakes.push.clone()
    }
    fn finish(&mut self) -> Result<ingest::Format> {
        self.fakes.call("ingest", "ingest.finish")?;
        self.fakes.finish.clone()?;
        Ok(ingest::Format {
            container: "webm".into(),
            codec: "opus".into(),
            sample_rate_hz: 48_000,
            n_channels: 1,
        })
    }
    fn next(&mut self) -> Result<Option<Vec<i16>>> {
        self.pull()
    }
    fn rejection(&self) -> Option<ingest::Rejection> {
        self.fakes.rejection
    }
}

impl Vad for Fakes {
    fn vad_info(&self) -> Result<Info> {
        self.info("vad")
    }
    fn open_detector(&self, _: vad::Options) -> Result<Box<dyn Detector>> {
        Ok(Box::new(self.open("vad", &self.heard)?))
    }
}

impl Detector for Fake<Vec<vad::Event>> {
    fn push(&mut self, _: &[i16]) -> Result<Vec<vad::Event>> {
        Ok(self.pull()?.unwrap_or_default())
    }
    fn finish(&mut self) -> Result<Vec<Span>> {
        self.fakes.call("vad", "vad.finish")?;
        self.fakes.speech.clone()
    }
}

impl Asr for Fakes {
    fn asr_info(&self) -> Result<Info> {
        self.info("asr")
    }
    fn transcribe(
        &self,
        samples: &[i16],
        speech: &[Span],
        options: asr::Options,
    ) -> Result<Box<dyn Transcription>> {
        assert!(!speech.is_empty(), "silence must not reach the recogniser");
        assert!(
            speech
                .iter()
                .all(|span| span.end_sample <= samples.len() as u64)
        );
        self.given.borrow_mut().push(options);
        Ok(Box::new(self.open("asr", &self.segments)?))
    }
}

impl Transcription for Fake<asr::Segment> {
    fn next(&mut self) -> Result<Option<asr::Segment>> {
        self.pull()
    }
    fn degraded(&self) -> Option<String> {
        self.fakes.heard_by_another.map(str::to_owned)
    }
}
