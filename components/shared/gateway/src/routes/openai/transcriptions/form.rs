//! The form of `POST /v1/audio/transcriptions`: a recording, and what is to become of it.

use axum::extract::Multipart;

use super::super::{error::ApiError, models::Use};
use super::format::Format;
use crate::{
    app::App,
    contract::listen,
    ids,
    ports::Utterance,
    routes::{form, recording},
};

/// Longest prompt. Recognisers heed the end of one only.
const MAX_PROMPT_CHARS: usize = 1_000;

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
    form: Multipart,
) -> Result<Wanted, ApiError> {
    let mut fields = Fields {
        app,
        model: None,
        options: recording::options(app, &ids::new(), request_id),
        format: Format::default(),
        stream: false,
    };
    let utterance = form::read(app, form, &mut fields).await?;
    Ok(Wanted {
        utterance,
        format: fields.format,
        stream: fields.stream,
    })
}

struct Fields<'a> {
    app: &'a App,
    model: Option<String>,
    options: listen::Options,
    format: Format,
    stream: bool,
}

impl form::Fields for Fields<'_> {
    type Refusal = ApiError;

    const RECORDING: &'static str = "file";
    const MAX_BYTES: usize = 4_096;

    /// Clients put brackets behind the name of a list.
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

    fn refusal(field: &'static str, text: String) -> ApiError {
        ApiError::invalid(field, text)
    }

    fn set(&mut self, name: &'static str, value: &str) -> Result<(), ApiError> {
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

    fn check(&self) -> Result<(), ApiError> {
        Use::Transcription.check(self.app, self.model.as_deref())?;
        if self.stream && !matches!(self.format, Format::Json | Format::Text) {
            return Err(ApiError::unsupported(
                "stream",
                "a streamed transcript can be json or text",
            ));
        }
        Ok(())
    }

    fn options(&self) -> listen::Options {
        self.options.clone()
    }
}
