//! Several implementations for one stage: who is asked first, who takes over and when, and that the answer says so.

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json, table};
use colloquy_tests::recordings;
use colloquy_tests::speech::{Wav, word_error_rate};
use colloquy_tests::upstream::{Received, Reply, Upstream, Way};
use serde_json::{Value, json};
use toml::{Table, toml};

use super::OwnCase;
use super::remote::replace;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "chains::the_first_answers_as_long_as_it_can",
        the_first_answers_as_long_as_it_can,
    ),
    (
        "chains::with_every_server_down_a_turn_still_answers",
        with_every_server_down_a_turn_still_answers,
    ),
    (
        "chains::whatever_a_server_does_the_next_one_takes_over",
        whatever_a_server_does_the_next_one_takes_over,
    ),
];

const QUESTION: &str = "What did she do at Harvard?";
const WORDS: &str = "She programmed the Mark One. It was loud.";
/// The rate at which the emulated server speaks, and that of our own voice.
const RATES_HZ: (u32, u32) = (24_000, 22_050);

/// A chat server, a voice and a recogniser in one.
pub(crate) fn everything(request: &Received) -> Reply {
    match request.path.as_str() {
        "/v1/chat/completions" => {
            let delta = json!({ "choices": [{ "index": 0, "delta": { "content": WORDS }, "finish_reason": "stop" }] });
            let stream = format!("data: {delta}\n\ndata: [DONE]\n\n");
            Reply::ok("text/event-stream", stream, Way::Pieces(11))
        }
        "/v1/audio/speech" => Reply::ok("audio/pcm", vec![1; 9_600], Way::Pieces(1_001)),
        _ => Reply::ok(
            "application/json",
            json!({ "text": QUESTION }).to_string(),
            Way::Whole,
        ),
    }
}

/// A host that asks this server for everything that a server can do, and has its own stages behind it, after `edit`.
pub(crate) fn chained_host(upstream: &Upstream, edit: impl FnOnce(&mut Table)) -> Result<Host> {
    let base = upstream.url.as_str();
    Host::configured(|config| {
        for stage in ["asr", "llm", "tts"] {
            let (name, file) = match stage {
                "asr" => ("server-asr", "asr-remote"),
                "llm" => ("server-llm", "llm-openai"),
                _ => ("server-tts", "tts-openai"),
            };
            let prefix = stage.to_uppercase();
            let mut environment = Table::new();
            for (key, value) in [
                ("BASE_URL", base),
                ("MODEL", "any"),
                // Long enough for a busy machine, short enough to wait for a server that says nothing.
                ("TIMEOUT_MS", "4000"),
                ("RETRIES", "0"),
                ("BREAKER_FAILURES", "1000"),
            ] {
                environment.insert(format!("{prefix}_{key}"), value.into());
            }
            let own = table(config, "stage")?;
            own.insert(name.into(), Table::new().into());
            let file = format!("components/{file}.wasm");
            replace(config, name, &file, &[base], environment)?;
        }
        let chain = toml! {
            asr = ["server-asr", "asr"]
            llm = ["server-llm", "llm"]
            tts = ["server-tts", "tts"]
            [fast]
            llm = ["llm"]
        };
        config.insert("chain".into(), chain.into());
        edit(config);
        Ok(())
    })
}

fn names(answer: &Value, stage: &str) -> Result<String> {
    let name = answer["stages"][stage].as_str().context(stage.to_owned())?;
    Ok(name.split('@').next().unwrap_or_default().to_owned())
}

fn ask(host: &Host, more: &Value) -> Result<Value> {
    let mut body = json!({ "text": QUESTION });
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    let request = host.client.post(format!("{}/process/text", host.url));
    expect_json(request.json(&body).send()?)
}

fn the_first_answers_as_long_as_it_can() -> Result<()> {
    let upstream = Upstream::start(everything)?;
    let host = chained_host(&upstream, |_| ())?;
    let jfk = recordings::jfk()?;
    let answer = host.ask_aloud(&jfk.path, None)?;
    ensure!(answer["degraded"] == json!([]), "{answer}");
    ensure!(answer["transcription"] == QUESTION, "{answer}");
    ensure!(answer["response"] == WORDS, "{answer}");
    for (stage, name) in [
        ("asr", "asr-remote"),
        ("llm", "llm-openai"),
        ("tts", "tts-openai"),
    ] {
        ensure!(names(&answer, stage)? == name, "{answer}");
    }
    let audio = Wav::parse(&host.audio(&answer)?)?;
    ensure!(audio.sample_rate == RATES_HZ.0, "{} Hz", audio.sample_rate);

    // A voice that only the second one has is no degradation.
    let answer = ask(&host, &json!({ "voice": "en_US-joe-medium" }))?;
    ensure!(answer["degraded"] == json!([]), "{answer}");
    ensure!(names(&answer, "tts")? == "tts-piper", "{answer}");
    let audio = Wav::parse(&host.audio(&answer)?)?;
    ensure!(audio.sample_rate == RATES_HZ.1, "{} Hz", audio.sample_rate);

    // Another strategy has another order.
    upstream.received()?;
    let answer = ask(&host, &json!({ "strategy": "fast", "speak": false }))?;
    ensure!(answer["strategy"] == "fast", "{answer}");
    ensure!(answer["degraded"] == json!([]), "{answer}");
    ensure!(names(&answer, "llm")? == "llm-template", "{answer}");
    ensure!(upstream.received()?.is_empty(), "the server was asked");
    Ok(())
}

fn with_every_server_down_a_turn_still_answers() -> Result<()> {
    let mut upstream = Upstream::start(everything)?;
    let host = chained_host(&upstream, |_| ())?;
    upstream.kill()?;
    let jfk = recordings::jfk()?;
    let answer = host.ask_aloud(&jfk.path, None)?;
    ensure!(
        answer["degraded"] == json!(["asr", "llm", "tts"]),
        "{answer}"
    );
    let heard = answer["transcription"].as_str().context("transcription")?;
    ensure!(word_error_rate(&jfk.text, heard) == 0.0, "{heard}");
    for (stage, name) in [
        ("asr", "asr-whisper"),
        ("llm", "llm-template"),
        ("tts", "tts-piper"),
    ] {
        ensure!(names(&answer, stage)? == name, "{answer}");
    }
    let answer = ask(&host, &json!({}))?;
    ensure!(answer["degraded"] == json!(["llm", "tts"]), "{answer}");
    let cards = answer["items"].as_array().context("items")?;
    ensure!(!cards.is_empty(), "{answer}");
    let said = answer["response"].as_str().context("response")?;
    ensure!(said.len() > 20 && said != WORDS, "{said}");
    let audio = Wav::parse(&host.audio(&answer)?)?;
    ensure!(
        audio.sample_rate == RATES_HZ.1 && audio.loudness() > 0.01,
        "our own voice is not heard"
    );
    for (stage, n) in [("asr", 1.0), ("llm", 2.0), ("tts", 2.0)] {
        let label = format!("stage=\"{stage}\"");
        let counted = host.metric("colloquy_stage_degraded_total", &label)?;
        ensure!(counted == n, "{stage}: {counted}");
    }

    // When they are back they are asked again.
    upstream.revive()?;
    let answer = ask(&host, &json!({}))?;
    ensure!(answer["degraded"] == json!([]), "{answer}");
    ensure!(answer["response"] == WORDS, "{answer}");
    Ok(())
}

fn whatever_a_server_does_the_next_one_takes_over() -> Result<()> {
    let upstream = Upstream::start(everything)?;
    let host = chained_host(&upstream, |_| ())?;
    let html = |way| Reply::ok("text/html", "<html>sign in</html>", way);
    for reply in [
        Reply::refusal(401, Vec::new(), "{}"),
        Reply::refusal(429, vec![("retry-after", "600".to_owned())], "{}"),
        Reply::refusal(500, Vec::new(), "{}"),
        html(Way::Whole),
        html(Way::CutAfter(3)),
        html(Way::Never),
    ] {
        let about = format!("{} {:?}", reply.status, reply.way);
        upstream.answer(move |_| reply.clone());
        let answer = ask(&host, &json!({})).context(about.clone())?;
        ensure!(
            answer["degraded"] == json!(["llm", "tts"]),
            "{about}: {answer}"
        );
        let audio = Wav::parse(&host.audio(&answer)?)?;
        ensure!(
            audio.sample_rate == RATES_HZ.1 && audio.loudness() > 0.01,
            "{about}: our own voice is not heard"
        );
    }
    // A server's failure is not a stage's.
    for stage in ["llm", "tts"] {
        let label = format!("stage=\"{stage}\"");
        let retired = host.metric("colloquy_stage_instances_retired_total", &label)?;
        ensure!(
            retired == 0.0,
            "{stage}: {retired} retired, {}",
            host.log()?
        );
    }
    Ok(())
}
