//! What operators see: metrics with bounded labels, alert rules and a dashboard over metrics that there are, traces that hang together,
//! log lines that machines read, and `/health/detailed`. None of it knows what was said.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json};
use colloquy_tests::{process, recordings, root, until};
use serde_json::Value;
use toml::toml;

use super::{OwnCase, SharedCase};

mod traces;

pub(crate) const CASES: &[SharedCase] = &[
    (
        "observe::a_turn_is_counted_by_route_and_never_by_path",
        a_turn_is_counted_by_route_and_never_by_path,
    ),
    (
        "observe::health_tells_of_stages_stores_and_servers",
        health_tells_of_stages_stores_and_servers,
    ),
];

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "observe::the_spans_of_a_turn_hang_together",
        traces::the_spans_of_a_turn_hang_together,
    ),
    (
        "observe::a_collector_that_is_absent_delays_nothing",
        traces::a_collector_that_is_absent_delays_nothing,
    ),
    (
        "observe::log_lines_are_flat_objects_without_what_was_said",
        log_lines_are_flat_objects_without_what_was_said,
    ),
    (
        "observe::alert_rules_fire_when_they_should",
        alert_rules_fire_when_they_should,
    ),
];

const QUESTION: &str = "What did she do at Harvard?";

fn a_turn_is_counted_by_route_and_never_by_path(host: &Host) -> Result<()> {
    let session = host.create_session()?;
    let answer = host.ask_aloud(&recordings::jfk()?.path, Some(&session))?;
    let audio = answer["audio_file"].as_str().context("audio_file")?;
    host.audio(&answer)?;
    let shown = host.ask(QUESTION, Some(&session))?;
    ensure!(
        shown["items"].as_array().is_some_and(|it| !it.is_empty()),
        "{shown}"
    );
    host.get_json(&format!("/session/{session}"))?;
    host.get("/nothing/like/this")?;
    let ended = format!("{}/session/{session}", host.url);
    ensure!(host.client.delete(ended).send()?.status() == 200);
    // The metrics listen to the same events as everybody else: a moment later.
    until("the session is counted", || {
        Ok(host.metric("session_duration_seconds_count", "")? >= 1.0)
    })?;
    for (name, labels) in [
        (
            "requests_total",
            r#"method="POST",route="/process",status="200""#,
        ),
        (
            "requests_total",
            r#"method="GET",route="/audio/{id}",status="200""#,
        ),
        (
            "requests_total",
            r#"method="GET",route="/session/{id}",status="200""#,
        ),
        (
            "requests_total",
            r#"method="DELETE",route="/session/{id}",status="200""#,
        ),
        (
            "requests_total",
            r#"method="GET",route="none",status="404""#,
        ),
        (
            "request_duration_seconds_count",
            r#"method="POST",route="/process""#,
        ),
        ("audio_processing_seconds_count", ""),
        ("transcription_confidence_count", ""),
        ("content_cards_shown_total", "item_type="),
        ("colloquy_first_audio_seconds_count", ""),
        ("colloquy_audio_stored_items_total", ""),
        (
            "colloquy_audio_removed_items_total",
            r#"reason="session-ended",served="true""#,
        ),
        (
            "colloquy_keyvalue_duration_seconds_count",
            r#"bucket="sessions""#,
        ),
        ("colloquy_keyvalue_up", r#"bucket="sessions""#),
        ("process_resident_memory_bytes", ""),
        ("colloquy_memory_limit_bytes", ""),
        ("colloquy_disk_free_bytes", "folder="),
    ] {
        let value = host.metric(name, labels)?;
        ensure!(value >= 1.0, "{name}{{{labels}}} is {value}");
    }
    for stage in ["asr", "llm", "tts"] {
        let labels = format!("stage=\"{stage}\",section=\"{stage}\"");
        for name in [
            "colloquy_stage_duration_seconds_count",
            "colloquy_stage_first_result_seconds_count",
            "colloquy_stage_queue_wait_seconds_count",
        ] {
            ensure!(host.metric(name, &labels)? >= 1.0, "{name} of {stage}");
        }
    }
    let text = host.get("/metrics")?.text()?;
    for secret in [
        session.as_str(),
        audio,
        "nothing/like",
        "Americans",
        "Harvard",
    ] {
        ensure!(!text.contains(secret), "{secret} is in the metrics");
    }
    Ok(())
}

fn health_tells_of_stages_stores_and_servers(host: &Host) -> Result<()> {
    let health = host.get_json("/health/detailed")?;
    ensure!(health["status"] == "ok", "{health}");
    let stages = health["stages"].as_array().context("stages")?;
    let names: Vec<_> = stages
        .iter()
        .filter_map(|it| it["stage"].as_str())
        .collect();
    ensure!(
        names == ["ingest", "vad", "asr", "intent", "llm", "tts"],
        "{health}"
    );
    for stage in stages {
        ensure!(
            stage["ready"] == true && stage["pool"]["loaded"].as_u64() >= Some(1),
            "{stage}"
        );
        ensure!(
            stage["name"].is_string() && stage["version"].is_string(),
            "{stage}"
        );
        let digest = stage["digest"].as_str().context("digest")?;
        ensure!(
            digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit()),
            "{digest}"
        );
    }
    for (name, backend) in [("sessions", "sqlite"), ("audio", "memory")] {
        let stores = health["stores"].as_array().context("stores")?;
        let store = stores.iter().find(|it| it["name"] == name);
        let store = store.with_context(|| format!("{name} in {health}"))?;
        ensure!(
            store["backend"] == backend && store["reachable"] == true,
            "{store}"
        );
        ensure!(
            store["max_bytes"].as_u64() > store["bytes"].as_u64(),
            "{store}"
        );
    }
    Ok(())
}

fn log_lines_are_flat_objects_without_what_was_said() -> Result<()> {
    let mut host = Host::configured(|config| {
        let log = toml! {
            level = "debug"
            format = "json"
        };
        config.insert("log".into(), log.into());
        Ok(())
    })?;
    let session = host.create_session()?;
    let response = host.upload(
        "jfk.flac",
        std::fs::read(recordings::jfk()?.path)?,
        Some(&session),
    )?;
    let id = response.headers()["x-request-id"].to_str()?.to_owned();
    expect_json(response)?;
    host.get("/a%0A%7B%22level%22%3A%22INFO%22%7D")?;
    host.terminate()?;
    host.wait()?;
    let log = host.log()?;
    let mut answered = 0;
    for line in log.lines() {
        let event: Value =
            serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?;
        for field in ["timestamp", "level", "target"] {
            ensure!(event[field].is_string(), "{field} in {line}");
        }
        if event["message"] == "answered" && event["request_id"] == id.as_str() {
            answered += 1;
            ensure!(
                event["method"] == "POST" && event["route"] == "/process",
                "{line}"
            );
            ensure!(event["status"] == 200 && event["ms"].is_u64(), "{line}");
        }
    }
    ensure!(answered == 1, "{answered} lines of the turn:\n{log}");
    for secret in ["fellow", "Americans", session.as_str()] {
        ensure!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    Ok(())
}

fn alert_rules_fire_when_they_should() -> Result<()> {
    let folder = root().canonicalize()?.join("deploy/prometheus");
    // Every alert has figures for which it fires, and figures for which it does not.
    let (rules, cases) = (
        std::fs::read_to_string(folder.join("alerts.yml"))?,
        std::fs::read_to_string(folder.join("alerts.test.yml"))?,
    );
    let alerts = rules
        .lines()
        .filter_map(|it| it.trim().strip_prefix("- alert: Colloquy"));
    for alert in alerts {
        for case in ["fires", "is quiet"] {
            let name = format!("name: \"{alert} {case}\"");
            ensure!(cases.contains(&name), "{name} is missing");
        }
    }
    let Some(promtool) = process::installed("promtool", "prometheus")? else {
        return Ok(());
    };
    for arguments in [
        ["check", "rules", "alerts.yml"],
        ["check", "config", "prometheus.yml"],
        ["test", "rules", "alerts.test.yml"],
    ] {
        ran(&promtool, &folder, &arguments)?;
    }
    Ok(())
}

fn ran(program: &Path, folder: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()?;
    ensure!(
        output.status.success(),
        "promtool {arguments:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
