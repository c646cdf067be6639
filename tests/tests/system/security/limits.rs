//! Limits for each client, and who that is.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, environment_of_edge, table};

/// Which minute it is, for tests that must not run into the next.
fn minute() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 60)
}

/// Does something that has to happen within one minute of the clock, once more if it did not. `work` is told the minute, so that it can use
/// counters that nobody has used.
fn within_a_minute(mut work: impl FnMut(u64) -> Result<Result<()>>) -> Result<()> {
    for _ in 0..5 {
        let before = minute()?;
        let outcome = work(before)?;
        if minute()? == before {
            return outcome;
        }
    }
    anyhow::bail!("never within a minute")
}

pub(super) fn limits_hold_across_hosts() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("limits.sqlite3").display().to_string();
    let start = || {
        Host::configured(|config| {
            let limits = toml::toml! {
                backend = "sqlite"
                max_mib = 16
                max_age_minutes = 3
            };
            let mut limits = limits;
            limits.insert("path".into(), path.clone().into());
            table(config, "keyvalue")?.insert("limits".into(), limits.into());
            let environment = environment_of_edge(config)?;
            environment.insert("RATE_QUERIES".into(), "7".into());
            environment.insert("TRUSTED_PROXIES".into(), "127.0.0.1".into());
            Ok(())
        })
    };
    let hosts = [start()?, start()?];
    within_a_minute(|minute| {
        // A client that has not asked before.
        let client = format!("198.51.100.{}", minute % 250);
        let mut statuses = Vec::new();
        let mut last = None;
        for n in 0..14 {
            let host = &hosts[n % 2];
            let request = host.client.get(format!("{}/content/types", host.url));
            let answer = request.header("x-forwarded-for", &client).send()?;
            statuses.push(answer.status().as_u16());
            last = Some(answer);
        }
        let expected: Vec<u16> = (0..14).map(|n| if n < 7 { 200 } else { 429 }).collect();
        let refused = last.context("an answer")?;
        let told = refused.headers().clone();
        Ok((|| {
            ensure!(statuses == expected, "{statuses:?}");
            ensure!(
                told["x-ratelimit-limit"] == "7" && told["x-ratelimit-remaining"] == "0",
                "{told:?}"
            );
            ensure!(
                told.contains_key("x-ratelimit-reset") && told.contains_key("retry-after"),
                "{told:?}"
            );
            ensure!(refused.text()?.contains("RATE_LIMIT_EXCEEDED"));
            Ok(())
        })())
    })
}

pub(super) fn only_trusted_proxies_say_who_the_client_is() -> Result<()> {
    let start = |proxies: &'static str| {
        Host::configured(move |config| {
            let environment = environment_of_edge(config)?;
            environment.insert("RATE_QUERIES".into(), "3".into());
            environment.insert("TRUSTED_PROXIES".into(), proxies.into());
            Ok(())
        })
    };
    let ask = |host: &Host, name: &str, value: String| -> Result<u16> {
        let request = host.client.get(format!("{}/content/types", host.url));
        Ok(request.header(name, value).send()?.status().as_u16())
    };
    // Nobody is trusted: whatever a client says of itself, it is one client.
    let host = start("")?;
    within_a_minute(|_| {
        let mut refused = 0;
        for n in 0..12 {
            let name = [
                "x-forwarded-for",
                "forwarded",
                "x-colloquy-peer",
                "x-real-ip",
            ][n % 4];
            let value = if name == "forwarded" {
                format!("for=192.0.2.{n}")
            } else {
                format!("192.0.2.{n}")
            };
            refused += usize::from(ask(&host, name, value)? == 429);
        }
        // Had an earlier round begun in the minute before, some of its requests would count still.
        Ok((refused >= 9)
            .then_some(())
            .context("a client has made itself into several"))
    })?;
    // Behind a proxy, clients are told apart by what the proxy has added, not by what they have put in front of it.
    let host = start("127.0.0.0/8")?;
    within_a_minute(|minute| {
        let (one, two) = (
            format!("203.0.113.{}", minute % 200),
            format!("203.0.113.{}", minute % 200 + 1),
        );
        let mut statuses = Vec::new();
        for n in 0..5 {
            statuses.push(ask(
                &host,
                "x-forwarded-for",
                format!("192.0.2.{n}, {one}"),
            )?);
        }
        let other = ask(&host, "x-forwarded-for", two)?;
        Ok((|| {
            ensure!(statuses == [200, 200, 200, 429, 429], "{statuses:?}");
            ensure!(other == 200, "another client: {other}");
            Ok(())
        })())
    })
}
