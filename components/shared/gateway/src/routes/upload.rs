//! Receives the form of `POST /process`: the recording goes to the pipeline while it arrives.
//!
//! Fields come in any order, and `curl -F audio_file=@x -F session_id=y` sends the recording first. What was sent is therefore kept
//! until the form has ended: should a later field change the session or the language, the utterance is opened again with the same
//! bytes. A recording that is refused is not answered before the client has finished sending it, because most clients do not listen
//! before that.

use axum::extract::{Multipart, multipart::Field};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use super::{
    App,
    process::{checked_language, checked_strategy, checked_voice},
    tts::checked_format,
};
use crate::{
    config::Config, contract::listen, ports::Utterance, problem::Problem, session::Session,
    turn::Wishes,
};

/// Most bytes of a text field.
const MAX_FIELD_BYTES: usize = 256;

/// A form that has been received, its recording waiting to be heard.
pub(super) struct Upload {
    pub(super) utterance: Box<dyn Utterance>,
    /// The session of the form, else a fresh one.
    pub(super) session: Result<Session, Session>,
    pub(super) wishes: Wishes,
}

/// Where a body is cut off: room for twice the longest recording, so that somewhat too long a one can be read to its end and refused in
/// a way that its sender understands.
pub(super) fn max_body_bytes(config: &Config) -> usize {
    usize::try_from(
        config
            .max_upload_bytes
            .saturating_mul(2)
            .saturating_add(1 << 16),
    )
    .unwrap_or(usize::MAX)
}

/// Refuses a body by its declared length alone, when that is past any reason.
pub(super) fn check_declared_length(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match declared.and_then(|length| usize::try_from(length).ok()) {
        Some(length) if length > max_body_bytes(&app.config) => Err(too_large(app)),
        _ => Ok(()),
    }
}

/// Reads the whole form.
pub(super) async fn receive(
    app: &App,
    request_id: &str,
    mut form: Multipart,
) -> Result<Upload, Problem> {
    let mut form_so_far = Form::new(app, request_id);
    let mut failure = None;
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(error) => return Err(failure.unwrap_or_else(|| broken(app, &error))),
        };
        if let Err(problem) = form_so_far.take(field, failure.is_some()).await {
            failure.get_or_insert(problem);
        }
    }
    match failure {
        Some(problem) => Err(problem),
        None => form_so_far.finish(),
    }
}

struct Form<'a> {
    app: &'a App,
    request_id: &'a str,
    /// The session to use if the form names none.
    fresh: Session,
    session: Option<Session>,
    wishes: Wishes,
    recording: Option<Recording>,
}

/// A recording that arrives, heard on the way.
pub(super) struct Recording {
    utterance: Box<dyn Utterance>,
    /// What it was opened with.
    options: listen::Options,
    /// What it was given.
    chunks: Vec<Bytes>,
    n_bytes: u64,
}

impl Recording {
    pub(super) fn open(app: &App, options: listen::Options) -> Result<Self, Problem> {
        Ok(Self {
            utterance: open(app, &options)?,
            options,
            chunks: Vec::new(),
            n_bytes: 0,
        })
    }

    pub(super) fn push(&mut self, app: &App, chunk: Bytes) -> Result<(), Problem> {
        self.n_bytes = self.n_bytes.saturating_add(chunk.len() as u64);
        if self.n_bytes > app.config.max_upload_bytes {
            return Err(too_large(app));
        }
        push(self.utterance.as_mut(), &chunk)?;
        self.chunks.push(chunk);
        Ok(())
    }

    /// The end of it, heard with these options: should they be others than at its beginning, it is heard again.
    pub(super) fn finish(
        self,
        app: &App,
        options: &listen::Options,
    ) -> Result<Box<dyn Utterance>, Problem> {
        let mut utterance = self.utterance;
        if *options != self.options {
            // The first one must let go of its stage: there may be no other instance.
            drop(utterance);
            utterance = open(app, options)?;
            for chunk in &self.chunks {
                push(utterance.as_mut(), chunk)?;
            }
        }
        if let Err(error) = utterance.finish() {
            return Err(Problem::of_stage(
                error,
                utterance.failed_stage(),
                utterance.rejection(),
            ));
        }
        Ok(utterance)
    }
}

fn open(app: &App, options: &listen::Options) -> Result<Box<dyn Utterance>, Problem> {
    let opened = app.ports.listen(options.clone());
    opened.map_err(|error| Problem::of_stage(error, Some("ingest".to_owned()), None))
}

impl<'a> Form<'a> {
    fn new(app: &'a App, request_id: &'a str) -> Self {
        let fresh = app.fresh_session();
        Self {
            app,
            request_id,
            fresh,
            session: None,
            wishes: Wishes::default(),
            recording: None,
        }
    }

    /// Takes one field, or only reads it to its end when the form has failed already.
    async fn take(&mut self, mut field: Field<'_>, has_failed: bool) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        let mut result = if has_failed {
            Ok(())
        } else {
            self.begin(&name)
        };
        let mut text = Vec::new();
        loop {
            let chunk = match field.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return result.and_then(|()| Err(broken(self.app, &error))),
            };
            if has_failed || result.is_err() {
                continue;
            }
            match name.as_str() {
                "audio_file" => result = self.push(chunk),
                _ if text.len() <= MAX_FIELD_BYTES => text.extend_from_slice(&chunk),
                _ => {}
            }
        }
        if has_failed || result.is_err() {
            return result;
        }
        self.set(&name, text)
    }

    /// Opens the utterance when its recording begins.
    fn begin(&mut self, name: &str) -> Result<(), Problem> {
        if name != "audio_file" {
            return Ok(());
        }
        if self.recording.is_some() {
            return Err(Problem::invalid("`audio_file` is there twice"));
        }
        self.recording = Some(Recording::open(self.app, self.options())?);
        Ok(())
    }

    fn push(&mut self, chunk: Bytes) -> Result<(), Problem> {
        match &mut self.recording {
            Some(recording) => recording.push(self.app, chunk),
            None => Ok(()),
        }
    }

    /// Takes a text field; unknown ones are ignored.
    fn set(&mut self, name: &str, value: Vec<u8>) -> Result<(), Problem> {
        if !matches!(
            name,
            "session_id" | "language" | "voice" | "speak" | "output_format" | "strategy"
        ) {
            return Ok(());
        }
        if value.len() > MAX_FIELD_BYTES {
            return Err(Problem::invalid(format!(
                "`{name}` may have {MAX_FIELD_BYTES} bytes"
            )));
        }
        let Ok(value) = String::from_utf8(value) else {
            return Err(Problem::invalid(format!("`{name}` is not UTF-8")));
        };
        match (name, value.trim()) {
            (_, "") => {}
            ("session_id", id) => self.session = Some(self.app.live_session(id)?),
            ("language", tag) => self.wishes.language = Some(checked_language(tag.to_owned())?),
            ("voice", voice) => self.wishes.voice = Some(checked_voice(voice.to_owned())?),
            ("output_format", name) => self.wishes.format = checked_format(Some(name))?,
            ("strategy", name) => self.wishes.strategy = Some(checked_strategy(name)?),
            (_, "true") => self.wishes.speak = true,
            (_, "false") => self.wishes.speak = false,
            _ => return Err(Problem::invalid("`speak` must be `true` or `false`")),
        }
        Ok(())
    }

    /// The end of the form.
    fn finish(mut self) -> Result<Upload, Problem> {
        let Some(recording) = self.recording.take() else {
            return Err(Problem::invalid("the form has no field `audio_file`"));
        };
        let utterance = recording.finish(self.app, &self.options())?;
        Ok(Upload {
            utterance,
            session: self.session.ok_or(self.fresh),
            wishes: self.wishes,
        })
    }

    fn options(&self) -> listen::Options {
        let config = &self.app.config;
        listen::Options {
            session_id: self
                .session
                .as_ref()
                .unwrap_or(&self.fresh)
                .session_id
                .clone(),
            request_id: self.request_id.to_owned(),
            language: self.wishes.language.clone(),
            prompt: None,
            max_bytes: config.max_upload_bytes,
            min_duration_ms: config.min_audio_ms,
            max_duration_ms: config.max_audio_ms,
            strategy: self.wishes.strategy.unwrap_or(config.strategy),
            temperature: 0.0,
        }
    }
}

fn push(utterance: &mut dyn Utterance, chunk: &[u8]) -> Result<(), Problem> {
    utterance
        .push(chunk)
        .map_err(|error| Problem::of_stage(error, utterance.failed_stage(), utterance.rejection()))
}

pub(super) fn too_large(app: &App) -> Problem {
    Problem::too_large(format!(
        "a recording may have {} bytes",
        app.config.max_upload_bytes
    ))
}

pub(super) fn broken(app: &App, error: &axum::extract::multipart::MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(app),
        _ => Problem::invalid(format!("the form cannot be read: {}", error.body_text())),
    }
}
