//! The stages of the second half: what is asked for, what there is to tell, its text, and its voice.

use super::{Fake, Fakes};
use crate::{
    contract::{Info, Turn, content, intent, llm, tts},
    ports::{Content, Generation, Intent, Llm, Result, Speech, Tts},
};

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
        let voice = |locale: &&str| tts::Voice {
            name: format!("{}-a", locale.split('-').next().unwrap_or_default()),
            display_name: "A".into(),
            gender: "female".into(),
            locale: (*locale).into(),
        };
        Ok(self.locales.iter().map(voice).collect())
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
