//! An outside that accepts everything: silence is heard, nothing is said, stores are empty and forget.

use std::time::{Duration, SystemTime};

use colloquy_gateway::contract::{Error, Stage, content, events, host, listen, respond, speak};
use colloquy_gateway::ports::{
    Answer, Bucket, Clock, Content, Events, HostStatus, Keys, Result, Speak, Speech, StoreError,
    Stores, Turns, Utterance,
};

/// Most bytes of a recording.
pub(crate) const MAX_UPLOAD: usize = 4_096;

pub(crate) struct Outside;

impl Turns for Outside {
    fn listen_stages(&self) -> Result<Vec<Stage>> {
        Ok(Vec::new())
    }
    fn respond_stages(&self) -> Result<Vec<Stage>> {
        Ok(Vec::new())
    }
    fn listen(&self, options: listen::Options) -> Result<Box<dyn Utterance>> {
        assert_eq!(options.max_bytes, MAX_UPLOAD as u64);
        Ok(Box::new(Silence::default()))
    }
    fn respond(&self, _: respond::Request) -> Result<Box<dyn Answer>> {
        Ok(Box::new(Nothing { is_over: false }))
    }
}

/// A recording in which nobody speaks.
#[derive(Default)]
struct Silence {
    bytes: usize,
    is_finished: bool,
    events: u8,
}

impl Utterance for Silence {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        assert!(!self.is_finished, "bytes after the end");
        self.bytes += bytes.len();
        // The stage behind the pipeline refuses what is too large; the gateway may be one piece late, not more.
        if self.bytes > MAX_UPLOAD {
            return Err(Error::InvalidInput("too large".into()));
        }
        Ok(())
    }
    fn finish(&mut self) -> Result<()> {
        assert!(!self.is_finished, "ended twice");
        self.is_finished = true;
        Ok(())
    }
    fn next(&mut self) -> Result<Option<listen::Event>> {
        if !self.is_finished {
            return Ok(None);
        }
        self.events += 1;
        Ok(match self.events {
            1 => Some(listen::Event::Transcript(listen::Transcript {
                text: String::new(),
                language: "und".into(),
                confidence: 0.0,
                duration_ms: 1_000,
                speech_ms: 0,
                segments: Vec::new(),
            })),
            2 => Some(listen::Event::Done(listen::Report {
                ingest_ms: 1,
                vad_ms: 1,
                asr_ms: 0,
                format: "wav/pcm".into(),
            })),
            _ => None,
        })
    }
    fn rejection(&self) -> Option<listen::Rejection> {
        (self.bytes > MAX_UPLOAD).then_some(listen::Rejection::TooLarge)
    }
    fn failed_stage(&self) -> Option<String> {
        (self.bytes > MAX_UPLOAD).then(|| "ingest".into())
    }
}

/// An answer without a word.
struct Nothing {
    is_over: bool,
}

impl Answer for Nothing {
    fn next(&mut self) -> Result<Option<respond::Event>> {
        if std::mem::replace(&mut self.is_over, true) {
            return Ok(None);
        }
        Ok(Some(respond::Event::Done(respond::Report {
            intent_ms: 1,
            llm_ms: 1,
            llm_first_token_ms: None,
            tts_ms: 0,
            first_audio_ms: None,
            total_ms: 2,
        })))
    }
    fn failed_stage(&self) -> Option<String> {
        None
    }
}

impl Speak for Outside {
    fn voices(&self) -> Result<Vec<speak::Voice>> {
        Ok(Vec::new())
    }
    fn speak(&self, _: speak::Request) -> Result<Box<dyn Speech>> {
        Err(Error::Unavailable("no voice".into()))
    }
}

impl Content for Outside {
    fn types(&self) -> Result<Vec<content::ItemType>> {
        Ok(Vec::new())
    }
    fn items(&self, _: &str, _: u32, _: u32) -> Result<Vec<content::Item>> {
        Ok(Vec::new())
    }
    fn search(&self, _: &str, _: content::Filter, _: u32) -> Result<Vec<content::Hit>> {
        Ok(Vec::new())
    }
}

impl Events for Outside {
    fn publish(&self, _: events::Event) {}
}

impl HostStatus for Outside {
    fn host_stages(&self) -> Vec<host::Stage> {
        Vec::new()
    }
    fn host_stores(&self) -> Vec<host::Store> {
        Vec::new()
    }
    fn host_upstreams(&self) -> Vec<host::Upstream> {
        Vec::new()
    }
}

impl Stores for Outside {
    fn bucket(&self, _: &str) -> std::result::Result<Box<dyn Bucket>, StoreError> {
        Ok(Box::new(Forgetful))
    }
}

struct Forgetful;

impl Bucket for Forgetful {
    fn get(&self, _: &str) -> std::result::Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
    fn set(&self, _: &str, _: &[u8]) -> std::result::Result<(), StoreError> {
        Ok(())
    }
    fn swap(
        &self,
        _: &str,
        seen: Option<&[u8]>,
        _: &[u8],
    ) -> std::result::Result<bool, StoreError> {
        Ok(seen.is_none())
    }
    fn increment(&self, _: &str, delta: i64) -> std::result::Result<i64, StoreError> {
        Ok(delta)
    }
    fn delete(&self, _: &str) -> std::result::Result<(), StoreError> {
        Ok(())
    }
    fn keys(&self, _: Option<String>) -> std::result::Result<Keys, StoreError> {
        Ok((Vec::new(), None))
    }
}

impl Clock for Outside {
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
    fn now(&self) -> Duration {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
    }
    fn sleep(&self, _: Duration) {}
}
