//! Programs that are not ours: llama.cpp's server and a speech server, which our stages ask, and OpenAI's client, which asks our emulator.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::speech::{Wav, word_error_rate};
use colloquy_tests::upstream::{Relay, Upstream, Way};
use colloquy_tests::{python, recordings, servers};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use toml::{Table, toml};

use super::chat::{asked, events, stream, streamed};
use super::{QUESTION, answer_by, talking_host};
use crate::voices::speak_by;

/// What a small model needs to say something in a while.
fn settings() -> Table {
    toml! {
        LLM_MODEL = "smollm2"
        LLM_TEMPERATURE = "0"
        LLM_MAX_TOKENS = "120"
        LLM_EXTRA = "{\"repeat_penalty\":1.2}"
        LLM_TIMEOUT_MS = "120000"
        LLM_TOTAL_TIMEOUT_MS = "600000"
    }
}

pub(super) fn the_emulator_is_a_chat_server_to_openais_client() -> Result<()> {
    let Some(python) = python::optional("upstream", 10)? else {
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

/// A client that waits for a model on a machine that does much else.
fn patient() -> Result<Client> {
    let client = Client::builder().timeout(Duration::from_secs(600));
    Ok(client.build()?)
}

/// A turn whose first audio comes before the model has finished: the last thing that the chat server says is held back until then. Nothing
/// is timed.
#[expect(clippy::print_stderr, reason = "figures for whoever runs it")]
fn heard_before_the_end(host: &Host, relay: &Relay) -> Result<Value> {
    let (mut n_tokens, mut text, mut n_audio) = (0, String::new(), 0);
    let mut before = String::new();
    let done = events(host, |name, data| {
        match name {
            "token" => {
                n_tokens += 1;
                text += data["text"].as_str().context("text")?;
            }
            "audio" => {
                if n_audio == 0 {
                    ensure!(
                        !relay.has_ended(),
                        "there was no audio before the model had finished: {text}"
                    );
                    before.clone_from(&text);
                    relay.let_end();
                }
                n_audio += 1;
            }
            _ => {}
        }
        Ok(true)
    })?;
    let done = done.context("no end")?;
    eprintln!(
        "{n_tokens} pieces of text, {n_audio} of audio; {} {}",
        done["timing"], done["response"]
    );
    ensure!(n_audio > 0, "there was no audio: {done}");
    ensure!(
        relay.has_ended(),
        "the relay does not know the end of an answer"
    );
    ensure!(!before.trim().is_empty(), "audio of what? {done}");
    ensure!(done["degraded"] == json!([]), "{done}");
    ensure!(n_tokens > 3 && done["response"] == text.trim(), "{done}");
    let asked = relay.upstream.received()?;
    ensure!(asked.len() == 1, "{} requests", asked.len());
    ensure!(is_by(&done, "llm", "llm-openai"), "{done}");
    Ok(done)
}

/// Whether that component was the stage.
fn is_by(answer: &Value, stage: &str, component: &str) -> bool {
    let name = answer["stages"][stage].as_str().unwrap_or_default();
    name.split('@').next() == Some(component)
}

pub(super) fn a_real_model_answers_aloud() -> Result<()> {
    let Some(server) = servers::chat()? else {
        return Ok(());
    };
    let relay = Relay::start(&server.url)?;
    let mut host = talking_host(&relay.upstream.url, settings())?;
    host.client = patient()?;
    let done = heard_before_the_end(&host, &relay)?;
    let text = done["response"].as_str().context("response")?;
    ensure!(
        !["**", "ITEMS", "<", "\n"]
            .iter()
            .any(|mark| text.contains(mark)),
        "{text}"
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

/// Neither the words nor the voice are ours.
pub(super) fn a_real_model_speaks_with_a_real_servers_voice() -> Result<()> {
    let (Some(model), Some(voice)) = (servers::chat()?, servers::speech()?) else {
        return Ok(());
    };
    let relay = Relay::start(&model.url)?;
    let mut host = Host::configured(|config| {
        answer_by(config, &relay.upstream.url, settings())?;
        let settings = toml! {
            TTS_VOICE = "en_US-joe-medium|en-US|male"
            TTS_FORMAT = "pcm"
            TTS_TIMEOUT_MS = "60000"
        };
        speak_by(config, &voice.url, settings)
    })?;
    host.client = patient()?;
    let done = heard_before_the_end(&host, &relay)?;
    ensure!(is_by(&done, "tts", "tts-openai"), "{done}");
    let said = done["response"].as_str().context("response")?;
    let audio = host.audio(&done)?;
    let sound = Wav::parse(&audio)?;
    ensure!(
        sound.sample_rate == 22_050 && sound.loudness() > 0.01,
        "another rate than the voice's, or silence"
    );
    let heard = host.hear("answer.wav", audio)?;
    let heard = heard["transcription"].as_str().context("transcription")?;
    let errors = word_error_rate(said, heard);
    ensure!(errors <= 0.4, "{errors}, said {said:?}, heard {heard:?}");
    Ok(())
}
