//! Stages that ask a server: what they send, what becomes of each way to answer, and that they reach nothing else.
//!
//! The emulator decides how a server behaves; a server that is not ours shows that the emulator is right about the interface.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json, expect_problem, stage};
use colloquy_tests::process::{Server, free_port};
use colloquy_tests::speech::{Wav, word_error_rate};
use colloquy_tests::upstream::{Reply, Upstream, Way};
use colloquy_tests::{python, recordings, root};
use toml::{Table, Value, toml};

use super::OwnCase;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "remote::a_transcription_server_is_asked_as_openai_says",
        a_transcription_server_is_asked_as_openai_says,
    ),
    (
        "remote::each_refusal_of_a_transcription_server_is_told_apart",
        each_refusal_of_a_transcription_server_is_told_apart,
    ),
    (
        "remote::a_real_transcription_server_hears_the_president",
        a_real_transcription_server_hears_the_president,
    ),
    (
        "remote::a_stage_reaches_the_listed_destination_and_no_other",
        a_stage_reaches_the_listed_destination_and_no_other,
    ),
];

const KEY: &str = "sk-colloquy-test-0123456789";

/// Replaces a stage by another component with this environment and the destinations that it may reach.
pub(crate) fn replace(
    config: &mut Table,
    name: &str,
    file: &str,
    outbound: &[&str],
    environment: Table,
) -> Result<()> {
    let stage = stage(config, name)?;
    let component = root().canonicalize()?.join("dist").join(file);
    stage.clear();
    stage.insert("component".into(), component.display().to_string().into());
    stage.insert("memory_mib".into(), 128.into());
    let outbound = outbound.iter().map(|to| Value::from(*to)).collect();
    stage.insert("outbound".into(), Value::Array(outbound));
    stage.insert("environment".into(), Value::Table(environment));
    Ok(())
}

/// A host whose asr asks this server, once, whatever happened before.
fn hearing_host(base: &str, outbound: &str, timeout_ms: &str) -> Result<Host> {
    let environment = toml! {
        ASR_BASE_URL = base
        ASR_MODEL = "whisper-large-v3-turbo"
        ASR_API_KEY = KEY
        ASR_TIMEOUT_MS = timeout_ms
        ASR_RETRIES = "0"
        ASR_BREAKER_FAILURES = "1000"
    };
    Host::configured(|config| {
        replace(
            config,
            "asr",
            "components/asr-remote.wasm",
            &[outbound],
            environment,
        )
    })
}

fn a_transcription_server_is_asked_as_openai_says() -> Result<()> {
    let transcript = r#"{"task":"transcribe","language":"english","duration":9.5,"text":"What did she do at Harvard?",
        "segments":[{"id":0,"seek":0,"start":0.0,"end":3.0,"text":" What did she do","tokens":[50364,708,630],"temperature":0.0,
        "avg_logprob":-0.1,"compression_ratio":0.9,"no_speech_prob":0.01},
        {"id":1,"start":3.0,"end":9.0,"text":" at Harvard?","avg_logprob":-0.1,"no_speech_prob":0.01}]}"#;
    let upstream =
        Upstream::start(move |_| Reply::ok("application/json", transcript, Way::Pieces(7)))?;
    let host = hearing_host(
        &format!("{}/openai/v1/", upstream.url),
        &upstream.url,
        "15000",
    )?;
    let recording = std::fs::read(recordings::jfk()?.path)?;
    for _ in 0..3 {
        let answer = host.hear("jfk.wav", recording.clone())?;
        ensure!(
            answer["transcription"] == "What did she do at Harvard?",
            "{answer}"
        );
        ensure!(answer["language"] == "en", "{answer}");
        ensure!(
            answer["stages"]["asr"]
                .as_str()
                .is_some_and(|name| name.starts_with("asr-remote@")),
            "{answer}"
        );
        let confidence = answer["metadata"]["transcription_confidence"].as_f64();
        ensure!(
            confidence.is_some_and(|c| (c - 0.9048).abs() < 0.001),
            "{answer}"
        );
    }
    let received = upstream.received()?;
    ensure!(received.len() == 3, "{} requests", received.len());
    // A stage has one connection to a server, not one for each turn.
    ensure!(
        upstream.connections() == 1,
        "{} connections",
        upstream.connections()
    );
    for request in &received {
        ensure!(
            request.method == "POST" && request.path == "/openai/v1/audio/transcriptions",
            "{request:?}"
        );
        ensure!(
            request.header("authorization")? == Some(&format!("Bearer {KEY}")),
            "the key"
        );
        ensure!(
            Some(request.header("host")?.context("host")?) == upstream.url.strip_prefix("http://"),
            "host"
        );
        let names: Vec<_> = request.form()?.into_iter().map(|part| part.name).collect();
        for name in &names {
            let known = [
                "model",
                "response_format",
                "language",
                "prompt",
                "temperature",
                "file",
            ];
            ensure!(
                known.contains(&name.as_str()),
                "{name} is no field of the interface"
            );
        }
        ensure!(
            request.field("model")?.as_deref() == Some("whisper-large-v3-turbo"),
            "model"
        );
        ensure!(
            request.field("response_format")?.as_deref() == Some("verbose_json"),
            "format"
        );
        let mut parts = request.form()?.into_iter();
        let file = parts.find(|part| part.name == "file").context("file")?;
        ensure!(file.kind.as_deref() == Some("audio/wav"), "{file:?}");
        let sent = Wav::parse(&file.content)?;
        let recorded = Wav::parse(&recording)?;
        // Only speech is sent; there is some silence in eleven seconds of any speech.
        ensure!(
            sent.sample_rate == 16_000
                && sent.seconds() > 6.0
                && sent.seconds() < recorded.seconds(),
            "{} s",
            sent.seconds()
        );
        ensure!(sent.loudness() > 0.02, "the file is silent");
    }
    Ok(())
}

fn each_refusal_of_a_transcription_server_is_told_apart() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::refusal(500, Vec::new(), "{}"))?;
    // Long enough for a machine that is busy with other things; only a server that says nothing has to be waited for.
    let patient = hearing_host(&upstream.url, &upstream.url, "18000")?;
    let jfk = std::fs::read(recordings::jfk()?.path)?;
    let on = |host: &Host, reply: Reply, status: u16, code: &str, retryable: bool| -> Result<()> {
        let about = format!("{} {:?}", reply.status, reply.way);
        upstream.answer(move |_| reply.clone());
        let response = host.upload("jfk.wav", jfk.clone(), None)?;
        let problem = expect_problem(response, status, code).with_context(|| about.clone())?;
        ensure!(
            problem["stage"] == "asr" && problem["retryable"] == retryable,
            "{about}: {problem}"
        );
        if status == 503 && code == "OVERLOADED" {
            ensure!(problem["retry_after_ms"] == 7000, "{problem}");
        }
        ensure!(
            !problem.to_string().contains(KEY),
            "the client was told the key"
        );
        Ok(())
    };
    let expect = |reply, status, code, retryable| on(&patient, reply, status, code, retryable);
    let wrong_key = format!(r#"{{"message":"Incorrect API key provided: {KEY}"}}"#);
    let retry = vec![("retry-after", "7".to_owned())];
    let json = |way| {
        Reply::ok(
            "application/json",
            r#"{"text":"Hello there, and more than that."}"#,
            way,
        )
    };
    expect(
        Reply::refusal(401, Vec::new(), &wrong_key),
        503,
        "STAGE_UNAVAILABLE",
        true,
    )?;
    expect(
        Reply::refusal(413, Vec::new(), "{}"),
        422,
        "INVALID_REQUEST",
        false,
    )?;
    expect(
        Reply::refusal(415, Vec::new(), "{}"),
        415,
        "INVALID_REQUEST",
        false,
    )?;
    expect(
        Reply::refusal(500, Vec::new(), "{}"),
        503,
        "STAGE_UNAVAILABLE",
        true,
    )?;
    expect(Reply::refusal(429, retry, "{}"), 503, "OVERLOADED", true)?;
    expect(
        Reply::ok("text/html", "<html>sign in</html>", Way::Whole),
        503,
        "STAGE_UNAVAILABLE",
        true,
    )?;
    expect(json(Way::CutAfter(20)), 503, "STAGE_UNAVAILABLE", true)?;
    let hasty = hearing_host(&upstream.url, &upstream.url, "1500")?;
    for way in [Way::Never, Way::StopsAfter(20)] {
        on(&hasty, json(way), 504, "STAGE_TIMEOUT", true)?;
    }
    // None of this cost an instance: a server's failure is not a stage's.
    for host in [&patient, &hasty] {
        ensure!(
            host.metric("colloquy_stage_instances_retired_total", "stage=\"asr\"")? == 0.0,
            "an instance was retired"
        );
    }
    upstream.answer(|_| Reply::ok("text/plain", "Hello there.", Way::Whole));
    let answer = expect_json(patient.upload("jfk.wav", jfk.clone(), None)?)?;
    ensure!(answer["transcription"] == "Hello there.", "{answer}");
    let log = patient.log()?;
    ensure!(
        log.contains("refused with 401") && !log.contains(KEY),
        "the log has the key or no refusal"
    );
    Ok(())
}

/// faster-whisper-server: somebody else's implementation of the same interface.
fn a_real_transcription_server_hears_the_president() -> Result<()> {
    let Some(python) = python::optional("upstream", 10)? else {
        return Ok(());
    };
    let port = free_port()?;
    let model = recordings::file("peer/whisper-tiny.en/model.bin")?;
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(python);
    command
        .args([
            "-m",
            "faster_whisper_server",
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
        ])
        .arg(model.parent().context("the model's folder")?)
        .env("HF_HUB_OFFLINE", "1");
    let ready = |line: &str| line.contains("Uvicorn running").then_some(());
    let (_server, ()) = Server::start(&mut command, folder.path().join("log"), ready)?;
    let base = format!("http://127.0.0.1:{port}");
    let address = base.clone();
    let environment = toml! { ASR_BASE_URL = address ASR_TIMEOUT_MS = "60000" };
    let host = Host::configured(|config| {
        replace(
            config,
            "asr",
            "components/asr-remote.wasm",
            &[&base],
            environment,
        )?;
        stage(config, "asr")?.insert("deadline_ms".into(), 90_000.into());
        Ok(())
    })?;
    let jfk = recordings::jfk()?;
    let answer = host.hear("jfk.wav", std::fs::read(&jfk.path)?)?;
    let heard = answer["transcription"].as_str().context("transcription")?;
    let errors = word_error_rate(&jfk.text, heard);
    ensure!(errors <= 0.1, "{errors}: {heard}");
    ensure!(answer["language"] == "en", "{answer}");
    let confidence = answer["metadata"]["transcription_confidence"].as_f64();
    ensure!(confidence.is_some_and(|c| c > 0.3 && c <= 1.0), "{answer}");
    Ok(())
}

fn a_stage_reaches_the_listed_destination_and_no_other() -> Result<()> {
    let elsewhere = Upstream::start(|_| Reply::ok("text/plain", "", Way::Whole))?;
    let to = elsewhere.url.clone();
    let upstream = Upstream::start(move |_| Reply {
        status: 307,
        headers: vec![("location", to.clone())],
        body: Vec::new(),
        way: Way::Whole,
    })?;
    let target = upstream
        .url
        .strip_prefix("http://")
        .context("url")?
        .to_owned();
    let host = Host::configured(|config| {
        let environment = toml! { TARGET = target };
        replace(
            config,
            "llm",
            "tests/hostile-llm.wasm",
            &[&upstream.url],
            environment,
        )?;
        // A variable that is certainly there stands for a key; the guest sends one of its own.
        let credentials =
            Table::from_iter([(upstream.url.clone(), Value::Table(toml! { env = "PATH" }))]);
        stage(config, "llm")?.insert("credentials".into(), Value::Table(credentials));
        Ok(())
    })?;
    let answer = host.ask("please look around", None)?;
    let said = answer["response"].as_str().context("response")?;
    ensure!(
        said.contains(
            "My request to the target answered with 307, the one to its port by another name was denied, and the one to an address \
             of the machine's own network was denied. Over https the target was denied, over another scheme it failed with \
             ErrorCode::HttpProtocolError, and the port \
             beside it was denied."
        ),
        "{said}"
    );
    // What it was given it sees, and nothing else: neither files, nor sockets, nor the key.
    ensure!(
        said.contains("I opened 0 files, saw 1 variables and the network was closed.")
            && !said.contains(&std::env::var("PATH")?),
        "{said}"
    );
    ensure!(elsewhere.connections() == 0, "a redirect was followed");
    let received = upstream.received()?;
    ensure!(received.len() == 1, "{received:?}");
    let key = format!("Bearer {}", std::env::var("PATH")?);
    ensure!(
        received[0].header("authorization")? == Some(&key),
        "the host's key is not the one that was sent"
    );
    let log = host.log()?;
    ensure!(
        log.contains("http://169.254.169.254") && log.contains("not in `outbound`"),
        "{log}"
    );
    ensure!(!log.contains(&key), "the log has the key");
    Ok(())
}
