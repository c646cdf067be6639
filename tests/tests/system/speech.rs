//! Speech without a question: every format, decoded by FFmpeg and heard by our own recogniser; sent as it is made; refused where it must be.

use std::io::Read as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use colloquy_tests::host::{Host, expect_json, expect_problem};
use colloquy_tests::python;
use colloquy_tests::speech::{Wav, word_error_rate};
use reqwest::blocking::Response;
use serde_json::{Value, json};

use super::SharedCase;

pub(crate) const CASES: &[SharedCase] = &[
    (
        "speech::every_format_says_what_was_asked_for",
        every_format_says_what_was_asked_for,
    ),
    ("speech::events_carry_the_audio", events_carry_the_audio),
    (
        "speech::it_leaves_as_it_is_made_and_stops_when_the_client_goes",
        it_leaves_as_it_is_made_and_stops_when_the_client_goes,
    ),
    (
        "speech::it_is_kept_in_every_format",
        it_is_kept_in_every_format,
    ),
    (
        "speech::another_pitch_keeps_time_and_words",
        another_pitch_keeps_time_and_words,
    ),
    ("speech::answers_have_formats_too", answers_have_formats_too),
    ("speech::voices_are_listed", voices_are_listed),
    (
        "speech::what_cannot_be_is_refused",
        what_cannot_be_is_refused,
    ),
];

const TEXT: &str = "She worked on the Mark One at Harvard. It was a large machine with many gears.";

/// Format, media type, and FFmpeg's name of the codec.
const FORMATS: [(&str, &str, &str); 5] = [
    ("mp3", "audio/mpeg", "mp3"),
    ("wav", "audio/wav", "pcm_s16le"),
    ("flac", "audio/flac", "flac"),
    ("opus", "audio/ogg", "opus"),
    ("pcm", "audio/pcm", "pcm_s16le"),
];

/// How long the host may take to notice something.
const LIMIT: Duration = Duration::from_secs(120);

fn post(host: &Host, path: &str, body: &Value) -> Result<Response> {
    let url = format!("{}{path}", host.url);
    Ok(host.client.post(url).json(body).send()?)
}

fn say(host: &Host, change: &[(&str, Value)]) -> Result<Response> {
    let mut body = json!({ "model": "tts-1", "voice": "alloy", "input": TEXT });
    for (name, value) in change {
        body[*name] = value.clone();
    }
    post(host, "/v1/audio/speech", &body)
}

fn content_type(response: &Response) -> &[u8] {
    response
        .headers()
        .get("content-type")
        .map(|value| value.as_bytes())
        .unwrap_or_default()
}

/// What FFmpeg makes of it.
fn decoded(format: &str, codec: &str, bytes: &[u8]) -> Result<Wav> {
    let folder = tempfile::tempdir()?;
    let (from, to) = (folder.path().join("speech"), folder.path().join("out.wav"));
    std::fs::write(&from, bytes)?;
    let output = python::command("decode_speech.py")?
        .arg(format)
        .args([&from, &to])
        .output()?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success() && told.starts_with(codec),
        "{format}: {told} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Wav::parse(&std::fs::read(&to)?)
}

/// Checks that the recogniser hears the text.
fn check_heard(host: &Host, wav: &Wav, text: &str) -> Result<()> {
    let heard = host.hear("speech.wav", wav.bytes()?)?;
    let heard = heard["transcription"].as_str().context("transcription")?;
    let rate = word_error_rate(text, heard);
    ensure!(rate <= 0.2, "{text:?} was heard as {heard:?}");
    Ok(())
}

fn every_format_says_what_was_asked_for(host: &Host) -> Result<()> {
    let mut seconds = Vec::new();
    for (format, kind, codec) in FORMATS {
        let response = say(host, &[("response_format", format.into())])?;
        ensure!(response.status() == 200, "{format}: {}", response.text()?);
        ensure!(
            content_type(&response) == kind.as_bytes(),
            "{format}: {:?}",
            response.headers()
        );
        ensure!(
            response.headers().get("content-length").is_none(),
            "{format} was not streamed"
        );
        let bytes = response.bytes()?;
        let wav = decoded(format, codec, &bytes).context(format)?;
        check_heard(host, &wav, TEXT).context(format)?;
        if format != "pcm" {
            // Our own decoders, which know nothing of the encoders either.
            let heard = host.hear("speech", bytes.to_vec()).context(format)?;
            let heard = heard["transcription"].as_str().context("transcription")?;
            ensure!(word_error_rate(TEXT, heard) <= 0.2, "{format}: {heard:?}");
        }
        seconds.push(wav.seconds());
    }
    // The same sentences, each time with a little noise of the voice's own.
    let (least, most) = seconds
        .iter()
        .fold((f64::MAX, 0.0_f64), |(a, b), s| (a.min(*s), b.max(*s)));
    ensure!(least > 2.0 && most < least * 1.3, "{seconds:?}");
    Ok(())
}

fn events_carry_the_audio(host: &Host) -> Result<()> {
    let response = say(
        host,
        &[
            ("response_format", "flac".into()),
            ("stream_format", "sse".into()),
        ],
    )?;
    ensure!(
        response.status() == 200 && content_type(&response) == b"text/event-stream",
        "{:?}",
        response.headers()
    );
    let body = response.text()?;
    let (mut bytes, mut n_done) = (vec![], 0);
    for event in body.split_terminator("\n\n") {
        let event: Value = serde_json::from_str(event.strip_prefix("data: ").context("data")?)?;
        ensure!(n_done == 0, "{event} after the end");
        match event["type"].as_str() {
            Some("speech.audio.delta") => {
                bytes.extend(STANDARD.decode(event["audio"].as_str().context("audio")?)?);
            }
            Some("speech.audio.done") => n_done += 1,
            _ => anyhow::bail!("{event}"),
        }
    }
    ensure!(n_done == 1, "{n_done} ends");
    check_heard(host, &decoded("flac", "flac", &bytes)?, TEXT)
}

fn it_leaves_as_it_is_made_and_stops_when_the_client_goes(host: &Host) -> Result<()> {
    let sentence = "This is one of many sentences, and none of them is worth much by itself. ";
    let n_sentences = 4_000 / sentence.len();
    let text = sentence.repeat(n_sentences);
    let begun = || {
        let labels = "stage=\"tts\",";
        let text = host.get("/metrics")?.text()?;
        let lines = text.lines().filter(|line| {
            line.starts_with("colloquy_stage_call_duration_seconds_count")
                && line.contains(labels)
                && line.contains("synthesize")
        });
        anyhow::Ok(
            lines
                .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .sum::<f64>() as usize,
        )
    };
    let in_use = || host.metric("colloquy_stage_instances_in_use", "stage=\"tts\"");
    let before = begun()?;
    let mut response = say(
        host,
        &[("input", text.into()), ("response_format", "wav".into())],
    )?;
    ensure!(response.status() == 200, "{}", response.text()?);
    // More than a header.
    response.read_exact(&mut [0; 4_096])?;
    let made = begun()? - before;
    ensure!(
        (1..n_sentences / 2).contains(&made),
        "{made} of {n_sentences} sentences when the first was heard"
    );
    ensure!(in_use()? >= 1.0, "nobody speaks");
    drop(response);
    let left = Instant::now();
    while in_use()? > 0.0 {
        ensure!(
            left.elapsed() < LIMIT,
            "the voice goes on without a listener"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let made = begun()? - before;
    ensure!(made < n_sentences, "all {made} sentences were made");
    // And it can speak again.
    ensure!(say(host, &[("input", "Yes.".into())])?.status() == 200);
    Ok(())
}

/// The audio of a document, with its media type.
fn kept(host: &Host, document: &Value) -> Result<(String, Vec<u8>)> {
    let id = document["audio_file"].as_str().context("audio_file")?;
    let response = host.get(&format!("/audio/{id}"))?;
    ensure!(response.status() == 200, "{document}");
    let kind = String::from_utf8_lossy(content_type(&response)).into_owned();
    Ok((kind, response.bytes()?.to_vec()))
}

fn it_is_kept_in_every_format(host: &Host) -> Result<()> {
    let session = host.create_session()?;
    for (format, kind, codec) in FORMATS {
        let wish = json!({ "text": TEXT, "output_format": format, "session_id": session });
        let document = expect_json(post(host, "/tts", &wish)?)?;
        let (found, bytes) = kept(host, &document)?;
        ensure!(
            found == kind && document["content_type"] == kind,
            "{document}"
        );
        let wav = decoded(format, codec, &bytes).context(format)?;
        check_heard(host, &wav, TEXT).context(format)?;
        let told = document["audio_duration"].as_f64().context("duration")?;
        ensure!(
            (told - wav.seconds()).abs() < 0.002,
            "{format}: {told} s, found {} s",
            wav.seconds()
        );
        ensure!(
            document["voice_used"].is_string() && document["expires_at"].is_string(),
            "{document}"
        );
    }
    Ok(())
}

fn another_pitch_keeps_time_and_words(host: &Host) -> Result<()> {
    let mut seconds = Vec::new();
    for pitch in [1.0, 0.85, 1.2] {
        let wish = json!({ "text": TEXT, "pitch": pitch });
        let document = expect_json(post(host, "/tts", &wish)?)?;
        let wav = Wav::parse(&kept(host, &document)?.1)?;
        check_heard(host, &wav, TEXT).with_context(|| format!("pitch {pitch}"))?;
        seconds.push(wav.seconds());
    }
    let wish = json!({ "text": TEXT, "rate": 1.6 });
    let fast = expect_json(post(host, "/tts", &wish)?)?;
    let fast = fast["audio_duration"].as_f64().context("duration")?;
    let normal = seconds[0];
    ensure!(
        seconds.iter().all(|s| (s / normal - 1.0).abs() < 0.2) && fast < normal * 0.8,
        "{seconds:?}, {fast}"
    );
    Ok(())
}

fn answers_have_formats_too(host: &Host) -> Result<()> {
    let question = json!({ "text": "What did she do at Harvard?", "output_format": "mp3" });
    let document = expect_json(post(host, "/process/text", &question)?)?;
    let (kind, bytes) = kept(host, &document)?;
    ensure!(kind == "audio/mpeg", "{kind}");
    let wav = decoded("mp3", "mp3", &bytes)?;
    ensure!(wav.seconds() > 1.0, "{} s", wav.seconds());
    Ok(())
}

fn voices_are_listed(host: &Host) -> Result<()> {
    let native = host.get_json("/tts/voices")?;
    let voices = native["voices"].as_array().context("voices")?;
    ensure!(
        Some(voices.len() as u64) == native["total_voices"].as_u64() && !voices.is_empty(),
        "{native}"
    );
    ensure!(
        voices
            .iter()
            .all(|voice| voice["engine"] == "tts-piper" && voice["locale"].is_string()),
        "{native}"
    );
    let compatible = host.get_json("/v1/audio/voices")?;
    ensure!(
        compatible["voices"][0]["id"] == voices[0]["name"],
        "{compatible}"
    );
    // The name can be asked for.
    let named = say(
        host,
        &[
            ("voice", json!({ "id": voices[0]["name"] })),
            ("input", "Yes.".into()),
        ],
    )?;
    ensure!(named.status() == 200, "{}", named.text()?);
    Ok(())
}

fn what_cannot_be_is_refused(host: &Host) -> Result<()> {
    for (name, value, param) in [
        ("voice", json!("nobody"), "voice"),
        ("response_format", json!("aac"), "response_format"),
        ("speed", json!(5), "speed"),
        ("speed", json!(3), "speed"),
        ("input", json!(""), "input"),
        ("input", json!("x".repeat(4_097)), "input"),
    ] {
        let response = say(host, &[(name, value.clone())])?;
        let status = response.status();
        let document: Value = response.json()?;
        ensure!(
            status == 400 && document["error"]["param"] == param,
            "{name} {value}: {status} {document}"
        );
    }
    for wish in [
        json!({ "text": "x", "voice": "nobody" }),
        json!({ "text": "x", "pitch": 3 }),
        json!({ "text": " " }),
    ] {
        let response = post(host, "/tts", &wish)?;
        expect_problem(response, 422, "INVALID_REQUEST").with_context(|| wish.to_string())?;
    }
    // Words that have no sound are no error.
    let silent = say(host, &[("input", "...".into())])?;
    ensure!(silent.status() == 200, "{}", silent.text()?);
    Ok(())
}
