//! The second half of a turn: text in, an answer out.
//!
//! Intent, then cards, then text, and speech sentence by sentence while the text is being made. One stage works at a time: the speech
//! of a sentence is pulled to its end before more text is, and hosts overlap the two by reading ahead. What can fall back does, and
//! says so with `Degraded`: the LLM to the cards' own words, or to what it has said so far, a voice to the default voice, speech to text only,
//! a language that no voice speaks to that of the voice.
//!
//! Invariants: `Done` is last and then nothing follows; after a failure every call repeats it, and by then all stage resources are
//! dropped; all audio of an answer has one sample rate, that of its first voice.

use std::{collections::VecDeque, mem, time::Duration};

use crate::{
    contract::{
        Error, Stage, content,
        events::{self, StageDegraded},
        llm,
        respond::{Degradation, Event, Request},
    },
    fallback::Canned,
    ports::{Clock, Content, Events, Generation, Intent, Llm, Result, Tts},
    sentences::Splitter,
    voice::{Sounding, Voice},
    words::stage,
};

mod asking;
mod language;
mod telling;

/// Everything this half needs.
pub trait Stages: Intent + Content + Llm + Tts + Events + Clock {}
impl<T: Intent + Content + Llm + Tts + Events + Clock> Stages for T {}

/// Most cards of an answer.
pub const MAX_ITEMS: u32 = 4;

/// Longest question in characters, that of the intent stage.
pub const MAX_TEXT_CHARS: usize = 4_000;

/// About two minutes of speech; more is not a spoken answer. How much less an answer is to be is the LLM's to choose, by the strategy.
const MAX_TOKENS: u32 = 500;

/// Where an LLM that ignores `max-tokens` is cut off, in characters: about as much.
const MAX_ANSWER_CHARS: usize = 2_000;

/// Lively but close to the facts.
const TEMPERATURE: f32 = 0.4;

/// Describes the stages of this half. The content base is told apart only when it is another component than the intent stage.
///
/// # Errors
/// The error of the first stage that is not ready, its text beginning with the stage.
pub fn describe<S: Stages + ?Sized>(stages: &S) -> Result<Vec<Stage>> {
    let intent = stage("intent", stages.intent_info())?;
    let content = stage("content", stages.content_info())?;
    let is_one = (&intent.name, &intent.version) == (&content.name, &content.version);
    let mut all = vec![intent];
    if !is_one {
        all.push(content);
    }
    all.push(stage("llm", stages.llm_info())?);
    all.push(stage("tts", stages.tts_info())?);
    Ok(all)
}

/// Where the work is.
enum Phase {
    Classifying,
    Selecting(content::Request),
    Starting(llm::Request),
    Writing(Writing),
    /// With the index of the sentence.
    Speaking(Writing, Sounding, u32),
    Finished,
    Failed(&'static str, Error),
}

/// Text in the making.
struct Writing {
    /// None once the text is complete.
    generation: Option<Box<dyn Generation>>,
    /// What to say if there is never any text; none when it is being said already.
    canned: Option<Canned>,
    splitter: Splitter,
    /// Sentences that have not been told yet.
    sentences: VecDeque<String>,
    /// Characters so far.
    length: usize,
    /// Whether any of the text is not blank.
    has_words: bool,
}

#[derive(Default)]
struct Spent {
    intent: Duration,
    llm: Duration,
    tts: Duration,
    first_token: Option<Duration>,
    first_audio: Option<Duration>,
}

/// An answer in the making. Dropping it cancels the work: that is barge-in.
pub struct Answer<S: Stages> {
    stages: S,
    request: Request,
    phase: Phase,
    queue: VecDeque<Event>,
    started: Duration,
    spent: Spent,
    intent: String,
    /// The type that the question is about.
    item_type: Option<String>,
    /// Ids of the cards of this answer.
    shown: Vec<String>,
    /// Those that the text talks about, once an LLM told.
    mentioned: Option<Vec<String>>,
    n_sentences: u32,
    n_audio: u32,
    voice: Voice,
    /// Whether sentences are spoken; never true again once it is false.
    speak: bool,
}

impl<S: Stages> Answer<S> {
    /// Starts an answer. No stage is called before the first [`Self::pull`].
    ///
    /// # Errors
    /// `InvalidInput` when a value of the request is out of range.
    pub fn start(stages: S, request: Request) -> Result<Self> {
        let refuse = |text: String| Err(Error::InvalidInput(text));
        if request.max_items > MAX_ITEMS {
            return refuse(format!(
                "max-items must be 0 to {MAX_ITEMS}, is {}",
                request.max_items
            ));
        }
        let n_chars = request.text.chars().count();
        if n_chars > MAX_TEXT_CHARS {
            return refuse(format!(
                "text has {n_chars} characters, {MAX_TEXT_CHARS} are allowed"
            ));
        }
        let voice = Voice::new(request.voice.clone(), request.rate)?;
        Ok(Self {
            phase: Phase::Classifying,
            queue: VecDeque::new(),
            started: stages.now(),
            spent: Spent::default(),
            intent: String::new(),
            item_type: None,
            shown: Vec::new(),
            mentioned: None,
            n_sentences: 0,
            n_audio: 0,
            voice,
            speak: request.speak,
            stages,
            request,
        })
    }

    /// The next event; none after `Done`.
    ///
    /// # Errors
    /// That of the stage that failed and has no fallback, again and again.
    pub fn pull(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Ok(Some(event));
            }
            // The phase is taken out while it works: if it fails, its resources are dropped with it.
            let stepped = match mem::replace(&mut self.phase, Phase::Finished) {
                Phase::Finished => return Ok(None),
                Phase::Failed(stage, error) => Err((stage, error)),
                Phase::Classifying => self.classify(),
                Phase::Selecting(request) => self.select(request),
                Phase::Starting(request) => Ok(self.begin(request)),
                Phase::Writing(writing) => self.write(writing),
                Phase::Speaking(writing, sounding, sentence_index) => {
                    Ok(self.speak(writing, sounding, sentence_index))
                }
            };
            match stepped {
                Ok(phase) => self.phase = phase,
                Err((stage, error)) => {
                    self.phase = Phase::Failed(stage, error.clone());
                    return Err(error);
                }
            }
        }
    }

    /// The stage that failed, after a failure.
    pub fn failed_stage(&self) -> Option<&'static str> {
        match self.phase {
            Phase::Failed(stage, _) => Some(stage),
            _ => None,
        }
    }

    fn degrade(&mut self, stage: &str, reason: String) {
        self.stages
            .publish(events::Event::StageDegraded(StageDegraded {
                turn: self.turn(),
                stage: stage.to_owned(),
                reason: reason.clone(),
            }));
        self.queue.push_back(Event::Degraded(Degradation {
            stage: stage.to_owned(),
            reason,
        }));
    }

    fn turn(&self) -> events::Turn {
        events::Turn {
            session_id: self.request.session_id.clone(),
            request_id: self.request.request_id.clone(),
        }
    }

    fn elapsed(&self) -> Duration {
        self.stages.now().saturating_sub(self.started)
    }
}

/// The next phase, or the stage that failed and how.
type Stepped = std::result::Result<Phase, (&'static str, Error)>;

impl Writing {
    /// The text is complete.
    fn end(&mut self) {
        self.generation = None;
        self.sentences.extend(self.splitter.finish());
    }
}

#[cfg(test)]
mod tests;
