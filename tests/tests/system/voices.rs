//! Speech by a server: what it is asked, every format it may answer with, and what becomes of each way to fail.
//!
//! The emulator decides how a server behaves; a server that is not ours shows that the emulator is right about the interface.

mod sound;

use std::io::{BufRead, BufReader};

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, expect_json, stage};
use colloquy_tests::speech::{Wav, word_error_rate};
use colloquy_tests::upstream::{Gate, Received, Reply, Upstream, Way};
use colloquy_tests::{python, servers};
use serde_json::Value;
use toml::{Table, toml};

use super::OwnCase;
use super::remote::replace;
use sound::Sound;

pub(crate) const OWN_CASES: &[OwnCase] = &[
    (
        "voices::a_speech_server_speaks_in_every_format",
        a_speech_server_speaks_in_every_format,
    ),
    (
        "voices::speech_goes_out_as_it_arrives",
        speech_goes_out_as_it_arrives,
    ),
    ("voices::silence_is_speech_too", silence_is_speech_too),
    (
        "voices::a_speech_server_that_fails_leaves_the_text",
        a_speech_server_that_fails_leaves_the_text,
    ),
    (
        "voices::a_real_speech_server_is_understood",
        a_real_speech_server_is_understood,
    ),
];

const QUESTION: &str = "What did she do at Harvard?";

/// A host whose tts asks the server at `base`, which wants no key, and has these settings beside the address.
fn speaking_host(base: &str, settings: Table) -> Result<Host> {
    Host::configured(|config| speak_by(config, base, settings))
}

/// Makes the server at `base` the voice.
pub(crate) fn speak_by(config: &mut Table, base: &str, settings: Table) -> Result<()> {
    let mut environment = settings;
    environment.insert("TTS_BASE_URL".into(), base.into());
    // What one answer does must not change what becomes of the next.
    environment.insert("TTS_RETRIES".into(), "0".into());
    environment.insert("TTS_BREAKER_FAILURES".into(), "1000".into());
    replace(
        config,
        "tts",
        "components/tts-openai.wasm",
        &[base],
        environment,
    )?;
    stage(config, "tts")?.insert("deadline_ms".into(), 90_000.into());
    Ok(())
}

/// The host of most cases.
fn emulated(upstream: &Upstream, format: &str, timeout_ms: &str) -> Result<Host> {
    let settings = toml! {
        TTS_VOICES = "joe|en-US|male|Joe, amy|en-US|female"
        TTS_FORMAT = format
        TTS_TIMEOUT_MS = timeout_ms
    };
    speaking_host(&upstream.url, settings)
}

fn a_speech_server_speaks_in_every_format() -> Result<()> {
    let (folder, files) = python::spoken(&["She worked on the Mark One at Harvard."])?;
    let voice = Wav::parse(&std::fs::read(&files[0])?)?;
    python::run("encode_speech.py", [files[0].as_path(), folder.path()])?;
    let mp3 = |name, rate_hz, kind| Sound::mp3(folder.path(), name, rate_hz, kind);
    // As asked, and as servers answer that do not care what they are asked for.
    let answers = [
        (
            "pcm",
            vec![
                Sound::pcm(&voice, 24_000, "audio/pcm"),
                Sound::pcm(&voice, 24_000, "application/octet-stream"),
                Sound::pcm(&voice, 16_000, "audio/pcm; rate=16000"),
                Sound::wav(&voice, "text/html; charset=utf-8")?,
                mp3("24k-mono-48-bare", 24_000, "audio/mpeg")?,
                mp3("24k-mono-48-bare", 24_000, "application/octet-stream")?,
            ],
        ),
        (
            "wav",
            vec![
                Sound::wav(&voice, "audio/wav")?,
                mp3("16k-mono-48", 16_000, "audio/mpeg")?,
            ],
        ),
        (
            "mp3",
            vec![
                mp3("24k-mono-160", 24_000, "audio/mpeg")?,
                mp3("44k-stereo-128", 44_100, "audio/mpeg")?,
                mp3("24k-stereo-vbr", 24_000, "audio/mp3")?,
                mp3("8k-mono-16", 8_000, "application/octet-stream")?,
                Sound::wav(&voice, "audio/x-wav")?,
            ],
        ),
    ];
    for (format, sounds) in answers {
        let upstream = Upstream::start(|_| Reply::refusal(500, Vec::new(), "{}"))?;
        let host = emulated(&upstream, format, "60000")?;
        // Odd sizes, so that every sample and every frame is cut somewhere.
        for (sound, piece) in sounds.into_iter().zip([1237, 13, 417, 1, 3001, 997]) {
            let about = format!(
                "asked for {format}, got {} at {} Hz",
                sound.kind, sound.rate_hz
            );
            let reply = Reply::ok(sound.kind, sound.body.clone(), Way::Pieces(piece));
            upstream.answer(move |_| reply.clone());
            heard_whole(&host, &upstream, format, &sound).context(about)?;
        }
    }
    Ok(())
}

/// Asks, and finds every sample of every sentence in order; the pipeline may put silence between sentences.
fn heard_whole(host: &Host, upstream: &Upstream, format: &str, sound: &Sound) -> Result<()> {
    let answer = host.ask(QUESTION, None)?;
    ensure!(answer["degraded"] == serde_json::json!([]), "{answer}");
    let audio = Wav::parse(&host.audio(&answer)?)?;
    let requests = upstream.received()?;
    ensure!(
        !requests.is_empty() && audio.sample_rate == sound.rate_hz,
        "{} requests, {} Hz",
        requests.len(),
        audio.sample_rate
    );
    let mut rest = audio.samples.as_slice();
    for request in &requests {
        let asked = request_for_speech(request, format)?;
        ensure!(
            asked["voice"] == "joe" && asked["model"] == "tts-1",
            "{asked}"
        );
        ensure!(
            request.header("authorization")?.is_none(),
            "a key from nowhere"
        );
        let end = sound.end_in(rest);
        let end = end.with_context(|| format!("the sentence {} is not whole", asked["input"]))?;
        rest = &rest[end..];
    }
    Ok(())
}

/// The JSON of a request, checked.
fn request_for_speech(request: &Received, format: &str) -> Result<Value> {
    ensure!(
        request.method == "POST" && request.path == "/v1/audio/speech",
        "{request:?}"
    );
    ensure!(
        request.header("content-type")? == Some("application/json"),
        "content type"
    );
    let asked: Value = serde_json::from_slice(&request.body)?;
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

/// A frame of silence in mp3: 24 kHz, mono, 64 kbit/s, 576 samples.
fn silent_frame() -> Vec<u8> {
    let mut frame = vec![0xff, 0xf3, 0x84, 0xc4];
    frame.resize(192, 0);
    frame
}

/// The server holds back the rest until the client has heard the beginning. Nothing is timed: were audio collected anywhere, neither
/// would ever go on.
fn speech_goes_out_as_it_arrives() -> Result<()> {
    let tone: Vec<u8> = (0..24_000_i16)
        .flat_map(|n| (n % 251).to_le_bytes())
        .collect();
    for (format, kind, body, first) in [
        ("pcm", "audio/pcm", tone, 9_600),
        ("mp3", "audio/mpeg", silent_frame().repeat(100), 192 * 20),
    ] {
        let upstream = Upstream::start(|_| Reply::refusal(500, Vec::new(), "{}"))?;
        let host = emulated(&upstream, format, "60000")?;
        let gate = Gate::default();
        let reply = Reply::ok(kind, body, Way::HoldsAfter(first, gate.clone()));
        upstream.answer(move |_| reply.clone());
        let body = serde_json::json!({ "text": QUESTION });
        let request = host.client.post(format!("{}/process/text", host.url));
        let request = request.header("accept", "text/event-stream").json(&body);
        let mut n_audio = 0;
        let mut before = 0;
        let mut last = String::new();
        for line in BufReader::new(request.send()?).lines() {
            let line = line?;
            if let Some(event) = line.strip_prefix("event: ") {
                event.clone_into(&mut last);
                n_audio += usize::from(event == "audio");
            }
            if n_audio > 0 && !gate.is_open() {
                before = n_audio;
                gate.open();
            }
            if let Some(data) = line.strip_prefix("data: ").filter(|_| last == "done") {
                let done: Value = serde_json::from_str(data)?;
                ensure!(
                    done["degraded"] == serde_json::json!([]),
                    "{format}: {done}"
                );
            }
        }
        ensure!(last == "done", "{format}: the last event is {last}");
        ensure!(
            before == 1 && n_audio > before,
            "{format}: {before} of {n_audio} pieces came before the server went on"
        );
    }
    Ok(())
}

fn silence_is_speech_too() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::refusal(500, Vec::new(), "{}"))?;
    let host = emulated(&upstream, "pcm", "60000")?;
    for (kind, body, n) in [
        ("audio/pcm", vec![0; 20_000], 10_000),
        ("audio/mpeg", silent_frame().repeat(20), 20 * 576),
    ] {
        let reply = Reply::ok(kind, body, Way::Pieces(501));
        upstream.answer(move |_| reply.clone());
        let answer = host.ask(QUESTION, None)?;
        ensure!(
            answer["degraded"] == serde_json::json!([]),
            "{kind}: {answer}"
        );
        let audio = Wav::parse(&host.audio(&answer)?)?;
        let all = n * upstream.received()?.len();
        ensure!(
            audio.samples.len() >= all && audio.loudness() == 0.0,
            "{kind}: {} samples of at least {all}",
            audio.samples.len()
        );
    }
    Ok(())
}

fn a_speech_server_that_fails_leaves_the_text() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::refusal(500, Vec::new(), "{}"))?;
    let host = emulated(&upstream, "pcm", "1500")?;
    let sound = vec![1; 60_000];
    let mp3 = silent_frame().repeat(100);
    let junk = [&mp3[..192 * 50], b"<html>out of memory</html>", &mp3].concat();
    let page = "<!-- sorry --><html>try again later</html>";
    let absurd = Wav {
        sample_rate: 4_000,
        samples: vec![1; 4_000],
    };
    for reply in [
        Reply::refusal(401, Vec::new(), "{}"),
        Reply::refusal(429, Vec::new(), "{}"),
        Reply::refusal(500, Vec::new(), "{}"),
        Reply::ok("audio/mpeg", b"ID3\x04....".to_vec(), Way::Whole),
        // Cut by a server that ends its answer as if it were whole.
        Reply::ok("audio/mpeg", &mp3[..10_000], Way::Pieces(997)),
        Reply::ok("audio/mpeg", mp3.clone(), Way::CutAfter(9_600)),
        Reply::ok("audio/mpeg", junk, Way::Pieces(997)),
        Reply::ok("text/html", page, Way::Whole),
        Reply::ok("application/json", " {\"error\": {}}", Way::Whole),
        Reply::ok("audio/wav", absurd.bytes()?, Way::Whole),
        Reply::ok("audio/pcm; rate=4000", sound.clone(), Way::Whole),
        Reply::ok("audio/pcm", Vec::new(), Way::Whole),
        Reply::ok("audio/pcm", sound.clone(), Way::CutAfter(30_001)),
        Reply::ok("audio/pcm", sound.clone(), Way::StopsAfter(30_001)),
        Reply::ok("audio/pcm", sound, Way::Never),
    ] {
        let about = format!("{} {:?} {:?}", reply.status, reply.headers, reply.way);
        upstream.answer(move |_| reply.clone());
        let answer = host.ask(QUESTION, None).with_context(|| about.clone())?;
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
    let body = serde_json::json!({ "text": QUESTION, "voice": "amy" });
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

/// It sends a wav whatever it is asked for.
fn a_real_speech_server_is_understood() -> Result<()> {
    let Some(server) = servers::speech()? else {
        return Ok(());
    };
    for format in ["wav", "pcm"] {
        let settings = toml! {
            TTS_VOICE = "en_US-joe-medium|en-US|male"
            TTS_FORMAT = format
            TTS_TIMEOUT_MS = "60000"
        };
        let host = speaking_host(&server.url, settings)?;
        let answer = host.ask("Hello there", None)?;
        ensure!(answer["degraded"] == serde_json::json!([]), "{answer}");
        let said = answer["response"].as_str().context("response")?;
        let audio = host.audio(&answer)?;
        ensure!(
            Wav::parse(&audio)?.sample_rate == 22_050,
            "another rate than the voice's"
        );
        let heard = host.hear("answer.wav", audio)?;
        let heard = heard["transcription"].as_str().context("transcription")?;
        let errors = word_error_rate(said, heard);
        ensure!(
            errors <= 0.25,
            "{format}: {errors}, said {said:?}, heard {heard:?}"
        );
    }
    Ok(())
}
