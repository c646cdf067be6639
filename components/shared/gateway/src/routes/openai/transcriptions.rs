//! `POST /v1/audio/transcriptions`: what is said in a recording, as one document or piece by piece.
//!
//! There is no session and no answer; only the listening half of the pipeline works.

use std::convert::Infallible;

use axum::{
    Extension,
    body::Body,
    extract::{FromRequest, Multipart, Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::{
    app::App,
    contract::listen,
    ports::Utterance,
    problem::Problem,
    routes::{Id, RequestId, media_type, recording},
};
use form::Wanted;
use format::Heard;

mod form;
mod format;
mod languages;

#[cfg(test)]
pub(in crate::routes) use format::{Transcription, VerboseTranscription};

/// A recording in, a transcript out.
pub(super) async fn transcribe(
    State(app): State<App>,
    Extension(RequestId(request_id)): Id,
    request: Request,
) -> Result<Response, ApiError> {
    if media_type(request.headers()).as_deref() != Some("multipart/form-data") {
        return Err(ApiError::media_type(
            "send multipart/form-data with the recording as `file`",
        ));
    }
    recording::check_declared_length(&app, request.headers())?;
    let form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| Problem::invalid(rejection.body_text()))?;
    let Wanted {
        utterance,
        format,
        stream,
    } = form::receive(&app, &request_id, form).await?;
    let hearing = Hearing::new(utterance);
    if stream {
        return streamed(hearing);
    }
    let (kind, document) = format.document(&hearing.into_heard()?);
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, document).into_response())
}

/// A piece of a streamed transcript.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type")]
pub(in crate::routes) enum TranscriptEvent {
    /// More text. Only what the final text begins with is told ahead.
    #[serde(rename = "transcript.text.delta")]
    Delta {
        /// What to add to the text so far.
        delta: String,
    },
    /// The whole text; last.
    #[serde(rename = "transcript.text.done")]
    Done {
        /// Empty when nobody spoke.
        text: String,
    },
}

/// An utterance on its way to a transcript.
struct Hearing {
    utterance: Box<dyn Utterance>,
    transcript: Option<listen::Transcript>,
    degraded: Vec<String>,
    /// The text that was told already.
    told: String,
    is_over: bool,
}

impl Hearing {
    fn new(utterance: Box<dyn Utterance>) -> Self {
        Self {
            utterance,
            transcript: None,
            degraded: Vec::new(),
            told: String::new(),
            is_over: false,
        }
    }

    fn into_heard(mut self) -> Result<Heard, ApiError> {
        while self.pull()?.is_some() {}
        let Self {
            transcript,
            degraded,
            ..
        } = self;
        let transcript = transcript.ok_or_else(|| Problem::internal(None))?;
        Ok(Heard {
            transcript,
            degraded,
        })
    }

    /// The next event of the stream; none after the last.
    fn pull(&mut self) -> Result<Option<TranscriptEvent>, Problem> {
        while !self.is_over {
            let event = self.utterance.next().map_err(|error| {
                Problem::of_stage(
                    error,
                    self.utterance.failed_stage(),
                    self.utterance.rejection(),
                )
            })?;
            match event {
                None => return Err(Problem::internal(None)),
                Some(listen::Event::Partial(text)) => {
                    if let Some(delta) = self.more(&text) {
                        return Ok(Some(TranscriptEvent::Delta { delta }));
                    }
                }
                Some(listen::Event::Transcript(found)) => {
                    let text = found.text.clone();
                    self.transcript = Some(found);
                    if let Some(delta) = self.more(&text) {
                        return Ok(Some(TranscriptEvent::Delta { delta }));
                    }
                }
                Some(listen::Event::Degraded(found)) => {
                    if !self.degraded.contains(&found.stage) {
                        self.degraded.push(found.stage);
                    }
                }
                Some(listen::Event::Done(_)) => {
                    self.is_over = true;
                    let found = self.transcript.as_ref();
                    let text = found.ok_or_else(|| Problem::internal(None))?.text.clone();
                    return Ok(Some(TranscriptEvent::Done { text }));
                }
                Some(listen::Event::SpeechStarted(_) | listen::Event::SpeechStopped(_)) => {}
            }
        }
        Ok(None)
    }

    /// What this text has more than was told; none as well when it goes on otherwise, because nothing can be taken back.
    fn more(&mut self, text: &str) -> Option<String> {
        let delta = text
            .strip_prefix(self.told.as_str())
            .filter(|more| !more.is_empty())?
            .to_owned();
        text.clone_into(&mut self.told);
        Some(delta)
    }
}

/// The pieces as they come. The first one is awaited, so that whatever fails before has its own status.
fn streamed(mut hearing: Hearing) -> Result<Response, ApiError> {
    let first = hearing.pull()?;
    let events = stream::unfold(Some((Some(first), hearing)), |state| async move {
        let (first, mut hearing) = state?;
        match first.map_or_else(|| hearing.pull(), Ok) {
            Ok(Some(event)) => Some((super::frame(&event), Some((None, hearing)))),
            Ok(None) => None,
            Err(problem) => Some((ApiError::from(problem).frame(), None)),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let frames = events.map(Ok::<Bytes, Infallible>);
    Ok((headers, Body::from_stream(frames)).into_response())
}
