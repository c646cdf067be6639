//! Receives the form of `POST /v1/audio/transcriptions`: the recording is heard while it arrives.
//!
//! Fields come in any order. Should one after the recording change how it is to be heard, it is heard again from what was kept. A form
//! that is refused is still read to its end, because most clients do not listen before.

use axum::extract::{Multipart, multipart::Field};
use bytes::Bytes;

use super::super::{error::ApiError, models::Use};
use super::format::Format;
use crate::{
    contract::listen,
    ids,
    ports::Utterance,
    routes::{
        App,
        upload::{Recording, broken},
    },
};

/// Longest prompt. Recognisers heed the end of one only.
const MAX_PROMPT_CHARS: usize = 1_000;

/// Most bytes of a text field.
const MAX_FIELD_BYTES: usize = 4_096;

/// A form that has been received, its recording waiting to be heard.
pub(super) struct Wanted {
    pub(super) utterance: Box<dyn Utterance>,
    pub(super) format: Format,
    pub(super) stream: bool,
}

/// Reads the whole form.
pub(super) async fn receive(
    app: &App,
    request_id: &str,
    mut form: Multipart,
) -> Result<Wanted, ApiError> {
    let mut so_far = Form::new(app, request_id);
    let mut failure: Option<ApiError> = None;
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(error) => return Err(failure.unwrap_or_else(|| broken(app, &error).into())),
        };
        if let Err(refusal) = so_far.take(field, failure.is_some()).await {
            failure.get_or_insert(refusal);
        }
    }
    match failure {
        Some(refusal) => Err(refusal),
        None => so_far.finish(),
    }
}

struct Form<'a> {
    app: &'a App,
    model: Option<String>,
    /// As far as it is known.
    options: listen::Options,
    format: Format,
    stream: bool,
    recording: Option<Recording>,
}

impl<'a> Form<'a> {
    fn new(app: &'a App, request_id: &str) -> Self {
        let config = &app.config;
        let options = listen::Options {
            session_id: ids::new(),
            request_id: request_id.to_owned(),
            language: None,
            prompt: None,
            max_bytes: config.max_upload_bytes,
            min_duration_ms: config.min_audio_ms,
            max_duration_ms: config.max_audio_ms,
            strategy: config.strategy,
            temperature: 0.0,
        };
        Self {
            app,
            model: None,
            options,
            format: Format::default(),
            stream: false,
            recording: None,
        }
    }

    /// Takes one field, or only reads it to its end when the form has failed already.
    async fn take(&mut self, mut field: Field<'_>, has_failed: bool) -> Result<(), ApiError> {
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
                Err(error) => return result.and_then(|()| Err(broken(self.app, &error).into())),
            };
            if has_failed || result.is_err() {
                continue;
            }
            match name.as_str() {
                "file" => result = self.push(chunk),
                _ if text.len() <= MAX_FIELD_BYTES => text.extend_from_slice(&chunk),
                _ => {}
            }
        }
        if has_failed || result.is_err() || name == "file" {
            return result;
        }
        self.set(&name, text)
    }

    fn begin(&mut self, name: &str) -> Result<(), ApiError> {
        if name != "file" {
            return Ok(());
        }
        if self.recording.is_some() {
            return Err(ApiError::invalid("file", "`file` is there twice"));
        }
        self.recording = Some(Recording::open(self.app, self.options.clone())?);
        Ok(())
    }

    fn push(&mut self, chunk: Bytes) -> Result<(), ApiError> {
        match &mut self.recording {
            Some(recording) => Ok(recording.push(self.app, chunk)?),
            None => Ok(()),
        }
    }

    /// Takes a text field; unknown ones are ignored.
    fn set(&mut self, name: &str, value: Vec<u8>) -> Result<(), ApiError> {
        let Some(name) = known(name) else {
            return Ok(());
        };
        if value.len() > MAX_FIELD_BYTES {
            let text = format!("`{name}` may have {MAX_FIELD_BYTES} bytes");
            return Err(ApiError::invalid(name, text));
        }
        let Ok(value) = String::from_utf8(value) else {
            return Err(ApiError::invalid(name, format!("`{name}` is not UTF-8")));
        };
        let value = value.trim();
        let wrong = |text: &str| Err(ApiError::invalid(name, format!("`{name}` {text}")));
        match (name, value) {
            ("model", model) => self.model = Some(model.to_owned()),
            (_, "") => {}
            ("language", tag) if ids::is_language(tag) => {
                self.options.language = Some(tag.to_owned());
            }
            ("language", _) => return wrong("must be a language tag such as `en` or `en-US`"),
            ("prompt", text) if text.chars().count() > MAX_PROMPT_CHARS => {
                return wrong(&format!("may have {MAX_PROMPT_CHARS} characters"));
            }
            ("prompt", text) => self.options.prompt = Some(text.to_owned()),
            ("temperature", number) => match number.parse::<f32>() {
                Ok(number) if (0.0..=1.0).contains(&number) => self.options.temperature = number,
                _ => return wrong("must be a number from 0 to 1"),
            },
            ("response_format", format) => match Format::named(format) {
                Some(format) => self.format = format,
                None => return wrong("must be json, text, srt, vtt or verbose_json"),
            },
            ("stream", "true" | "True") => self.stream = true,
            ("stream", "false" | "False") => self.stream = false,
            ("stream", _) => return wrong("must be true or false"),
            // They are there anyway, where the format has room for them.
            ("timestamp_granularities", "segment") => {}
            ("timestamp_granularities", "word") => {
                return Err(ApiError::unsupported(
                    name,
                    "there are timestamps of segments, not of words",
                ));
            }
            ("timestamp_granularities", _) => return wrong("must be segment"),
            ("chunking_strategy", "auto") => {}
            ("chunking_strategy", _) => {
                return Err(ApiError::unsupported(
                    name,
                    "recordings are cut where nobody speaks: `chunking_strategy` can be auto only",
                ));
            }
            (_, _) => {
                return Err(ApiError::unsupported(
                    name,
                    "log-probabilities are told of segments, in verbose_json, not of tokens",
                ));
            }
        }
        Ok(())
    }

    /// The end of the form.
    fn finish(mut self) -> Result<Wanted, ApiError> {
        Use::Transcription.check(self.app, self.model.as_deref())?;
        if self.stream && !matches!(self.format, Format::Json | Format::Text) {
            return Err(ApiError::unsupported(
                "stream",
                "a streamed transcript can be json or text",
            ));
        }
        let Some(recording) = self.recording.take() else {
            return Err(ApiError::invalid("file", "the form has no field `file`"));
        };
        Ok(Wanted {
            utterance: recording.finish(self.app, &self.options)?,
            format: self.format,
            stream: self.stream,
        })
    }
}

/// The name of a field that means something, without the brackets that clients put behind the name of a list.
fn known(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix("[]").unwrap_or(name);
    [
        "model",
        "language",
        "prompt",
        "temperature",
        "response_format",
        "stream",
        "timestamp_granularities",
        "chunking_strategy",
        "include",
    ]
    .into_iter()
    .find(|known| *known == name)
}
