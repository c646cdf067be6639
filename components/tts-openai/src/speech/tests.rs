//! What is asked for, and what becomes of every way to answer; the server itself is in the system tests.

use std::cell::RefCell;
use std::time::Duration;

use colloquy_upstream::{Request, Waited};

use super::*;

/// Answers once, in pieces of this many bytes, and keeps what it was sent.
struct Server {
    kind: &'static str,
    body: Vec<u8>,
    piece: usize,
    /// Whether the body never ends.
    open: bool,
    status: u16,
    received: RefCell<Option<serde_json::Value>>,
}

struct Body {
    rest: Vec<u8>,
    piece: usize,
    open: bool,
}

impl Source for Body {
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let n = self.rest.len().min(self.piece);
        let open = self.open && n == 0;
        assert!(!open, "waited for the end of a body that has none");
        Ok((n > 0).then(|| self.rest.drain(..n).collect()))
    }

    fn read_for(&mut self, time: Duration) -> Result<Waited, Failure> {
        if self.open && self.rest.is_empty() {
            assert!(time <= Duration::from_millis(100), "{time:?}");
            return Ok(Waited::NotYet);
        }
        Ok(self.read()?.map_or(Waited::Ended, Waited::Bytes))
    }
}

impl Transport for Server {
    fn post(&self, request: &Request<'_>) -> Result<Response, Failure> {
        assert_eq!(request.path, "/v1/audio/speech");
        *self.received.borrow_mut() = serde_json::from_slice(request.body).ok();
        Ok(Response {
            status: self.status,
            headers: vec![("content-type".into(), self.kind.into())],
            body: Box::new(Body {
                rest: self.body.clone(),
                piece: self.piece,
                open: self.open,
            }),
        })
    }
}

fn server(kind: &'static str, body: impl Into<Vec<u8>>, piece: usize) -> Server {
    Server {
        kind,
        body: body.into(),
        piece,
        open: false,
        status: 200,
        received: RefCell::default(),
    }
}

fn config(format: &'static str) -> Config {
    Config::read(&|name| match name {
        "TTS_BASE_URL" => Some("https://api.openai.com/v1".into()),
        "TTS_VOICES" => Some("alloy,nova".into()),
        "TTS_FORMAT" => Some(format.into()),
        // What one case finds is not to close the server to the next.
        "TTS_BREAKER_FAILURES" => Some("1000".into()),
        _ => None,
    })
    .unwrap()
}

fn speak(server: &Server, format: &'static str) -> Result<(u32, Vec<i16>), Failure> {
    let mut speech = Speech::begin(&config(format), server, "Hello.", None, 1.0)?;
    let mut all = Vec::new();
    while let Some(samples) = speech.next_samples()? {
        assert!(!samples.is_empty());
        all.extend(samples);
    }
    assert_eq!(speech.next_samples(), Ok(None));
    Ok((speech.rate_hz(), all))
}

fn unavailable(answer: Result<(u32, Vec<i16>), Failure>) -> String {
    match answer {
        Err(Failure::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn samples() -> Vec<i16> {
    (0..500).map(|n| (n * 61 % 9000) - 4500).collect()
}

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

fn wav(channels: u16) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels,
        sample_rate: 22_050,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    for sample in samples() {
        for _ in 0..channels {
            writer.write_sample(sample).unwrap();
        }
    }
    writer.finalize().unwrap();
    file.into_inner()
}

#[test]
fn any_pieces_give_the_same_speech() {
    for piece in [1, 2, 3, 7, 43, 44, 45, 997, 5000] {
        let raw = server("audio/pcm", bytes(&samples()), piece);
        assert_eq!(speak(&raw, "pcm"), Ok((24_000, samples())), "{piece}");
        for channels in [1, 2] {
            let file = server("audio/wav", wav(channels), piece);
            assert_eq!(speak(&file, "wav"), Ok((22_050, samples())), "{piece}");
            // A server that sends a wav whatever it is asked for, and calls it something else.
            let file = server("text/html", wav(channels), piece);
            assert_eq!(speak(&file, "pcm"), Ok((22_050, samples())), "{piece}");
        }
    }
}

/// Frames of silence: 24 kHz, mono, 64 kbit/s, 576 samples each. That sound is decoded is tested where it is decoded.
fn mp3(n: usize) -> Vec<u8> {
    let mut frame = vec![0xff, 0xf3, 0x84, 0xc4];
    frame.resize(192, 0);
    frame.repeat(n)
}

#[test]
fn an_mp3_is_decoded_whatever_was_asked_for() {
    let tagged = [b"ID3\x04\0\0\0\0\0\x05tags.".to_vec(), mp3(50)].concat();
    for piece in [1, 3, 191, 193, 5000, 100_000] {
        for format in ["pcm", "wav", "mp3"] {
            for kind in ["audio/mpeg", "application/octet-stream", "text/html", ""] {
                for body in [mp3(50), tagged.clone()] {
                    let spoken = speak(&server(kind, body, piece), format);
                    assert_eq!(spoken, Ok((24_000, vec![0; 50 * 576])), "{piece} {kind}");
                }
            }
        }
    }
    // One frame is enough where it was asked for.
    let one = server("audio/mpeg", mp3(1), 10);
    assert_eq!(speak(&one, "mp3"), Ok((24_000, vec![0; 576])));
}

#[test]
fn an_mp3_that_is_cut_or_damaged_is_an_error() {
    let cut = &mp3(50)[..5000];
    assert!(unavailable(speak(&server("audio/mpeg", cut, 997), "mp3")).contains("cut short"));
    let junk = [&mp3(3), &b"<html>"[..], &mp3(3)].concat();
    assert!(unavailable(speak(&server("audio/mpeg", junk, 997), "mp3")).contains("damaged"));
    // Nothing of it is noise to a listener: what came before the damage is whole, and there is nothing after it.
    let junk = [&mp3(60), &b"<html>"[..], &mp3(60)].concat();
    let junk = server("audio/mpeg", junk, 192);
    let mut speech = Speech::begin(&config("mp3"), &junk, "Hello.", None, 1.0).unwrap();
    let mut n = 0;
    let error = loop {
        match speech.next_samples() {
            Ok(Some(samples)) => n += samples.len(),
            Ok(None) => panic!("it ended well"),
            Err(error) => break error,
        }
    };
    assert_eq!(n, 60 * 576);
    assert!(matches!(error, Failure::Unavailable(_)));
    assert_eq!(speech.next_samples(), Ok(None));
}

#[test]
fn a_wav_may_have_something_after_its_samples_or_no_length() {
    let tail = [wav(1), b"LIST\x04\0\0\0abcd".to_vec()].concat();
    assert_eq!(
        speak(&server("audio/wav", tail, 100), "wav"),
        Ok((22_050, samples()))
    );
    let mut endless = wav(1);
    endless[4..8].fill(0xff);
    endless[40..44].fill(0xff);
    assert_eq!(
        speak(&server("audio/wav", endless, 100), "wav"),
        Ok((22_050, samples()))
    );
}

#[test]
fn nobody_waits_for_a_server_that_keeps_the_connection_open() {
    // A wav says how long it is.
    let file = Server {
        open: true,
        ..server("audio/wav", wav(1), 100)
    };
    assert_eq!(speak(&file, "wav"), Ok((22_050, samples())));
}

#[test]
fn audio_that_is_cut_is_an_error() {
    let mut cut = wav(1);
    cut.truncate(700);
    assert!(unavailable(speak(&server("audio/wav", cut, 100), "wav")).contains("cut short"));
    let odd = &bytes(&samples())[..101];
    assert!(unavailable(speak(&server("audio/pcm", odd, 100), "pcm")).contains("cut short"));
    let header = &wav(1)[..30];
    assert!(unavailable(speak(&server("audio/wav", header, 100), "wav")).contains("not a wav"));
}

#[test]
fn what_is_no_audio_is_named() {
    for (kind, body, format, expected) in [
        ("audio/mpeg", &b"ID3\x04..."[..], "pcm", "cut short"),
        ("audio/mpeg", b"ID3\x04\0\0\0\0\0\x01.", "pcm", "cut short"),
        ("audio/mpeg", b"\xff\xfb\x90\x64..", "pcm", "cut short"),
        (
            "application/octet-stream",
            b"\xff\xf3\x90\x64..",
            "mp3",
            "cut short",
        ),
        ("audio/ogg", b"OggS....", "pcm", "compressed"),
        ("application/json", b"{\"error\":1}", "pcm", "a text"),
        ("text/html", b"<html>", "wav", "a text"),
        ("text/html; charset=utf-8", b"  <body>", "pcm", "a text"),
        ("audio/pcm", b"\x01\0\x02\0", "wav", "asked for"),
        ("audio/mpeg", b"\x01\0\x02\0", "mp3", "asked for"),
        ("audio/pcm", b"", "pcm", "nothing"),
        ("audio/mpeg", b"", "mp3", "nothing"),
    ] {
        let text = unavailable(speak(&server(kind, body, 2), format));
        assert!(text.contains(expected), "{kind} {text}");
    }
    // A sample that looks like the mark of an mp3.
    let loud = [&[0xff, 0xfb], bytes(&samples()).as_slice()].concat();
    assert_eq!(
        speak(&server("audio/pcm", loud, 9), "pcm").unwrap().1.len(),
        501
    );
}

#[test]
fn an_endless_speech_ends() {
    let hours = server("audio/pcm", vec![0; 24_000 * 2 * 1000], 1 << 20);
    assert!(unavailable(speak(&hours, "pcm")).contains("more than 900 seconds"));
}

#[test]
fn the_request_says_what_is_wanted() {
    let server = server("audio/pcm", bytes(&samples()), 100);
    let ask = |text: &str, voice: Option<&str>, speed: f32| {
        Speech::begin(&config("pcm"), &server, text, voice, speed)
    };
    ask("Say \"no\".\n", Some("nova"), 1.2).unwrap();
    assert_eq!(
        server.received.take().unwrap(),
        json!({"model": "tts-1", "input": "Say \"no\".\n", "voice": "nova", "response_format": "pcm", "speed": 1.2})
    );
    ask("Hello.", None, 1.0).unwrap();
    assert_eq!(
        server.received.take().unwrap(),
        json!({"model": "tts-1", "input": "Hello.", "voice": "alloy", "response_format": "pcm"})
    );
    assert!(matches!(
        ask("Hello.", Some("echo"), 1.0).err(),
        Some(Failure::Unsupported(_))
    ));
    for speed in [0.4, 2.1, f32::NAN] {
        assert!(matches!(
            ask("Hello.", None, speed).err(),
            Some(Failure::InvalidInput(_))
        ));
    }
    let long = "ä".repeat(2001);
    assert!(matches!(
        ask(&long, None, 1.0).err(),
        Some(Failure::InvalidInput(_))
    ));
    assert!(ask(&long[2..], None, 1.0).is_ok());
    server.received.take();
    let mut nothing = ask(" ... ", None, 1.0).unwrap();
    assert_eq!(
        (nothing.rate_hz(), nothing.next_samples()),
        (24_000, Ok(None))
    );
    assert!(server.received.take().is_none());
}

#[test]
fn a_text_that_the_server_refuses_is_one_for_another_voice() {
    let refused = |status, body: &'static str| {
        let server = Server {
            status,
            ..server("application/json", body, 100)
        };
        Speech::begin(&config("pcm"), &server, "Hello.", None, 1.0).err()
    };
    for status in [400, 413, 422] {
        let refused = refused(status, r#"{"error":{"message":"too long"}}"#);
        assert!(matches!(refused, Some(Failure::Unavailable(_))), "{status}");
    }
    // A voice that is not there is told apart: the pipeline asks for the default one then.
    let refused = refused(400, r#"{"error":{"param":"voice"}}"#);
    assert!(matches!(refused, Some(Failure::Unsupported(_))));
}
