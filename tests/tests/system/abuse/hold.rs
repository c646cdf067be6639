//! Clients that take something and then do nothing with it.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};
use colloquy_tests::host::{Host, stage};
use colloquy_tests::{raw, recordings, until};
use reqwest::blocking::Client;

use super::{FORM, PART, alive, post, problem, server};

/// Bytes of the recording that are sent. At the lowest rate that is allowed, they would pay for ten minutes.
const BEGINNING: usize = 150_000;

/// Sends the beginning of a recording, and keeps the connection.
fn begin(host: &Host, wav: &[u8]) -> Result<TcpStream> {
    let (sent, _) = wav.split_at(BEGINNING.min(wav.len()));
    let mut stream = raw::connect(&host.url)?;
    stream.write_all(&post(
        &format!("{FORM}content-length: 1000000\r\n"),
        &[PART.as_bytes(), sent].concat(),
    ))?;
    Ok(stream)
}

/// Whether there is an answer.
fn is_answered(stream: &TcpStream) -> Result<bool> {
    stream.set_nonblocking(true)?;
    let n = stream.peek(&mut [0]);
    stream.set_nonblocking(false)?;
    Ok(n.is_ok())
}

/// As many uploads as there are instances of the stage that hears first, and no queue for it.
pub(super) fn uploads_that_stop_keep_nobody_waiting() -> Result<()> {
    let host = Host::configured(|config| {
        let ingest = stage(config, "ingest")?;
        ingest.insert("instances".into(), 2.into());
        ingest.insert("queue".into(), 0.into());
        server(config, &[("body_timeout_ms", 3_000)])
    })?;
    let wav = std::fs::read(recordings::jfk()?.path)?;
    let held = [begin(&host, &wav)?, begin(&host, &wav)?];
    until("both are in work", || {
        Ok(host.metric("colloquy_requests_in_flight", "")? >= 3.0)
    })?;
    let answer = host.upload("jfk.wav", wav, None)?;
    let (status, text) = (answer.status(), answer.text()?);
    ensure!(status == 200, "{status}: {text}");
    // What they have sent pays for no silence.
    for mut stream in held {
        problem(&raw::read(&mut stream), 408, "INVALID_REQUEST")?;
    }
    alive(&host)
}

pub(super) fn one_address_cannot_take_all_requests() -> Result<()> {
    let settings = [
        ("max_concurrent_requests", 4),
        ("max_requests_per_address", 2),
        ("body_timeout_ms", 600_000),
        ("request_timeout_ms", 600_000),
    ];
    let host = Host::configured(|config| server(config, &settings))?;
    let wav = std::fs::read(recordings::jfk()?.path)?;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(begin(&host, &wav)?);
    }
    let mut refused = Vec::new();
    until("two of them are turned away", || {
        for stream in std::mem::take(&mut held) {
            let is_answered = is_answered(&stream)?;
            if is_answered { &mut refused } else { &mut held }.push(stream);
        }
        Ok(refused.len() >= 2)
    })?;
    for mut stream in refused {
        let answer = raw::read(&mut stream);
        problem(&answer, 503, "OVERLOADED")?;
        ensure!(answer.body.contains("of this address"), "{answer:?}");
        ensure!(answer.header("retry-after").is_some(), "{answer:?}");
    }
    // Nothing else of that address is answered, but somebody else is.
    let health = format!("{}/health", host.url);
    let refused = host.client.get(&health).send()?;
    ensure!(refused.status() == 503, "{}", refused.status());
    let other = Client::builder()
        .local_address(IpAddr::from(Ipv4Addr::new(127, 0, 0, 2)))
        .timeout(Duration::from_secs(120))
        .build()?;
    let answer = other.get(&health).send()?;
    let (status, text) = (answer.status(), answer.text()?);
    ensure!(status == 200, "{status}: {text}");
    drop(held);
    until("there is room again", || {
        Ok(host.get("/health")?.status() == 200)
    })
}
