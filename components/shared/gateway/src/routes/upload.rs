//! The form of `POST /process`: a recording, and what the turn is to be like.

use axum::extract::Multipart;

use super::{checked, form, recording};
use crate::{
    app::App, contract::listen, ports::Utterance, problem::Problem, session::Session, turn::Wishes,
};

/// A form that has been received, its recording waiting to be heard.
pub(super) struct Upload {
    pub(super) utterance: Box<dyn Utterance>,
    /// The session of the form, else a fresh one.
    pub(super) session: Result<Session, Session>,
    pub(super) wishes: Wishes,
}

/// Reads the whole form.
pub(super) async fn receive(
    app: &App,
    request_id: &str,
    form: Multipart,
) -> Result<Upload, Problem> {
    let mut fields = Fields {
        app,
        request_id,
        fresh: app.fresh_session(),
        session: None,
        wishes: Wishes::default(),
    };
    let utterance = form::read(app, form, &mut fields).await?;
    Ok(Upload {
        utterance,
        session: fields.session.ok_or(fields.fresh),
        wishes: fields.wishes,
    })
}

struct Fields<'a> {
    app: &'a App,
    request_id: &'a str,
    /// The session to use if the form names none.
    fresh: Session,
    session: Option<Session>,
    wishes: Wishes,
}

impl form::Fields for Fields<'_> {
    type Refusal = Problem;

    const RECORDING: &'static str = "audio_file";
    const MAX_BYTES: usize = 256;

    fn known(name: &str) -> Option<&'static str> {
        [
            "session_id",
            "language",
            "voice",
            "speak",
            "output_format",
            "strategy",
        ]
        .into_iter()
        .find(|known| *known == name)
    }

    fn refusal(_: &'static str, text: String) -> Problem {
        Problem::invalid(text)
    }

    fn set(&mut self, name: &'static str, value: &str) -> Result<(), Problem> {
        match (name, value) {
            (_, "") => {}
            ("session_id", id) => self.session = Some(self.app.live_session(id)?),
            ("language", tag) => self.wishes.language = Some(checked::language(tag.to_owned())?),
            ("voice", voice) => self.wishes.voice = Some(checked::voice(voice.to_owned())?),
            ("output_format", name) => self.wishes.format = checked::format(Some(name))?,
            ("strategy", name) => self.wishes.strategy = Some(checked::strategy(name)?),
            (_, "true") => self.wishes.speak = true,
            (_, "false") => self.wishes.speak = false,
            _ => return Err(Problem::invalid("`speak` must be `true` or `false`")),
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }

    fn options(&self) -> listen::Options {
        let session = self.session.as_ref().unwrap_or(&self.fresh);
        let usual = recording::options(self.app, &session.session_id, self.request_id);
        listen::Options {
            language: self.wishes.language.clone(),
            strategy: self.wishes.strategy.unwrap_or(usual.strategy),
            ..usual
        }
    }
}
