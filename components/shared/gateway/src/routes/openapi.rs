//! `GET /openapi.json`: what can be asked, and what is answered, from the types and descriptions in the code.
//!
//! Each route has its description in one of the files beside this one. What it takes and answers is described by the types that are
//! really read and written; [`schema`] has what is left over. What many routes have in common is added in [`document`]: keys, limits,
//! request ids and errors, each where the router would really do so.
//!
//! The document is made by a test and lies in `openapi/openapi.json`, because making it in the component costs 0.65 MB of code. The
//! test fails when the file is not what the code says; `COLLOQUY_BLESS=1 cargo test -p colloquy-gateway openapi` writes it. Another
//! one compares the routes of the router with those of the document.

use axum::response::{IntoResponse, Response};
use http::header;

mod schema;

#[cfg(test)]
mod compatible;
#[cfg(test)]
mod document;
#[cfg(test)]
mod native;
#[cfg(test)]
mod tests;

pub(super) use schema::{AudioFormat, StreamFormat};

/// The text of the document.
pub(super) const TEXT: &str = include_str!("openapi/openapi.json");

/// Serves it.
pub(super) async fn serve() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, TEXT).into_response()
}
