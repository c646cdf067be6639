//! Servers that fail for a moment: what is asked again, how often, and what is not.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::expect_json;
use colloquy_tests::recordings;
use colloquy_tests::upstream::{Reply, Upstream, Way};
use toml::toml;

use super::OwnCase;
use super::breaker::{asking_host, heard, in_memory};

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "retries::what_may_pass_is_asked_again",
        what_may_pass_is_asked_again,
    ),
    (
        "retries::a_silent_server_is_asked_again",
        a_silent_server_is_asked_again,
    ),
];

fn what_may_pass_is_asked_again() -> Result<()> {
    let upstream = Upstream::start(|_| heard())?;
    let settings = toml! {
        RETRIES = "2"
        TIMEOUT_MS = "60000"
        ATTEMPT_TIMEOUT_MS = "30000"
        BREAKER_FAILURES = "1000"
    };
    let host = asking_host(&upstream, &settings, in_memory())?;
    let jfk = std::fs::read(recordings::jfk()?.path)?;
    let retry = vec![("retry-after", "1".to_owned())];
    let refusal = |status| Reply::refusal(status, Vec::new(), "{}");
    let cut = Reply {
        way: Way::CutAfter(9),
        ..heard()
    };
    // How the server fails, how often, and how many requests it gets then.
    for (reply, times, requests) in [
        (refusal(408), 1, 2),
        (refusal(499), 1, 2),
        (refusal(500), 2, 3),
        (refusal(503), 3, 3),
        (Reply::refusal(429, retry, "{}"), 1, 2),
        (refusal(429), 1, 1),
        (refusal(400), 1, 1),
        (refusal(401), 1, 1),
        (cut, 1, 2),
    ] {
        let about = format!("{} {:?} {times} times", reply.status, reply.way);
        let asked = AtomicUsize::new(0);
        upstream.answer(
            move |_| match asked.fetch_add(1, Ordering::SeqCst) < times {
                true => reply.clone(),
                false => heard(),
            },
        );
        let response = host.upload("jfk.wav", jfk.clone(), None)?;
        let success = response.status() == 200;
        let received = upstream.received()?;
        // The voice asks the same server, and gets no audio from it.
        let mut routes = received.iter().map(|request| request.path.as_str());
        let n = routes
            .by_ref()
            .filter(|path| *path == "/v1/audio/transcriptions")
            .count();
        ensure!(n == requests, "{about}: {n} requests");
        ensure!(success == (n > times), "{about}: {}", response.status());
    }
    Ok(())
}

/// An attempt has its own time, shorter than that of the call.
fn a_silent_server_is_asked_again() -> Result<()> {
    let upstream = Upstream::start(|_| heard())?;
    let settings = toml! {
        RETRIES = "5"
        TIMEOUT_MS = "60000"
        ATTEMPT_TIMEOUT_MS = "1500"
        BREAKER_FAILURES = "1000"
    };
    let host = asking_host(&upstream, &settings, in_memory())?;
    let jfk = std::fs::read(recordings::jfk()?.path)?;
    for way in [Way::Never, Way::StopsAfter(9)] {
        let about = format!("{way:?}");
        let asked = AtomicUsize::new(0);
        upstream.answer(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Reply {
                way: way.clone(),
                ..heard()
            },
            _ => heard(),
        });
        let response = host.upload("jfk.wav", jfk.clone(), None)?;
        let answer = expect_json(response).with_context(|| about.clone())?;
        ensure!(answer["transcription"] == "What did she do at Harvard?");
        // More than two where the machine stalls.
        let n = upstream.received()?.len();
        ensure!(n >= 2, "{about}: {n} requests");
    }
    Ok(())
}
