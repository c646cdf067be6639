//! What the host asks for by itself: a request with a header that it takes from every client.
//!
//! It is answered before keys and limits are looked at, whatever its path and method, and only where the configuration names the header.
//!
//! | value | |
//! |---|---|
//! | `sweep` | removes what has ended, if that is due: 204, or 202 when there is more |
//! | `release <session> <request>` | lets go of a session whose turn was stopped: 204. The headers are those of the request that was stopped, because sessions belong to keys |

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::{
    app::App,
    ids,
    problem::{Code, Problem},
    security,
    store::{Store, Tried},
};

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
                Some(task) => perform(&app, &task, request.headers()).into_response(),
            }
        }
    }))
}

fn perform(app: &App, task: &HeaderValue, headers: &HeaderMap) -> Result<Response, Problem> {
    let words = task.to_str().unwrap_or_default();
    match *words.split(' ').collect::<Vec<_>>() {
        ["sweep"] => sweep(app),
        ["release", session, request] if ids::is_session(session) && ids::is_request(request) => {
            release(app, headers, session, request)
        }
        _ => {
            let text = "there is no such task";
            Err(Problem::new(StatusCode::NOT_FOUND, Code::NotFound, text))
        }
    }
}

/// 202 when more is left than a sweep may remove, so that the host comes back soon; 204 otherwise.
fn sweep(app: &App) -> Result<Response, Problem> {
    let status = match Store::new(app.ports.as_ref(), &app.config).try_sweep()? {
        Tried::More => StatusCode::ACCEPTED,
        Tried::Enough => StatusCode::NO_CONTENT,
    };
    Ok(status.into_response())
}

fn release(
    app: &App,
    headers: &HeaderMap,
    session: &str,
    request: &str,
) -> Result<Response, Problem> {
    // A key that is good no more opens no session either: then the lease ends by itself.
    if let Some(tenant) = security::tenant(app, headers) {
        Store::new(app.ports.as_ref(), &app.config)
            .within(tenant.scoped(""))
            .release_for(session, request)?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
