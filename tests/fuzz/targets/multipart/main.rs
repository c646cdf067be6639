//! Uploads of anybody to the routes that take forms: no panic, no 5xx, and a recording that reaches the pipeline is no larger than allowed.
//!
//! The first byte chooses the route, and how the body is cut into pieces; the rest is the body. Behind the router is an outside that
//! accepts everything.
#![no_main]

mod outside;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use colloquy_gateway::config::Config;
use futures_util::stream;
use http::Request;
use http_body_util::BodyExt as _;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use outside::{MAX_UPLOAD, Outside};

const ROUTES: [&str; 2] = ["/process", "/v1/audio/transcriptions"];
/// What the seeds use.
const BOUNDARY: &str = "multipart/form-data; boundary=b";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
});

static ROUTER: LazyLock<Router> = LazyLock::new(|| {
    let setting = |name: &str| (name == "MAX_UPLOAD_BYTES").then(|| MAX_UPLOAD.to_string());
    let config = Config::read(setting).expect("the settings are sound");
    colloquy_gateway::router(Arc::new(Outside), config)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, body)) = bytes.split_first() else {
        return;
    };
    let route = ROUTES[usize::from(choice) % ROUTES.len()];
    let piece = usize::from(choice >> 1).max(1);
    let pieces: Vec<_> = body
        .chunks(piece)
        .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
        .collect();
    let request = Request::post(route)
        .header("content-type", BOUNDARY)
        .body(Body::from_stream(stream::iter(pieces)))
        .expect("a request");
    RUNTIME.block_on(async {
        let response = ROUTER.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .expect("a whole answer")
            .to_bytes();
        assert!(
            !status.is_server_error(),
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
    });
});
