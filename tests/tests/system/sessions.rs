//! Conversations that remember, and survive a restart.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json, expect_problem, table};
use colloquy_tests::recordings;
use serde_json::Value;

use super::{OwnCase, SharedCase};

pub(crate) const CASES: &[SharedCase] = &[
    (
        "sessions::a_session_remembers_its_turns",
        a_session_remembers_its_turns,
    ),
    (
        "sessions::a_follow_up_is_about_the_turn_before",
        a_follow_up_is_about_the_turn_before,
    ),
    (
        "sessions::deleting_a_session_deletes_its_audio",
        deleting_a_session_deletes_its_audio,
    ),
    (
        "sessions::audio_is_served_in_ranges",
        audio_is_served_in_ranges,
    ),
];

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "sessions::sessions_survive_a_restart",
        sessions_survive_a_restart,
    ),
    (
        "sessions::a_kill_in_the_middle_of_a_turn_loses_only_that_turn",
        a_kill_in_the_middle_of_a_turn_loses_only_that_turn,
    ),
    (
        "sessions::sessions_and_audio_expire",
        sessions_and_audio_expire,
    ),
];

/// Time between two looks.
const POLL: Duration = Duration::from_millis(5);

fn a_session_remembers_its_turns(host: &Host) -> Result<()> {
    let session = host.create_session()?;
    host.ask_in_writing("What did she do at Harvard?", Some(&session))?;
    host.ask_aloud(&recordings::jfk()?.path, Some(&session))?;
    let state = host.get_json(&format!("/session/{session}"))?;
    let history = state["conversation_history"]
        .as_array()
        .context("conversation_history")?;
    ensure!(history.len() == 2, "{state}");
    ensure!(
        history[0]["user_input"] == "What did she do at Harvard?",
        "{state}"
    );
    ensure!(
        history[1]["user_input"]
            .as_str()
            .is_some_and(|text| text.contains("fellow Americans")),
        "{state}"
    );
    for turn in history {
        ensure!(
            turn["ai_response"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{turn}"
        );
        ensure!(
            turn["timestamp"].is_string() && turn["items_shown"].is_array(),
            "{turn}"
        );
    }
    ensure!(state["metadata"]["total_interactions"] == 2, "{state}");
    ensure!(
        state["metadata"]["average_response_time"].is_number(),
        "{state}"
    );
    Ok(())
}

fn a_follow_up_is_about_the_turn_before(host: &Host) -> Result<()> {
    let session = host.create_session()?;
    let first = host.ask_in_writing("Which compilers did she write?", Some(&session))?;
    let shown = first["items"].as_array().context("items")?;
    ensure!(shown.len() >= 2, "{first}");
    let second = host.ask_in_writing("Tell me more about the second one", Some(&session))?;
    ensure!(
        second["items"][0]["id"] == shown[1]["id"],
        "asked for {} and got {}",
        shown[1],
        second["items"]
    );
    // Without the session there is no second one.
    let alone = host.ask_in_writing("Tell me more about the second one", None)?;
    ensure!(alone["items"][0]["id"] != shown[1]["id"], "{alone}");
    Ok(())
}

fn deleting_a_session_deletes_its_audio(host: &Host) -> Result<()> {
    let session = host.create_session()?;
    let answer = host.ask("Hello", Some(&session))?;
    host.audio(&answer)?;
    let response = host
        .client
        .delete(format!("{}/session/{session}", host.url))
        .send()?;
    let body = expect_json(response)?;
    ensure!(
        body["status"].is_string() && body["cleanup_info"].is_object(),
        "{body}"
    );
    expect_problem(
        host.get(&format!("/session/{session}"))?,
        404,
        "SESSION_NOT_FOUND",
    )?;
    let id = answer["audio_file"].as_str().context("audio_file")?;
    expect_problem(host.get(&format!("/audio/{id}"))?, 404, "NOT_FOUND")?;
    Ok(())
}

fn audio_is_served_in_ranges(host: &Host) -> Result<()> {
    let answer = host.ask("Hello", None)?;
    let whole = host.audio(&answer)?;
    let path = format!(
        "{}/audio/{}",
        host.url,
        answer["audio_file"].as_str().context("audio_file")?
    );
    let part = host
        .client
        .get(&path)
        .header("range", "bytes=10-19")
        .send()?;
    ensure!(part.status() == 206, "{}", part.status());
    ensure!(
        part.headers()["content-range"] == format!("bytes 10-19/{}", whole.len()),
        "{:?}",
        part.headers()
    );
    ensure!(part.bytes()? == whole[10..20], "other bytes");
    let beyond = host
        .client
        .get(&path)
        .header("range", format!("bytes={}-", whole.len()))
        .send()?;
    ensure!(beyond.status() == 416, "{}", beyond.status());
    let etag = host.client.get(&path).send()?.headers()["etag"].clone();
    let unchanged = host
        .client
        .get(&path)
        .header("if-none-match", etag)
        .send()?;
    ensure!(unchanged.status() == 304, "{}", unchanged.status());
    Ok(())
}

fn sessions_survive_a_restart() -> Result<()> {
    let mut host = Host::start()?;
    let session = host.create_session()?;
    host.ask_in_writing("What did she do at Harvard?", Some(&session))?;
    host.stop_and_restart()?;
    let state = host.get_json(&format!("/session/{session}"))?;
    ensure!(
        state["conversation_history"][0]["user_input"] == "What did she do at Harvard?",
        "{state}"
    );
    host.ask_in_writing("Tell me more", Some(&session))?;
    Ok(())
}

fn a_kill_in_the_middle_of_a_turn_loses_only_that_turn() -> Result<()> {
    let mut host = Host::configured(|config| {
        let environment = table(table(config, "edge")?, "environment")?;
        environment.insert("SESSION_LEASE_MS".into(), "5000".into());
        Ok(())
    })?;
    let session = host.create_session()?;
    host.ask_in_writing("What did she do at Harvard?", Some(&session))?;
    let recording = recordings::jfk()?;
    let (client, url) = (host.client.clone(), host.url.clone());
    let form = reqwest::blocking::multipart::Form::new()
        .text("session_id", session.clone())
        .file("audio_file", &recording.path)?;
    let turn = std::thread::spawn(move || {
        client
            .post(format!("{url}/process"))
            .multipart(form)
            .send()
            .map(|r| r.status())
    });
    // Killed once the recogniser is at work, which only the metrics can tell from outside.
    while host.metric("colloquy_stage_instances_in_use", "stage=\"asr\"")? < 1.0 {
        ensure!(
            !turn.is_finished(),
            "the turn ended before it could be killed"
        );
        std::thread::sleep(POLL);
    }
    host.kill_and_restart()?;
    ensure!(
        turn.join().is_ok_and(|answer| answer.is_err()),
        "the killed turn was answered"
    );
    let state = host.get_json(&format!("/session/{session}"))?;
    ensure!(
        state["conversation_history"]
            .as_array()
            .is_some_and(|turns| turns.len() == 1),
        "{state}"
    );
    // The killed turn has the session until its lease ends; a client that is told to come back does so.
    let audio = std::fs::read(&recording.path)?;
    loop {
        let answer = host.upload("again.wav", audio.clone(), Some(&session))?;
        if answer.status() != 409 {
            ensure!(answer.status() == 200, "{}", answer.text()?);
            return Ok(());
        }
        let problem: Value = answer.json()?;
        ensure!(problem["code"] == "SESSION_BUSY", "{problem}");
        let wait_ms = problem["retry_after_ms"]
            .as_u64()
            .context("retry_after_ms")?;
        std::thread::sleep(Duration::from_millis(wait_ms));
    }
}

fn sessions_and_audio_expire() -> Result<()> {
    let host = Host::configured(|config| {
        let environment = table(table(config, "edge")?, "environment")?;
        // Long enough for the first turn to come.
        environment.insert("SESSION_TTL_S".into(), "3".into());
        environment.insert("AUDIO_TTL_S".into(), "1".into());
        Ok(())
    })?;
    let session = host.create_session()?;
    let answer = host.ask("Hello", Some(&session))?;
    let id = answer["audio_file"].as_str().context("audio_file")?;
    let gone = |path: String| -> Result<u16> {
        loop {
            let status = host.get(&path)?.status().as_u16();
            if status != 200 {
                return Ok(status);
            }
            std::thread::sleep(POLL);
        }
    };
    ensure!(
        gone(format!("/audio/{id}"))? == 404,
        "expired audio is not 404"
    );
    let status = gone(format!("/session/{session}"))?;
    ensure!(
        [404, 410].contains(&status),
        "an expired session is {status}"
    );
    Ok(())
}
