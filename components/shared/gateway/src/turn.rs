//! A turn, one event at a time: the pipeline's events in the pipeline's order, folded into the answer document on the way.
//!
//! Both forms of an answer, JSON and event stream, pull the same [`Turn`]; it stores audio and session before it tells `Done`, so that
//! whoever has seen the end can go on from there. A turn that is dropped earlier leaves no trace.
//!
//! A turn has its session for itself, from [`Turn::begin`] on. It keeps it by a sign of life before and after each event, which also tells it
//! that the session has been ended.

use std::{sync::Arc, time::Duration};

use colloquy_encode::Format;
use serde_json::Value;

use crate::{
    config::Config,
    contract::{
        Error, Stage, Strategy, listen,
        respond::{self, Request},
    },
    ports::{Answer, Ports, Utterance},
    problem::Problem,
    security::log,
    session::{Exchange, Session},
    speaking,
    store::Store,
    tenant::Tenant,
    times,
};

mod card;
mod claim;
mod document;

pub(crate) use card::{Card, Metric, Score};
use claim::Claim;
use document::Summary;
#[cfg(test)]
pub(crate) use document::TurnAnswer;

/// Most audio of one answer in samples: six minutes at 22 kHz, sixteen megabytes.
const MAX_SAMPLES: usize = 8 << 20;

/// What is asked, besides the words themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// BCP 47 tag of the question's language, if the client knows it.
    pub language: Option<String>,
    /// The voice of the answer.
    pub voice: Option<String>,
    /// False for an answer in text only.
    pub speak: bool,
    /// What the answer's audio is kept as. The pieces of an event stream are always plain samples.
    pub format: Format,
    /// How much time the answer may take for its quality; none leaves it to the configuration.
    pub strategy: Option<Strategy>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            language: None,
            voice: None,
            speak: true,
            format: Format::default(),
            strategy: None,
        }
    }
}

/// What happens in a turn, in order; `Done` is last and carries the whole answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of the first half. Its own `Done` is not told.
    Listen(listen::Event),
    /// Of the second half, except its `Done`.
    Respond(respond::Event),
    /// The answer document.
    Done(Value),
}

/// Where the turn is.
enum Half {
    Listening(Box<dyn Utterance>),
    Asked(String),
    Answering(Box<dyn Answer>),
    Over,
}

/// A turn in the making. Dropping it cancels the work.
pub struct Turn {
    ports: Arc<dyn Ports>,
    config: Arc<Config>,
    session: Session,
    /// Whether the session is not in the store yet.
    is_new: bool,
    tenant: Tenant,
    /// Whose the session is, once it has been taken.
    claim: Option<Claim>,
    request_id: String,
    wishes: Wishes,
    started: Duration,
    half: Half,
    summary: Summary,
}

impl Turn {
    /// A turn about recorded words. The utterance must have been finished.
    #[must_use]
    pub fn spoken(setting: Setting, utterance: Box<dyn Utterance>) -> Self {
        Self::new(setting, Half::Listening(utterance))
    }

    /// A turn about written words.
    #[must_use]
    pub fn written(setting: Setting, text: String) -> Self {
        Self::new(setting, Half::Asked(text))
    }

    fn new(setting: Setting, half: Half) -> Self {
        let Setting {
            ports,
            config,
            session,
            is_new,
            tenant,
            request_id,
            wishes,
        } = setting;
        let started = ports.now();
        let summary = Summary::default();
        Self {
            ports,
            config,
            session,
            is_new,
            tenant,
            claim: None,
            request_id,
            wishes,
            started,
            half,
            summary,
        }
    }

    /// The id of the request that asked.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The next event; none after `Done` and after a failure.
    ///
    /// # Errors
    /// The failure of a stage or of the store, which ends the turn.
    pub fn pull(&mut self) -> Result<Option<Event>, Problem> {
        self.keep_session()?;
        let event = self.step()?;
        // What was just waited for was one silence; a client that is slow to take the event is another.
        self.keep_session()?;
        Ok(event)
    }

    fn step(&mut self) -> Result<Option<Event>, Problem> {
        loop {
            // What fails stays out: the turn is over then, and its work is cancelled.
            match std::mem::replace(&mut self.half, Half::Over) {
                Half::Over => return Ok(None),
                Half::Asked(text) => {
                    self.summary.transcription = text;
                    self.half = Half::Answering(self.respond()?);
                }
                Half::Listening(mut utterance) => {
                    let event = utterance
                        .next()
                        .map_err(|error| {
                            Problem::of_stage(
                                error,
                                utterance.failed_stage(),
                                utterance.rejection(),
                            )
                        })?
                        .ok_or_else(ended_early)?;
                    self.summary.heard(&event);
                    if matches!(event, listen::Event::Done(_)) {
                        drop(utterance);
                        self.half = Half::Answering(self.respond()?);
                        continue;
                    }
                    self.half = Half::Listening(utterance);
                    return Ok(Some(Event::Listen(event)));
                }
                Half::Answering(mut answer) => {
                    let event = answer
                        .next()
                        .map_err(|error| Problem::of_stage(error, answer.failed_stage(), None))?
                        .ok_or_else(ended_early)?;
                    if self.summary.answered(&event, MAX_SAMPLES) {
                        drop(answer);
                        return self.conclude().map(|document| Some(Event::Done(document)));
                    }
                    self.half = Half::Answering(answer);
                    return Ok(Some(Event::Respond(event)));
                }
            }
        }
    }

    fn store(&self) -> Store<'_> {
        Store::new(self.ports.as_ref(), &self.config).within(self.tenant.scoped(""))
    }

    fn respond(&mut self) -> Result<Box<dyn Answer>, Problem> {
        let heard = self
            .summary
            .language
            .clone()
            .filter(|language| language != "und");
        let language = heard
            .or_else(|| self.wishes.language.clone())
            // Nobody said: whoever answers has the question to tell it from.
            .unwrap_or_else(|| "und".to_owned());
        self.summary
            .language
            .get_or_insert_with(|| language.clone());
        let voice = self
            .wishes
            .voice
            .clone()
            .or_else(|| self.session.preferred_voice.clone());
        let request = Request {
            session_id: self.session.session_id.clone(),
            request_id: self.request_id.clone(),
            text: self.summary.transcription.clone(),
            language,
            history: self.session.history(&self.config.sessions),
            max_items: self.config.max_cards,
            speak: self.wishes.speak,
            voice,
            rate: 1.0,
            strategy: self.strategy(),
        };
        self.ports
            .respond(request)
            .map_err(|error| Problem::of_stage(error, None, None))
    }

    fn strategy(&self) -> Strategy {
        self.wishes.strategy.unwrap_or(self.config.strategy)
    }

    /// Stores what is to be remembered and makes the answer document.
    fn conclude(&mut self) -> Result<Value, Problem> {
        let total_ms = elapsed_ms(self.ports.now(), self.started);
        if self.config.security.log_transcripts {
            log::tell(format_args!(
                "request {}: asked {:?}, answered {:?}",
                self.request_id, self.summary.transcription, self.summary.response
            ));
        }
        let audio = match self.summary.sample_rate_hz {
            Some(rate) => {
                let samples = std::mem::take(&mut self.summary.samples);
                let format = self.wishes.format;
                let file = speaking::file(format, rate, &samples)?;
                // Without a place to keep the audio the answer is text; a store of sessions that is down fails the turn below.
                self.store()
                    .keep_audio(Some(&self.session), format.content_type(), &file)
                    .unwrap_or_default()
            }
            None => None,
        };
        if audio.is_none() && self.summary.sample_rate_hz.is_some() {
            self.summary.degrade("store");
        }
        let (audio, evicted) =
            audio.map_or((None, Vec::new()), |kept| (Some(kept.audio), kept.evicted));
        let exchange = self.exchange();
        let voice = self.wishes.voice.take();
        let change = |session: &mut Session| {
            session.audio.retain(|audio| !evicted.contains(&audio.id));
            session.record(exchange.clone(), total_ms, &self.config.sessions);
            if let Some(voice) = &voice {
                session.preferred_voice = Some(voice.clone());
            }
        };
        let store = self.store();
        if self.is_new {
            let mut session = self.session.clone();
            change(&mut session);
            store.create_with(session, audio.as_ref())?;
        } else {
            let owner = self.claim.as_ref().map_or("", |claim| &claim.owner);
            store.finish(&self.session, owner, audio.as_ref(), change)?;
            self.claim = None;
        }
        self.store().sweep();
        let audio_file = audio.map(|audio| audio.id);
        let stages = self.stages();
        Ok(self.summary.document(
            &self.session.session_id,
            audio_file,
            &stages,
            self.strategy(),
            total_ms,
        ))
    }

    /// What the session is to remember.
    fn exchange(&self) -> Exchange {
        let summary = &self.summary;
        Exchange {
            at_ms: times::to_ms(self.ports.wall()),
            user_input: summary.transcription.clone(),
            ai_response: summary.response.clone(),
            intent: summary.intent.as_ref().map(|found| found.intent.clone()),
            item_ids: summary.cards.iter().map(|card| card.id.clone()).collect(),
            item_type: summary.item_type(),
        }
    }

    /// What answered, as far as it can tell: a stage that is down now, and fell back, must not fail the turn after all.
    fn stages(&self) -> Vec<Stage> {
        let mut stages = Vec::new();
        if self.summary.hearing.is_some() {
            stages.extend(self.ports.listen_stages().unwrap_or_default());
        }
        stages.extend(self.ports.respond_stages().unwrap_or_default());
        stages
    }
}

/// What a turn begins with.
pub struct Setting {
    /// The outside.
    pub ports: Arc<dyn Ports>,
    /// The settings.
    pub config: Arc<Config>,
    /// The conversation.
    pub session: Session,
    /// Whether the session is not in the store yet.
    pub is_new: bool,
    /// Whose session it is.
    pub tenant: Tenant,
    /// The request's id.
    pub request_id: String,
    /// What is asked, besides the words.
    pub wishes: Wishes,
}

/// A stream of events that just stops is a failure.
fn ended_early() -> Problem {
    Problem::of_stage(
        Error::Internal("the events ended without `done`".to_owned()),
        None,
        None,
    )
}

fn elapsed_ms(now: Duration, since: Duration) -> u64 {
    u64::try_from(now.saturating_sub(since).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
