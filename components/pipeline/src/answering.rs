//! The second half of a turn: text in, an answer out.
//!
//! Intent, then cards, then text, and speech sentence by sentence while the text is being made. One stage works at a time: the speech
//! of a sentence is pulled to its end before more text is, and hosts overlap the two by reading ahead. What can fall back does, and
//! says so with `Degraded`: the LLM to the cards' own words, or to what it has said so far, a voice to the default voice, speech to text only.
//!
//! Invariants: `Done` is last and then nothing follows; after a failure every call repeats it, and by then all stage resources are
//! dropped; all audio of an answer has one sample rate, that of its first voice.

use std::{collections::VecDeque, mem, time::Duration};

use crate::{
    cards::{card, llm_card},
    contract::{
        Error, Stage, content,
        events::{self, ResponseGenerated, StageDegraded},
        llm,
        respond::{Audio, Classification, Degradation, Event, Items, Report, Request, Sentence},
        tts,
    },
    fallback::Canned,
    ports::{Clock, Content, Events, Generation, Intent, Llm, Result, Speech, Tts, millis, timed},
    rate::RateConverter,
    sentences::Splitter,
    words::{in_words, messages, named, reason, recent, stage},
};

/// Everything this half needs.
pub trait Stages: Intent + Content + Llm + Tts + Events + Clock {}
impl<T: Intent + Content + Llm + Tts + Events + Clock> Stages for T {}

/// Most cards of an answer.
pub const MAX_ITEMS: u32 = 4;

/// Longest question in characters, that of the intent stage.
pub const MAX_TEXT_CHARS: usize = 4_000;

/// About a minute of speech; more is not a spoken answer.
const MAX_TOKENS: u32 = 220;

/// Where an LLM that ignores `max-tokens` is cut off, in characters.
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
    Speaking(Writing, Speaking),
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

/// A sentence in the middle of being spoken.
struct Speaking {
    speech: Box<dyn Speech>,
    /// When it has another rate than the answer.
    converter: Option<Box<RateConverter>>,
    sentence_index: u32,
}

/// Speech, and what brings it to the answer's rate if it has another.
type Opened = (Box<dyn Speech>, Option<Box<RateConverter>>);

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
    /// Ids of the cards of this answer.
    shown: Vec<String>,
    /// Those that the text talks about, once an LLM told.
    mentioned: Option<Vec<String>>,
    n_sentences: u32,
    n_audio: u32,
    sample_rate_hz: Option<u32>,
    /// Whether sentences are spoken; never true again once it is false.
    speak: bool,
    /// Whether it was told already that another voice speaks.
    voice_degraded: bool,
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
        if !(0.5..=2.0).contains(&request.rate) {
            return refuse(format!("rate must be 0.5 to 2, is {}", request.rate));
        }
        Ok(Self {
            phase: Phase::Classifying,
            queue: VecDeque::new(),
            started: stages.now(),
            spent: Spent::default(),
            intent: String::new(),
            shown: Vec::new(),
            mentioned: None,
            n_sentences: 0,
            n_audio: 0,
            sample_rate_hz: None,
            speak: request.speak,
            voice_degraded: false,
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
                Phase::Speaking(writing, speaking) => Ok(self.speak(writing, speaking)),
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

    fn classify(&mut self) -> Stepped {
        let history = recent(&self.request.history);
        let found = timed(&self.stages, &mut self.spent.intent, || {
            self.stages.classify(&self.request.text, history)
        })
        .map_err(|error| ("intent", named("intent", error)))?;
        // Follow-ups mean the items that were seen last, even if a thank-you came in between.
        let previous = history.iter().rev().find(|turn| !turn.item_ids.is_empty());
        let request = content::Request {
            text: self.request.text.clone(),
            intent: found.intent.clone(),
            item_type: found.item_type.clone(),
            entities: found
                .entities
                .into_iter()
                .map(|entity| content::Entity {
                    kind: entity.kind,
                    value: entity.value,
                })
                .collect(),
            keywords: found.keywords,
            previous_item_ids: previous
                .map(|turn| turn.item_ids.clone())
                .unwrap_or_default(),
            // An answer without cards still needs something to draw on.
            limit: self.request.max_items.max(1),
        };
        self.intent.clone_from(&found.intent);
        self.queue.push_back(Event::Intent(Classification {
            intent: found.intent,
            item_type: found.item_type,
            confidence: found.confidence,
        }));
        Ok(Phase::Selecting(request))
    }

    fn select(&mut self, request: content::Request) -> Stepped {
        let item_type = request.item_type.clone();
        let selection = timed(&self.stages, &mut self.spent.intent, || {
            self.stages.select(request)
        })
        .map_err(|error| ("intent", named("content", error)))?;
        let cards = selection
            .hits
            .iter()
            .map(|hit| llm_card(&hit.item))
            .collect();
        let mut shown: Vec<_> = selection.hits.into_iter().map(card).collect();
        shown.truncate(self.request.max_items as usize);
        self.shown = shown.iter().map(|card| card.id.clone()).collect();
        self.queue.push_back(Event::Items(Items {
            cards: shown,
            n_matching: selection.n_matching,
            content_filter: in_words(&selection.applied),
        }));
        Ok(Phase::Starting(llm::Request {
            messages: messages(recent(&self.request.history), &self.request.text),
            cards,
            n_matching: selection.n_matching,
            intent: self.intent.clone(),
            item_type,
            language: self.request.language.clone(),
            max_tokens: MAX_TOKENS,
            temperature: TEMPERATURE,
            strategy: self.request.strategy,
        }))
    }

    /// Asks the LLM.
    fn begin(&mut self, request: llm::Request) -> Phase {
        let mut writing = Writing {
            generation: None,
            canned: Some(Canned::new(&self.intent, &request.cards)),
            splitter: Splitter::default(),
            sentences: VecDeque::new(),
            length: 0,
            has_words: false,
        };
        match timed(&self.stages, &mut self.spent.llm, || {
            self.stages.generate(request)
        }) {
            Ok(generation) => writing.generation = Some(generation),
            Err(error) => self.fall_back(&mut writing, &reason(&error)),
        }
        Phase::Writing(writing)
    }

    /// Starts to speak a waiting sentence, else pulls a piece of text, else ends.
    fn write(&mut self, mut writing: Writing) -> Stepped {
        if let Some(text) = writing.sentences.pop_front() {
            return Ok(self.tell(writing, text));
        }
        let Some(generation) = &mut writing.generation else {
            return Ok(self.conclude());
        };
        let chunk = timed(&self.stages, &mut self.spent.llm, || generation.next());
        let is_blank = !writing.has_words;
        match chunk {
            Ok(Some(llm::Chunk::Text(text))) => self.take_text(&mut writing, text),
            Ok(Some(llm::Chunk::Degraded(why))) => self.degrade("llm", why),
            Ok(Some(llm::Chunk::Finished(_))) if is_blank && writing.canned.is_some() => {
                self.fall_back(&mut writing, "it gave no text");
            }
            Ok(Some(llm::Chunk::Finished(mentioned))) => {
                self.mentioned = mentioned.map(|ids| self.known(ids));
                writing.end();
            }
            Ok(None) if is_blank => self.fall_back(&mut writing, "it gave no text"),
            Ok(None) => {
                let text = "llm: the answer ended without `finished`".to_owned();
                return Err(("llm", Error::Internal(text)));
            }
            Err(error) if is_blank => self.fall_back(&mut writing, &reason(&error)),
            // A server that goes away in mid-sentence has still said something; a defect is another matter.
            Err(error @ (Error::Unavailable(_) | Error::Deadline | Error::Busy(_))) => {
                self.degrade("llm", format!("the answer broke off: {}", reason(&error)));
                writing.end();
            }
            Err(error) => return Err(("llm", named("llm", error))),
        }
        Ok(Phase::Writing(writing))
    }

    fn take_text(&mut self, writing: &mut Writing, mut text: String) {
        if text.is_empty() {
            return;
        }
        if self.spent.first_token.is_none() {
            self.spent.first_token = Some(self.elapsed());
        }
        let room = MAX_ANSWER_CHARS - writing.length;
        let cut = text.char_indices().nth(room).map(|(at, _)| at);
        text.truncate(cut.unwrap_or(text.len()));
        writing.length += text.chars().count();
        writing.has_words |= text.contains(|c: char| !c.is_whitespace());
        writing.sentences.extend(writing.splitter.push(&text));
        if !text.is_empty() {
            self.queue.push_back(Event::Token(text));
        }
        if cut.is_some() {
            let why = format!("the answer was cut after {MAX_ANSWER_CHARS} characters");
            self.degrade("llm", why);
            writing.end();
        }
    }

    /// Continues with the cards' own words. Called at most once in an answer, before any text.
    fn fall_back(&mut self, writing: &mut Writing, why: &str) {
        match writing.canned.take() {
            Some(canned) => {
                writing.generation = Some(Box::new(canned));
                self.degrade("llm", why.to_owned());
            }
            None => writing.end(),
        }
    }

    /// Tells a sentence and starts to speak it.
    fn tell(&mut self, writing: Writing, text: String) -> Phase {
        let sentence_index = self.n_sentences;
        self.n_sentences += 1;
        let speech = if self.speak {
            self.synthesize(&text)
        } else {
            None
        };
        // The sentence comes before a degradation that its speech caused.
        self.queue.push_front(Event::Sentence(Sentence {
            index: sentence_index,
            text,
        }));
        match speech {
            Some((speech, converter)) => Phase::Speaking(
                writing,
                Speaking {
                    speech,
                    converter,
                    sentence_index,
                },
            ),
            None => Phase::Writing(writing),
        }
    }

    /// Opens the synthesis of a sentence, with the default voice when the wished one is not there.
    fn synthesize(&mut self, text: &str) -> Option<Opened> {
        let options = |voice| tts::Options {
            voice,
            rate: self.request.rate,
        };
        let wished = options(self.request.voice.clone());
        let opened = timed(&self.stages, &mut self.spent.tts, || {
            self.stages.synthesize(text, wished)
        });
        let opened = match opened {
            Err(Error::Unsupported(why)) if self.request.voice.is_some() => {
                let default = options(None);
                let again = timed(&self.stages, &mut self.spent.tts, || {
                    self.stages.synthesize(text, default)
                });
                if again.is_ok() {
                    self.request.voice = None;
                    self.degrade("tts", format!("the default voice speaks: {why}"));
                }
                again
            }
            opened => opened,
        };
        let speech = match opened {
            Ok(speech) => speech,
            Err(error) => {
                self.fall_silent(&reason(&error));
                return None;
            }
        };
        if let Some(why) = speech.degraded()
            && !mem::replace(&mut self.voice_degraded, true)
        {
            self.degrade("tts", why);
        }
        let rate = speech.sample_rate_hz();
        if rate == 0 {
            self.fall_silent("it tells no sample rate");
            return None;
        }
        let usual = *self.sample_rate_hz.get_or_insert(rate);
        let converter = (rate != usual).then(|| RateConverter::new(rate, usual).map(Box::new));
        match converter.transpose() {
            Ok(converter) => Some((speech, converter)),
            Err(defect) => {
                self.fall_silent(&defect.to_string());
                None
            }
        }
    }

    /// One chunk of the speech of a sentence, or its end.
    fn speak(&mut self, writing: Writing, mut speaking: Speaking) -> Phase {
        match timed(&self.stages, &mut self.spent.tts, || speaking.speech.next()) {
            Ok(samples) => self.sound(writing, speaking, samples),
            Err(error) => {
                self.fall_silent(&reason(&error));
                Phase::Writing(writing)
            }
        }
    }

    /// Tells samples, or that a sentence has ended.
    fn sound(
        &mut self,
        writing: Writing,
        mut speaking: Speaking,
        samples: Option<Vec<i16>>,
    ) -> Phase {
        let is_end = samples.is_none();
        let samples = match &mut speaking.converter {
            None => samples.unwrap_or_default(),
            Some(converter) => match converter.take(samples.as_deref()) {
                Ok(samples) => samples,
                Err(defect) => {
                    self.fall_silent(&defect.to_string());
                    return Phase::Writing(writing);
                }
            },
        };
        if let (false, Some(sample_rate_hz)) = (samples.is_empty(), self.sample_rate_hz) {
            if self.spent.first_audio.is_none() {
                self.spent.first_audio = Some(self.elapsed());
            }
            self.queue.push_back(Event::Audio(Audio {
                sequence: self.n_audio,
                sentence_index: speaking.sentence_index,
                sample_rate_hz,
                samples,
            }));
            self.n_audio += 1;
        }
        if is_end {
            Phase::Writing(writing)
        } else {
            Phase::Speaking(writing, speaking)
        }
    }

    /// Goes on in text only. A voice that comes and goes would be worse than none.
    fn fall_silent(&mut self, why: &str) {
        self.speak = false;
        self.degrade("tts", format!("the answer goes on in text only: {why}"));
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

    fn conclude(&mut self) -> Phase {
        let total_ms = millis(self.elapsed());
        self.stages
            .publish(events::Event::ResponseGenerated(ResponseGenerated {
                turn: self.turn(),
                intent: self.intent.clone(),
                n_items: u32::try_from(self.shown.len()).unwrap_or(u32::MAX),
                total_ms,
            }));
        if let Some(ids) = self.mentioned.take() {
            self.queue.push_back(Event::Mentioned(ids));
        }
        self.queue.push_back(Event::Done(Report {
            intent_ms: millis(self.spent.intent),
            llm_ms: millis(self.spent.llm),
            llm_first_token_ms: self.spent.first_token.map(millis),
            tts_ms: millis(self.spent.tts),
            first_audio_ms: self.spent.first_audio.map(millis),
            total_ms,
        }));
        Phase::Finished
    }

    /// Those of the ids that are on cards of this answer, each once.
    fn known(&self, ids: Vec<String>) -> Vec<String> {
        let mut known = Vec::with_capacity(ids.len());
        for id in ids {
            if self.shown.contains(&id) && !known.contains(&id) {
                known.push(id);
            }
        }
        known
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
