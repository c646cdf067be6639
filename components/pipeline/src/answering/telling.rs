//! The second part of an answer: text as it comes, each sentence of it spoken, and the end.

use super::{Answer, MAX_ANSWER_CHARS, Phase, Stages, Stepped, Writing};
use crate::{
    contract::{
        Error,
        events::{self, ResponseGenerated},
        llm,
        respond::{Audio, Event, Report, Sentence},
    },
    ports::{Result, millis, timed},
    voice::Sounding,
    words::{named, reason},
};

impl<S: Stages> Answer<S> {
    /// Starts to speak a waiting sentence, else pulls a piece of text, else ends.
    pub(super) fn write(&mut self, mut writing: Writing) -> Stepped {
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
    pub(super) fn fall_back(&mut self, writing: &mut Writing, why: &str) {
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
        let sounding = if self.speak { self.say(&text) } else { None };
        // The sentence comes before a degradation that its speech caused.
        self.queue.push_front(Event::Sentence(Sentence {
            index: sentence_index,
            text,
        }));
        match sounding {
            Some(sounding) => Phase::Speaking(writing, sounding, sentence_index),
            None => Phase::Writing(writing),
        }
    }

    /// Opens the synthesis of a sentence, with the default voice when the wished one is not there.
    fn say(&mut self, text: &str) -> Option<Sounding> {
        let mut opened = self.open(text);
        if let Err(Error::Unsupported(why)) = &opened
            && self.voice.is_wished()
        {
            let why = format!("the default voice speaks: {why}");
            self.voice.forget_wish();
            opened = self.open(text);
            if opened.is_ok() {
                self.degrade("tts", why);
            }
        }
        match opened {
            Ok((sounding, degraded)) => {
                if let Some(why) = degraded {
                    self.degrade("tts", why);
                }
                Some(sounding)
            }
            Err(error) => {
                self.fall_silent(&reason(&error));
                None
            }
        }
    }

    fn open(&mut self, text: &str) -> Result<(Sounding, Option<String>)> {
        timed(&self.stages, &mut self.spent.tts, || {
            self.voice.say(&self.stages, text)
        })
    }

    /// One piece of the speech of a sentence, or its end.
    pub(super) fn speak(
        &mut self,
        writing: Writing,
        mut sounding: Sounding,
        sentence_index: u32,
    ) -> Phase {
        let piece = timed(&self.stages, &mut self.spent.tts, || sounding.next());
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => {
                self.fall_silent(&reason(&error));
                return Phase::Writing(writing);
            }
        };
        if let (false, Some(sample_rate_hz)) =
            (piece.samples.is_empty(), self.voice.sample_rate_hz())
        {
            if self.spent.first_audio.is_none() {
                self.spent.first_audio = Some(self.elapsed());
            }
            self.queue.push_back(Event::Audio(Audio {
                sequence: self.n_audio,
                sentence_index,
                sample_rate_hz,
                samples: piece.samples,
            }));
            self.n_audio += 1;
        }
        if piece.is_last {
            Phase::Writing(writing)
        } else {
            Phase::Speaking(writing, sounding, sentence_index)
        }
    }

    /// Goes on in text only. A voice that comes and goes would be worse than none.
    fn fall_silent(&mut self, why: &str) {
        self.speak = false;
        self.degrade("tts", format!("the answer goes on in text only: {why}"));
    }

    fn conclude(&mut self) -> Phase {
        let total_ms = millis(self.elapsed());
        self.stages
            .publish(events::Event::ResponseGenerated(ResponseGenerated {
                turn: self.turn(),
                intent: self.intent.clone(),
                n_items: u32::try_from(self.shown.len()).unwrap_or(u32::MAX),
                item_type: self.item_type.take().filter(|_| !self.shown.is_empty()),
                first_audio_ms: self.spent.first_audio.map(millis),
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
}
