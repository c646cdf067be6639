//! What is sent and what becomes of the answer; the server itself is in the system tests.

use std::cell::RefCell;

use colloquy_upstream::{Request, Response, Source};

use super::*;
use crate::SAMPLE_RATE;

/// Answers in turn, and keeps what it was sent.
struct Server {
    answers: RefCell<VecDeque<(u16, &'static str, &'static str)>>,
    received: RefCell<Vec<String>>,
}

struct Body(VecDeque<u8>);

impl Source for Body {
    /// In pieces of three bytes.
    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let n = self.0.len().min(3);
        Ok((n > 0).then(|| self.0.drain(..n).collect()))
    }
}

impl Transport for Server {
    fn post(&self, request: &Request<'_>) -> Result<Response, Failure> {
        assert_eq!(request.path, "/openai/v1/audio/transcriptions");
        let text = String::from_utf8_lossy(request.body).into_owned();
        self.received.borrow_mut().push(text);
        let (status, kind, body) = self.answers.borrow_mut().pop_front().expect("an answer");
        Ok(Response {
            status,
            headers: vec![("content-type".into(), kind.into())],
            body: Box::new(Body(body.bytes().collect())),
        })
    }
}

fn server(answers: &[(u16, &'static str, &'static str)]) -> Server {
    Server {
        answers: RefCell::new(answers.iter().copied().collect()),
        received: RefCell::default(),
    }
}

fn config() -> Config {
    Config::read(&|name| match name {
        "ASR_BASE_URL" => Some("https://api.groq.com/openai/v1".into()),
        "ASR_MODEL" => Some("whisper-large-v3-turbo".into()),
        "ASR_MODEL_HIGH" => Some("whisper-large-v3".into()),
        _ => None,
    })
    .unwrap()
}

fn begin(options: Options) -> Result<Transcription, Failure> {
    let second = SAMPLE_RATE as u64;
    let speech = [second..2 * second, 6 * second..8 * second];
    Transcription::new(config(), vec![1000; 10 * SAMPLE_RATE], &speech, options)
}

fn field(form: &str, name: &str) -> Option<String> {
    let (_, rest) = form.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
    Some(rest.split_once("\r\n--")?.0.to_owned())
}

#[test]
fn segments_come_with_their_times_in_the_recording() {
    let server = server(&[(
        200,
        "application/json",
        r#"{"language":"English","text":"x","segments":[
          {"start":0.1,"end":0.9,"text":" Hello.","avg_logprob":-0.5,"no_speech_prob":0.2,"temperature":0,"tokens":[1]},
          {"start":1.3,"end":3.2,"text":" How are you?","avg_logprob":0.3}]}"#,
    )]);
    let mut work = begin(Options::default()).unwrap();
    let first = work.next(&server).unwrap().unwrap();
    assert_eq!(
        (first.ms.clone(), first.text.as_str()),
        (1100..1900, "Hello.")
    );
    assert_eq!(
        (first.language.as_str(), first.tokens.as_slice()),
        ("en", &[1][..])
    );
    assert!((first.confidence() - 0.606_53).abs() < 1e-4);
    let second = work.next(&server).unwrap().unwrap();
    assert_eq!(second.ms, 6000..7900);
    assert!(second.confidence() <= 1.0);
    assert_eq!(work.next(&server), Ok(None));
    assert_eq!(work.next(&server), Ok(None));
    assert_eq!(server.received.borrow().len(), 1);
}

#[test]
fn a_server_that_tells_only_the_text() {
    let server = server(&[(200, "text/plain", "Hello.\n")]);
    let options = Options {
        language: Some("de-AT".into()),
        ..Options::default()
    };
    let mut work = begin(options).unwrap();
    let only = work.next(&server).unwrap().unwrap();
    assert_eq!(
        (only.ms.clone(), only.language.as_str()),
        (1000..8000, "de")
    );
    assert!(only.confidence() == 0.0 && only.avg_logprob.is_finite());
    assert_eq!(work.next(&server), Ok(None));
}

#[test]
fn the_options_are_passed_on() {
    let server = server(&[
        (200, "application/json", r#"{"text":""}"#),
        (200, "application/json", r#"{"text":""}"#),
    ]);
    let prompt = format!("{} Grace Hopper ", "x".repeat(5000));
    let options = Options {
        language: Some("en-US".into()),
        prompt: Some(prompt),
        temperature: 0.4,
        strategy: Strategy::High,
    };
    assert_eq!(begin(options).unwrap().next(&server), Ok(None));
    assert_eq!(begin(Options::default()).unwrap().next(&server), Ok(None));
    let received = server.received.borrow();
    let [all, none] = received.as_slice() else {
        panic!("{}", received.len())
    };
    assert_eq!(field(all, "model").unwrap(), "whisper-large-v3");
    assert_eq!(field(none, "model").unwrap(), "whisper-large-v3-turbo");
    assert_eq!(field(all, "response_format").unwrap(), "verbose_json");
    assert_eq!(field(all, "language").unwrap(), "en");
    assert_eq!(field(all, "temperature").unwrap(), "0.4");
    let prompt = field(all, "prompt").unwrap();
    assert!(
        prompt.ends_with("xx Grace Hopper") && prompt.len() == 600,
        "{prompt}"
    );
    assert!(
        all.contains(
            "name=\"file\"; filename=\"audio.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF"
        )
    );
    for name in ["language", "temperature", "prompt"] {
        assert_eq!(field(none, name), None, "{name}");
    }
}

#[test]
fn what_breaks_the_contract_is_not_sent() {
    for (options, expected) in [
        (
            Options {
                temperature: f32::NAN,
                ..Options::default()
            },
            "temperature",
        ),
        (
            Options {
                temperature: 1.5,
                ..Options::default()
            },
            "temperature",
        ),
        (
            Options {
                language: Some("english please".into()),
                ..Options::default()
            },
            "not a BCP 47",
        ),
    ] {
        match begin(options).err() {
            Some(Failure::InvalidInput(text)) => assert!(text.contains(expected), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    let mut config = config();
    config.languages = vec!["en-GB".into(), "fr".into()];
    let begin = |language: &str| {
        let options = Options {
            language: Some(language.into()),
            ..Options::default()
        };
        Transcription::new(config.clone(), vec![0; 100], &[], options).err()
    };
    assert_eq!(begin("en-US"), None);
    assert!(matches!(begin("de"), Some(Failure::Unsupported(_))));
}

#[test]
fn after_a_failure_the_piece_can_be_asked_for_again() {
    let server = server(&[(404, "", ""), (500, "", ""), (200, "text/plain", "Hello.")]);
    let mut work = begin(Options::default()).unwrap();
    assert!(matches!(work.next(&server), Err(Failure::Unavailable(_))));
    // The second failure is one that may pass: it is asked again without the caller's doing.
    assert_eq!(work.next(&server).unwrap().unwrap().text, "Hello.");
}

#[test]
fn silence_is_not_sent() {
    let server = server(&[]);
    let mut work = Transcription::new(config(), Vec::new(), &[], Options::default()).unwrap();
    assert_eq!(work.next(&server), Ok(None));
}
