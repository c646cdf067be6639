//! What is put away after turns: what has ended, though nobody asks, and what is left by clients who do not wait.

use std::io::Write;
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, environment_of_edge, expect_json, expect_problem, table};
use colloquy_tests::upstream::{Gate, Upstream, Way};
use colloquy_tests::{process, raw, redis, until};
use serde_json::{Value, json};
use toml::toml;

use super::OwnCase;
use super::llm::answer_by;
use super::llm::chat::{stream, streamed};
use super::security::keys;
use super::stores::arrange;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "cleanup::what_has_ended_is_removed_though_nobody_asks",
        what_has_ended_is_removed_though_nobody_asks,
    ),
    (
        "cleanup::what_has_ended_is_removed_when_something_happens",
        what_has_ended_is_removed_when_something_happens,
    ),
    (
        "cleanup::a_turn_that_nobody_waits_for_lets_go_of_its_session",
        a_turn_that_nobody_waits_for_lets_go_of_its_session,
    ),
    (
        "cleanup::a_session_is_deleted_though_nobody_waits",
        a_session_is_deleted_though_nobody_waits,
    ),
];

const QUESTION: &str = "What did she do at Harvard?";

/// A host where things end after a second, and where a sweep is asked for so often when nothing happens.
fn brief(sweep_every_s: i64, folder: &std::path::Path) -> Result<Host> {
    Host::configured(|config| {
        table(config, "server")?.insert("sweep_every_s".into(), sweep_every_s.into());
        environment_of_edge(config)?.extend(toml! {
            SESSION_TTL_S = "1"
            AUDIO_TTL_S = "1"
            SWEEP_EVERY_MS = "1000"
        });
        for name in ["sessions", "audio"] {
            let path = folder.join(name).display().to_string();
            let bucket = toml! { backend = "sqlite" path = path max_mib = 64 };
            table(config, "keyvalue")?.insert(name.into(), bucket.into());
        }
        Ok(())
    })
}

/// `/metrics` is the host's own, so that looking at it is no request to the gateway.
fn what_has_ended_is_removed_though_nobody_asks() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let host = brief(1, folder.path())?;
    host.ask(QUESTION, None)?;
    ensure!(host.metric("colloquy_audio_stored_items_total", "")? == 1.0);
    for (name, label, expected) in [
        ("colloquy_swept_audio_items_total", "", 1.0),
        ("colloquy_swept_sessions_total", "", 1.0),
        ("colloquy_keyvalue_keys", "bucket=\"audio\"", 0.0),
    ] {
        until(&format!("{name} is {expected}"), || {
            Ok(host.metric(name, label)? == expected)
        })?;
    }
    let complete = host.metric("colloquy_sweeps_total", "complete=\"true\"")?;
    ensure!(complete >= 1.0, "{complete} sweeps were complete");
    // A client that sends the host's header is a client like any other.
    let asked = host
        .client
        .post(format!("{}/upkeep", host.url))
        .header("x-colloquy-task", "sweep")
        .send()?;
    expect_problem(asked, 404, "NOT_FOUND")?;
    Ok(())
}

/// The clock asks for nothing here: what does are events.
fn what_has_ended_is_removed_when_something_happens() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let host = brief(0, folder.path())?;
    until("what has ended is swept", || {
        let session = host.create_session()?;
        host.ask(QUESTION, Some(&session))?;
        Ok(host.metric("colloquy_swept_audio_items_total", "")? >= 1.0)
    })?;
    let lost = host.metric("colloquy_events_dropped_total", "subscriber=\"cleanup\"")?;
    ensure!(lost == 0.0, "{lost} events were lost");
    Ok(())
}

/// The lease is longer than the test, so that only whoever cleans up can have ended it. The session belongs to a key.
fn a_turn_that_nobody_waits_for_lets_go_of_its_session() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (key, lines) = keys::new_key("kiosk")?;
    keys::write(folder.path(), &lines)?;
    let gate = Gate::default();
    let held = gate.clone();
    let upstream = Upstream::start(move |_| {
        streamed(stream(&["So it was."]), Way::HoldsAfter(64, held.clone()))
    })?;
    let host = Host::configured(|config| {
        let settings = toml! {
            LLM_MODEL = "usual"
            LLM_TIMEOUT_MS = "600000"
            LLM_TOTAL_TIMEOUT_MS = "600000"
        };
        answer_by(config, &upstream.url, settings)?;
        keys::mount_keys(config, folder.path())?;
        environment_of_edge(config)?.insert("SESSION_LEASE_MS".into(), "600000".into());
        Ok(())
    })?;
    let post = |path: &str, body: &Value| -> Result<reqwest::blocking::Response> {
        let request = host.client.post(format!("{}{path}", host.url)).json(body);
        Ok(request.bearer_auth(&key).send()?)
    };
    let response = post("/session/create", &json!({}))?;
    let created: Value = response.error_for_status()?.json()?;
    let session = created["session_id"].as_str().context("session_id")?;

    let question = json!({ "text": QUESTION, "session_id": session });
    let headers = format!("authorization: Bearer {key}\r\n");
    let visitor = send(&host, "POST /process/text", &headers, &question.to_string())?;
    until("the model is asked", || {
        Ok(!upstream.received()?.is_empty())
    })?;
    let refused = post("/process/text", &question)?;
    expect_problem(refused, 409, "SESSION_BUSY")?;
    upstream.answer(|_| streamed(stream(&["So it is."]), Way::Whole));
    drop(visitor);
    let mut answer = Value::Null;
    until("the session is free", || {
        let response = post("/process/text", &question)?;
        if response.status() == 409 {
            return Ok(false);
        }
        answer = expect_json(response)?;
        Ok(true)
    })?;
    ensure!(answer["response"] == "So it is.", "{answer}");
    gate.open();
    let request = host.client.get(format!("{}/session/{session}", host.url));
    let state: Value = request.bearer_auth(&key).send()?.json()?;
    let turns = state["conversation_history"].as_array();
    ensure!(turns.context("history")?.len() == 1, "{state}");
    Ok(())
}

/// The store answers only after the client has left.
fn a_session_is_deleted_though_nobody_waits() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(redis) = redis::Server::start(process::free_port()?, folder.path())? else {
        return Ok(());
    };
    let host = Host::configured(|config| {
        let mut bucket = redis.bucket();
        bucket.insert("timeout_ms".into(), 8_000.into());
        arrange(config, &[("sessions", bucket)])
    })?;
    let session = host.create_session()?;
    host.ask(QUESTION, Some(&session))?;
    let in_progress = || host.metric("colloquy_requests_in_flight", "");
    redis.signal("-STOP")?;
    let visitor = send(&host, &format!("DELETE /session/{session}"), "", "")?;
    // Asking for the number is a request, too.
    until("the session is being deleted", || Ok(in_progress()? == 2.0))?;
    drop(visitor);
    until("the host knows that the client has left", || {
        Ok(in_progress()? == 1.0)
    })?;
    redis.signal("-CONT")?;
    until("the audio is gone", || {
        let reason = "reason=\"session-ended\"";
        Ok(host.metric("colloquy_audio_removed_items_total", reason)? == 1.0)
    })?;
    until("the session is gone", || {
        Ok(host.get(&format!("/session/{session}"))?.status() == 404)
    })
}

/// A request that is sent, and whose answer is left to whoever reads the connection.
fn send(host: &Host, line: &str, headers: &str, body: &str) -> Result<TcpStream> {
    let mut connection = raw::connect(&host.url)?;
    let n = body.len();
    write!(
        connection,
        "{line} HTTP/1.1\r\nhost: localhost\r\n{headers}content-type: application/json\r\ncontent-length: {n}\r\n\r\n{body}"
    )?;
    Ok(connection)
}
