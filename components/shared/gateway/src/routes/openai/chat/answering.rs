//! The pipeline's events, folded into an answer or told as its pieces.

use std::collections::VecDeque;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    answer::{ChatChunk, ChatCompletion, Delta, Found, Head, SpokenReply, Usage},
    request::Sound,
};
use crate::{contract::respond, ports::Answer, problem::Problem, speaking};

/// Most audio of one answer in samples: six minutes at 22 kHz.
const MAX_SAMPLES: usize = 8 << 20;

/// What a streamed answer tells next.
pub(super) enum Told {
    Piece(Box<ChatChunk>),
    End,
}

/// An answer in the making. Dropping it cancels the work.
pub(super) struct Answering {
    answer: Box<dyn Answer>,
    head: Head,
    found: Found,
    prompt_words: usize,
    /// How it is spoken; none for text only.
    sound: Option<Sound>,
    text: String,
    samples: Vec<i16>,
    sample_rate_hz: Option<u32>,
    /// Pieces that are ready.
    ready: VecDeque<ChatChunk>,
    has_begun: bool,
    is_over: bool,
}

impl Answering {
    pub(super) fn new(
        answer: Box<dyn Answer>,
        head: Head,
        found: Found,
        prompt_words: usize,
        sound: Option<Sound>,
    ) -> Self {
        Self {
            answer,
            head,
            found,
            prompt_words,
            sound,
            text: String::new(),
            samples: Vec::new(),
            sample_rate_hz: None,
            ready: VecDeque::new(),
            has_begun: false,
            is_over: false,
        }
    }

    /// The whole answer.
    pub(super) fn into_whole(mut self) -> Result<ChatCompletion, Problem> {
        loop {
            match self.next()? {
                respond::Event::Audio(audio) => self.keep(&audio),
                respond::Event::Done(_) => break,
                _ => {}
            }
        }
        let audio = self.spoken()?;
        let usage = Usage::of(self.prompt_words, &self.text);
        Ok(self.head.whole(self.text, audio, usage, self.found))
    }

    /// The next piece.
    pub(super) fn pull(&mut self, include_usage: bool) -> Result<Told, Problem> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Told::Piece(Box::new(piece)));
            }
            if self.is_over {
                return Ok(Told::End);
            }
            let event = self.next()?;
            if !self.has_begun {
                self.has_begun = true;
                self.ready.push_back(self.first());
            }
            match event {
                respond::Event::Items(items) => {
                    let mut piece = self.head.piece(Delta::default());
                    piece.colloquy = Some(Found::items(&items));
                    self.ready.push_back(piece);
                }
                respond::Event::Token(text) => {
                    let delta = Delta {
                        content: Some(text),
                        ..Delta::default()
                    };
                    self.ready.push_back(self.head.piece(delta));
                }
                respond::Event::Done(_) => {
                    self.is_over = true;
                    let mut end = self.head.end();
                    end.colloquy = Some(Found {
                        items: None,
                        content_filter: None,
                        ..self.found.clone()
                    });
                    self.ready.push_back(end);
                    if include_usage {
                        let usage = Usage::of(self.prompt_words, &self.text);
                        self.ready.push_back(self.head.usage(usage));
                    }
                }
                _ => {}
            }
        }
    }

    /// The next event of the pipeline, with what it tells noted down.
    fn next(&mut self) -> Result<respond::Event, Problem> {
        let event = self
            .answer
            .next()
            .map_err(|error| Problem::of_stage(error, self.answer.failed_stage(), None))?
            .ok_or_else(|| Problem::internal(None))?;
        match &event {
            respond::Event::Intent(found) => self.found.query_intent = Some(found.intent.clone()),
            respond::Event::Items(items) => {
                let Found {
                    items,
                    content_filter,
                    ..
                } = Found::items(items);
                self.found.items = items;
                self.found.content_filter = content_filter;
            }
            respond::Event::Token(text) => self.text.push_str(text),
            respond::Event::Degraded(found) if !self.found.degraded.contains(&found.stage) => {
                self.found.degraded.push(found.stage.clone());
            }
            respond::Event::Mentioned(ids) => self.found.cards_mentioned = Some(ids.clone()),
            _ => {}
        }
        Ok(event)
    }

    /// The first piece, before any text.
    fn first(&self) -> ChatChunk {
        self.head.piece(Delta {
            role: Some("assistant"),
            content: Some(String::new()),
        })
    }

    /// Audio past the most there may be, and of another rate than the first, is left out.
    fn keep(&mut self, audio: &respond::Audio) {
        let room = MAX_SAMPLES - self.samples.len();
        if *self.sample_rate_hz.get_or_insert(audio.sample_rate_hz) == audio.sample_rate_hz {
            let n = audio.samples.len().min(room);
            self.samples.extend(audio.samples.iter().take(n));
        }
    }

    fn spoken(&mut self) -> Result<Option<SpokenReply>, Problem> {
        // A voice that cannot speak leaves the text.
        let (Some(sound), Some(rate)) = (self.sound, self.sample_rate_hz) else {
            return Ok(None);
        };
        let samples = std::mem::take(&mut self.samples);
        let file = speaking::file(sound.format(), rate, &samples)?;
        Ok(Some(SpokenReply {
            id: self.head.id.replacen("chatcmpl-", "audio_", 1),
            data: STANDARD.encode(file),
            transcript: self.text.clone(),
            expires_at: self.head.created,
        }))
    }
}
