//! One stage killed, hung, starved, overloaded, missing or lying: the answer is the error that was promised, and nobody else notices.

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json, expect_problem, stage};
use colloquy_tests::{recordings, root};
use reqwest::blocking::multipart::Form;

use super::OwnCase;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "faults::a_stage_that_misbehaves_is_lost_alone",
        a_stage_that_misbehaves_is_lost_alone,
    ),
    (
        "faults::a_stage_without_grants_reaches_nothing",
        a_stage_without_grants_reaches_nothing,
    ),
    (
        "faults::a_stage_cannot_forge_lines_of_the_log",
        a_stage_cannot_forge_lines_of_the_log,
    ),
    (
        "faults::a_deadline_that_passes_is_a_timeout",
        a_deadline_that_passes_is_a_timeout,
    ),
    (
        "faults::a_missing_voice_leaves_the_text",
        a_missing_voice_leaves_the_text,
    ),
    (
        "faults::a_missing_model_is_unavailable",
        a_missing_model_is_unavailable,
    ),
    ("faults::overload_is_shed", overload_is_shed),
];

/// The configuration of the repository with an llm stage that misbehaves on request.
fn hostile_host() -> Result<Host> {
    Host::configured(|config| {
        let llm = stage(config, "llm")?;
        let component = root().canonicalize()?.join("dist/tests/hostile-llm.wasm");
        llm.insert("component".into(), component.display().to_string().into());
        llm.insert("deadline_ms".into(), 3000.into());
        llm.insert("memory_mib".into(), 64.into());
        llm.insert("instances".into(), 1.into());
        llm.remove("mounts");
        llm.remove("environment");
        Ok(())
    })
}

fn a_stage_that_misbehaves_is_lost_alone() -> Result<()> {
    let mut host = hostile_host()?;
    let cases = [
        ("please trap", 500, "INTERNAL"),
        ("please eat memory", 500, "INTERNAL"),
        ("please end early", 500, "INTERNAL"),
    ];
    for (wish, status, code) in cases {
        let problem = expect_problem(host.post_text(wish, None)?, status, code).context(wish)?;
        ensure!(problem["stage"] == "llm", "{problem}");
        let told = problem.to_string();
        for secret in ["wasm", "unreachable", "backtrace", "hostile", "/dist/"] {
            ensure!(!told.contains(secret), "{wish}: the client was told {told}");
        }
        let next = host
            .ask("Be nice", None)
            .with_context(|| format!("after {wish:?}"))?;
        ensure!(
            next["response"]
                .as_str()
                .is_some_and(|text| text.contains("So far so good")),
            "{next}"
        );
    }
    // One that takes too long in the middle is no defect: what it has said is an answer.
    let answer = host.ask("please hang", None)?;
    ensure!(answer["degraded"] == serde_json::json!(["llm"]), "{answer}");
    ensure!(answer["response"] == "So far so good.", "{answer}");
    // Before a word is said there is still something to say: the cards.
    let answer = host.ask("What did she do at Harvard? please trap at once", None)?;
    ensure!(answer["degraded"] == serde_json::json!(["llm"]), "{answer}");
    ensure!(
        answer["response"]
            .as_str()
            .is_some_and(|text| text.len() > 20),
        "{answer}"
    );
    // Twenty megabytes of words are no answer; what is done about it may be an error or an end, but it is done.
    let flood = host.post_text("please flood", None)?;
    let length = flood.bytes()?.len();
    ensure!(length < 1 << 20, "a flood of {length} bytes was passed on");
    host.ask("Be nice", None).context("after the flood")?;
    ensure!(host.is_alive(), "the host died");
    ensure!(
        host.metric("colloquy_stage_instances_retired_total", "stage=\"llm\"")? >= 3.0,
        "no instance was retired"
    );
    for other in ["ingest", "vad", "asr", "intent", "tts"] {
        let label = format!("stage=\"{other}\"");
        ensure!(
            host.metric("colloquy_stage_instances_retired_total", &label)? == 0.0,
            "{other} lost an instance"
        );
    }
    host.ask_aloud(&recordings::jfk()?.path, None)?;
    Ok(())
}

fn a_stage_without_grants_reaches_nothing() -> Result<()> {
    let host = hostile_host()?;
    let answer = host.ask("please look around", None)?;
    let said = answer["response"].as_str().context("response")?;
    ensure!(
        said.contains("I opened 0 files, saw 0 variables and the network was closed.")
            && said.matches("was denied").count() == 5
            && said.contains("over another scheme it failed"),
        "{said}"
    );
    Ok(())
}

fn a_stage_cannot_forge_lines_of_the_log() -> Result<()> {
    let host = hostile_host()?;
    host.ask("please forge", None)?;
    let log = host.log()?;
    let told: Vec<_> = log.lines().filter(|line| line.contains("forged")).collect();
    ensure!(told.len() == 1, "what a guest prints is one line: {told:?}");
    let ends = ['\r', '\u{85}', '\u{2028}', '\u{1b}'];
    ensure!(!log.contains(ends), "the log has what ends lines: {told:?}");
    ensure!(told.iter().all(|line| line.contains("guest")), "{told:?}");
    Ok(())
}

fn a_deadline_that_passes_is_a_timeout() -> Result<()> {
    let host = Host::configured(|config| {
        stage(config, "asr")?.insert("deadline_ms".into(), 50.into());
        // Loading the model is allowed to take its time; only calls have the deadline.
        Ok(())
    })?;
    let jfk = recordings::jfk()?;
    let problem = expect_problem(
        host.upload("jfk.wav", std::fs::read(&jfk.path)?, None)?,
        504,
        "STAGE_TIMEOUT",
    )?;
    ensure!(
        problem["stage"] == "asr" && problem["retryable"] == true,
        "{problem}"
    );
    host.ask_in_writing("What did she do at Harvard?", None)
        .context("a turn in text")?;
    Ok(())
}

fn a_missing_voice_leaves_the_text() -> Result<()> {
    let host = Host::spawned(|config| {
        stage(config, "tts")?.insert("component".into(), "/nowhere/tts.wasm".into());
        Ok(())
    })?;
    let ready = until_others_are_ready(&host, "tts")?;
    ensure!(ready.contains("tts"), "{ready}");
    let answer = host.ask("What did she do at Harvard?", None)?;
    ensure!(answer["degraded"] == serde_json::json!(["tts"]), "{answer}");
    ensure!(answer["audio_file"].is_null(), "{answer}");
    ensure!(
        answer["items"]
            .as_array()
            .is_some_and(|items| !items.is_empty()),
        "{answer}"
    );
    Ok(())
}

fn a_missing_model_is_unavailable() -> Result<()> {
    let empty = tempfile::tempdir()?;
    let folder = empty.path().display().to_string();
    let host = Host::spawned(move |config| {
        let mounts = stage(config, "asr")?
            .get_mut("mounts")
            .and_then(toml::Value::as_table_mut)
            .context("mounts")?;
        mounts
            .iter_mut()
            .for_each(|(_, path)| *path = folder.clone().into());
        Ok(())
    })?;
    until_others_are_ready(&host, "asr")?;
    let jfk = std::fs::read(recordings::jfk()?.path)?;
    let problem = expect_problem(host.upload("jfk.wav", jfk, None)?, 503, "STAGE_UNAVAILABLE")?;
    ensure!(
        problem["stage"] == "asr" && problem["retryable"] == true,
        "{problem}"
    );
    host.ask_in_writing("What did she do at Harvard?", None)
        .context("a turn in text")?;
    Ok(())
}

/// Waits until only `stage` keeps the host from being ready and returns what `/readyz` says.
fn until_others_are_ready(host: &Host, stage: &str) -> Result<String> {
    for _ in 0..2000 {
        let response = host.get("/readyz")?;
        ensure!(response.status() == 503, "ready without {stage}");
        let text = response.text()?;
        let others = ["ingest", "vad", "asr", "intent", "llm", "tts"]
            .into_iter()
            .filter(|name| *name != stage);
        if others
            .into_iter()
            .all(|other| !text.contains(&format!("\"{other}\"")))
            && text.contains(stage)
        {
            return Ok(text);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    anyhow::bail!(
        "the other stages are not ready: {}",
        host.get("/readyz")?.text()?
    )
}

fn overload_is_shed() -> Result<()> {
    let host = Host::configured(|config| {
        let asr = stage(config, "asr")?;
        asr.insert("instances".into(), 1.into());
        asr.insert("queue".into(), 1.into());
        asr.insert("queue_timeout_ms".into(), 100.into());
        Ok(())
    })?;
    let path = recordings::jfk()?.path;
    let answers = std::thread::scope(|scope| {
        let turns: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| -> Result<_> {
                    let form = Form::new()
                        .text("speak", "false")
                        .file("audio_file", &path)?;
                    Ok(host
                        .client
                        .post(format!("{}/process", host.url))
                        .multipart(form)
                        .send()?)
                })
            })
            .collect();
        turns
            .into_iter()
            .map(|turn| {
                turn.join()
                    .map_err(|_| anyhow::anyhow!("a turn panicked"))?
            })
            .collect::<Result<Vec<_>>>()
    })?;
    let (mut served, mut shed) = (0, 0);
    for answer in answers {
        if answer.status() == 200 {
            expect_json(answer)?;
            served += 1;
        } else {
            expect_problem(answer, 503, "OVERLOADED")?;
            shed += 1;
        }
    }
    ensure!(served >= 1 && shed >= 1, "{served} served, {shed} shed");
    host.ask_aloud(&path, None).context("after the overload")?;
    Ok(())
}
