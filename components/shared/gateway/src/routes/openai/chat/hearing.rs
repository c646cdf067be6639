//! The recording in a question, heard.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::super::error::ApiError;
use crate::{app::App, contract::listen, problem::Problem, routes::recording};

/// Bytes that are handed on at a time: 48 KiB of base64.
const CHUNK: usize = 36 << 10;

/// What was said.
pub(super) struct Heard {
    pub(super) text: String,
    pub(super) language: String,
    pub(super) degraded: Vec<String>,
}

/// Decodes a recording and hears it.
pub(super) fn hear(
    app: &App,
    session_id: &str,
    request_id: &str,
    base64: &str,
    language: Option<String>,
) -> Result<Heard, ApiError> {
    let max_bytes = app.config.max_upload_bytes;
    let options = listen::Options {
        language,
        ..recording::options(app, session_id, request_id)
    };
    if (base64.len() as u64 / 4).saturating_mul(3) > max_bytes.saturating_add(2) {
        return Err(recording::too_large(app).into());
    }
    let bytes = STANDARD
        .decode(base64)
        .map_err(|_| ApiError::invalid("messages", "`input_audio.data` is not base64"))?;
    let mut utterance = app
        .ports
        .listen(options)
        .map_err(|error| Problem::of_stage(error, Some("ingest".to_owned()), None))?;
    for chunk in bytes.chunks(CHUNK) {
        if let Err(error) = utterance.push(chunk) {
            let (stage, rejection) = (utterance.failed_stage(), utterance.rejection());
            return Err(Problem::of_stage(error, stage, rejection).into());
        }
    }
    drop(bytes);
    let mut outcome = utterance.finish().map(|()| None);
    let (mut text, mut language, mut degraded) = (None, String::new(), Vec::new());
    loop {
        match outcome {
            Err(error) => {
                let (stage, rejection) = (utterance.failed_stage(), utterance.rejection());
                return Err(Problem::of_stage(error, stage, rejection).into());
            }
            Ok(Some(listen::Event::Transcript(found))) => {
                text = Some(found.text);
                language = found.language;
            }
            Ok(Some(listen::Event::Degraded(found))) if !degraded.contains(&found.stage) => {
                degraded.push(found.stage);
            }
            Ok(Some(listen::Event::Done(_))) => break,
            Ok(_) => {}
        }
        outcome = match utterance.next() {
            Ok(None) => return Err(Problem::internal(None).into()),
            other => other,
        };
    }
    let text = text.ok_or_else(|| Problem::internal(None))?;
    Ok(Heard {
        text,
        language,
        degraded,
    })
}
