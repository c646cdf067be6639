//! OpenAI's own clients, unmodified but for their base URL; and a client that asks whatever the OpenAPI document allows.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use colloquy_tests::{host::Host, python, recordings, root, speech::word_error_rate};
use serde_json::{Value, json};

use super::{OwnCase, SharedCase};

pub(crate) const CASES: &[SharedCase] = &[
    (
        "openai::the_client_for_python_is_content",
        the_client_for_python_is_content,
    ),
    (
        "openai::the_client_for_javascript_is_content",
        the_client_for_javascript_is_content,
    ),
    (
        "openai::a_form_in_any_order_is_understood",
        a_form_in_any_order_is_understood,
    ),
];

pub(crate) const OWN_CASES: &[OwnCase] = &[(
    "openai::schemathesis_finds_nothing",
    schemathesis_finds_nothing,
)];

/// What the scripts ask to be said.
const SENTENCE: &str = "The first compiler was written in nineteen fifty two.";

/// Python with the clients; none where it is too old.
fn client_python() -> Result<Option<std::ffi::OsString>> {
    python::optional("client", 11)
}

fn the_client_for_python_is_content(host: &Host) -> Result<()> {
    match client_python()? {
        Some(python) => check(host, Command::new(python), "openai_client.py"),
        None => Ok(()),
    }
}

fn the_client_for_javascript_is_content(host: &Host) -> Result<()> {
    check(host, Command::new("node"), "openai_client.mjs")
}

/// Runs a script that asks everything through a client, and looks at what the client got.
fn check(host: &Host, mut command: Command, script: &str) -> Result<()> {
    let jfk = recordings::jfk()?;
    let output = command
        .arg(root().canonicalize()?.join("tests/tools").join(script))
        .arg(&host.url)
        .arg(&jfk.path)
        .stdin(Stdio::null())
        .output()
        .with_context(|| script.to_owned())?;
    ensure!(
        output.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let got: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stdout).into_owned())?;
    transcribed(&got["transcribed"], &jfk.text)?;
    spoken(&got["spoken"])?;
    chatted(&got["chatted"], &jfk.text)?;
    listed(&got)?;
    refused(&got["refused"])
}

fn transcribed(got: &Value, said: &str) -> Result<()> {
    let text = got["json"].as_str().context("json")?;
    let rate = word_error_rate(said, text);
    ensure!(rate < 0.15, "{rate} for `{text}`");
    ensure!(got["text"] == format!("{text}\n"), "{got}");
    ensure!(got["verbose"]["text"] == text, "{got}");
    ensure!(got["verbose"]["language"] == "english", "{got}");
    let duration = got["verbose"]["duration"].as_f64().context("duration")?;
    ensure!((10.0..12.0).contains(&duration), "{got}");
    let segments = got["verbose"]["segments"].as_array().context("segments")?;
    ensure!(
        !segments.is_empty() && got["n_segments"] == segments.len(),
        "{got}"
    );
    let joined: Vec<_> = segments.iter().filter_map(|s| s["text"].as_str()).collect();
    ensure!(word_error_rate(text, &joined.join(" ")) == 0.0, "{got}");
    let mut at = 0.0;
    for segment in segments {
        let (start, end) = (segment["start"].as_f64(), segment["end"].as_f64());
        let (start, end) = start.zip(end).context("times")?;
        ensure!(at <= start && start < end && end <= duration, "{segment}");
        ensure!(
            segment["tokens"].as_array().is_some_and(|t| !t.is_empty()),
            "{segment}"
        );
        at = end;
    }
    let srt = got["srt"].as_str().context("srt")?;
    ensure!(
        srt.starts_with("1\n00:00:0") && srt.contains(" --> "),
        "{srt}"
    );
    let vtt = got["vtt"].as_str().context("vtt")?;
    ensure!(vtt.starts_with("WEBVTT\n\n00:00:0"), "{vtt}");
    ensure!(
        got["deltas"] == text && got["done"] == json!([text]),
        "{got}"
    );
    ensure!(got["last"] == "transcript.text.done", "{got}");
    Ok(())
}

fn spoken(got: &Value) -> Result<()> {
    let kinds = [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("flac", "audio/flac"),
        ("opus", "audio/ogg"),
        ("pcm", "audio/pcm"),
    ];
    for (format, kind) in kinds {
        let got = &got[format];
        let heard = got["heard"].as_str().context("heard")?;
        // A year may be written in digits.
        let heard = heard.replace("1952", "nineteen fifty two");
        let rate = word_error_rate(SENTENCE, &heard);
        ensure!(rate < 0.3, "{format}: {rate} for `{heard}`");
        ensure!(
            got["type"].as_str().is_some_and(|t| t.starts_with(kind)),
            "{format}: {got}"
        );
    }
    Ok(())
}

fn chatted(got: &Value, asked_aloud: &str) -> Result<()> {
    for (text, finish, items, usage) in [
        ("whole", json!("stop"), "items_whole", "usage_whole"),
        ("streamed", json!(["stop"]), "items", "usage"),
    ] {
        let answer = got[text].as_str().context("an answer")?;
        ensure!(!answer.trim().is_empty(), "{got}");
        let words = answer.split_whitespace().count();
        ensure!(got[usage]["completion_tokens"] == words, "{text}: {got}");
        ensure!(got[items].as_u64().is_some_and(|n| n > 0), "{text}: {got}");
        let finished = if text == "whole" {
            &got["finish_whole"]
        } else {
            &got["finish"]
        };
        ensure!(*finished == finish, "{text}: {got}");
    }
    ensure!(got["roles"] == json!(["assistant"]), "{got}");
    let heard = got["asked_aloud"].as_str().context("asked_aloud")?;
    ensure!(word_error_rate(asked_aloud, heard) < 0.15, "{heard}");
    ensure!(
        got["said_aloud"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{got}"
    );
    ensure!(
        got["seconds_aloud"].as_f64().is_some_and(|s| s > 0.5),
        "{got}"
    );
    Ok(())
}

fn listed(got: &Value) -> Result<()> {
    let models = got["models"].as_array().context("models")?;
    for stage in ["asr", "llm", "tts"] {
        ensure!(
            models.iter().any(|model| model["stage"] == stage),
            "no {stage}: {models:?}"
        );
    }
    ensure!(
        models.iter().all(|model| model["object"] == "model"),
        "{models:?}"
    );
    ensure!(got["alias"] == "whisper-1", "{}", got["alias"]);
    Ok(())
}

fn refused(got: &Value) -> Result<()> {
    let cases = [
        (
            "no_such_model",
            "NotFoundError",
            json!("model"),
            "model_not_found",
        ),
        (
            "no_such_model_shown",
            "NotFoundError",
            json!("model"),
            "model_not_found",
        ),
        (
            "two_answers",
            "BadRequestError",
            json!("n"),
            "unsupported_value",
        ),
        (
            "tools",
            "BadRequestError",
            json!("tools"),
            "unsupported_value",
        ),
        (
            "words",
            "BadRequestError",
            json!("timestamp_granularities"),
            "unsupported_value",
        ),
        (
            "no_audio",
            "BadRequestError",
            json!(null),
            "audio_format_unsupported",
        ),
        ("translation", "NotFoundError", json!(null), "not_found"),
        (
            "no_such_voice",
            "BadRequestError",
            json!("voice"),
            "unsupported_value",
        ),
    ];
    for (name, exception, param, code) in cases {
        let got = &got[name];
        ensure!(
            got["exception"] == exception && got["param"] == param && got["code"] == code,
            "{name}: {got}"
        );
        ensure!(
            got["request_id"].as_str().is_some_and(|id| id.len() >= 8),
            "{name}: {got}"
        );
    }
    Ok(())
}

/// Clients of JavaScript send the recording before what is to be done with it.
fn a_form_in_any_order_is_understood(host: &Host) -> Result<()> {
    use reqwest::blocking::multipart::{Form, Part};
    let recording = std::fs::read(recordings::jfk()?.path)?;
    let send = |form: Form| -> Result<String> {
        let url = format!("{}/v1/audio/transcriptions", host.url);
        let response = host.client.post(url).multipart(form).send()?;
        ensure!(response.status() == 200, "{}", response.text()?);
        Ok(response.text()?)
    };
    let file = || Part::bytes(recording.clone()).file_name("../../x.wav");
    let text = |form: Form| {
        form.text("model", "whisper-1")
            .text("language", "en")
            .text("prompt", "My fellow Americans")
            .text("response_format", "text")
    };
    let last = send(text(Form::new()).part("file", file()))?;
    let first = send(text(Form::new().part("file", file())))?;
    ensure!(last == first && !first.trim().is_empty(), "{last} {first}");
    Ok(())
}

/// Schemathesis makes requests from the OpenAPI document, valid and invalid ones, and compares what is answered with what the document
/// says: status, content type, headers and body, that what is invalid is refused and what is valid is not, that nothing is a crash.
fn schemathesis_finds_nothing() -> Result<()> {
    let Some(python) = client_python()? else {
        return Ok(());
    };
    // A limit would end it early, and limits have tests of their own.
    let host = Host::configured(|config| {
        let edge = colloquy_tests::host::table(config, "edge")?;
        let environment = edge
            .entry("environment")
            .or_insert_with(|| toml::Table::new().into());
        let environment = environment.as_table_mut().context("a table")?;
        for name in ["RATE_TURNS", "RATE_SYNTHESES", "RATE_QUERIES"] {
            environment.insert(name.into(), "0".into());
        }
        Ok(())
    })?;
    // It reads both from the folder that it runs in, and leaves its own notes there.
    let folder = tempfile::tempdir()?;
    let tests = root().canonicalize()?.join("tests");
    for file in ["schemathesis.toml", "tools/schemathesis_hooks.py"] {
        let name = file.rsplit('/').next().context("a name")?;
        std::fs::copy(tests.join(file), folder.path().join(name))?;
    }
    let output = Command::new(python)
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("{}/openapi.json", host.url))
        .env("NO_COLOR", "1")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()?;
    ensure!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
