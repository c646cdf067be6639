//! What an operator relies on: identifiers, metrics, logs, commands, and a clean end.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use colloquy_tests::host::{Host, configuration, environment_of_edge, expect_json};
use colloquy_tests::{recordings, root};

use super::{OwnCase, SharedCase};

pub(crate) const CASES: &[SharedCase] = &[
    (
        "operation::every_response_carries_a_request_id",
        every_response_carries_a_request_id,
    ),
    (
        "operation::metrics_show_every_stage",
        metrics_show_every_stage,
    ),
    (
        "operation::the_content_base_is_served",
        the_content_base_is_served,
    ),
    (
        "operation::the_front_page_says_what_this_is",
        the_front_page_says_what_this_is,
    ),
    (
        "operation::logs_hold_requests_but_no_transcripts",
        logs_hold_requests_but_no_transcripts,
    ),
];

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "operation::a_turn_in_flight_is_finished_before_the_end",
        a_turn_in_flight_is_finished_before_the_end,
    ),
    (
        "operation::mistakes_in_the_configuration_are_named",
        mistakes_in_the_configuration_are_named,
    ),
    (
        "operation::mistakes_in_the_settings_of_the_gateway_are_named",
        mistakes_in_the_settings_of_the_gateway_are_named,
    ),
    (
        "operation::the_commands_say_what_would_run",
        the_commands_say_what_would_run,
    ),
];

/// Time between two looks.
const POLL: Duration = Duration::from_millis(5);

fn every_response_carries_a_request_id(host: &Host) -> Result<()> {
    for path in [
        "/",
        "/health",
        "/nothing",
        "/readyz",
        "/livez",
        "/metrics",
        "/content/types",
    ] {
        let response = host.get(path)?;
        let id = response
            .headers()
            .get("x-request-id")
            .with_context(|| format!("{path} has no X-Request-Id"))?;
        ensure!(!id.is_empty(), "{path}");
    }
    let url = format!("{}/health", host.url);
    let kept = host
        .client
        .get(&url)
        .header("x-request-id", "my-own-id-42")
        .send()?;
    ensure!(
        kept.headers()["x-request-id"] == "my-own-id-42",
        "{:?}",
        kept.headers()
    );
    let odd = "x".repeat(500);
    let replaced = host.client.get(&url).header("x-request-id", &odd).send()?;
    ensure!(
        replaced.headers()["x-request-id"] != odd.as_str(),
        "an id of 500 characters was kept"
    );
    Ok(())
}

fn metrics_show_every_stage(host: &Host) -> Result<()> {
    host.ask_aloud(&recordings::jfk()?.path, None)?;
    for stage in ["ingest", "vad", "asr", "intent", "llm", "tts"] {
        let calls = host.metric(
            "colloquy_stage_call_duration_seconds_count",
            &format!("stage=\"{stage}\""),
        )?;
        ensure!(calls >= 1.0, "{stage} has {calls} calls");
    }
    Ok(())
}

fn the_content_base_is_served(host: &Host) -> Result<()> {
    let types = host.get_json("/content/types")?;
    let types = types["types"].as_array().context("types")?;
    ensure!(types.len() >= 5, "{types:?}");
    let mut total = 0;
    for kind in types {
        let name = kind["name"].as_str().context("name")?;
        let items = host.get_json(&format!("/content/{name}"))?;
        let items = items["items"].as_array().context("items")?.clone();
        ensure!(
            Some(items.len() as u64) == kind["n_items"].as_u64(),
            "{name}: {kind} but {} items",
            items.len()
        );
        total += items.len();
    }
    ensure!(total >= 30, "{total} items");
    let found = host.get_json("/content/search?q=compiler&limit=3")?;
    let hits = found["results"].as_array().context("results")?;
    ensure!((1..=3).contains(&hits.len()), "{found}");
    for hit in hits {
        let part = |name: &str| {
            hit["score"][name]
                .as_f64()
                .with_context(|| format!("score.{name} in {hit}"))
        };
        let sum = 0.4 * part("keyword")?
            + 0.3 * part("technology")?
            + 0.2 * part("recency")?
            + 0.1 * part("impact")?;
        ensure!(
            (sum - part("total")?).abs() < 1e-3,
            "the parts of {hit} add up to {sum}"
        );
        ensure!(
            hit["score"]["reasons"]
                .as_array()
                .is_some_and(|reasons| !reasons.is_empty()),
            "{hit}"
        );
    }
    Ok(())
}

fn the_front_page_says_what_this_is(host: &Host) -> Result<()> {
    let front = expect_json(
        host.client
            .get(&host.url)
            .header("accept", "application/json")
            .send()?,
    )?;
    ensure!(
        front["name"] == "colloquy" && front["version"].is_string(),
        "{front}"
    );
    let page = host
        .client
        .get(&host.url)
        .header("accept", "text/html")
        .send()?;
    ensure!(
        page.headers()["content-type"]
            .to_str()?
            .starts_with("text/html"),
        "{:?}",
        page.headers()
    );
    Ok(())
}

fn logs_hold_requests_but_no_transcripts(host: &Host) -> Result<()> {
    let url = format!("{}/process", host.url);
    let form =
        reqwest::blocking::multipart::Form::new().file("audio_file", recordings::jfk()?.path)?;
    let request = host.client.post(url).header("x-request-id", "look-for-me");
    expect_json(request.multipart(form).send()?)?;
    // The line is written when the last byte is out, which the client may see first.
    let told = |log: &str| {
        log.lines()
            .any(|line| line.contains("look-for-me") && line.contains("status=200"))
    };
    let since = Instant::now();
    let mut log = host.log()?;
    while !told(&log) {
        ensure!(
            since.elapsed() < Duration::from_secs(60),
            "no line about the request:\n{log}"
        );
        std::thread::sleep(POLL);
        log = host.log()?;
    }
    ensure!(
        !log.contains("fellow Americans"),
        "the log holds a transcript"
    );
    Ok(())
}

fn a_turn_in_flight_is_finished_before_the_end() -> Result<()> {
    let mut host = Host::start()?;
    let recording = recordings::jfk()?;
    let (client, url) = (host.client.clone(), host.url.clone());
    let form = reqwest::blocking::multipart::Form::new().file("audio_file", &recording.path)?;
    let turn =
        std::thread::spawn(move || client.post(format!("{url}/process")).multipart(form).send());
    while host.metric("colloquy_stage_instances_in_use", "stage=\"asr\"")? < 1.0 {
        ensure!(
            !turn.is_finished(),
            "the turn ended before the host was asked to"
        );
        std::thread::sleep(POLL);
    }
    host.terminate()?;
    let answer = turn
        .join()
        .map_err(|_| anyhow::anyhow!("the turn panicked"))??;
    let answer = expect_json(answer)?;
    ensure!(
        answer["transcription"]
            .as_str()
            .is_some_and(|text| text.contains("fellow Americans")),
        "{answer}"
    );
    ensure!(host.wait()?, "the host did not end well");
    Ok(())
}

fn mistakes_in_the_configuration_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = std::fs::read_to_string(root().join("colloquy.toml"))?;
    let wrong = text.replacen("\nlisten", "\nlisen", 1);
    let line = wrong.lines().position(|line| line.starts_with("lisen"));
    let line = line.context("the key is in colloquy.toml")? + 1;
    let path = folder.path().join("colloquy.toml");
    std::fs::write(&path, wrong)?;
    let output = Command::new(root().join("dist/colloquy"))
        .args(["check", "--config"])
        .arg(&path)
        .output()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    ensure!(!output.status.success(), "a wrong key was accepted: {told}");
    ensure!(
        told.contains("lisen") && told.contains(&format!("line {line}")),
        "expected line {line}: {told}"
    );
    Ok(())
}

/// Only the gateway knows its settings, so it has to be asked.
fn mistakes_in_the_settings_of_the_gateway_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (name, value, told) in [
        ("KEY_FILE", "/keys/keys.toml", "KEYS_FILE"),
        ("SESSION_TTL_S", "soon", "SESSION_TTL_S"),
    ] {
        let edit = |config: &mut toml::Table| {
            environment_of_edge(config)?.insert(name.into(), value.into());
            Ok(())
        };
        let path = configuration(folder.path(), edit)?;
        let output = Command::new(root().join("dist/colloquy"))
            .args(["check", "--config"])
            .arg(&path)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success(), "{name}: {said}");
        ensure!(said.contains(told), "check, {name}: {said}");
        let said = match Host::spawned(edit) {
            Ok(_) => bail!("{name}: the host has started"),
            Err(error) => format!("{error:#}"),
        };
        ensure!(said.contains(told), "serve, {name}: {said}");
    }
    Ok(())
}

fn the_commands_say_what_would_run() -> Result<()> {
    let run = |command: &str| {
        Command::new(root().join("dist/colloquy"))
            .args([command, "--config"])
            .arg(root().join("colloquy.toml"))
            .output()
    };
    let check = run("check")?;
    ensure!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );
    let components = run("components")?;
    let table = String::from_utf8_lossy(&components.stdout);
    ensure!(
        components.status.success(),
        "{}",
        String::from_utf8_lossy(&components.stderr)
    );
    for name in [
        "ingest",
        "vad-silero",
        "asr-whisper",
        "intent-rules",
        "llm-template",
        "tts-piper",
    ] {
        ensure!(table.contains(name), "{name} is missing from\n{table}");
    }
    Ok(())
}
