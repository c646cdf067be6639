//! Values that several routes take, checked, and what is said of those that will not do.

use colloquy_encode::Format;
use http::{HeaderMap, StatusCode};

use super::media_type;
use crate::{
    contract::Strategy,
    ids,
    problem::{Code, Problem},
};

pub(super) fn language(tag: String) -> Result<String, Problem> {
    if ids::is_language(&tag) {
        return Ok(tag);
    }
    Err(Problem::invalid(
        "language must be a language tag such as `en` or `en-US`",
    ))
}

pub(super) fn voice(name: String) -> Result<String, Problem> {
    if ids::is_voice(&name) {
        return Ok(name);
    }
    Err(Problem::invalid("voice must be the name of a voice"))
}

pub(super) fn strategy(name: &str) -> Result<Strategy, Problem> {
    Strategy::named(name)
        .ok_or_else(|| Problem::invalid("strategy must be `fast`, `balanced` or `high`"))
}

/// Refuses a body with a text that is not sent as JSON.
pub(super) fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    if media_type(headers).is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"))
    {
        return Ok(());
    }
    Err(wrong_media_type(
        "application/json with a member `text`",
        headers,
    ))
}

/// Says what should have been sent.
pub(super) fn wrong_media_type(wanted: &str, headers: &HeaderMap) -> Problem {
    let given = media_type(headers).unwrap_or_else(|| "no content type".to_owned());
    let text = format!("send {wanted}, not {given}");
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::InvalidRequest,
        text,
    )
}

/// The format of that name, `wav` without one.
pub(super) fn format(name: Option<&str>) -> Result<Format, Problem> {
    let Some(name) = name else {
        return Ok(Format::default());
    };
    Format::named(name).ok_or_else(|| {
        Problem::invalid("output_format must be `wav`, `mp3`, `flac`, `opus` or `pcm`")
    })
}
