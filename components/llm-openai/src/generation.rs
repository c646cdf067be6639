//! One answer of the server, as text for the ear while it arrives.
//!
//! The server streams events, or ignores that it was asked to and sends one JSON document; both are read. A stream that ends without a
//! reason why and without `[DONE]` was cut, which is a failure, as is an error in the middle. After a failure there is nothing more.
//! After the reason is known, nothing that the connection does can spoil the answer.

use std::cell::Cell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use colloquy_upstream::sse::Events;
use colloquy_upstream::{Api, Failure, Outcome, Response, Source, Transport, Waited};
use serde_json::{Value, json};

use crate::config::{Config, Temperature};
use crate::delta::{self, Finish, Part, Tokens};
use crate::persona::Persona;
use crate::request::{Card, Request};
use crate::speech::Speech;
use crate::{items, prompt};

const ROUTE: &str = "/v1/chat/completions";
/// The longest answer in bytes, thoughts and all; the longest that comes in one document.
const LONGEST: (usize, usize) = (16 << 20, 1 << 20);
/// Characters of a token are about four; one and a half times that is never reached by an answer that keeps to its tokens.
const CHARACTERS_PER_TOKEN: usize = 6;
/// Most bytes of text that go through the filters at once.
const PIECE: usize = 1 << 10;
/// A byte order mark.
const MARK: [u8; 3] = *b"\xef\xbb\xbf";
/// How long a call waits for text. Then it gives none, so that a host sees in time that nobody waits for the answer any more.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// As many as the pipeline takes.
const MOST_CHARACTERS: usize = 2_000;

/// A piece of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// Text to append; empty while there is none.
    Text(String),
    /// The end.
    Finished {
        /// Why.
        finish: Finish,
        /// How much it was.
        tokens: Tokens,
        /// Ids of the cards that it is about; none when that is not known.
        items: Option<Vec<String>>,
    },
}

/// What is known of a server's dialect, for the next answer.
#[derive(Debug, Default)]
pub struct Dialect {
    /// It refuses `stream_options`.
    no_usage: Cell<bool>,
}

/// An answer on its way.
pub struct Generation {
    /// None once it is over.
    body: Option<Box<dyn Source>>,
    until: Instant,
    form: Form,
    n_bytes: usize,
    speech: Speech,
    /// What came before a failure is said before it.
    ready: VecDeque<Result<Chunk, Failure>>,
    cards: Vec<Card>,
    tokens: Tokens,
    finish: Option<Finish>,
    api: Api,
    model: String,
}

/// In which form it comes.
enum Form {
    /// Nothing but space has come yet, and a byte order mark or a part of one, which is kept.
    Unknown(Vec<u8>),
    Stream(Events),
    Document(Vec<u8>),
}

impl Generation {
    /// Asks the server, and returns when it begins to answer.
    ///
    /// # Errors
    /// `InvalidInput` for a request that breaks the contract, and what the server brings.
    pub fn begin(
        config: &Config,
        transport: &dyn Transport,
        persona: Option<&Persona>,
        request: &Request,
        dialect: &Dialect,
    ) -> Result<Self, Failure> {
        let question = request.question()?;
        let choice = config.choice(request.strategy);
        let max_tokens = choice.max_tokens.min(request.max_tokens);
        let mut body = body(config, persona, request, question);
        let response = ask(config, transport, &mut body, dialect)?;
        let cards = prompt::cards(request).to_vec();
        let ids = cards.iter().map(|card| card.id.clone()).collect();
        let characters = usize::try_from(max_tokens).unwrap_or(usize::MAX);
        let characters = characters.saturating_mul(CHARACTERS_PER_TOKEN);
        Ok(Self {
            body: Some(response.body),
            until: Instant::now() + config.total,
            form: Form::Unknown(Vec::new()),
            n_bytes: 0,
            speech: Speech::new(characters.min(MOST_CHARACTERS), ids),
            ready: VecDeque::new(),
            cards,
            tokens: Tokens::default(),
            finish: None,
            api: config.api.clone(),
            model: choice.model.clone(),
        })
    }

    /// The next piece; none after the last.
    ///
    /// # Errors
    /// What the way from the server brings, and `Unavailable` when the answer is cut short or is none.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, Failure> {
        let started = Instant::now();
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return chunk.map(Some);
            }
            let Some(body) = &mut self.body else {
                return Ok(None);
            };
            let left = LONGEST_WAIT.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Ok(Some(Chunk::Text(String::new())));
            }
            let read = match self.until.saturating_duration_since(Instant::now()) {
                Duration::ZERO => Err(Failure::Deadline),
                rest => body.read_for(left.min(rest)),
            };
            let taken = match read {
                Ok(Waited::Bytes(bytes)) => self.take(&bytes),
                Ok(Waited::NotYet) => Ok(()),
                Ok(Waited::Ended) => self.end_of_body(),
                // The answer is complete but for its last words, which are not part of it.
                Err(_) if self.finish.is_some() => self.end_of_body(),
                Err(failure) => Err(failure),
            };
            if let Err(failure) = taken {
                if let Some(mut body) = self.body.take() {
                    body.verdict(Outcome::Failed);
                }
                self.ready.push_back(Err(failure));
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.n_bytes = self.n_bytes.saturating_add(bytes.len());
        if self.n_bytes > LONGEST.0 {
            return Err(self.no_answer("an answer without an end"));
        }
        let Form::Unknown(beginning) = &mut self.form else {
            return self.take_more(bytes);
        };
        beginning.extend(bytes);
        let text = beginning.trim_ascii_start();
        let text = text.strip_prefix(&MARK).unwrap_or(text).trim_ascii_start();
        let form = match text.first() {
            Some(b'{' | b'[') => Form::Document(Vec::new()),
            Some(b'<') => return Err(self.no_answer("a page instead of an answer")),
            Some(_) if !MARK.starts_with(text) => Form::Stream(Events::default()),
            // Neither a line nor a document has begun.
            _ => {
                beginning.retain(|byte| !byte.is_ascii_whitespace());
                return Ok(());
            }
        };
        let text = text.to_vec();
        self.form = form;
        self.take_more(&text)
    }

    /// Takes bytes of a known form.
    fn take_more(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.form {
            Form::Document(document) => {
                document.extend(bytes);
                if document.len() > LONGEST.1 {
                    return Err(self.no_answer("a document without an end"));
                }
                Ok(())
            }
            Form::Stream(events) => {
                let events = events.feed(bytes).map_err(|error| self.no_answer(error))?;
                for event in events {
                    // Behind the end there may be anything.
                    if self.body.is_none() {
                        return Ok(());
                    }
                    let parts = delta::event(&event).map_err(|error| self.no_answer(error))?;
                    self.take_parts(parts)?;
                }
                Ok(())
            }
            Form::Unknown(_) => Ok(()),
        }
    }

    fn take_parts(&mut self, parts: Vec<Part>) -> Result<(), Failure> {
        for part in parts {
            // After the end, which may be ours.
            if self.body.is_none() {
                return Ok(());
            }
            match part {
                Part::Text(text) => self.take_text(&text),
                Part::Finish(finish) => self.finish = Some(finish),
                Part::Tokens(tokens) => self.tokens = tokens,
                Part::Done => self.conclude(self.finish.unwrap_or(Finish::Stop)),
                Part::Failed(_) if self.finish.is_some() => {}
                Part::Failed(said) => {
                    self.api.log_said("failed in mid-answer", &said, true);
                    let why = format!("{} failed in the middle of its answer", self.api.name);
                    return Err(Failure::Unavailable(why));
                }
            }
        }
        Ok(())
    }

    /// In pieces: the filters move what they hold with each character, and how much comes at once is for the server to say.
    fn take_text(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() && !self.speech.is_full() {
            let (piece, later) = rest.split_at(rest.floor_char_boundary(PIECE));
            let said = self.speech.push(piece);
            self.say(said);
            rest = later;
        }
        if self.speech.is_full() {
            self.conclude(Finish::Length);
        }
    }

    fn end_of_body(&mut self) -> Result<(), Failure> {
        if let Form::Document(document) = &self.form {
            let parts = delta::whole(document).map_err(|error| self.no_answer(error))?;
            return self.take_parts(parts);
        }
        match self.finish {
            Some(finish) => {
                self.conclude(finish);
                Ok(())
            }
            None if matches!(self.form, Form::Unknown(_)) => Err(self.no_answer("nothing")),
            None => Err(self.no_answer("an answer that is cut short")),
        }
    }

    /// The end: what is held back, the items, the count. The connection is given back when it ends at once, and closed otherwise.
    fn conclude(&mut self, finish: Finish) {
        let text = self.speech.end(finish == Finish::Length);
        self.say(text);
        let items = match self.speech.items() {
            Some(line) => items::read(line, &self.cards),
            // Nothing to be about.
            None if self.cards.is_empty() => Some(Vec::new()),
            None => None,
        };
        if let Some(mut body) = self.body.take() {
            body.verdict(Outcome::Answered);
            if !self.speech.is_full() {
                body.let_end();
            }
        }
        let Tokens {
            prompt,
            answer,
            thoughts,
        } = self.tokens;
        let count = |n: Option<u32>| n.map_or("?".to_owned(), |n| n.to_string());
        self.api.log(&format!(
            "{}: {finish:?}; tokens: {} of the prompt, {} of the answer, {thoughts} of thoughts",
            self.model,
            count(prompt),
            count(answer),
        ));
        self.ready.push_back(Ok(Chunk::Finished {
            finish,
            tokens: self.tokens,
            items,
        }));
    }

    fn say(&mut self, text: String) {
        if !text.is_empty() {
            self.ready.push_back(Ok(Chunk::Text(text)));
        }
    }

    fn no_answer(&self, what: impl std::fmt::Display) -> Failure {
        Failure::Unavailable(format!("{} sent {what}", self.api.name))
    }
}

/// Asks; a second time, in the time that is left, without the request for usage if that may be what the server refuses.
///
/// What it refuses for good is the server's unfitness, a question that is too long for the model for instance: the request is within the
/// contract, and another stage may well answer it.
fn ask(
    config: &Config,
    transport: &dyn Transport,
    body: &mut Value,
    dialect: &Dialect,
) -> Result<Response, Failure> {
    let surroundings = transport.surroundings();
    let end = surroundings.uptime().saturating_add(config.api.limits.head);
    let post = |body: &Value| {
        let mut api = config.api.clone();
        api.limits.head = end.saturating_sub(surroundings.uptime());
        if api.limits.head.is_zero() {
            return Err(Failure::Deadline);
        }
        let accept = "text/event-stream, application/json;q=0.9";
        let bytes = body.to_string().into_bytes();
        api.post(transport, ROUTE, "application/json", accept, &bytes)
    };
    let option = "stream_options";
    if !dialect.no_usage.get() {
        if let Some(body) = body.as_object_mut() {
            body.insert(option.into(), json!({ "include_usage": true }));
        }
        match post(body) {
            Err(Failure::InvalidInput(_)) => {}
            other => return other,
        }
    }
    if let Some(body) = body.as_object_mut() {
        body.remove(option);
    }
    let response = post(body).map_err(Failure::of_the_server)?;
    dialect.no_usage.set(true);
    Ok(response)
}

fn body(config: &Config, persona: Option<&Persona>, request: &Request, question: &str) -> Value {
    let choice = config.choice(request.strategy);
    let (effort, thoughts) = config.reasoning(&choice.model);
    let max_tokens = choice.max_tokens.min(request.max_tokens);
    let mut body = config.extra.clone();
    let messages = prompt::messages(persona, request, question, choice, config.history);
    body.insert("model".into(), choice.model.clone().into());
    body.insert("messages".into(), messages.into());
    body.insert("stream".into(), true.into());
    let mut default = |name: &str, value: Value| {
        body.entry(name).or_insert(value);
    };
    default(
        config.tokens_field,
        max_tokens.saturating_add(thoughts).into(),
    );
    match config.temperature {
        // Through its shortest decimal form: 0.4, not 0.4000000059604645.
        Temperature::Asked => {
            let shortest = request.temperature.to_string().parse::<f64>();
            default("temperature", shortest.unwrap_or(0.0).into());
        }
        Temperature::Fixed(temperature) => default("temperature", temperature.into()),
        Temperature::Unsent => {}
    }
    if let Some(effort) = effort {
        default("reasoning_effort", effort.into());
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests;
