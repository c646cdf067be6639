//! Programs that are not ours: llama.cpp's server, which our stage asks, and OpenAI's client, which asks our emulator.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::process::{Server, free_port};
use colloquy_tests::recordings;
use colloquy_tests::speech::Wav;
use colloquy_tests::upstream::{Upstream, Way};
use serde_json::{Value, json};
use toml::toml;

use super::chat::{asked, events, stream, streamed};
use super::{QUESTION, talking_host};

/// The Python of servers that are not ours, and of OpenAI's client.
#[expect(
    clippy::print_stderr,
    reason = "why a case is skipped is part of the result"
)]
fn python() -> Option<std::ffi::OsString> {
    let python = std::env::var_os("COLLOQUY_UPSTREAM_PYTHON");
    if python.is_none() {
        eprintln!(
            "skipped: COLLOQUY_UPSTREAM_PYTHON is not set; `cargo xtask test` sets it where Python is 3.10 or newer"
        );
    }
    python
}

pub(super) fn the_emulator_is_a_chat_server_to_openais_client() -> Result<()> {
    let Some(python) = python() else {
        return Ok(());
    };
    let body = stream(&["She worked ", "on the Mark I."]);
    let upstream = Upstream::start(move |_| streamed(body.clone(), Way::Pieces(9)))?;
    let output = Command::new(python)
        .arg(colloquy_tests::root().join("tests/tools/chat_client.py"))
        .args([&upstream.url, "usual", QUESTION])
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(
        said == json!({ "text": "She worked on the Mark I.", "finish": "stop", "prompt_tokens": 321, "completion_tokens": 45 }),
        "{said}"
    );
    // And what it asks is what our stage asks.
    let received = upstream.received()?;
    asked(received.first().context("a request")?).map(drop)
}

#[expect(clippy::print_stderr, reason = "figures for whoever runs it")]
pub(super) fn a_real_model_answers_aloud() -> Result<()> {
    let Some(python) = python() else {
        return Ok(());
    };
    let port = free_port()?;
    let model = recordings::file("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")?;
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(python);
    command
        .arg(colloquy_tests::root().join("tests/tools/chat_server.py"))
        .args([model.as_os_str(), port.to_string().as_ref()]);
    let ready = |line: &str| line.strip_prefix("ready ").map(str::to_owned);
    let (_server, base) = Server::start(&mut command, folder.path().join("log"), ready)?;
    let host = talking_host(
        &base,
        toml! {
            LLM_MODEL = "smollm2"
            LLM_TEMPERATURE = "0"
            LLM_MAX_TOKENS = "120"
            LLM_EXTRA = "{\"repeat_penalty\":1.2}"
            LLM_TIMEOUT_MS = "120000"
            LLM_TOTAL_TIMEOUT_MS = "600000"
        },
    )?;
    let (mut n_tokens, mut text, mut finished_before_audio) = (0, String::new(), None);
    let done = events(&host, |name, data| {
        match name {
            "token" => {
                n_tokens += 1;
                text += data["text"].as_str().context("text")?;
            }
            "audio" if finished_before_audio.is_none() => {
                finished_before_audio = Some(host.log()?.contains("smollm2: "));
            }
            _ => {}
        }
        Ok(true)
    })?;
    let done = done.context("no end")?;
    eprintln!(
        "{n_tokens} pieces; finished before the first audio: {finished_before_audio:?}; {} {}",
        done["timing"], done["response"]
    );
    ensure!(done["degraded"] == json!([]), "{done}");
    ensure!(n_tokens > 3 && done["response"] == text.trim(), "{done}");
    ensure!(
        !["**", "ITEMS", "<", "\n"]
            .iter()
            .any(|mark| text.contains(mark)),
        "{text}"
    );
    ensure!(
        done["stages"]["llm"]
            .as_str()
            .is_some_and(|name| name.starts_with("llm-openai@")),
        "{done}"
    );
    let audio = Wav::parse(&host.audio(&done)?)?;
    ensure!(
        audio.seconds() > 0.5 && audio.loudness() > 0.01,
        "{} s",
        audio.seconds()
    );
    // Counted by the server.
    let log = host.log()?;
    let usage = log
        .split("smollm2: ")
        .nth(1)
        .and_then(|usage| usage.lines().next())
        .context("usage is not in the log")?;
    ensure!(
        usage.contains("tokens: ") && !usage.contains('?'),
        "{usage}"
    );
    // A spoken question, with the conversation so far.
    let session = done["session_id"].as_str().context("session")?;
    let answer = host.ask_aloud(&recordings::jfk()?.path, Some(session))?;
    ensure!(answer["degraded"] == json!([]), "{answer}");
    ensure!(
        answer["response"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{answer}"
    );
    Ok(())
}
