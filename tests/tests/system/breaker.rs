//! Servers that fail again and again: when a server is left alone, how it is found again, and who knows of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use colloquy_tests::host::{Host, expect_json, expect_problem, stage, table};
use colloquy_tests::upstream::{Gate, Reply, Upstream, Way};
use colloquy_tests::{PATIENCE, recordings, until};
use serde_json::{Value, json};
use toml::{Table, toml};

use super::OwnCase;
use super::remote::replace;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "breaker::a_dead_server_is_left_alone_and_found_again",
        a_dead_server_is_left_alone_and_found_again,
    ),
    (
        "breaker::hosts_that_share_a_store_share_what_they_know",
        hosts_that_share_a_store_share_what_they_know,
    ),
    (
        "breaker::each_way_of_a_voice_to_fail_opens_its_breaker",
        each_way_of_a_voice_to_fail_opens_its_breaker,
    ),
    (
        "breaker::without_a_store_an_instance_knows_for_itself",
        without_a_store_an_instance_knows_for_itself,
    ),
];

/// A host whose asr and tts ask this server, with these settings; what they know of it is in `breakers`.
pub(crate) fn asking_host(
    upstream: &Upstream,
    settings: &Table,
    breakers: Option<Table>,
) -> Result<Host> {
    let base = upstream.url.as_str();
    Host::configured(|config| {
        for (name, file) in [("asr", "asr-remote"), ("tts", "tts-openai")] {
            let prefix = name.to_uppercase();
            let mut environment = Table::new();
            environment.insert(format!("{prefix}_BASE_URL"), base.into());
            for (key, value) in settings {
                environment.insert(format!("{prefix}_{key}"), value.clone());
            }
            let file = format!("components/{file}.wasm");
            replace(config, name, &file, &[base], environment)?;
            let stage = stage(config, name)?;
            stage.insert("deadline_ms".into(), 90_000.into());
            stage.insert("instances".into(), 2.into());
            if breakers.is_some() {
                stage.insert("keyvalue".into(), vec!["breakers"].into());
            }
        }
        if let Some(breakers) = breakers {
            table(config, "keyvalue")?.insert("breakers".into(), breakers.into());
        }
        Ok(())
    })
}

pub(crate) fn in_memory() -> Option<Table> {
    Some(toml! { backend = "memory" max_mib = 1 })
}

pub(crate) fn heard() -> Reply {
    let text = r#"{"text":"What did she do at Harvard?"}"#;
    Reply::ok("application/json", text, Way::Whole)
}

fn failing() -> Reply {
    Reply::refusal(500, Vec::new(), "{}")
}

/// The server's breaker is in this state, says `/metrics`.
fn is(host: &Host, upstream: &Upstream, state: &str) -> Result<bool> {
    let mut sum = 0.0;
    for other in ["closed", "open", "half-open"] {
        let labels = format!("upstream=\"{}\",state=\"{other}\"", upstream.url);
        let value = host.metric("colloquy_breaker_state{", &labels)?;
        sum += value;
        if other == state && value == 1.0 {
            return Ok(true);
        }
    }
    ensure!(sum <= 1.0, "a breaker in {sum} states");
    Ok(false)
}

fn changes(host: &Host, upstream: &Upstream, to: &str) -> Result<f64> {
    let labels = format!("upstream=\"{}\",to=\"{to}\"", upstream.url);
    host.metric("colloquy_breaker_changes_total{", &labels)
}

/// The problem of a recording that could not be heard because the server is not asked.
fn left_alone(host: &Host, recording: &[u8]) -> Result<Value> {
    let response = host.upload("jfk.wav", recording.to_vec(), None)?;
    let problem = expect_problem(response, 503, "STAGE_UNAVAILABLE")?;
    ensure!(
        problem.to_string().contains("is not asked"),
        "it was asked: {problem}"
    );
    Ok(problem)
}

fn a_dead_server_is_left_alone_and_found_again() -> Result<()> {
    let mut upstream = Upstream::start(|_| heard())?;
    let settings = toml! { TIMEOUT_MS = "60000" BREAKER_OPEN_MS = "2000" };
    let host = asking_host(&upstream, &settings, in_memory())?;
    let jfk = std::fs::read(recordings::jfk()?.path)?;
    ensure!(
        is(&host, &upstream, "closed")?,
        "an unknown server is closed"
    );
    // Requests share a connection, whichever instance sends them.
    for _ in 0..3 {
        let answer = expect_json(host.upload("jfk.wav", jfk.clone(), None)?)?;
        ensure!(answer["transcription"] == "What did she do at Harvard?");
    }
    ensure!(
        upstream.connections() <= 2,
        "{} connections of two stages",
        upstream.connections()
    );

    upstream.kill()?;
    upstream.received()?;
    // Three attempts, and two more: the fifth failure in a row opens the breaker.
    for opened in [false, true] {
        let response = host.upload("jfk.wav", jfk.clone(), None)?;
        expect_problem(response, 503, "STAGE_UNAVAILABLE")?;
        let n = changes(&host, &upstream, "open")?;
        ensure!((n == 1.0) == opened, "opened {n} times");
    }

    // One recording tries whether it is back, and waits for an answer; meanwhile another one is turned away.
    let gate = Gate::default();
    let held = gate.clone();
    upstream.answer(move |_| Reply {
        way: Way::HoldsAfter(9, held.clone()),
        ..heard()
    });
    upstream.revive()?;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let trying = scope.spawn(|| -> Result<Value> {
            while begun.elapsed() < PATIENCE {
                let response = host.upload("jfk.wav", jfk.clone(), None)?;
                if response.status() == 200 {
                    return expect_json(response);
                }
                let problem = expect_problem(response, 503, "STAGE_UNAVAILABLE")?;
                ensure!(problem.to_string().contains("is not asked"), "{problem}");
            }
            bail!("nobody was let in within {PATIENCE:?}")
        });
        let meanwhile = || -> Result<()> {
            until("half-open", || is(&host, &upstream, "half-open"))?;
            let problem = left_alone(&host, &jfk)?;
            ensure!(
                problem.to_string().contains("being tried again"),
                "{problem}"
            );
            let n = upstream.received()?.len();
            ensure!(n == 1, "{n} requests while one tries");
            Ok(())
        };
        let seen = meanwhile();
        gate.open();
        let answer = trying.join().ok().context("the thread failed")??;
        seen?;
        ensure!(answer["transcription"] == "What did she do at Harvard?");
        Ok::<_, anyhow::Error>(())
    })?;
    until("closed", || is(&host, &upstream, "closed"))?;
    for to in ["half-open", "closed"] {
        ensure!(changes(&host, &upstream, to)? >= 1.0, "no change to {to}");
    }
    Ok(())
}

fn hosts_that_share_a_store_share_what_they_know() -> Result<()> {
    let upstream = Upstream::start(|_| failing())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("breakers.db").display().to_string();
    let store = || {
        let path = path.clone();
        Some(toml! { backend = "sqlite" path = path max_mib = 1 })
    };
    let settings = toml! { RETRIES = "0" BREAKER_OPEN_MS = "600000" };
    let mut one = asking_host(&upstream, &settings, store())?;
    let other = asking_host(&upstream, &settings, store())?;
    let jfk = std::fs::read(recordings::jfk()?.path)?;
    for host in [&one, &other, &one, &other, &one] {
        let response = host.upload("jfk.wav", jfk.clone(), None)?;
        expect_problem(response, 503, "STAGE_UNAVAILABLE")?;
    }
    let n = upstream.received()?.len();
    ensure!(n == 5, "{n} requests");
    for host in [&one, &other] {
        ensure!(is(host, &upstream, "open")?, "it is not open everywhere");
        let problem = left_alone(host, &jfk)?;
        ensure!(
            problem.to_string().contains("failed 5 times in a row"),
            "{problem}"
        );
    }
    // Who opened it has told so.
    ensure!(changes(&one, &upstream, "open")? == 1.0);
    ensure!(changes(&other, &upstream, "open")? == 0.0);
    // And it is known after a restart.
    one.kill_and_restart()?;
    ensure!(is(&one, &upstream, "open")?, "forgotten");
    left_alone(&one, &jfk)?;
    // The voice asks the same server: it is left alone there too, and the text is answered.
    let answer = one.ask("What did she do at Harvard?", None)?;
    ensure!(answer["degraded"] == json!(["tts"]), "{answer}");
    let n = upstream.received()?.len();
    ensure!(n == 0, "{n} requests to a server that is left alone");
    Ok(())
}

fn each_way_of_a_voice_to_fail_opens_its_breaker() -> Result<()> {
    let sound = || Reply::ok("audio/pcm", vec![1; 6_000], Way::Pieces(501));
    let mut upstream = Upstream::start(move |_| sound())?;
    let settings = toml! {
        RETRIES = "1"
        TIMEOUT_MS = "20000"
        ATTEMPT_TIMEOUT_MS = "3000"
        BREAKER_OPEN_MS = "1000"
    };
    let host = asking_host(&upstream, &settings, in_memory())?;
    let ask = || host.ask("What did she do at Harvard?", None);
    let degraded = |answer: &Value| answer["degraded"] == json!(["tts"]);
    let back = |upstream: &Upstream| -> Result<()> {
        upstream.answer(move |_| sound());
        until("a voice again", || Ok(!degraded(&ask()?)))?;
        until("closed", || is(&host, upstream, "closed"))
    };
    back(&upstream)?;
    for (what, reply) in [
        (
            "slowed",
            Reply {
                way: Way::Never,
                ..sound()
            },
        ),
        ("failing", failing()),
        (
            "cut",
            Reply {
                way: Way::CutAfter(1_001),
                ..sound()
            },
        ),
        (
            "corrupted",
            Reply::ok("application/json", "{\"no\":\"audio\"}", Way::Whole),
        ),
    ] {
        let before = changes(&host, &upstream, "open")?;
        upstream.answer(move |_| reply.clone());
        // Every answer still has its text, and five failures are soon reached.
        let mut n = 0;
        while changes(&host, &upstream, "open")? == before {
            let answer = ask().context(what)?;
            ensure!(degraded(&answer), "{what}: {answer}");
            n += 1;
            ensure!(n <= 5, "{what}: not open after {n} answers");
        }
        back(&upstream).context(what)?;
    }
    upstream.kill()?;
    let before = changes(&host, &upstream, "open")?;
    while changes(&host, &upstream, "open")? == before {
        ensure!(degraded(&ask()?), "a voice without a server");
    }
    upstream.revive()?;
    back(&upstream)?;

    // A server that is busy is not broken.
    let opened = changes(&host, &upstream, "open")?;
    upstream.answer(|_| Reply::refusal(429, Vec::new(), "{}"));
    for _ in 0..8 {
        ensure!(degraded(&ask()?), "a voice from nowhere");
    }
    ensure!(is(&host, &upstream, "closed")? && changes(&host, &upstream, "open")? == opened);
    // And one that says for how long is asked again then.
    upstream.received()?;
    let asked = AtomicUsize::new(0);
    upstream.answer(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::refusal(429, vec![("retry-after", "1".to_owned())], "{}"),
        _ => sound(),
    });
    let answer = ask()?;
    ensure!(!degraded(&answer), "{answer}");
    Ok(())
}

/// A stage without a grant works as one that is alone.
fn without_a_store_an_instance_knows_for_itself() -> Result<()> {
    let upstream = Upstream::start(|_| failing())?;
    let settings = toml! { RETRIES = "0" BREAKER_FAILURES = "2" BREAKER_OPEN_MS = "600000" };
    let host = asking_host(&upstream, &settings, None)?;
    let jfk = std::fs::read(recordings::jfk()?.path)?;
    // Each of two instances has to find out.
    for _ in 0..12 {
        let response = host.upload("jfk.wav", jfk.clone(), None)?;
        expect_problem(response, 503, "STAGE_UNAVAILABLE")?;
    }
    let n = upstream.received()?.len();
    ensure!((2..=4).contains(&n), "{n} requests");
    let log = host.log()?;
    ensure!(
        log.contains("is known to this instance alone"),
        "the log does not say that there is no store"
    );
    Ok(())
}
