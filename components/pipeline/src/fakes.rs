//! Stages for tests: each does what a script says and writes what happens to it into one journal.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Duration,
};

use crate::{
    contract::{Error, Info, Span, asr, content, events, ingest, llm, vad},
    ports::{Clock, Events, Result},
};

mod answering;
mod examples;
mod hearing;

pub(crate) use examples::{hit, llm_card, segment, voice};

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
    /// Of the voices that there are; `en-GB` is of `en-a`.
    pub(crate) locales: Vec<&'static str>,
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
            locales: vec!["en-GB"],
            asked: Rc::default(),
            selected: Rc::default(),
            given: Rc::default(),
            heard_by_another: None,
        }
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
