//! Events reach a real NATS server, and nothing depends on it: absent, killed, back, or not reading, turns go on.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use colloquy_tests::host::{Host, expect_json};
use colloquy_tests::nats::{Listener, Message, Server, program};
use colloquy_tests::upstream::Upstream;
use colloquy_tests::{process, recordings};
use serde_json::json;
use toml::Table;

use super::OwnCase;
use super::chains::{chained_host, everything};

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "events::nats_hears_of_a_turn_in_order",
        nats_hears_of_a_turn_in_order,
    ),
    (
        "events::nats_hears_of_a_stage_for_which_another_stands_in",
        nats_hears_of_a_stage_for_which_another_stands_in,
    ),
    (
        "events::turns_go_on_while_nats_is_absent",
        turns_go_on_while_nats_is_absent,
    ),
    (
        "events::a_nats_server_that_does_not_read_delays_nothing",
        a_nats_server_that_does_not_read_delays_nothing,
    ),
];

/// How long something may take that has no other limit.
const LIMIT: Duration = Duration::from_secs(60);

/// A host that tells this NATS server.
fn host(url: &str) -> Result<Host> {
    Host::configured(|config| {
        tell(config, url);
        Ok(())
    })
}

/// Names this NATS server.
fn tell(config: &mut Table, url: &str) {
    let mut nats = Table::new();
    nats.insert("url".into(), url.into());
    nats.insert("subject".into(), "test.colloquy".into());
    let events = Table::from_iter([("nats".to_owned(), nats.into())]);
    config.insert("events".into(), events.into());
}

/// Asks for an answer in text, and gives the id of the request.
fn ask(host: &Host, session: &str) -> Result<String> {
    let question =
        json!({ "text": "What did she do at Harvard?", "session_id": session, "speak": false });
    let url = format!("{}/process/text", host.url);
    let response = host.client.post(url).json(&question).send()?;
    let id = response.headers()["x-request-id"].to_str()?.to_owned();
    let answer = expect_json(response)?;
    ensure!(
        answer["response"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{answer}"
    );
    Ok(id)
}

/// Waits until the log has this text so many times.
fn logged(host: &Host, text: &str, times: usize) -> Result<()> {
    let started = Instant::now();
    loop {
        let log = host.log()?;
        let found = log.matches(text).count();
        ensure!(found <= times, "{text:?} is there {found} times:\n{log}");
        if found == times {
            return Ok(());
        }
        if started.elapsed() > LIMIT {
            bail!("{text:?} is there {found} times:\n{log}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn kinds(messages: &[Message]) -> Vec<&str> {
    fn kind(message: &Message) -> Option<&str> {
        message.subject.strip_prefix("test.colloquy.")
    }
    messages
        .iter()
        .map(|message| {
            message.payload["type"]
                .as_str()
                .filter(|it| kind(message) == Some(it))
        })
        .map(Option::unwrap_or_default)
        .collect()
}

fn nats_hears_of_a_turn_in_order() -> Result<()> {
    let Some(program) = program()? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let nats = Server::start(&program, None, folder.path())?;
    let mut events = Listener::subscribe(nats.port, "test.>")?;
    let host = host(&nats.url())?;
    let session = host.create_session()?;

    let recording = recordings::jfk()?.path;
    let response = host.upload("jfk.flac", std::fs::read(recording)?, Some(&session))?;
    let id = response.headers()["x-request-id"].to_str()?.to_owned();
    let answer = expect_json(response)?;
    let heard = events.until("response-generated", &id)?;
    let expected = [
        "turn-started",
        "audio-processed",
        "transcript-ready",
        "response-generated",
    ];
    ensure!(kinds(&heard) == expected, "{heard:?}");
    for message in &heard {
        ensure!(
            message.payload["session_id"] == session.as_str(),
            "{message:?}"
        );
        let time = message.payload["time"].as_str().context("time")?;
        ensure!(time.len() == 24 && time.ends_with('Z'), "{time}");
        // Neither what was heard nor what was answered.
        let text = message.payload.to_string();
        ensure!(
            !text.contains("fellow") && !text.contains("Americans"),
            "{text}"
        );
    }
    let times: Vec<_> = heard
        .iter()
        .map(|it| it.payload["time"].to_string())
        .collect();
    ensure!(times.is_sorted(), "{times:?}");
    let words = answer["transcription"]
        .as_str()
        .or(answer["user_input"].as_str());
    let n_characters = words.with_context(|| answer.to_string())?.chars().count();
    let ready = &heard[2].payload;
    ensure!(
        ready["n_characters"] == n_characters,
        "{ready} of {n_characters}"
    );
    let generated = &heard[3].payload;
    ensure!(
        generated["total_ms"].is_u64() && generated["intent"].is_string(),
        "{generated}"
    );

    let id = ask(&host, &session)?;
    let heard = events.until("response-generated", &id)?;
    ensure!(kinds(&heard).first() == Some(&"turn-started"), "{heard:?}");
    let url = format!("{}/session/{session}", host.url);
    expect_json(host.client.delete(url).send()?)?;
    let ended = events.message()?;
    ensure!(
        kinds(std::slice::from_ref(&ended)) == ["session-ended"],
        "{ended:?}"
    );
    ensure!(
        ended.payload["session_id"] == session.as_str() && ended.payload["n_turns"] == 2,
        "{ended:?}"
    );
    Ok(())
}

/// A chat server answers, is killed, and is back.
fn nats_hears_of_a_stage_for_which_another_stands_in() -> Result<()> {
    let Some(program) = program()? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let nats = Server::start(&program, None, folder.path())?;
    let mut events = Listener::subscribe(nats.port, "test.>")?;
    let mut upstream = Upstream::start(everything)?;
    let host = chained_host(&upstream, |config| tell(config, &nats.url()))?;
    let session = host.create_session()?;
    let whole = ["turn-started", "response-generated"];
    let id = ask(&host, &session)?;
    let heard = events.until("response-generated", &id)?;
    ensure!(kinds(&heard) == whole, "{heard:?}");

    upstream.kill()?;
    let id = ask(&host, &session)?;
    let heard = events.until("response-generated", &id)?;
    let expected = ["turn-started", "stage-degraded", "response-generated"];
    ensure!(kinds(&heard) == expected, "{heard:?}");
    let degraded = &heard[1].payload;
    ensure!(
        degraded["stage"] == "llm" && degraded["session_id"] == session.as_str(),
        "{degraded}"
    );
    let reason = degraded["reason"].as_str().context("reason")?;
    ensure!(!reason.is_empty(), "{degraded}");
    // Neither what was asked nor what was answered.
    ensure!(!degraded.to_string().contains("Harvard"), "{degraded}");

    upstream.revive()?;
    let id = ask(&host, &session)?;
    let heard = events.until("response-generated", &id)?;
    ensure!(kinds(&heard) == whole, "{heard:?}");
    Ok(())
}

fn turns_go_on_while_nats_is_absent() -> Result<()> {
    let Some(program) = program()? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let port = process::free_port()?;
    // Absent at the start.
    let host = host(&format!("nats://127.0.0.1:{port}"))?;
    let absent = "NATS cannot be reached";
    logged(&host, absent, 1)?;
    let session = host.create_session()?;
    let early = ask(&host, &session)?;

    // Whoever listens is there before the host comes back, or misses what has waited: then there is a later turn.
    let nats = Server::start(&program, Some(port), folder.path())?;
    let mut events = Listener::subscribe(port, "test.colloquy.*")?;
    logged(&host, "events go to NATS", 1)?;
    let second = ask(&host, &session)?;
    events.until("response-generated", &second)?;

    // Killed in the middle.
    drop(nats);
    logged(&host, absent, 2)?;
    let third = ask(&host, &session)?;
    ensure!(
        early != second && second != third,
        "{early} {second} {third}"
    );

    let _nats = Server::start(&program, Some(port), folder.path())?;
    let mut events = Listener::subscribe(port, "test.colloquy.*")?;
    logged(&host, "events go to NATS", 2)?;
    let fourth = ask(&host, &session)?;
    let heard = events.until("response-generated", &fourth)?;
    ensure!(kinds(&heard).first() == Some(&"turn-started"), "{heard:?}");
    // Few enough to wait.
    let dropped = host.metric("colloquy_events_dropped_total", "nats")?;
    ensure!(dropped == 0.0, "{dropped} events were dropped");
    Ok(())
}

/// Greets as a NATS server does, answers the first ping, and reads no more. The connection stays open with the stream.
fn greet(stream: &TcpStream) -> Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut stream = stream;
    stream.write_all(b"INFO {\"server_id\":\"x\",\"version\":\"2.9.0\",\"proto\":1,\"host\":\"127.0.0.1\",\"port\":4222,\"max_payload\":1048576}\r\n")?;
    let connect = lines.next().context("CONNECT")??;
    ensure!(connect.starts_with("CONNECT "), "{connect}");
    let ping = lines.next().context("PING")??;
    ensure!(ping == "PING", "{ping}");
    Ok(stream.write_all(b"PONG\r\n")?)
}

fn a_nats_server_that_does_not_read_delays_nothing() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("nats://{}", listener.local_addr()?);
    let server = std::thread::spawn(move || -> Result<TcpStream> {
        let (stream, _) = listener.accept()?;
        greet(&stream)?;
        Ok(stream)
    });
    let mut host = host(&url)?;
    let deaf = server
        .join()
        .map_err(|_| anyhow::anyhow!("the server panicked"))??;
    logged(&host, "events go to NATS", 1)?;
    let session = host.create_session()?;
    for _ in 0..20 {
        ask(&host, &session)?;
    }
    let counted = host.metric("colloquy_events_total", "response-generated")?;
    ensure!(counted == 20.0, "{counted} of 20 were counted");
    // The end does not wait for it either.
    host.terminate()?;
    ensure!(host.wait()?, "{}", host.log()?);
    drop(deaf);
    Ok(())
}
