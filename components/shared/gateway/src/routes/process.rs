//! `POST /process` and `POST /process/text`: a turn, answered as one document or event by event.

use axum::{
    extract::{FromRequest, Multipart, Request, State, rejection::BytesRejection},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Id, RequestId, accepts, checked, content, from_json, json, media_type, openapi, recording,
    stream, upload, whole,
};
use crate::{
    app::App,
    contract::Strategy,
    problem::{Code, Problem},
    session::Session,
    turn::{Event, Setting, Turn, Wishes},
};

/// A question out loud.
pub(super) async fn process(
    State(app): State<App>,
    axum::Extension(RequestId(request_id)): Id,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let path = request.uri().path().to_owned();
    if media_type(&headers).as_deref() != Some("multipart/form-data") {
        return Err(checked::wrong_media_type(
            "multipart/form-data with the recording as `audio_file`",
            &headers,
        ));
    }
    recording::check_declared_length(&app, &headers)?;
    let form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| Problem::invalid(rejection.body_text()))?;
    let upload = upload::receive(&app, &request_id, form).await?;
    let setting = setting(app, upload.session, request_id, upload.wishes);
    answer(Turn::spoken(setting, upload.utterance), &headers, path)
}

/// A question in writing.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WrittenQuestion, example = json!({ "text": "What did she build at Bell Labs?" }))]
pub(super) struct Question {
    /// At most 2,000 characters by default.
    #[schema(pattern = "\\S", max_length = 2000)]
    text: String,
    /// A session that there is; without it one is created.
    #[schema(pattern = "^[A-Za-z0-9_-]{8,64}$")]
    session_id: Option<String>,
    /// Name of the voice of the answer.
    #[schema(pattern = "^[A-Za-z0-9_. -]{1,64}$")]
    voice: Option<String>,
    /// BCP 47 tag of the language to answer in.
    #[schema(pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$")]
    language: Option<String>,
    /// `false` for an answer in text only.
    speak: Option<bool>,
    #[schema(value_type = Option<Strategy>)]
    strategy: Option<String>,
    #[schema(value_type = Option<openapi::AudioFormat>)]
    output_format: Option<String>,
}

/// `POST /process/text`.
pub(super) async fn process_text(
    State(app): State<App>,
    axum::Extension(RequestId(request_id)): Id,
    uri: http::Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    checked::is_json(&headers)?;
    let question: Question = from_json(&whole(body)?)?;
    let text = question.text.trim();
    if text.is_empty() {
        let problem = Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            Code::InvalidRequest,
            "text is empty",
        );
        return Err(problem);
    }
    if text.chars().count() > app.config.max_text_chars {
        return Err(content::too_long(app.config.max_text_chars));
    }
    let wishes = Wishes {
        language: question.language.map(checked::language).transpose()?,
        voice: question.voice.map(checked::voice).transpose()?,
        speak: question.speak.unwrap_or(true),
        format: checked::format(question.output_format.as_deref())?,
        strategy: question
            .strategy
            .map(|name| checked::strategy(&name))
            .transpose()?,
    };
    let session = match &question.session_id {
        Some(id) => Ok(app.live_session(id)?),
        None => Err(app.fresh_session()),
    };
    let setting = setting(app, session, request_id, wishes);
    answer(
        Turn::written(setting, text.to_owned()),
        &headers,
        uri.path().to_owned(),
    )
}

/// What a turn needs; its session is one that there is, else a fresh one.
fn setting(
    app: App,
    session: Result<Session, Session>,
    request_id: String,
    wishes: Wishes,
) -> Setting {
    let (is_new, session) = match session {
        Ok(known) => (false, known),
        Err(fresh) => (true, fresh),
    };
    Setting {
        ports: app.ports,
        config: app.config,
        session,
        is_new,
        tenant: app.caller.tenant,
        request_id,
        wishes,
    }
}

/// The turn in the form that the client asks for.
fn answer(mut turn: Turn, headers: &HeaderMap, path: String) -> Result<Response, Problem> {
    turn.begin()?;
    if accepts(headers, "text/event-stream") {
        return stream::respond(turn, path);
    }
    while let Some(event) = turn.pull()? {
        if let Event::Done(document) = event {
            return Ok(json(StatusCode::OK, &document));
        }
    }
    Err(Problem::internal(None))
}
