//! The turns of a load, one like the other in nothing but that all should succeed.

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::recordings;
use reqwest::blocking::{Client, multipart};
use serde_json::{Value, json};

const QUESTIONS: [&str; 4] = [
    "What did she build at Harvard?",
    "Tell me about COBOL.",
    "Which awards did she receive?",
    "When was she in the Navy?",
];

/// What a turn is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    TextSpoken,
    Recording,
    RecordingStreamed,
    Conversation,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Text,
        Self::TextSpoken,
        Self::Recording,
        Self::RecordingStreamed,
        Self::Conversation,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::TextSpoken => "text, answer spoken",
            Self::Recording => "recording, answer spoken",
            Self::RecordingStreamed => "recording, streamed",
            Self::Conversation => "two turns, audio, end",
        }
    }
}

/// What became of a turn.
pub(crate) struct Outcome {
    pub(crate) kind: Kind,
    pub(crate) took: Duration,
    /// The failure in words.
    pub(crate) result: Result<(), String>,
}

/// Who asks.
pub(crate) struct Caller {
    client: Client,
    url: String,
    recordings: Vec<Vec<u8>>,
}

impl Caller {
    pub(crate) fn new(host: &Host) -> Result<Self> {
        let read = |recording: recordings::Recording| Ok(std::fs::read(recording.path)?);
        Ok(Self {
            client: host.client.clone(),
            url: host.url.clone(),
            recordings: recordings::librivox()?
                .into_iter()
                .map(read)
                .collect::<Result<_>>()?,
        })
    }

    /// The turn of that number; the number decides what it is.
    pub(crate) fn turn(&self, number: usize) -> Outcome {
        let kinds = Kind::ALL;
        let kind = kinds
            .get(number % kinds.len())
            .copied()
            .unwrap_or(Kind::Text);
        let started = Instant::now();
        let result = self.ask(kind, number / kinds.len());
        Outcome {
            kind,
            took: started.elapsed(),
            result: result.map_err(|why| format!("{}: {why:#}", kind.name())),
        }
    }

    fn ask(&self, kind: Kind, number: usize) -> Result<()> {
        match kind {
            Kind::Text => sound(&self.text(number, None, false)?),
            Kind::TextSpoken => self.fetch(&self.text(number, None, true)?),
            Kind::Recording => {
                let answer = self.recording(number, "application/json")?;
                sound(&serde_json::from_str(&answer).context("the answer")?)
            }
            Kind::RecordingStreamed => {
                let events = self.recording(number, "text/event-stream")?;
                ensure!(events.contains("event: audio"), "no audio in the stream");
                ensure!(events.contains("event: done"), "the stream just stops");
                Ok(())
            }
            Kind::Conversation => {
                let first = self.text(number, None, false)?;
                sound(&first)?;
                let session = first["session_id"].as_str().context("session_id")?;
                self.fetch(&self.text(number + 1, Some(session), true)?)?;
                let ended = self
                    .client
                    .delete(format!("{}/session/{session}", self.url))
                    .send()?;
                ensure!(
                    ended.status() == 200,
                    "ending a session: {}",
                    ended.status()
                );
                Ok(())
            }
        }
    }

    fn text(&self, number: usize, session: Option<&str>, speak: bool) -> Result<Value> {
        let text = QUESTIONS
            .get(number % QUESTIONS.len())
            .copied()
            .unwrap_or_default();
        let body = json!({ "text": text, "session_id": session, "speak": speak });
        let response = self
            .client
            .post(format!("{}/process/text", self.url))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()?;
        let status = response.status();
        let body = response.text()?;
        ensure!(status == 200, "{status}: {body}");
        serde_json::from_str(&body).context("the answer")
    }

    fn recording(&self, number: usize, accept: &str) -> Result<String> {
        let count = self.recordings.len().max(1);
        let bytes = self
            .recordings
            .get(number % count)
            .context("no recording")?;
        let part = multipart::Part::bytes(bytes.clone()).file_name("question.wav");
        let response = self
            .client
            .post(format!("{}/process", self.url))
            .header("accept", accept)
            .multipart(multipart::Form::new().part("audio_file", part))
            .send()?;
        let status = response.status();
        let body = response.text()?;
        ensure!(status == 200, "{status}: {body}");
        Ok(body)
    }

    /// The audio of an answer, to its end.
    fn fetch(&self, answer: &Value) -> Result<()> {
        sound(answer)?;
        let id = answer["audio_file"].as_str().context("audio_file")?;
        let mut response = self.client.get(format!("{}/audio/{id}", self.url)).send()?;
        ensure!(response.status() == 200, "audio: {}", response.status());
        let mut audio = Vec::new();
        response.read_to_end(&mut audio)?;
        ensure!(audio.len() > 1_000, "the audio has {} bytes", audio.len());
        Ok(())
    }
}

/// An answer with words in it, and nothing left out.
fn sound(answer: &Value) -> Result<()> {
    if answer["response"].as_str().is_none_or(str::is_empty) {
        bail!("no response in {answer}");
    }
    ensure!(
        answer["degraded"] == json!([]),
        "degraded: {}",
        answer["degraded"]
    );
    Ok(())
}
