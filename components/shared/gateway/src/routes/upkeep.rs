//! What the host asks for by itself, so that things end where nobody comes: a request with a header that it takes from every client.
//!
//! It is answered before keys and limits are looked at, whatever its path and method, and only where the configuration names the header.
//! It asks for no more than a turn does at its end: a sweep, if one is due.

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use http::StatusCode;

use super::App;
use crate::{
    problem::{Code, Problem},
    store::{Store, Tried},
};

/// The one task there is.
const SWEEP: &str = "sweep";

/// The router, with the host's requests taken out before it.
pub(super) fn first(router: Router, app: App) -> Router {
    let Some(header) = app.config.security.task_header.clone() else {
        return router;
    };
    router.layer(from_fn(move |request: Request, next: Next| {
        let task = request.headers().get(&header).cloned();
        let app = app.clone();
        async move {
            match task {
                None => next.run(request).await,
                Some(task) if task == SWEEP => sweep(&app).into_response(),
                Some(_) => {
                    let text = "there is no such task";
                    Problem::new(StatusCode::NOT_FOUND, Code::NotFound, text).into_response()
                }
            }
        }
    }))
}

/// 202 when more is left than a sweep may remove, so that the host comes back soon; 204 otherwise.
fn sweep(app: &App) -> Result<Response, Problem> {
    let status = match Store::new(app.ports.as_ref(), &app.config).try_sweep()? {
        Tried::More => StatusCode::ACCEPTED,
        Tried::Enough => StatusCode::NO_CONTENT,
    };
    Ok(status.into_response())
}
