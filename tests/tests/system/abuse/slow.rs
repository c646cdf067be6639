//! Clients that send or take next to nothing, and many of them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::raw;

use super::{FORM, PART, alive, post, problem, server, until};

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
