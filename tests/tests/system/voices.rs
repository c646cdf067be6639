//! Speech by a server: what it is asked, every format it may answer with, and what becomes of each way to fail.
//!
//! The emulator decides how a server behaves; a server that is not ours shows that the emulator is right about the interface.

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json};
use colloquy_tests::python;
use colloquy_tests::speech::Wav;
use colloquy_tests::upstream::{Received, Reply, Upstream, Way};
use toml::toml;

use super::OwnCase;
use super::remote::replace;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "voices::a_speech_server_speaks_as_it_arrives",
        a_speech_server_speaks_as_it_arrives,
    ),
    (
        "voices::a_speech_server_that_fails_leaves_the_text",
        a_speech_server_that_fails_leaves_the_text,
    ),
];

const VOICES: &str = "joe|en-US|male|Joe, amy|en-US|female";

/// A host whose tts asks this server, which wants no key.
fn speaking_host(upstream: &Upstream, format: &str) -> Result<Host> {
    let base = upstream.url.clone();
    let environment = toml! {
        TTS_BASE_URL = base
        TTS_VOICES = VOICES
        TTS_FORMAT = format
        TTS_TIMEOUT_MS = "1500"
    };
    Host::configured(|config| {
        replace(
            config,
            "tts",
            "components/tts-openai.wasm",
            &[&upstream.url],
            environment,
        )
    })
}

fn a_speech_server_speaks_as_it_arrives() -> Result<()> {
    let (_folder, files) = python::spoken(&["She worked on the Mark One at Harvard."])?;
    let file = std::fs::read(&files[0])?;
    let voice = Wav::parse(&file)?;
    let raw: Vec<u8> = voice
        .samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    // What a server says of a rate that it does not send: the configured one counts for pcm, the header for wav.
    for (format, kind, body, rate) in [
        ("pcm", "audio/pcm", raw, 24_000),
        ("wav", "audio/wav", file, voice.sample_rate),
    ] {
        let upstream = Upstream::start(move |_| Reply::ok(kind, body.clone(), Way::Pieces(1237)))?;
        let host = speaking_host(&upstream, format)?;
        let answer = host.ask("What did she do at Harvard?", None)?;
        ensure!(answer["degraded"] == serde_json::json!([]), "{answer}");
        let audio = Wav::parse(&host.audio(&answer)?)?;
        let requests = upstream.received()?;
        ensure!(
            !requests.is_empty() && audio.sample_rate == rate,
            "{} requests, {} Hz",
            requests.len(),
            audio.sample_rate
        );
        // Every sample of every sentence, in order; the pipeline may put silence between sentences.
        let mut rest = audio.samples.as_slice();
        for request in &requests {
            let asked = request_for_speech(request, format)?;
            ensure!(
                asked["voice"] == "joe" && asked["model"] == "tts-1",
                "{asked}"
            );
            let at = rest
                .windows(voice.samples.len())
                .position(|window| window == voice.samples);
            let at = at.with_context(|| {
                format!("{format}: the sentence {} is not whole", asked["input"])
            })?;
            rest = &rest[at + voice.samples.len()..];
        }
        ensure!(
            requests.iter().all(|request| request
                .header("authorization")
                .is_ok_and(|key| key.is_none())),
            "a key from nowhere"
        );
    }
    Ok(())
}

/// The JSON of a request, checked.
fn request_for_speech(request: &Received, format: &str) -> Result<serde_json::Value> {
    ensure!(
        request.method == "POST" && request.path == "/v1/audio/speech",
        "{request:?}"
    );
    ensure!(
        request.header("content-type")? == Some("application/json"),
        "content type"
    );
    let asked: serde_json::Value = serde_json::from_slice(&request.body)?;
    let fields = asked.as_object().context("an object")?;
    for name in fields.keys() {
        let known = ["model", "input", "voice", "response_format", "speed"];
        ensure!(
            known.contains(&name.as_str()),
            "{name} is no field of the interface"
        );
    }
    ensure!(asked["response_format"] == format, "{asked}");
    ensure!(
        asked["input"].as_str().is_some_and(|text| !text.is_empty()),
        "{asked}"
    );
    Ok(asked)
}

fn a_speech_server_that_fails_leaves_the_text() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::refusal(500, Vec::new(), "{}"))?;
    let host = speaking_host(&upstream, "pcm")?;
    let sound = vec![1; 60_000];
    for reply in [
        Reply::refusal(401, Vec::new(), "{}"),
        Reply::refusal(429, Vec::new(), "{}"),
        Reply::refusal(500, Vec::new(), "{}"),
        Reply::ok("audio/mpeg", b"ID3\x04....".to_vec(), Way::Whole),
        Reply::ok("audio/pcm", sound.clone(), Way::CutAfter(30_001)),
        Reply::ok("audio/pcm", sound.clone(), Way::StopsAfter(30_001)),
        Reply::ok("audio/pcm", sound, Way::Never),
    ] {
        let about = format!("{} {:?}", reply.status, reply.way);
        upstream.answer(move |_| reply.clone());
        let answer = host
            .ask("What did she do at Harvard?", None)
            .with_context(|| about.clone())?;
        ensure!(
            answer["degraded"] == serde_json::json!(["tts"]),
            "{about}: {answer}"
        );
        ensure!(
            answer["response"]
                .as_str()
                .is_some_and(|text| text.len() > 20),
            "{about}: {answer}"
        );
    }
    ensure!(
        host.metric("colloquy_stage_instances_retired_total", "stage=\"tts\"")? == 0.0,
        "an instance was retired"
    );
    upstream.answer(|_| Reply::ok("audio/pcm", vec![1; 6000], Way::Pieces(501)));
    let body = serde_json::json!({ "text": "What did she do at Harvard?", "voice": "amy" });
    upstream.received()?;
    let response = host
        .client
        .post(format!("{}/process/text", host.url))
        .json(&body)
        .send()?;
    let answer = expect_json(response)?;
    ensure!(answer["degraded"] == serde_json::json!([]), "{answer}");
    let asked = request_for_speech(upstream.received()?.first().context("a request")?, "pcm")?;
    ensure!(asked["voice"] == "amy", "{asked}");
    Ok(())
}
