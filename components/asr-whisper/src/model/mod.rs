//! The network: encoder and decoder as tract plans, embeddings beside them.
//!
//! It turns features into [`Cross`] (all that the decoder needs of the audio) and tokens into hidden states and logits. It knows
//! nothing about which tokens mean what, or when to stop.
//!
//! Plans are made once, when the model is loaded, with symbolic lengths: one for every length of audio, prompt and context.

mod attention;
mod description;
mod embeddings;
mod mask;

#[cfg(test)]
pub(crate) use description::tests;

use std::path::Path;
use std::sync::Arc;

use colloquy_preload::{FileError, Files};
use tract_onnx::tract_hir::internal::*;

pub use description::{Description, Sizes, Tokens};

use crate::error::Error;
use crate::mel::{Extractor, Features};
use crate::tokenizer::Vocabulary;
use attention::floats;
use embeddings::{Embeddings, read_halves, widen};
pub use mask::Branch;
use mask::{branch_mask, causal_mask};

/// Mel frames of a full window, 30 s.
pub const FULL_FRAMES: usize = 3000;
/// No file of a model folder is larger: whisper-large's encoder has 1.3 GB, and a component's memory ends at 4 GB.
const LARGEST_FILE: u64 = 2 << 30;

/// A Whisper model, ready to run.
pub struct Whisper {
    /// Sizes and tokens.
    pub description: Description,
    /// Text tokens.
    pub vocabulary: Vocabulary,
    extractor: Extractor,
    encoder: Arc<TypedRunnableModel>,
    decoder: Arc<TypedRunnableModel>,
    embeddings: Embeddings,
    /// Decoder position embeddings, row by row, in half precision.
    positions: Vec<u16>,
    /// Cross-attention keys and values of a silent window, tensor after tensor, in half precision.
    silence: Vec<u16>,
}

/// Cross-attention keys and values of one window of audio: two tensors `[1, heads, positions, head size]` a layer.
#[derive(Clone)]
pub struct Cross(Vec<TValue>);

/// What the decoder remembers: the keys and values of all tokens so far. Cheap to clone, so several attempts can share a prompt.
#[derive(Clone)]
pub struct Context {
    caches: Vec<TValue>,
    length: usize,
}

impl Context {
    /// Number of tokens seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether no token was seen yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl Whisper {
    /// Loads a folder that `models/convert/whisper.py` made.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        Self::read(&Files::folder(folder))
    }

    /// Loads the files of such a folder.
    pub fn read(files: &Files) -> Result<Self, Error> {
        let json = String::from_utf8(read(files, "model.json")?);
        let description = Description::parse(
            &json.map_err(|_| Error::Unavailable("model.json is not UTF-8".to_owned()))?,
        )?;
        let sizes = &description.sizes;
        let (width, cross) = (
            sizes.d_model,
            2 * sizes.decoder_layers * sizes.audio_positions * sizes.d_model,
        );
        let halves = |name: &str, expected| read_halves(name, &read(files, name)?, expected);
        // The graphs first: their files are freed before the embeddings come, which keeps the peak of memory down.
        Ok(Self {
            encoder: plan(files, "encoder.onnx", 1, 2 * sizes.decoder_layers)?,
            decoder: plan(
                files,
                "decoder.onnx",
                2 + 4 * sizes.decoder_layers,
                1 + 2 * sizes.decoder_layers,
            )?,
            vocabulary: Vocabulary::read(&read(files, "vocabulary.bin")?)?,
            extractor: Extractor::new(sizes.n_mels),
            embeddings: Embeddings::new(
                halves("embeddings.f16", sizes.vocabulary * width)?,
                width,
                description.embedding_exponent,
            ),
            positions: halves("positions.f16", sizes.text_positions * width)?,
            silence: halves("silence.f16", cross)?,
            description,
        })
    }

    /// The features of mono samples, -1 to 1 at 16 kHz.
    #[must_use]
    pub fn features(&self, samples: &[f32]) -> Features {
        self.extractor.features(samples)
    }

    /// Runs the encoder over the features as they are (an even number of frames, at most [`FULL_FRAMES`]) and fills the rest of the
    /// window with precomputed silence.
    pub fn encode(&self, features: &Features) -> Result<Cross, Error> {
        let failed = |error| Error::engine("encoding audio", error);
        let mel = Tensor::from_shape(&[1, features.n_mels, features.frames], &features.values)
            .map_err(failed)?;
        let outputs =
            colloquy_breathe_tract::run(&self.encoder, tvec!(mel.into_tvalue())).map_err(failed)?;
        let sizes = &self.description.sizes;
        let silence = self
            .silence
            .chunks_exact(sizes.audio_positions * sizes.d_model);
        outputs
            .into_iter()
            .zip(silence)
            .map(|(heard, silence)| self.filled(heard, silence))
            .collect::<TractResult<_>>()
            .map(Cross)
            .map_err(failed)
    }

    /// A cross-attention tensor of a short window, its missing positions taken from the one of silence.
    fn filled(&self, heard: TValue, silence: &[u16]) -> TractResult<TValue> {
        let Sizes {
            heads,
            audio_positions,
            ..
        } = self.description.sizes;
        let head_size = self.description.sizes.head_size();
        let positions = heard.shape().get(2).copied().unwrap_or(0);
        if positions >= audio_positions {
            return Ok(heard);
        }
        let mut values = Vec::with_capacity(silence.len());
        let heard_heads = floats(&heard)?.chunks_exact((positions * head_size).max(1));
        for (heard, silence) in heard_heads.zip(silence.chunks_exact(audio_positions * head_size)) {
            values.extend_from_slice(heard);
            values.extend(silence.iter().skip(heard.len()).map(|&bits| widen(bits)));
        }
        Ok(Tensor::from_shape(&[1, heads, audio_positions, head_size], &values)?.into_tvalue())
    }

    /// A context without tokens.
    pub fn context(&self) -> Result<Context, Error> {
        let sizes = &self.description.sizes;
        let empty = Tensor::zero::<f32>(&[1, sizes.heads, 0, sizes.head_size()])
            .map_err(|error| Error::engine("starting", error))?;
        Ok(Context {
            caches: vec![empty.into_tvalue(); 2 * sizes.decoder_layers],
            length: 0,
        })
    }

    /// Feeds tokens to the decoder. Returns their hidden states, one row after the other, each `d_model` long.
    pub fn advance(
        &self,
        cross: &Cross,
        context: &mut Context,
        tokens: &[u32],
    ) -> Result<Vec<f32>, Error> {
        if context.length + tokens.len() > self.description.sizes.text_positions {
            return Err(Error::Internal(format!(
                "{} tokens after {} do not fit the model",
                tokens.len(),
                context.length
            )));
        }
        let positions = context.length..;
        let mask = causal_mask(context.length, tokens.len());
        mask.and_then(|mask| {
            self.run_decoder(cross, context, tokens.iter().copied().zip(positions), mask)
        })
        .map_err(|error| Error::engine("decoding", error))
    }

    /// Feeds one token for each of several texts that have the first `trunk` tokens of the context in common. All of them stay in the
    /// context, and a token sees only the trunk and those of its own text, so the network runs once. Returns hidden states as
    /// [`Self::advance`] does.
    pub fn branch(
        &self,
        cross: &Cross,
        context: &mut Context,
        trunk: usize,
        branches: &[Branch],
    ) -> Result<Vec<f32>, Error> {
        let rows = branches
            .iter()
            .map(|branch| (branch.token, trunk + branch.before.len()));
        if rows
            .clone()
            .any(|(_, position)| position >= self.description.sizes.text_positions)
        {
            return Err(Error::Internal(format!(
                "a text after {trunk} tokens does not fit the model"
            )));
        }
        branch_mask(context.length, trunk, branches)
            .and_then(|mask| self.run_decoder(cross, context, rows, mask))
            .map_err(|error| Error::engine("decoding", error))
    }

    /// Runs the decoder on tokens with their positions in the text; `mask` says what each of them sees.
    fn run_decoder(
        &self,
        cross: &Cross,
        context: &mut Context,
        tokens: impl Iterator<Item = (u32, usize)>,
        mask: Tensor,
    ) -> TractResult<Vec<f32>> {
        let width = self.description.sizes.d_model;
        let x: Vec<f32> = tokens
            .flat_map(|(token, position)| {
                let positions = self.positions.iter().skip(position * width);
                self.embeddings
                    .row(token)
                    .zip(positions)
                    .map(|(value, &position)| value + widen(position))
            })
            .collect();

        let count = x.len() / width;
        let mut inputs = tvec!(
            Tensor::from_shape(&[1, count, width], &x)?.into_tvalue(),
            mask.into_tvalue(),
        );
        inputs.extend(context.caches.drain(..));
        inputs.extend(cross.0.iter().cloned());
        let mut outputs = colloquy_breathe_tract::run(&self.decoder, inputs)?.into_iter();
        let hidden = outputs.next().context("the decoder has no output")?;
        context.caches.extend(outputs);
        context.length += count;
        Ok(floats(&hidden)?.to_vec())
    }

    /// The score of every token, for one hidden state.
    #[must_use]
    pub fn logits(&self, hidden: &[f32]) -> Vec<f32> {
        self.embeddings.logits(hidden)
    }

    /// The score of every token, for each of several hidden states.
    #[must_use]
    pub fn logits_of_each(&self, hidden: &[f32]) -> Vec<Vec<f32>> {
        self.embeddings.logits_of_each(hidden)
    }
}

/// A file of the model.
fn read(files: &Files, name: &str) -> Result<Vec<u8>, Error> {
    // The texts reach callers, who need not know where this host keeps its models.
    let told = |error| match error {
        FileError::Read { source, .. } => format!("{name}: {source}"),
        FileError::TooLarge { limit, .. } => format!("{name} has more than {limit} bytes"),
    };
    files
        .read(name, LARGEST_FILE)
        .map_err(|error| Error::Unavailable(told(error)))
}

/// Reads and optimises a graph.
fn plan(
    files: &Files,
    name: &str,
    inputs: usize,
    outputs: usize,
) -> Result<Arc<TypedRunnableModel>, Error> {
    let unusable = |why: String| Error::Unavailable(format!("{name}: {why}"));
    let file = read(files, name)?;
    let mut onnx = tract_onnx::onnx();
    onnx.op_register.insert("Attention", attention::parse);
    let model = onnx.model_for_read(&mut file.as_slice());
    // Before the graph is optimised, which takes several times its size for a while.
    drop(file);
    let model = model
        .and_then(|model| model.into_optimized())
        .map_err(|error| unusable(format!("{error:?}")))?;
    if (model.inputs.len(), model.outputs.len()) != (inputs, outputs) {
        let found = (model.inputs.len(), model.outputs.len());
        return Err(unusable(format!(
            "inputs and outputs are {found:?}, expected {:?}",
            (inputs, outputs)
        )));
    }
    model
        .into_runnable()
        .map_err(|error| unusable(format!("{error:?}")))
}
