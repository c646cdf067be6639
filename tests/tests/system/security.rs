//! Who gets in, what they see, and what the host tells of it.

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, environment_of_edge, expect_json, expect_problem, table};
use colloquy_tests::{raw, until};
use reqwest::blocking::Response;
use serde_json::json;

use super::{OwnCase, SharedCase};

pub(crate) mod keys;
mod limits;
mod tls;

pub(crate) const CASES: &[SharedCase] = &[
    (
        "security::every_answer_is_hardened",
        every_answer_is_hardened,
    ),
    (
        "security::nothing_can_be_put_into_headers_or_log",
        nothing_can_be_put_into_headers_or_log,
    ),
    (
        "security::pages_of_other_origins_are_kept_out",
        pages_of_other_origins_are_kept_out,
    ),
];

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "security::keys_open_the_door_and_change_while_it_is_used",
        keys::keys_open_the_door_and_change_while_it_is_used,
    ),
    (
        "security::what_belongs_to_another_key_is_not_there",
        keys::what_belongs_to_another_key_is_not_there,
    ),
    ("security::listed_pages_may_use_it", listed_pages_may_use_it),
    (
        "security::limits_hold_across_hosts",
        limits::limits_hold_across_hosts,
    ),
    (
        "security::only_trusted_proxies_say_who_the_client_is",
        limits::only_trusted_proxies_say_who_the_client_is,
    ),
    (
        "security::metrics_can_be_kept_apart",
        metrics_can_be_kept_apart,
    ),
    (
        "security::transcripts_are_logged_only_when_asked_for",
        transcripts_are_logged_only_when_asked_for,
    ),
    (
        "security::certificates_change_while_it_runs",
        tls::certificates_change_while_it_runs,
    ),
];

fn every_answer_is_hardened(host: &Host) -> Result<()> {
    for path in [
        "/",
        "/health",
        "/livez",
        "/readyz",
        "/metrics",
        "/content/types",
        "/nothing",
        "/audio/x",
    ] {
        let answer = host.get(path)?;
        let headers = answer.headers();
        ensure!(
            headers["x-content-type-options"] == "nosniff",
            "{path}: {headers:?}"
        );
        ensure!(
            headers["referrer-policy"] == "no-referrer",
            "{path}: {headers:?}"
        );
        ensure!(
            headers["cross-origin-resource-policy"] == "same-origin",
            "{path}: {headers:?}"
        );
        let policy = headers["content-security-policy"].to_str()?;
        ensure!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        for told in [
            "server",
            "x-powered-by",
            "access-control-allow-origin",
            "x-colloquy-peer",
        ] {
            ensure!(!headers.contains_key(told), "{path}: {headers:?}");
        }
    }
    Ok(())
}

fn nothing_can_be_put_into_headers_or_log(host: &Host) -> Result<()> {
    let forged = "x-forged: 1";
    for target in [
        "/%0d%0ax-forged:%201",
        "/audio/%0d%0ax-forged:%201",
        "/session/%0d%0ax-forged:%201",
        "/content/%0d%0ax-forged:%201",
        "/content/search?q=%0d%0ax-forged:%201",
        "/%E2%80%A8x-forged",
    ] {
        let answer = raw::exchange(&host.url, &raw::get(target, ""))?;
        ensure!(answer.header("x-forged").is_none(), "{target}: {answer:?}");
    }
    for value in ["a\u{b}b", "a b", "%0d%0ax-forged: 1", &"a".repeat(1_000)] {
        let header = format!("x-request-id: {value}\r\nuser-agent: {value}\r\n");
        let answer = raw::exchange(&host.url, &raw::get("/health", &header))?;
        ensure!(answer.header("x-request-id") != Some(value), "{answer:?}");
        ensure!(!answer.head.contains(forged), "{answer:?}");
    }
    // Line ends where JSON and forms may have them.
    let line = "\n2026-01-01T00:00:00Z ERROR forged";
    for body in [
        json!({ "text": format!("What{line}") }),
        json!({ "text": "What?", "session_id": line }),
        json!({ "text": "What?", "voice": line }),
        json!({ "text": "What?", "language": line }),
    ] {
        host.client
            .post(format!("{}/process/text", host.url))
            .json(&body)
            .send()?;
    }
    host.upload(&format!("{line}.wav"), b"RIFF".to_vec(), Some(line))?;
    host.get("/content/search?q=%0a2026-01-01T00:00:00Z%20ERROR%20forged&type=%0aforged")?;
    let log = host.log()?;
    for line in log.lines() {
        // Each event begins with its time, and nothing else begins a line.
        let is_event = line.get(..2) == Some("20") && line.get(4..5) == Some("-");
        ensure!(is_event, "a line that is no event: {line:?}");
        ensure!(
            !line.starts_with("2026-01-01T00:00:00Z"),
            "a forged line: {line}"
        );
    }
    Ok(())
}

fn pages_of_other_origins_are_kept_out(host: &Host) -> Result<()> {
    let ask = |origin: &str| -> Result<Response> {
        let request = host.client.post(format!("{}/process/text", host.url));
        Ok(request
            .header("origin", origin)
            .json(&json!({ "text": "Hello", "speak": false }))
            .send()?)
    };
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let answer = ask(origin)?;
        ensure!(
            !answer.headers().contains_key("access-control-allow-origin"),
            "{origin}"
        );
        expect_problem(answer, 403, "FORBIDDEN").with_context(|| origin.to_owned())?;
    }
    expect_json(ask(&host.url)?)?;
    Ok(())
}

fn listed_pages_may_use_it() -> Result<()> {
    let host = Host::configured(|config| {
        environment_of_edge(config)?.insert(
            "CORS_ORIGINS".into(),
            "https://app.example, http://localhost:5173".into(),
        );
        Ok(())
    })?;
    let url = format!("{}/process/text", host.url);
    let preflight = |origin: &str| {
        host.client
            .request(reqwest::Method::OPTIONS, &url)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
            .send()
    };
    for origin in ["https://app.example", "http://localhost:5173"] {
        let answer = preflight(origin)?;
        ensure!(answer.status() == 204, "{origin}: {}", answer.status());
        let headers = answer.headers();
        ensure!(
            headers["access-control-allow-origin"] == origin,
            "{headers:?}"
        );
        ensure!(
            headers["access-control-allow-headers"] == "authorization,content-type",
            "{headers:?}"
        );
        ensure!(
            headers["access-control-allow-methods"]
                .to_str()?
                .contains("POST"),
            "{headers:?}"
        );
        ensure!(headers["vary"] == "origin", "{headers:?}");
        ensure!(
            !headers.contains_key("access-control-allow-credentials"),
            "{headers:?}"
        );
        let asked = host
            .client
            .post(&url)
            .header("origin", origin)
            .json(&json!({ "text": "Hello", "speak": false }))
            .send()?;
        ensure!(
            asked.headers()["access-control-allow-origin"] == origin,
            "{:?}",
            asked.headers()
        );
        ensure!(asked.status() == 200, "{}", asked.status());
    }
    for origin in [
        "https://evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "null",
    ] {
        let answer = preflight(origin)?;
        ensure!(
            !answer.headers().contains_key("access-control-allow-origin"),
            "{origin}"
        );
        ensure!(answer.status() == 403, "{origin}: {}", answer.status());
    }
    Ok(())
}

fn metrics_can_be_kept_apart() -> Result<()> {
    let port = colloquy_tests::process::free_port()?;
    let host = Host::configured(|config| {
        table(config, "server")?.insert("watch_listen".into(), format!("127.0.0.1:{port}").into());
        Ok(())
    })?;
    ensure!(
        host.get("/metrics")?.status() == 404,
        "metrics are for everybody"
    );
    let ready = host.get_json("/readyz")?;
    ensure!(ready == json!({ "ready": true }), "{ready}");
    let watch = |path: &str| {
        host.client
            .get(format!("http://127.0.0.1:{port}{path}"))
            .send()
    };
    let metrics = watch("/metrics")?;
    ensure!(
        metrics.status() == 200 && metrics.text()?.contains("colloquy_"),
        "no metrics"
    );
    ensure!(
        watch("/readyz")?.json::<serde_json::Value>()?["waiting_for"].is_object(),
        "readyz"
    );
    ensure!(
        watch("/content/types")?.status() == 404,
        "the gateway is there, too"
    );
    Ok(())
}

fn transcripts_are_logged_only_when_asked_for() -> Result<()> {
    let words = "zebra umbrella compiler";
    for (asked_for, level) in [(false, "debug"), (true, "info")] {
        let host = Host::configured(|config| {
            let log = table(config, "log")?;
            log.insert("transcripts".into(), asked_for.into());
            // With everything else in it, too.
            log.insert("level".into(), level.into());
            Ok(())
        })?;
        expect_json(host.post_text(words, None)?)?;
        if asked_for {
            until("the words are in the log", || {
                Ok(host.log()?.contains(words))
            })?;
        } else {
            let log = host.log()?;
            ensure!(
                !log.contains("umbrella"),
                "the log has the question: {}",
                log.lines()
                    .find(|line| line.contains("umbrella"))
                    .unwrap_or_default()
            );
        }
    }
    Ok(())
}
