//! Speech without a question: the pipeline's voice, encoded as the client wants it, piece by piece or as a whole.
//!
//! Each call makes one piece and holds one: a slow client slows the voice down. Dropping it cancels the work.

use colloquy_encode::{Encoder, Error as EncodeError, File, Format, Shape};

use crate::{
    contract::{Error, speak},
    ports::{Ports, Speech},
    problem::{Code, Problem},
};
use http::StatusCode;

/// Slowest and fastest that voices speak.
pub(crate) const RATES: std::ops::RangeInclusive<f32> = 0.5..=2.0;

/// What the header says of a file without any speech in it.
const SILENT_HZ: u32 = 24_000;

/// Most samples of a whole file: six minutes at 22 kHz, sixteen megabytes.
const MAX_SAMPLES: u64 = 8 << 20;

/// What is to be said, and how.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) text: String,
    /// None for the default voice.
    pub(crate) voice: Option<String>,
    /// Speed, 1 for normal.
    pub(crate) rate: f32,
    /// Height of the voice, 1 for its own.
    pub(crate) pitch: f32,
    pub(crate) format: Format,
}

/// A whole piece of speech.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spoken {
    pub(crate) bytes: Vec<u8>,
    pub(crate) duration_s: f64,
    /// Why this is not what was asked for.
    pub(crate) degraded: Option<String>,
}

/// Speech on its way to a client.
pub(crate) struct Speaking {
    /// None once it is over.
    speech: Option<Box<dyn Speech>>,
    /// None before the first piece.
    encoder: Option<Encoder>,
    format: Format,
    pitch: f32,
}

/// Whether a voice can be asked for that: another pitch is made by playing faster what is spoken slower.
pub(crate) fn can_be(rate: f32, pitch: f32) -> Result<(), String> {
    if !colloquy_encode::PITCHES.contains(&pitch) {
        return Err(format!("pitch must be 0.5 to 2, is {pitch}"));
    }
    if !RATES.contains(&rate) {
        return Err(format!("rate must be 0.5 to 2, is {rate}"));
    }
    if !RATES.contains(&(rate / pitch)) {
        return Err(format!(
            "rate divided by pitch must be 0.5 to 2, is {rate} / {pitch}: another pitch is made by speaking slower and playing faster"
        ));
    }
    Ok(())
}

fn open(ports: &dyn Ports, request_id: &str, wanted: &Wanted) -> Result<Box<dyn Speech>, Problem> {
    let request = speak::Request {
        request_id: request_id.to_owned(),
        text: wanted.text.clone(),
        voice: wanted.voice.clone(),
        rate: wanted.rate / wanted.pitch,
    };
    ports.speak(request).map_err(failed)
}

/// Says all of it.
pub(crate) fn whole(
    ports: &dyn Ports,
    request_id: &str,
    wanted: &Wanted,
) -> Result<Spoken, Problem> {
    let mut speech = open(ports, request_id, wanted)?;
    let (mut file, mut rate_hz, mut n_samples) = (None, SILENT_HZ, 0_u64);
    while let Some(audio) = speech.next().map_err(failed)? {
        rate_hz = audio.sample_rate_hz;
        n_samples += audio.samples.len() as u64;
        if n_samples > MAX_SAMPLES {
            return Err(too_long());
        }
        let file: &mut File = match &mut file {
            Some(file) => file,
            none => none.insert(File::new(wanted.format, rate_hz, wanted.pitch).map_err(defect)?),
        };
        file.push(&audio.samples).map_err(defect)?;
    }
    let file = match file {
        Some(file) => file,
        None => File::new(wanted.format, rate_hz, wanted.pitch).map_err(defect)?,
    };
    Ok(Spoken {
        bytes: file.finish().map_err(defect)?,
        duration_s: n_samples as f64 / f64::from(rate_hz) / f64::from(wanted.pitch),
        degraded: speech.degraded(),
    })
}

/// A file of samples that are there already.
pub(crate) fn file(format: Format, rate_hz: u32, samples: &[i16]) -> Result<Vec<u8>, Problem> {
    let mut file = File::new(format, rate_hz, 1.0).map_err(defect)?;
    file.push(samples).map_err(defect)?;
    file.finish().map_err(defect)
}

impl Speaking {
    /// Begins to speak.
    pub(crate) fn start(
        ports: &dyn Ports,
        request_id: &str,
        wanted: &Wanted,
    ) -> Result<Self, Problem> {
        Ok(Self {
            speech: Some(open(ports, request_id, wanted)?),
            encoder: None,
            format: wanted.format,
            pitch: wanted.pitch,
        })
    }

    /// The next bytes, never empty; none after the last and after a failure.
    pub(crate) fn pull(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let mut bytes = Vec::new();
        // What fails stays out: its work is cancelled.
        while let Some(mut speech) = self.speech.take() {
            match speech.next().map_err(failed)? {
                Some(audio) => {
                    let encoder = self.encoder(audio.sample_rate_hz)?;
                    encoder.push(&audio.samples, &mut bytes).map_err(defect)?;
                    self.speech = Some(speech);
                }
                None => {
                    self.encoder(SILENT_HZ)?;
                    if let Some(encoder) = self.encoder.take() {
                        encoder.finish(&mut bytes).map_err(defect)?;
                    }
                }
            }
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    fn encoder(&mut self, speech_hz: u32) -> Result<&mut Encoder, Problem> {
        match &mut self.encoder {
            Some(encoder) => Ok(encoder),
            none => {
                let encoder = Encoder::new(self.format, Shape::Stream, speech_hz, self.pitch);
                Ok(none.insert(encoder.map_err(defect)?))
            }
        }
    }
}

/// A stage's error. What there is not was asked for by the client, and no media type is to blame.
fn failed(error: Error) -> Problem {
    let problem = Problem::of_stage(error, Some("tts".to_owned()), None);
    match problem.status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..problem
        },
        _ => problem,
    }
}

fn too_long() -> Problem {
    let text = format!("the speech is longer than {MAX_SAMPLES} samples; ask for a shorter text");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Code::TtsFailed, text)
}

/// What the encoder does not take is a defect of the stage.
fn defect(_: EncodeError) -> Problem {
    failed(Error::Internal(String::new()))
}
