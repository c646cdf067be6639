//! A host that nobody asks: what has ended is removed there, too, by the host's own clock, and by nobody else's wish.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use colloquy_tests::host::{Host, environment_of_edge, expect_problem, table};
use toml::toml;

use super::OwnCase;

pub(crate) const OWN_CASES: &[OwnCase] = &[(
    "idle::what_has_ended_is_removed_though_nobody_asks",
    what_has_ended_is_removed_though_nobody_asks,
)];

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(120);

/// `/metrics` is the host's own, so that looking at it is no request to the gateway.
fn what_has_ended_is_removed_though_nobody_asks() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let host = Host::configured(|config| {
        table(config, "server")?.insert("sweep_every_s".into(), 1.into());
        environment_of_edge(config)?.extend(toml! {
            SESSION_TTL_S = "1"
            AUDIO_TTL_S = "1"
            SWEEP_EVERY_MS = "1000"
        });
        for name in ["sessions", "audio"] {
            let path = folder.path().join(name).display().to_string();
            let bucket = toml! { backend = "sqlite" path = path max_mib = 64 };
            table(config, "keyvalue")?.insert(name.into(), bucket.into());
        }
        Ok(())
    })?;
    host.ask("What did she do at Harvard?", None)?;
    ensure!(host.metric("colloquy_audio_stored_items_total", "")? == 1.0);
    for (name, label, expected) in [
        ("colloquy_swept_audio_items_total", "", 1.0),
        ("colloquy_swept_sessions_total", "", 1.0),
        ("colloquy_keyvalue_keys", "bucket=\"audio\"", 0.0),
    ] {
        let since = Instant::now();
        while host.metric(name, label)? != expected {
            ensure!(since.elapsed() < LIMIT, "{name} is never {expected}");
            std::thread::sleep(Duration::from_millis(20));
        }
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
