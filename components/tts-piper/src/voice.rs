//! A voice folder as `models/convert/piper.py` writes it: the description, and the parts as tract plans.
//!
//! Loading is the whole cost of this component's start, so each part is optimised for the one shape it will run with; only the text encoder
//! and the duration model take any length (they are matrix products, which lose nothing by it).

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use colloquy_preload::{FileError, Files};
use serde::Deserialize;
use tract_onnx::prelude::*;

use crate::{decoder, flow};

/// No part of a medium voice is larger than 28 MB.
const MAX_FILE_BYTES: u64 = 128 << 20;

/// The layout of the folder that this code reads.
const FORMAT: u32 = 1;

/// Why a voice cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// A file cannot be read, or is larger than any of its kind.
    #[error(transparent)]
    File(#[from] FileError),
    /// The description is not what the converter writes.
    #[error("{path}: {problem}")]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The letter-to-sound weights are damaged.
    #[error("{path}: not letter-to-sound weights: {problem}")]
    Letters {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// A part is not the graph that its name promises.
    #[error("{path}: {source:#}")]
    Graph {
        /// The file.
        path: PathBuf,
        /// What tract says.
        source: TractError,
    },
}

/// What `voice.json` says.
#[derive(Debug, Clone, Deserialize)]
pub struct Description {
    format: u32,
    /// Full name, such as `en_US-joe-medium`.
    pub name: String,
    /// Short name, such as `joe`.
    pub dataset: String,
    /// BCP 47 tag.
    pub language: String,
    /// Samples per second of the audio.
    pub sample_rate_hz: u32,
    /// Channels of the latent frames.
    pub(crate) channels: usize,
    /// Attention heads of the text encoder.
    pub(crate) heads: usize,
    /// Symbols on each side that relative attention distinguishes.
    pub(crate) attention_reach: usize,
    /// Channels and columns per frame between the two halves of the decoder.
    pub(crate) low_channels: usize,
    pub(crate) low_per_frame: usize,
    pub(crate) samples_per_frame: usize,
    pub(crate) noise_scale: f32,
    pub(crate) length_scale: f32,
    pub(crate) noise_w: f32,
    pub(crate) duration_shift: f32,
    pub(crate) duration_factor: f32,
    phoneme_ids: HashMap<char, i64>,
}

impl Description {
    fn problem(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!(
                "format {} instead of {FORMAT}; convert the voice again",
                self.format
            ));
        }
        let sizes = [
            self.channels,
            self.heads,
            self.low_channels,
            self.low_per_frame,
            self.samples_per_frame,
        ];
        if sizes.iter().any(|size| !(1..=4096).contains(size))
            || self.attention_reach > 64
            || !self.samples_per_frame.is_multiple_of(self.low_per_frame)
        {
            return Some("a size is out of range".into());
        }
        if decoder::LEAST_FRAMES * self.low_per_frame < decoder::HIGH.width {
            return Some(format!(
                "{} columns per frame are too few",
                self.low_per_frame
            ));
        }
        if !(8_000..=48_000).contains(&self.sample_rate_hz) {
            return Some(format!("sample rate {} Hz", self.sample_rate_hz));
        }
        let scales = [
            self.noise_scale,
            self.length_scale,
            self.noise_w,
            self.duration_factor,
        ];
        if scales.iter().any(|scale| !(0.0..=10.0).contains(scale))
            || !self.duration_shift.is_finite()
        {
            return Some("a scale is out of range".into());
        }
        ['^', '_', '$']
            .iter()
            .find(|symbol| !self.phoneme_ids.contains_key(symbol))
            .map(|symbol| format!("no id for `{symbol}`"))
    }

    /// The short name with a capital.
    #[must_use]
    pub fn display_name(&self) -> String {
        let mut letters = self.dataset.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect())
            .unwrap_or_default()
    }

    /// Symbols as ids: begin, then each symbol with padding around it, end. Symbols that the voice does not have are left out.
    #[must_use]
    pub fn ids(&self, symbols: &str) -> Vec<i64> {
        let id = |c: char| self.phoneme_ids.get(&c).copied();
        let mut ids: Vec<i64> = id('^').into_iter().chain(id('_')).collect();
        for symbol in symbols.chars().filter_map(id) {
            ids.push(symbol);
            ids.extend(id('_'));
        }
        ids.extend(id('$'));
        ids
    }
}

/// A loaded graph.
pub(crate) type Plan = Arc<TypedRunnableModel>;

/// A loaded voice.
#[derive(Debug)]
pub struct Voice {
    pub(crate) description: Description,
    pub(crate) text: Plan,
    pub(crate) durations: Vec<Plan>,
    pub(crate) flow: Vec<Plan>,
    pub(crate) decoder_low: Plan,
    pub(crate) decoder_high: Plan,
}

impl Voice {
    /// Loads the voice in `folder`.
    ///
    /// # Errors
    /// Any [`VoiceError`] but `Letters`.
    pub fn open(folder: &Path) -> Result<Self, VoiceError> {
        Self::read(&Files::folder(folder))
    }

    /// Loads the voice in `files`.
    ///
    /// # Errors
    /// As [`Voice::open`].
    pub fn read(files: &Files) -> Result<Self, VoiceError> {
        let path = files.path("voice.json");
        let description: Description = serde_json::from_slice(&read(files, "voice.json")?)
            .map_err(|error| VoiceError::Description {
                path: path.clone(),
                problem: error.to_string(),
            })?;
        if let Some(problem) = description.problem() {
            return Err(VoiceError::Description { path, problem });
        }
        let (channels, heads) = (description.channels, description.heads);
        let positions = 2 * description.attention_reach + 1;
        let text = load(files, "text", &["stats", "cond"], |symbols| {
            let length = symbols.sym("P").to_dim();
            let ids = dimensions([&length]);
            let keys = dimensions([&heads.to_dim(), &length, &length]);
            let values = dimensions([&heads.to_dim(), &length, &positions.to_dim()]);
            vec![
                ("ids", i64::fact(ids)),
                ("key_index", i64::fact(keys)),
                ("value_index", i64::fact(values)),
            ]
        })?;
        let duration = |order| {
            load(
                files,
                &format!("duration_{order}"),
                &["spline"],
                |symbols| {
                    let length = symbols.sym("P").to_dim();
                    vec![
                        ("x", f32::fact(dimensions([&length, &1.to_dim()]))),
                        ("cond", f32::fact(dimensions([&length, &channels.to_dim()]))),
                    ]
                },
            )
        };
        let coupling = |order| {
            load(files, &format!("flow_{order}"), &["y"], |_| {
                vec![
                    ("x", f32::fact([1, channels, flow::WINDOW])),
                    ("mask", f32::fact([1, 1, flow::WINDOW])),
                ]
            })
        };
        let low = [1, channels, decoder::LOW.width];
        let high = [1, description.low_channels, decoder::HIGH.width];
        Ok(Self {
            text,
            durations: (1..=3).map(duration).collect::<Result<_, _>>()?,
            flow: (1..=flow::LAYERS).map(coupling).collect::<Result<_, _>>()?,
            decoder_low: load(files, "decoder_low", &["h"], |_| {
                vec![("z", f32::fact(low))]
            })?,
            decoder_high: load(files, "decoder_high", &["audio"], |_| {
                vec![("h", f32::fact(high))]
            })?,
            description,
        })
    }

    /// What the voice says about itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }
}

fn dimensions<const N: usize>(sizes: [&TDim; N]) -> TVec<TDim> {
    sizes.into_iter().cloned().collect()
}

/// Reads a file of the voice, within its limit.
pub(crate) fn read(files: &Files, name: &str) -> Result<Vec<u8>, VoiceError> {
    Ok(files.read(name, MAX_FILE_BYTES)?)
}

/// Loads `<name>.onnx` with the given inputs, all by name, so that another graph is recognised at once.
fn load(
    files: &Files,
    name: &str,
    outputs: &[&str],
    inputs: impl FnOnce(&SymbolScope) -> Vec<(&'static str, TypedFact)>,
) -> Result<Plan, VoiceError> {
    let name = format!("{name}.onnx");
    let bytes = read(files, &name)?;
    let build = || -> TractResult<Plan> {
        let mut graph = tract_onnx::onnx().model_for_read(&mut bytes.as_slice())?;
        // Before the graph is optimised, which takes several times its size for a while.
        drop(bytes);
        let facts = inputs(&graph.symbols);
        graph.select_inputs_by_name(facts.iter().map(|(name, _)| *name))?;
        graph.select_outputs_by_name(outputs)?;
        for (index, (_, fact)) in facts.into_iter().enumerate() {
            graph.set_input_fact(index, fact.into())?;
        }
        graph.into_optimized()?.into_runnable()
    };
    let path = files.path(&name);
    build().map_err(|source| VoiceError::Graph { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        serde_json::from_str(
            r#"{"format":1,"name":"en_US-x-medium","dataset":"x","language":"en-US","sample_rate_hz":22050,"channels":192,"heads":2,
                "attention_reach":4,"low_channels":128,"low_per_frame":8,"samples_per_frame":256,"noise_scale":0.667,"length_scale":1,
                "noise_w":0.8,"duration_shift":0.1,"duration_factor":1.0,"phoneme_ids":{"_":0,"^":1,"$":2,"a":14,"b":15}}"#,
        )
        .unwrap()
    }

    #[test]
    fn symbols_are_padded_and_unknown_ones_left_out() {
        assert_eq!(description().ids("aXb"), [1, 0, 14, 0, 15, 0, 2]);
        assert_eq!(description().ids(""), [1, 0, 2]);
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        let mut wrong = description();
        assert_eq!(wrong.problem(), None);
        wrong.format = 7;
        assert!(wrong.problem().unwrap().contains("format 7"));
        wrong = description();
        wrong.sample_rate_hz = 3;
        assert!(wrong.problem().unwrap().contains("3 Hz"));
        wrong = description();
        wrong.phoneme_ids.remove(&'$');
        assert!(wrong.problem().unwrap().contains('$'));
        wrong = description();
        wrong.length_scale = f32::NAN;
        assert!(wrong.problem().is_some());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = Voice::open(Path::new("/nowhere/voice"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("/nowhere/voice/voice.json"), "{error}");
    }
}
