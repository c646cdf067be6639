//! Stages for tests: each does what a script says and writes what happens to it into one journal.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Duration,
};

use crate::{
    contract::{
        Error, Info, Score, Span, Turn, asr, content, events, ingest, intent, llm, tts, vad,
    },
    ports::*,
};

/// The journal: calls, drops and published events in the order they happened.
#[derive(Clone, Default)]
pub(crate) struct Journal(Rc<RefCell<Vec<String>>>);

impl Journal {
    fn note(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    pub(crate) fn has(&self, what: &str) -> bool {
        self.0.borrow().iter().any(|line| line == what)
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.0.borrow().iter().filter(|line| *line == what).count()
    }
}

/// What a resource gives, call after call; then none.
pub(crate) type Script<T> = Vec<Result<T>>;

/// What the stages do. Every stage call takes 10 ms of the fake clock.
#[derive(Clone)]
pub(crate) struct Fakes {
    pub(crate) journal: Journal,
    pub(crate) published: Rc<RefCell<Vec<events::Event>>>,
    pub(crate) clock: Rc<Cell<u64>>,
    /// Stage whose `describe` (or other opening call) fails, and how.
    pub(crate) broken: Vec<(&'static str, Error)>,
    pub(crate) push: Result<()>,
    pub(crate) finish: Result<()>,
    pub(crate) rejection: Option<ingest::Rejection>,
    pub(crate) samples: Script<Vec<i16>>,
    /// Events for each chunk of samples.
    pub(crate) heard: Script<Vec<vad::Event>>,
    pub(crate) speech: Result<Vec<Span>>,
    pub(crate) segments: Script<asr::Segment>,
    pub(crate) intent: &'static str,
    pub(crate) hits: Vec<content::Hit>,
    pub(crate) chunks: Script<llm::Chunk>,
    /// What each synthesis gives, in order; the last one again and again.
    pub(crate) voices: Rc<RefCell<VecDeque<Voice>>>,
    pub(crate) asked: Rc<RefCell<Vec<llm::Request>>>,
    pub(crate) selected: Rc<RefCell<Vec<content::Request>>>,
    pub(crate) given: Rc<RefCell<Vec<asr::Options>>>,
    /// What the transcription says of itself.
    pub(crate) heard_by_another: Option<&'static str>,
}

/// One synthesis.
#[derive(Clone)]
pub(crate) struct Voice {
    pub(crate) opened: Result<()>,
    pub(crate) rate_hz: u32,
    pub(crate) audio: Script<Vec<i16>>,
    /// What it says of itself.
    pub(crate) degraded: Option<&'static str>,
}

impl Default for Fakes {
    fn default() -> Self {
        Self {
            journal: Journal::default(),
            published: Rc::default(),
            clock: Rc::default(),
            broken: vec![],
            push: Ok(()),
            finish: Ok(()),
            rejection: None,
            samples: vec![Ok(vec![1; 16_000]), Ok(vec![2; 8_000])],
            heard: vec![
                Ok(vec![vad::Event::SpeechStarted(1_600)]),
                Ok(vec![vad::Event::SpeechStopped(20_000)]),
            ],
            speech: Ok(vec![Span {
                start_sample: 1_600,
                end_sample: 20_000,
            }]),
            segments: vec![Ok(segment("What did she build?"))],
            intent: "about",
            hits: vec![hit("a-0", "A-0"), hit("cobol", "COBOL")],
            chunks: vec![
                Ok(llm::Chunk::Text("She built A-0. ".into())),
                Ok(llm::Chunk::Text("Then COBOL.".into())),
                Ok(llm::Chunk::Finished(None)),
            ],
            voices: Rc::new(RefCell::new([voice()].into())),
            asked: Rc::default(),
            selected: Rc::default(),
            given: Rc::default(),
            heard_by_another: None,
        }
    }
}

pub(crate) fn voice() -> Voice {
    Voice {
        opened: Ok(()),
        rate_hz: 22_050,
        audio: vec![Ok(vec![7; 4]), Ok(vec![8; 2])],
        degraded: None,
    }
}

pub(crate) fn segment(text: &str) -> asr::Segment {
    asr::Segment {
        start_ms: 0,
        end_ms: 1_000,
        text: text.into(),
        tokens: vec![],
        language: "en".into(),
        confidence: 0.8,
        avg_logprob: -0.2,
        no_speech_prob: 0.1,
        temperature: 0.0,
    }
}

pub(crate) fn hit(id: &str, title: &str) -> content::Hit {
    content::Hit {
        item: content::Item {
            id: id.into(),
            type_name: "project".into(),
            title: title.into(),
            summary: format!("{title} was new."),
            details: String::new(),
            organisation: None,
            start_year: Some(1952),
            end_year: None,
            technologies: vec![],
            keywords: vec![],
            metrics: vec![],
            impact: 1.0,
            url: None,
        },
        score: Score {
            total: 0.5,
            keyword: 0.5,
            technology: 0.5,
            recency: 0.5,
            impact: 0.5,
            reasons: vec![],
        },
    }
}

pub(crate) fn llm_card(title: &str, summary: &str) -> llm::Card {
    llm::Card {
        id: title.to_lowercase(),
        type_name: "project".into(),
        title: title.into(),
        summary: summary.into(),
        details: String::new(),
        organisation: None,
        start_year: None,
        end_year: None,
        technologies: vec![],
        metrics: vec![],
    }
}

impl Fakes {
    pub(crate) fn broken(mut self, stage: &'static str, error: Error) -> Self {
        self.broken.push((stage, error));
        self
    }

    pub(crate) fn speaking(self, voices: impl IntoIterator<Item = Voice>) -> Self {
        *self.voices.borrow_mut() = voices.into_iter().collect();
        self
    }

    /// One call: takes time, is noted, and fails when the stage is broken.
    fn call(&self, stage: &str, what: &str) -> Result<()> {
        self.clock.set(self.clock.get() + 10);
        self.journal.note(what);
        match self.broken.iter().find(|(broken, _)| *broken == stage) {
            Some((_, error)) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn info(&self, stage: &'static str) -> Result<Info> {
        self.call(stage, &format!("{stage}.describe"))?;
        Ok(Info {
            name: format!("fake-{stage}"),
            version: "1".into(),
            model: None,
            languages: vec![],
            needs: vec![],
        })
    }

    fn open<T>(&self, stage: &'static str, script: &[Result<T>]) -> Result<Fake<T>>
    where
        Result<T>: Clone,
    {
        self.call(stage, &format!("{stage}.open"))?;
        Ok(Fake {
            stage,
            fakes: self.clone(),
            script: script.to_vec().into(),
        })
    }
}

/// A resource of any stage.
struct Fake<T> {
    stage: &'static str,
    fakes: Fakes,
    script: VecDeque<Result<T>>,
}

impl<T> Fake<T> {
    fn pull(&mut self) -> Result<Option<T>> {
        self.fakes.clock.set(self.fakes.clock.get() + 10);
        self.script.pop_front().transpose()
    }
}

impl<T> Drop for Fake<T> {
    fn drop(&mut self) {
        self.fakes.journal.note(format!("{}.drop", self.stage));
    }
}

impl Clock for Fakes {
    fn now(&self) -> Duration {
        Duration::from_millis(self.clock.get())
    }
}

impl Events for Fakes {
    fn publish(&self, event: events::Event) {
        self.published.borrow_mut().push(event);
    }
}

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

impl Intent for Fakes {
    fn intent_info(&self) -> Result<Info> {
        self.info("intent")
    }
    fn classify(&self, _: &str, _: &[Turn]) -> Result<intent::Classification> {
        self.call("intent", "intent.classify")?;
        Ok(intent::Classification {
            intent: self.intent.into(),
            item_type: Some("project".into()),
            entities: vec![],
            keywords: vec!["build".into()],
            confidence: 0.9,
            factors: vec![],
        })
    }
}

impl Content for Fakes {
    fn content_info(&self) -> Result<Info> {
        // The same component as the intent stage, as in our own.
        self.info("content").map(|info| Info {
            name: "fake-intent".into(),
            ..info
        })
    }
    fn select(&self, request: content::Request) -> Result<content::Selection> {
        self.call("content", "content.select")?;
        let hits = self
            .hits
            .iter()
            .take(request.limit as usize)
            .cloned()
            .collect();
        self.selected.borrow_mut().push(request);
        Ok(content::Selection {
            hits,
            n_matching: 9,
            applied: content::Filter {
                from_year: Some(1952),
                ..content::Filter::default()
            },
        })
    }
}

impl Llm for Fakes {
    fn llm_info(&self) -> Result<Info> {
        self.info("llm")
    }
    fn generate(&self, request: llm::Request) -> Result<Box<dyn Generation>> {
        self.asked.borrow_mut().push(request);
        Ok(Box::new(self.open("llm", &self.chunks)?))
    }
}

impl Generation for Fake<llm::Chunk> {
    fn next(&mut self) -> Result<Option<llm::Chunk>> {
        self.pull()
    }
}

impl Tts for Fakes {
    fn voices(&self) -> Result<Vec<tts::Voice>> {
        self.call("tts", "tts.voices")?;
        Ok(vec![tts::Voice {
            name: "en-a".into(),
            display_name: "A".into(),
            gender: "female".into(),
            locale: "en-GB".into(),
        }])
    }
    fn tts_info(&self) -> Result<Info> {
        self.info("tts")
    }
    fn synthesize(&self, text: &str, options: tts::Options) -> Result<Box<dyn Speech>> {
        self.journal.note(format!("say {:?} {text}", options.voice));
        let voice = {
            let mut voices = self.voices.borrow_mut();
            let first = voices.front().cloned().expect("a voice");
            if voices.len() > 1 {
                voices.pop_front();
            }
            first
        };
        voice.opened.clone()?;
        Ok(Box::new(Spoken(
            self.open("tts", &voice.audio)?,
            voice.rate_hz,
            voice.degraded,
        )))
    }
}

struct Spoken(Fake<Vec<i16>>, u32, Option<&'static str>);

impl Speech for Spoken {
    fn sample_rate_hz(&self) -> u32 {
        self.1
    }
    fn next(&mut self) -> Result<Option<Vec<i16>>> {
        self.0.pull()
    }
    fn degraded(&self) -> Option<String> {
        self.2.map(str::to_owned)
    }
}
