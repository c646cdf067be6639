//! Two hosts on one store: a session has one turn at a time, no save is lost, what has ended stays ended, and limits hold for both.
//!
//! A turn is held in its middle by an emulated chat server, for as long as a case wants it there.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json, expect_problem, stage, table};
use colloquy_tests::upstream::{Gate, Upstream, Way};
use colloquy_tests::{PATIENCE, until};
use reqwest::blocking::Response;
use serde_json::{Value, json};
use toml::{Table, toml};

use super::OwnCase;
use super::llm::chat::{stream, streamed};
use super::remote::replace;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "sharing::a_session_has_one_turn_at_a_time",
        a_session_has_one_turn_at_a_time,
    ),
    (
        "sharing::a_turn_may_wait_for_another",
        a_turn_may_wait_for_another,
    ),
    (
        "sharing::a_turn_that_was_silent_for_too_long_is_saved_all_the_same",
        a_turn_that_was_silent_for_too_long_is_saved_all_the_same,
    ),
    (
        "sharing::a_host_that_dies_does_not_keep_a_session",
        a_host_that_dies_does_not_keep_a_session,
    ),
    (
        "sharing::a_session_that_is_deleted_during_a_turn_stays_deleted",
        a_session_that_is_deleted_during_a_turn_stays_deleted,
    ),
    (
        "sharing::the_oldest_audio_makes_room",
        the_oldest_audio_makes_room,
    ),
    (
        "sharing::either_host_removes_what_has_ended",
        either_host_removes_what_has_ended,
    ),
    (
        "sharing::a_slow_download_is_whole_whatever_is_removed",
        a_slow_download_is_whole_whatever_is_removed,
    ),
];

/// Two hosts, what they share, and the server that answers for both.
struct Pair {
    hosts: [Host; 2],
    upstream: Upstream,
    _folder: tempfile::TempDir,
}

impl Pair {
    fn start(settings: &Table) -> Result<Self> {
        let upstream = Upstream::start(|_| streamed(stream(&[ANSWER]), Way::Whole))?;
        let folder = tempfile::tempdir()?;
        let host = || {
            Host::spawned(|config| {
                let environment = table(table(config, "edge")?, "environment")?;
                // Cases ask until something has happened.
                environment.extend(toml! { RATE_QUERIES = "0" RATE_TURNS = "0" });
                environment.extend(settings.clone());
                table(config, "server")?.insert("sweep_every_s".into(), 1.into());
                for name in ["sessions", "audio"] {
                    let path = folder.path().join(name).display().to_string();
                    let bucket = toml! { backend = "sqlite" path = path max_mib = 64 };
                    table(config, "keyvalue")?.insert(name.into(), bucket.into());
                }
                let base = upstream.url.clone();
                let environment = toml! {
                    LLM_BASE_URL = base
                    LLM_MODEL = "usual"
                    LLM_RETRIES = "0"
                    LLM_BREAKER_FAILURES = "1000"
                    LLM_TIMEOUT_MS = "300000"
                    LLM_TOTAL_TIMEOUT_MS = "300000"
                };
                let mounts = stage(config, "llm")?.get("mounts").cloned();
                let file = "components/llm-openai.wasm";
                replace(config, "llm", file, &[&upstream.url], environment)?;
                let llm = stage(config, "llm")?;
                llm.extend(mounts.map(|mounts| ("mounts".to_owned(), mounts)));
                llm.insert("deadline_ms".into(), 300_000.into());
                llm.insert("instances".into(), 2.into());
                table(config, "server")?.insert("request_timeout_ms".into(), 600_000.into());
                Ok(())
            })
        };
        let hosts = [host()?, host()?];
        for host in &hosts {
            host.wait_ready()?;
        }
        Ok(Self {
            hosts,
            upstream,
            _folder: folder,
        })
    }

    /// Begins a turn on the first host that ends when the gate opens. It has begun when this returns, and those that follow are not held.
    fn held(&self, session: &str) -> Result<(Gate, std::thread::JoinHandle<Result<Response>>)> {
        let gate = Gate::default();
        let held = gate.clone();
        self.upstream
            .answer(move |_| streamed(stream(&["So it was."]), Way::HoldsAfter(64, held.clone())));
        self.upstream.received()?;
        let (client, url) = (self.hosts[0].client.clone(), self.hosts[0].url.clone());
        let body = json!({ "text": FIRST, "session_id": session });
        let turn = std::thread::spawn(move || {
            let request = client.post(format!("{url}/process/text")).json(&body);
            Ok(request.timeout(2 * PATIENCE).send()?)
        });
        until("the turn has begun", || {
            ensure!(!turn.is_finished(), "it has ended");
            Ok(!self.upstream.received()?.is_empty())
        })?;
        self.upstream
            .answer(|_| streamed(stream(&[ANSWER]), Way::Whole));
        Ok((gate, turn))
    }
}

const ANSWER: &str =
    "So it is, and so it was, and so it will be for as long as anybody asks for it.";
const FIRST: &str = "What did she do at Harvard?";
const SECOND: &str = "Which compilers did she write?";

fn ended(turn: std::thread::JoinHandle<Result<Response>>) -> Result<Response> {
    turn.join()
        .map_err(|_| anyhow::anyhow!("the turn panicked"))?
}

/// What was asked in a session, in order.
fn asked(host: &Host, session: &str) -> Result<Vec<String>> {
    let state = host.get_json(&format!("/session/{session}"))?;
    let history = state["conversation_history"]
        .as_array()
        .context("history")?;
    ensure!(
        state["metadata"]["total_interactions"] == history.len(),
        "{state}"
    );
    let asked = history.iter().map(|turn| turn["user_input"].as_str());
    let asked: Option<Vec<_>> = asked.map(|text| text.map(str::to_owned)).collect();
    asked.context("user_input")
}

fn delete(host: &Host, session: &str) -> Result<Value> {
    let request = host
        .client
        .delete(format!("{}/session/{session}", host.url));
    expect_json(request.send()?)
}

fn a_session_has_one_turn_at_a_time() -> Result<()> {
    let pair = Pair::start(&toml! { SESSION_LEASE_MS = "600000" })?;
    let [one, other] = &pair.hosts;
    let session = one.create_session()?;
    ensure!(session.len() == 36, "{session} is no UUID");
    let (gate, turn) = pair.held(&session)?;
    for host in [one, other] {
        let response = host.post_text(SECOND, Some(&session))?;
        ensure!(response.headers().contains_key("retry-after"));
        let problem = expect_problem(response, 409, "SESSION_BUSY")?;
        ensure!(problem["retryable"] == true, "{problem}");
    }
    // Another session is not in the way, and looking is no turn.
    other.ask(SECOND, None)?;
    ensure!(asked(other, &session)?.is_empty());
    gate.open();
    expect_json(ended(turn)?)?;
    other.ask(SECOND, Some(&session))?;
    ensure!(asked(one, &session)? == [FIRST, SECOND]);
    Ok(())
}

fn a_turn_may_wait_for_another() -> Result<()> {
    let pair = Pair::start(&toml! { SESSION_LEASE_MS = "600000" SESSION_WAIT_MS = "60000" })?;
    let [one, other] = &pair.hosts;
    let session = one.create_session()?;
    let (gate, turn) = pair.held(&session)?;
    std::thread::scope(|threads| {
        let waits = threads.spawn(|| other.ask(SECOND, Some(&session)));
        until("the other one is inside", || {
            Ok(other.metric("colloquy_requests_in_flight", "")? >= 1.0)
        })?;
        ensure!(!waits.is_finished(), "it did not wait");
        gate.open();
        expect_json(ended(turn)?)?;
        waits.join().map_err(|_| anyhow::anyhow!("panicked"))??;
        ensure!(asked(one, &session)? == [FIRST, SECOND]);
        Ok(())
    })
}

fn a_turn_that_was_silent_for_too_long_is_saved_all_the_same() -> Result<()> {
    let pair = Pair::start(&toml! { SESSION_LEASE_MS = "1000" })?;
    let [one, other] = &pair.hosts;
    let session = one.create_session()?;
    let (gate, turn) = pair.held(&session)?;
    until("the session is taken for free", || {
        Ok(other.post_text(SECOND, Some(&session))?.status() == 200)
    })?;
    gate.open();
    expect_json(ended(turn)?)?;
    ensure!(asked(one, &session)? == [SECOND, FIRST]);
    ensure!(asked(other, &session)? == [SECOND, FIRST]);
    Ok(())
}

fn a_host_that_dies_does_not_keep_a_session() -> Result<()> {
    let mut pair = Pair::start(&toml! { SESSION_LEASE_MS = "3000" })?;
    let session = pair.hosts[0].create_session()?;
    pair.hosts[0].ask(SECOND, Some(&session))?;
    let (gate, turn) = pair.held(&session)?;
    pair.hosts[0].kill_and_restart()?;
    ensure!(ended(turn).is_err(), "the killed turn was answered");
    gate.open();
    let [one, other] = &pair.hosts;
    until("the session is free", || {
        Ok(other.post_text(FIRST, Some(&session))?.status() == 200)
    })?;
    ensure!(asked(one, &session)? == [SECOND, FIRST]);
    Ok(())
}

fn a_session_that_is_deleted_during_a_turn_stays_deleted() -> Result<()> {
    let pair = Pair::start(&Table::new())?;
    let [one, other] = &pair.hosts;
    let session = one.create_session()?;
    one.ask(SECOND, Some(&session))?;
    let (gate, turn) = pair.held(&session)?;
    let told = delete(other, &session)?;
    ensure!(told["cleanup_info"]["audio_removed"] == 1, "{told}");
    gate.open();
    expect_problem(ended(turn)?, 404, "SESSION_NOT_FOUND")?;
    for host in [one, other] {
        let path = format!("/session/{session}");
        expect_problem(host.get(&path)?, 404, "SESSION_NOT_FOUND")?;
    }
    // Whatever the turn has stored is gone as well, and somebody else may have the name.
    let count = |name: &str| -> Result<f64> { Ok(one.metric(name, "")? + other.metric(name, "")?) };
    let stored = count("colloquy_audio_stored_items_total")?;
    let removed = count("colloquy_audio_removed_items_total")?;
    ensure!(stored >= 1.0 && stored == removed, "{stored} {removed}");
    let body = json!({ "session_id": session });
    let url = format!("{}/session/create", other.url);
    expect_json(other.client.post(url).json(&body).send()?)?;
    ensure!(asked(one, &session)?.is_empty());
    Ok(())
}

fn status_of(host: &Host, id: &str) -> Result<u16> {
    Ok(host.get(&format!("/audio/{id}"))?.status().as_u16())
}

fn id_of(answer: &Value) -> Result<String> {
    let id = answer["audio_file"].as_str();
    Ok(id.with_context(|| answer.to_string())?.to_owned())
}

fn the_oldest_audio_makes_room() -> Result<()> {
    // Room for two answers and a half of one session, and three and a half of all.
    let measure = Pair::start(&Table::new())?;
    let size = measure.hosts[0]
        .audio(&measure.hosts[0].ask(FIRST, None)?)?
        .len();
    drop(measure);
    let (each, all) = ((size * 5 / 2).to_string(), (size * 7 / 2).to_string());
    let pair = Pair::start(&toml! { SESSION_AUDIO_BYTES = each AUDIO_BYTES = all })?;
    let [one, other] = &pair.hosts;
    let session = one.create_session()?;
    let mut ids = Vec::new();
    for host in [one, other, one] {
        ids.push(id_of(&host.ask(FIRST, Some(&session))?)?);
    }
    ensure!(status_of(other, &ids[0])? == 404, "the session has three");
    let alone = [other.ask(FIRST, None)?, one.ask(FIRST, None)?];
    ensure!(status_of(one, &ids[1])? == 404, "there are four in all");
    for id in [&ids[2], &id_of(&alone[0])?, &id_of(&alone[1])?] {
        ensure!(status_of(one, id)? == 200 && status_of(other, id)? == 200);
    }
    let evicted = "reason=\"evicted\"";
    let name = "colloquy_audio_removed_items_total";
    let n = one.metric(name, evicted)? + other.metric(name, evicted)?;
    ensure!(n == 2.0, "{n} had to go");
    Ok(())
}

fn either_host_removes_what_has_ended() -> Result<()> {
    let pair =
        Pair::start(&toml! { SESSION_TTL_S = "4" AUDIO_TTL_S = "1" SWEEP_EVERY_MS = "100" })?;
    let [one, other] = &pair.hosts;
    let session = one.create_session()?;
    let answer = one.ask(FIRST, Some(&session))?;
    let id = id_of(&answer)?;
    let swept = |name: &str| -> Result<f64> { Ok(one.metric(name, "")? + other.metric(name, "")?) };
    until("the audio is removed", || {
        Ok(swept("colloquy_swept_audio_items_total")? >= 1.0)
    })?;
    until("the session is ended", || {
        Ok(swept("colloquy_swept_sessions_total")? >= 1.0)
    })?;
    expect_problem(one.get(&format!("/audio/{id}"))?, 404, "NOT_FOUND")?;
    let status = one.get(&format!("/session/{session}"))?.status().as_u16();
    ensure!([404, 410].contains(&status), "the session is {status}");
    Ok(())
}

fn a_slow_download_is_whole_whatever_is_removed() -> Result<()> {
    let pair = Pair::start(&toml! { SWEEP_EVERY_MS = "100" })?;
    let [one, other] = &pair.hosts;
    // Much to say, so that much of it is still on its way.
    let much: Vec<_> = (0..12)
        .map(|_| "She wrote programs for the Mark I, and taught others how to. ")
        .collect();
    pair.upstream
        .answer(move |_| streamed(stream(&much), Way::Whole));
    let session = one.create_session()?;
    let answer = one.ask(FIRST, Some(&session))?;
    let whole = other.audio(&answer)?;
    let id = id_of(&answer)?;

    let address = one.url.strip_prefix("http://").context("url")?;
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    write!(
        connection,
        "GET /audio/{id} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut reader = BufReader::with_capacity(512, connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    ensure!(line.starts_with("HTTP/1.1 200"), "{line}");
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let mut body = vec![0; 256];
    reader.read_exact(&mut body)?;

    let told = delete(other, &session)?;
    ensure!(told["cleanup_info"]["audio_removed"] == 1, "{told}");
    ensure!(status_of(one, &id)? == 404 && status_of(other, &id)? == 404);
    let sweeps = || other.metric("colloquy_sweeps_total", "");
    let before = sweeps()?;
    until("there were sweeps", || Ok(sweeps()? >= before + 2.0))?;
    reader.read_to_end(&mut body)?;
    ensure!(body == whole, "{} bytes of {}", body.len(), whole.len());
    Ok(())
}
