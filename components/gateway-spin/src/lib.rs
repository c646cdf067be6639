//! The gateway behind `wasi:http/handler@0.3`, the entry for Spin 4.1 and later: one instance serves many requests, so that what a stage
//! has loaded stays.
//!
//! The contracts of the stages are synchronous. While a stage works, its instance does nothing else: Spin must be told to give an
//! instance one request at a time (`--max-instance-concurrent-reuse-count 1`), else requests wait for each other.
#![cfg(target_family = "wasm")]

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use tower::ServiceExt;

/// One request. The router never fails: errors are responses of its own.
#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    colloquy_gateway::imported()
        .oneshot(request.map(axum::body::Body::new))
        .await
}
