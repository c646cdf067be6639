//! The outside for tests: stages that follow a script, stores in memory, a clock that is set by hand.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    contract::{Error, Metric, Score, Stage, content, events, host, listen, respond},
    ports::*,
};

pub(crate) mod speech;
mod stores;

pub(crate) type Shared<T> = Arc<Mutex<T>>;
type Buckets = BTreeMap<String, BTreeMap<String, Vec<u8>>>;
type Outcome<T> = std::result::Result<T, StoreError>;

/// The start of the fake time of day.
pub(crate) const START_MS: u64 = 1_795_379_700_000;

#[derive(Clone)]
pub(crate) struct Fakes {
    pub(crate) heard: Vec<Result<listen::Event>>,
    pub(crate) answered: Vec<Result<respond::Event>>,
    pub(crate) push: Result<()>,
    pub(crate) finish: Result<()>,
    pub(crate) open: Result<()>,
    pub(crate) rejection: Option<listen::Rejection>,
    pub(crate) failed_stage: Option<&'static str>,
    pub(crate) ready: Result<()>,
    pub(crate) store: Outcome<()>,
    /// A bucket that cannot be opened.
    pub(crate) lost: Option<&'static str>,
    pub(crate) now_ms: Shared<u64>,
    pub(crate) buckets: Shared<Buckets>,
    /// Called before each access to a store, from where the order of several threads can be decided.
    pub(crate) gate: Option<Arc<dyn Fn() + Send + Sync>>,
    /// Whether time passes while somebody sleeps.
    pub(crate) sleeps: Shared<bool>,
    pub(crate) published: Shared<Vec<events::Event>>,
    /// What the pipeline was asked, and with which bytes.
    pub(crate) utterances: Shared<Vec<(listen::Options, Vec<u8>)>>,
    pub(crate) requests: Shared<Vec<respond::Request>>,
    pub(crate) searches: Shared<Vec<(String, content::Filter, u32)>>,
    pub(crate) host: host::Status,
    pub(crate) voice: speech::Voice,
    /// Utterances, answers and speech dropped.
    pub(crate) dropped: Shared<Vec<&'static str>>,
}

impl Default for Fakes {
    fn default() -> Self {
        Self {
            heard: vec![
                Ok(listen::Event::SpeechStarted(100)),
                Ok(listen::Event::SpeechStopped(900)),
                Ok(transcript("What did she build?")),
                Ok(listen::Event::Done(listen::Report {
                    ingest_ms: 1,
                    vad_ms: 2,
                    asr_ms: 3,
                    format: "wav/pcm".into(),
                })),
            ],
            answered: answer(&["She built A-0.", " Then COBOL."]),
            push: Ok(()),
            finish: Ok(()),
            open: Ok(()),
            rejection: None,
            failed_stage: None,
            ready: Ok(()),
            store: Ok(()),
            lost: None,
            now_ms: Arc::new(Mutex::new(START_MS)),
            buckets: Shared::default(),
            gate: None,
            sleeps: Arc::new(Mutex::new(true)),
            published: Shared::default(),
            utterances: Shared::default(),
            requests: Shared::default(),
            searches: Shared::default(),
            host: host::Status::default(),
            voice: speech::Voice::default(),
            dropped: Shared::default(),
        }
    }
}

pub(crate) fn transcript(text: &str) -> listen::Event {
    listen::Event::Transcript(listen::Transcript {
        text: text.into(),
        language: if text.is_empty() { "und" } else { "en" }.into(),
        confidence: 0.75,
        duration_ms: 1_000,
        speech_ms: 800,
        segments: vec![],
    })
}

/// An answer of these tokens, each a sentence of two samples.
pub(crate) fn answer(tokens: &[&str]) -> Vec<Result<respond::Event>> {
    let mut events = vec![
        respond::Event::Intent(respond::Classification {
            intent: "about".into(),
            item_type: Some("project".into()),
            confidence: 0.5,
        }),
        respond::Event::Items(respond::Items {
            cards: vec![card("a-0")],
            n_matching: 3,
            content_filter: Some("since 1952".into()),
        }),
    ];
    for (index, token) in (0_u32..).zip(tokens) {
        events.push(respond::Event::Token((*token).into()));
        events.push(respond::Event::Sentence(respond::Sentence {
            index,
            text: token.trim().into(),
        }));
        events.push(respond::Event::Audio(respond::Audio {
            sequence: index,
            sentence_index: index,
            sample_rate_hz: 22_050,
            samples: vec![1, -1],
        }));
    }
    events.push(respond::Event::Done(report()));
    events.into_iter().map(Ok).collect()
}

pub(crate) fn report() -> respond::Report {
    respond::Report {
        intent_ms: 4,
        llm_ms: 5,
        llm_first_token_ms: Some(6),
        tts_ms: 7,
        first_audio_ms: Some(8),
        total_ms: 9,
    }
}

fn card(id: &str) -> respond::Card {
    let content::Hit { item, score } = hit(id);
    respond::Card {
        id: item.id,
        type_name: item.type_name,
        title: item.title,
        summary: item.summary,
        details: item.details,
        organisation: item.organisation,
        start_year: item.start_year,
        end_year: item.end_year,
        technologies: item.technologies,
        keywords: item.keywords,
        metrics: item.metrics,
        url: item.url,
        score,
    }
}

pub(crate) fn hit(id: &str) -> content::Hit {
    content::Hit {
        item: content::Item {
            id: id.into(),
            type_name: "project".into(),
            title: id.to_uppercase(),
            summary: "It was new.".into(),
            details: String::new(),
            organisation: None,
            start_year: Some(1952),
            end_year: Some(1952),
            technologies: vec!["UNIVAC".into()],
            keywords: vec![],
            metrics: vec![Metric {
                label: "routines".into(),
                value: "30".into(),
            }],
            impact: 1.0,
            url: None,
        },
        score: Score {
            total: 0.5,
            keyword: 0.5,
            technology: 0.5,
            recency: 0.5,
            impact: 0.5,
            reasons: vec!["keyword: compiler".into()],
        },
    }
}

fn stage(name: &str) -> Stage {
    Stage {
        stage: name.into(),
        name: format!("fake-{name}"),
        version: "1.0".into(),
        model: None,
        languages: vec![],
    }
}

impl Fakes {
    pub(crate) fn pass_ms(&self, ms: u64) {
        *self.now_ms.lock().unwrap() += ms;
    }

    /// The keys of every store, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let buckets = self.buckets.lock().unwrap();
        buckets
            .values()
            .flat_map(|bucket| bucket.keys().cloned())
            .collect()
    }
}

impl Turns for Fakes {
    fn listen_stages(&self) -> Result<Vec<Stage>> {
        self.ready.clone()?;
        Ok(["ingest", "vad", "asr"].map(stage).to_vec())
    }
    fn respond_stages(&self) -> Result<Vec<Stage>> {
        self.ready.clone()?;
        Ok(["intent", "llm", "tts"].map(stage).to_vec())
    }
    fn listen(&self, options: listen::Options) -> Result<Box<dyn Utterance>> {
        self.open.clone()?;
        // There is one instance of everything.
        let opened = self.utterances.lock().unwrap().len();
        let dropped = self.dropped.lock().unwrap();
        if dropped.iter().filter(|kind| **kind == "utterance").count() < opened {
            return Err(Error::Busy(None));
        }
        drop(dropped);
        self.utterances.lock().unwrap().push((options, Vec::new()));
        Ok(Box::new(Fake {
            kind: "utterance",
            fakes: self.clone(),
            script: self.heard.clone().into(),
        }))
    }
    fn respond(&self, request: respond::Request) -> Result<Box<dyn Answer>> {
        self.requests.lock().unwrap().push(request);
        Ok(Box::new(Fake {
            kind: "answer",
            fakes: self.clone(),
            script: self.answered.clone().into(),
        }))
    }
}

struct Fake<T> {
    kind: &'static str,
    fakes: Fakes,
    script: VecDeque<Result<T>>,
}

impl<T> Fake<T> {
    fn pull(&mut self) -> Result<Option<T>> {
        self.fakes.pass_ms(10);
        self.script.pop_front().transpose()
    }
}

impl<T> Drop for Fake<T> {
    fn drop(&mut self) {
        self.fakes.dropped.lock().unwrap().push(self.kind);
    }
}

impl Utterance for Fake<listen::Event> {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let mut utterances = self.fakes.utterances.lock().unwrap();
        utterances.last_mut().unwrap().1.extend_from_slice(bytes);
        self.fakes.push.clone()
    }
    fn finish(&mut self) -> Result<()> {
        self.fakes.finish.clone()
    }
    fn next(&mut self) -> Result<Option<listen::Event>> {
        self.pull()
    }
    fn rejection(&self) -> Option<listen::Rejection> {
        self.fakes.rejection
    }
    fn failed_stage(&self) -> Option<String> {
        self.fakes.failed_stage.map(str::to_owned)
    }
}

impl Answer for Fake<respond::Event> {
    fn next(&mut self) -> Result<Option<respond::Event>> {
        self.pull()
    }
    fn failed_stage(&self) -> Option<String> {
        self.fakes.failed_stage.map(str::to_owned)
    }
}

impl Content for Fakes {
    fn types(&self) -> Result<Vec<content::ItemType>> {
        self.ready.clone()?;
        Ok(vec![content::ItemType {
            name: "project".into(),
            title: "Projects".into(),
            n_items: 2,
        }])
    }
    fn items(&self, type_name: &str, offset: u32, limit: u32) -> Result<Vec<content::Item>> {
        assert_eq!(type_name, "project");
        let all = ["a-0", "cobol"].map(|id| hit(id).item);
        Ok(all
            .into_iter()
            .skip(offset as usize)
            .take(limit as usize)
            .collect())
    }
    fn search(&self, text: &str, filter: content::Filter, limit: u32) -> Result<Vec<content::Hit>> {
        if filter.type_name.as_deref() == Some("dragon") {
            return Err(Error::InvalidInput("there is no type `dragon`".into()));
        }
        self.searches
            .lock()
            .unwrap()
            .push((text.into(), filter, limit));
        Ok(vec![hit("a-0")])
    }
}

impl Events for Fakes {
    fn publish(&self, event: events::Event) {
        self.published.lock().unwrap().push(event);
    }
}

impl HostStatus for Fakes {
    fn host_stages(&self) -> Vec<host::Stage> {
        self.host.stages.clone()
    }
    fn host_stores(&self) -> Vec<host::Store> {
        self.host.stores.clone()
    }
    fn host_upstreams(&self) -> Vec<host::Upstream> {
        self.host.upstreams.clone()
    }
}

impl Clock for Fakes {
    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + self.now()
    }
    fn now(&self) -> Duration {
        Duration::from_millis(*self.now_ms.lock().unwrap())
    }
    fn sleep(&self, time: Duration) {
        if *self.sleeps.lock().unwrap() {
            self.pass_ms(time.as_millis() as u64);
        }
        std::thread::yield_now();
    }
}
