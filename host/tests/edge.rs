//! The HTTP edge with an edge component that misbehaves: whatever it does, the client gets the promised answer and the host goes on.
//!
//! The component is a few lines of text without any response of its own; answers of a real one are the system tests' business.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail in any way it likes"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use colloquy_host::config::Config;
use colloquy_host::host::Host;
use colloquy_host::inspect;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

/// Imports of all stages, which make it leave them to the host.
const STAGES: &str = r#"
  (import "colloquy:ingest/ingest@0.1.0" (instance))
  (import "colloquy:vad/vad@0.1.0" (instance))
  (import "colloquy:asr/asr@0.2.0" (instance))
  (import "colloquy:content/content@0.1.0" (instance))
  (import "colloquy:llm/llm@0.2.0" (instance))
  (import "colloquy:tts/tts@0.2.0" (instance))
"#;

/// An edge component whose handler does just this.
fn component(handler: &str) -> String {
    format!(
        r#"
(component
  {STAGES}
  (import "wasi:http/types@0.2.0" (instance $types
    (export "incoming-request" (type (sub resource)))
    (export "response-outparam" (type (sub resource)))))
  (alias export $types "incoming-request" (type $request))
  (alias export $types "response-outparam" (type $response))
  (core module $m (func (export "handle") (param i32 i32) {handler}))
  (core instance $i (instantiate $m))
  (func $handle (param "request" (own $request)) (param "response-out" (own $response)) (canon lift (core func $i "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))
"#
    )
}

const HANG: &str = "(loop (br 0))";

/// A running host.
struct Bed {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
    _folder: TempDir,
}

/// A configuration with these lines in `[server]`, and components next to it.
fn text(server: &str) -> String {
    let stages: String = ["ingest", "vad", "asr", "intent", "llm", "tts"]
        .iter()
        .map(|name| format!("[stage.{name}]\ncomponent = '{name}.wasm'\n"))
        .collect();
    format!(
        "[server]\nlisten = '127.0.0.1:0'\n{server}\n[engine]\ncache_dir = 'cache'\n[edge]\ncomponent = 'edge.wasm'\n{stages}"
    )
}

/// A host with this handler, these lines in `[server]`, and no stage that can load.
async fn bed(handler: &str, server: &str) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("edge.wasm"),
        wat::parse_str(component(handler)).unwrap(),
    )
    .unwrap();
    let text = text(server);
    let config = Config::parse(&folder.path().join("colloquy.toml"), &text).unwrap();
    let host = Host::start(&config).await.unwrap();
    let (stop, stopped) = oneshot::channel();
    let address = host.address().unwrap();
    let running = tokio::spawn(host.run(async {
        let _sent_or_dropped = stopped.await;
    }));
    Bed {
        address,
        stop: Some(stop),
        running,
        _folder: folder,
    }
}

/// A response, taken apart.
struct Answer {
    status: u16,
    headers: String,
    body: String,
}

impl Answer {
    fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(
            self.headers
                .contains("content-type: application/problem+json"),
            "{}",
            self.headers
        );
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(
            (&problem["code"], &problem["status"]),
            (&code.into(), &status.into())
        );
        let id = problem["request_id"].as_str().unwrap();
        assert!(
            self.headers.contains(&format!("x-request-id: {id}")),
            "{}",
            self.headers
        );
        problem
    }
}

fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn receive(mut stream: TcpStream) -> Answer {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let (status, headers) = head.split_once("\r\n").unwrap();
    let status = status.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        headers: headers.to_lowercase(),
        body: body.into(),
    }
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{more}\r\n")
}

impl Bed {
    async fn ask(&self, request: String) -> Answer {
        let address = self.address;
        spawn_blocking(move || receive(send(address, &request)))
            .await
            .unwrap()
    }

    /// The value of a metric without labels.
    async fn metric(&self, name: &str) -> f64 {
        let text = self.ask(get("/metrics", "")).await.body;
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_internal_and_the_next_request_is_served() {
    let bed = bed("(unreachable)", "").await;
    for _ in 0..2 {
        let problem = bed.ask(get("/process", "")).await.problem(500, "INTERNAL");
        assert!(!problem.to_string().contains("wasm"), "{problem}");
        assert_eq!(problem["instance"], "/process");
    }
    let problem = bed
        .ask(get("/process", "X-Request-Id: mine\r\n"))
        .await
        .problem(500, "INTERNAL");
    assert_eq!(problem["request_id"], "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_answers_is_internal() {
    let bed = bed("", "").await;
    bed.ask(get("/", "")).await.problem(500, "INTERNAL");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_ends_meets_the_timeout() {
    let bed = bed(HANG, "request_timeout_ms = 200").await;
    bed.ask(get("/", "")).await.problem(504, "STAGE_TIMEOUT");
    assert_eq!(bed.ask(get("/livez", "")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_shed_and_a_client_that_leaves_makes_room() {
    let bed = bed(HANG, "max_concurrent_requests = 1").await;
    let held = send(bed.address, &get("/", ""));
    // The request for the metrics is one of those in flight.
    while bed.metric("colloquy_requests_in_flight").await < 2.0 {}
    let shed = bed.ask(get("/", "")).await;
    assert_eq!(shed.problem(503, "OVERLOADED")["retryable"], true);
    assert!(shed.headers.contains("retry-after: 1"), "{}", shed.headers);
    drop(held);
    while bed.metric("colloquy_requests_in_flight").await > 1.0 {}
    // There is room again, once the abandoned instance has been stopped: a request is let in, and so never answered.
    let address = bed.address;
    let shed = move || {
        let mut stream = send(address, &get("/", ""));
        stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        stream.read(&mut [0]).is_ok()
    };
    while spawn_blocking(shed).await.unwrap() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_cannot_be_shown_to_the_component_are_refused() {
    let bed = bed("(unreachable)", "max_body_mib = 1").await;
    bed.ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n".into())
        .await
        .problem(400, "INVALID_REQUEST");
    let large =
        "POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 1048577\r\n\r\n";
    bed.ask(large.into())
        .await
        .problem(413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_that_cannot_load_are_told_by_readiness() {
    let bed = bed("(unreachable)", "").await;
    let all_failed = loop {
        let answer = bed.ask(get("/readyz", "")).await;
        assert_eq!(answer.status, 503);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let waiting = body["waiting_for"].as_object().unwrap().clone();
        if waiting
            .values()
            .all(|why| why.as_str().unwrap().contains("cannot read"))
        {
            break waiting;
        }
    };
    assert_eq!(all_failed.len(), 6);
    assert!(all_failed["asr"].as_str().unwrap().contains("/asr.wasm"));
    assert_eq!(bed.ask(get("/livez", "")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_waits_for_requests_but_not_for_ever() {
    let mut bed = bed(HANG, "shutdown_grace_ms = 300").await;
    let _held = send(bed.address, &get("/", ""));
    while bed.metric("colloquy_requests_in_flight").await < 2.0 {}
    bed.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(30), &mut bed.running)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(bed.address).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_component_that_is_not_there_is_told_at_the_start() {
    let config = Config::parse(
        Path::new("/nonexistent/colloquy.toml"),
        &text("").replace("cache_dir", "# cache_dir"),
    )
    .unwrap();
    let error = Host::start(&config).await.err().unwrap().to_string();
    assert!(
        error.contains("cannot read /nonexistent/edge.wasm"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_is_left_to_the_host_needs_a_section() {
    let folder = tempfile::tempdir().unwrap();
    let edge = wat::parse_str(component("")).unwrap();
    std::fs::write(folder.path().join("edge.wasm"), edge).unwrap();
    let text = text("").replace("[stage.asr]\ncomponent = 'asr.wasm'\n", "");
    let config = Config::parse(&folder.path().join("colloquy.toml"), &text).unwrap();
    let error = Host::start(&config).await.err().unwrap().to_string();
    assert!(error.contains("[stage.asr] is missing"), "{error}");
    let runtime = tokio::runtime::Handle::current();
    let found = spawn_blocking(move || inspect::check(&config, &runtime));
    let found = found.await.unwrap();
    assert!(!found.sound);
    assert!(
        found
            .text
            .contains("failed  asr      the section [stage.asr] is missing"),
        "{}",
        found.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_component_with_its_stages_inside_is_ready_without_any() {
    let folder = tempfile::tempdir().unwrap();
    let edge = component("(unreachable)").replace(STAGES, "");
    std::fs::write(
        folder.path().join("edge.wasm"),
        wat::parse_str(edge).unwrap(),
    )
    .unwrap();
    // What has a section and is not imported is not started.
    let text = text("");
    let config = Config::parse(&folder.path().join("colloquy.toml"), &text).unwrap();
    let host = Host::start(&config).await.unwrap();
    let (stop, stopped) = oneshot::channel();
    let bed = Bed {
        address: host.address().unwrap(),
        stop: Some(stop),
        running: tokio::spawn(host.run(async {
            let _sent_or_dropped = stopped.await;
        })),
        _folder: folder,
    };
    assert_eq!(bed.ask(get("/readyz", "")).await.status, 200);
    bed.ask(get("/", "")).await.problem(500, "INTERNAL");
    let runtime = tokio::runtime::Handle::current();
    let found = spawn_blocking(move || inspect::check(&config, &runtime));
    let found = found.await.unwrap();
    assert!(found.sound, "{}", found.text);
    assert!(found.text.contains("unused  asr "), "{}", found.text);
}

#[test]
fn a_check_tells_what_cannot_work() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("edge.wasm"),
        wat::parse_str(component("")).unwrap(),
    )
    .unwrap();
    std::fs::write(
        folder.path().join("vad.wasm"),
        wat::parse_str("(component)").unwrap(),
    )
    .unwrap();
    let config = Config::parse(&folder.path().join("colloquy.toml"), &text("")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let found = inspect::check(&config, runtime.handle());
    assert!(!found.sound);
    for (stage, what) in [
        ("edge", "ok"),
        ("asr", "cannot read"),
        ("vad", "does not export colloquy:vad/vad@0.1.0"),
    ] {
        let line = found
            .text
            .lines()
            .find(|line| line.contains(&format!(" {stage} ")))
            .unwrap();
        assert!(line.contains(what), "{line}");
    }
}
