//! Clients that send or take next to nothing, and many of them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::upstream::{Received, Reply, Upstream, Way};
use colloquy_tests::{raw, until};
use serde_json::json;

use super::{FORM, PART, alive, post, problem, server};
use crate::chains::chained_host;

pub(super) fn a_slow_head_is_ended() -> Result<()> {
    let host = Host::configured(|config| server(config, &[("header_timeout_ms", 500)]))?;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut stream = raw::connect(&host.url)?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ")?;
        slow.push(stream);
    }
    alive(&host)?;
    // A byte now and then does not help: the whole head has its time.
    for stream in &mut slow {
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    }
    let mut left = slow;
    until("slow heads are ended", || {
        left.retain_mut(|stream| stream.write_all(b"a").is_ok() && !is_closed(stream));
        Ok(left.is_empty())
    })?;
    alive(&host)
}

/// Whether the other side has hung up; what it has sent is passed over.
fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 1024]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => !matches!(
            error.kind(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
        ),
    }
}

pub(super) fn a_slow_body_frees_its_place() -> Result<()> {
    let host = Host::configured(|config| {
        server(
            config,
            &[
                ("body_timeout_ms", 1_000),
                ("min_body_bytes_per_s", 10_000),
                ("max_concurrent_requests", 1),
            ],
        )
    })?;
    for trickle in [false, true] {
        let mut stream = raw::connect(&host.url)?;
        stream.write_all(&post(
            &format!("{FORM}content-length: 1000000\r\n"),
            PART.as_bytes(),
        ))?;
        let mut sender = stream.try_clone()?;
        let answer = std::thread::scope(|scope| {
            scope.spawn(move || {
                // Until the host has hung up.
                while trickle && sender.write_all(b"x").is_ok() {
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
            raw::read(&mut stream)
        });
        problem(&answer, 408, "INVALID_REQUEST")?;
        // The only place is free again, at once or as soon as the instance has noticed.
        until("somebody else is served", || {
            Ok(host.get("/health")?.status() == 200)
        })?;
    }
    Ok(())
}

pub(super) fn a_client_that_does_not_read_is_ended() -> Result<()> {
    let host = Host::configured(|config| server(config, &[("write_timeout_ms", 500)]))?;
    let open = || host.metric("colloquy_connections", "");
    let before = open()?;
    let mut stream = raw::connect(&host.url)?;
    // Far more than the system's buffers hold, asked for in one go.
    until("the connection is open", || Ok(open()? > before))?;
    let asked = "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(5_000);
    let mut sender = stream.try_clone()?;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _hung_up = sender.write_all(asked.as_bytes());
        });
        // Those of the test's own client come and go with its requests, one or two at a time.
        until("the connection is ended", || Ok(open()? <= before))
    })?;
    // What was sent before can be read, and then there is an end.
    let read = std::io::copy(&mut stream, &mut std::io::sink());
    ensure!(
        read.is_err() || read.is_ok_and(|n| n > 0),
        "nothing was sent"
    );
    alive(&host)
}

/// Sentences of a long answer, and bytes of sound in each: far more than the buffers of the system hold.
const SENTENCES: usize = 16;
const SOUND: usize = 2 << 20;

/// A server that has a long answer, and a voice.
fn long_winded(request: &Received) -> Reply {
    if request.path == "/v1/audio/speech" {
        return Reply::ok("audio/pcm", vec![1; SOUND], Way::Pieces(64 << 10));
    }
    let words: String = (1..=SENTENCES)
        .map(|n| format!("This is part {n} of all that she did. "))
        .collect();
    let delta = json!({ "choices": [{ "index": 0, "delta": { "content": words }, "finish_reason": "stop" }] });
    let stream = format!("data: {delta}\n\ndata: [DONE]\n\n");
    Reply::ok("text/event-stream", stream, Way::Whole)
}

/// A client that takes the beginning of an answer and then nothing: the sentences that it has no room for are never spoken, so nobody
/// keeps them.
pub(super) fn an_answer_that_is_not_read_is_not_made() -> Result<()> {
    let upstream = Upstream::start(long_winded)?;
    let host = chained_host(&upstream, |config| {
        // Without it the end only comes later.
        drop(server(config, &[("write_timeout_ms", 5_000)]));
    })?;
    let spoken = || -> Result<usize> {
        let received = upstream.received()?;
        let speech = received.iter().filter(|it| it.path == "/v1/audio/speech");
        Ok(speech.count())
    };
    let question = json!({ "text": "What did she do at Harvard?" }).to_string();
    let open = || host.metric("colloquy_connections", "");
    let before = open()?;
    let mut stream = raw::connect(&host.url)?;
    until("the connection is open", || Ok(open()? > before))?;
    write!(
        stream,
        "POST /process/text HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{question}",
        question.len()
    )?;
    let (mut seen, mut buffer) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&seen).contains("event: audio") {
        let n = stream.read(&mut buffer)?;
        ensure!(n > 0, "it ended: {}", String::from_utf8_lossy(&seen));
        seen.extend(&buffer[..n]);
    }
    until("the connection is ended", || Ok(open()? <= before))?;
    let n_spoken = spoken()?;
    ensure!(
        (1..=SENTENCES / 2).contains(&n_spoken),
        "{n_spoken} of {SENTENCES} sentences were spoken to nobody"
    );

    // Who reads has all of it.
    let request = host.client.post(format!("{}/process/text", host.url));
    let request = request.header("accept", "text/event-stream");
    let request = request.header("content-type", "application/json");
    let answer = request.body(question).send()?.text()?;
    ensure!(answer.contains("event: done"), "it is not complete");
    let (n_spoken, n_bytes) = (spoken()?, answer.len());
    ensure!(
        n_spoken == SENTENCES && n_bytes > SENTENCES * SOUND,
        "{n_spoken} sentences, {n_bytes} bytes"
    );
    Ok(())
}

pub(super) fn one_address_cannot_take_all_connections() -> Result<()> {
    let host = Host::configured(|config| {
        server(
            config,
            &[
                ("max_connections_per_address", 8),
                ("header_timeout_ms", 60_000),
            ],
        )
    })?;
    // The client of the test keeps one or two.
    let mut open = Vec::new();
    for _ in 0..8 {
        let stream = raw::connect(&host.url)?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        open.push(stream);
    }
    until("one too many is ended", || {
        let before = open.len();
        open.retain_mut(|stream| !is_closed(stream));
        Ok(open.len() < before)
    })?;
    open.clear();
    until("there is room again", || {
        let mut stream = raw::connect(&host.url)?;
        stream.write_all(&raw::get("/livez", ""))?;
        Ok(raw::read(&mut stream).status == 200)
    })
}
