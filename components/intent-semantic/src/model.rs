//! The sentence encoder: a text to a vector of length 1 whose products with others tell how close two meanings are.
//!
//! The folder is one that `models/convert/minilm.py` made. The lookup of embeddings is done here and the rest by a tract plan with a
//! symbolic number of tokens. Texts are run one at a time, so nothing is padded and no mask is needed.
//!
//! It does not know what a question or an item is.

use std::path::Path;
use std::sync::Arc;

use colloquy_preload::{FileError, Files};
use serde::Deserialize;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::bail;

use crate::error::{Error, engine};
use crate::tokenizer::{Special, Tokenizer};

/// Tokens of a text that are looked at, start and end included; the model was trained with as many. Longer texts lose their end.
pub const MAX_TOKENS: usize = 128;
/// The layout of the folder; the converter writes the same number.
const FORMAT: u32 = 1;
/// No file of such a model comes near it.
const LARGEST_FILE: u64 = 256 << 20;
/// Nor does any of its dimensions.
const LARGEST: usize = 1 << 17;

/// `model.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format: u32,
    sizes: Sizes,
    tokens: Special,
}

/// Dimensions. Heads and layers are in the graph; they are here for the reader of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sizes {
    width: usize,
    #[serde(rename = "heads")]
    _heads: usize,
    #[serde(rename = "layers")]
    _layers: usize,
    vocabulary: usize,
    positions: usize,
}

/// What a text means: a vector of length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning(Vec<f32>);

impl Meaning {
    /// The cosine of the angle to another meaning, -1 to 1; the meaning of unrelated texts is near 0.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }

    /// The numbers.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.0
    }
}

/// A way to embed a text: [`Encoder::meaning`] or [`Encoder::meaning_at_once`].
pub type Embed<'e> = &'e dyn Fn(&str) -> Result<Meaning, Error>;

/// How the plan is run.
type Run = fn(&Arc<TypedSimplePlan>, TVec<TValue>) -> TractResult<TVec<TValue>>;

/// The encoder, ready to run.
#[derive(Debug)]
pub struct Encoder {
    tokenizer: Tokenizer,
    plan: Arc<TypedSimplePlan>,
    /// A row for each piece, and a row for each place, in half precision.
    embeddings: Vec<u16>,
    positions: Vec<u16>,
    width: usize,
    /// How many tokens there are places for, at most [`MAX_TOKENS`].
    n_tokens: usize,
}

impl Encoder {
    /// Loads a folder.
    ///
    /// # Errors
    /// As [`Encoder::read`].
    pub fn load(folder: &Path) -> Result<Self, Error> {
        Self::read(&Files::folder(folder))
    }

    /// Loads the files of such a folder.
    ///
    /// # Errors
    /// `unavailable`, naming the file that is missing or damaged.
    pub fn read(files: &Files) -> Result<Self, Error> {
        let description: Description = serde_json::from_slice(&read(files, "model.json")?)
            .map_err(|error| Error::Unavailable(format!("model.json: {error}")))?;
        if description.format != FORMAT {
            let found = description.format;
            return Err(Error::Unavailable(format!(
                "model.json: format {found}, this component reads {FORMAT}; run the model conversion again"
            )));
        }
        let Sizes {
            width,
            vocabulary,
            positions,
            ..
        } = description.sizes;
        if [width, vocabulary, positions]
            .iter()
            .any(|size| !(1..=LARGEST).contains(size))
            || positions < 3
        {
            return Err(Error::Unavailable(
                "model.json: sizes are out of range".to_owned(),
            ));
        }
        let pieces = String::from_utf8(read(files, "vocabulary.txt")?)
            .map_err(|_| Error::Unavailable("vocabulary.txt is not UTF-8".to_owned()))?;
        let tokenizer = Tokenizer::new(&pieces, vocabulary, description.tokens)?;
        // The graph before the embeddings: optimising it takes the most memory.
        let plan = plan(&read(files, "encoder.onnx")?, width)
            .map_err(|error| Error::Unavailable(format!("encoder.onnx: {error:?}")))?;
        Ok(Self {
            tokenizer,
            plan,
            embeddings: halves(files, "embeddings.f16", vocabulary * width)?,
            positions: halves(files, "positions.f16", positions * width)?,
            width,
            n_tokens: positions.min(MAX_TOKENS),
        })
    }

    /// What a text means. Of a long one, what its beginning means.
    ///
    /// # Errors
    /// `internal` when the engine fails.
    pub fn meaning(&self, text: &str) -> Result<Meaning, Error> {
        self.embed(text, colloquy_breathe_tract::run)
    }

    /// The same without giving the host a moment now and then: while a component is preloaded there is no clock.
    ///
    /// # Errors
    /// As [`Encoder::meaning`].
    pub fn meaning_at_once(&self, text: &str) -> Result<Meaning, Error> {
        self.embed(text, |plan, inputs| plan.run(inputs))
    }

    fn embed(&self, text: &str, run: Run) -> Result<Meaning, Error> {
        let tokens = self.tokenizer.encode(text, self.n_tokens);
        let mut mean = self
            .run(&tokens, run)
            .map_err(|error| engine("embedding a text", error))?;
        let length = mean.iter().map(|value| value * value).sum::<f32>().sqrt();
        if !length.is_normal() {
            return Err(Error::Internal("an embedding without length".to_owned()));
        }
        for value in &mut mean {
            *value /= length;
        }
        Ok(Meaning(mean))
    }

    fn run(&self, tokens: &[u32], run: Run) -> TractResult<Vec<f32>> {
        let mut x = Vec::with_capacity(tokens.len() * self.width);
        for (&token, place) in tokens.iter().zip(self.positions.chunks_exact(self.width)) {
            let start = token as usize * self.width;
            let Some(row) = self.embeddings.get(start..start + self.width) else {
                bail!("token {token} has no embedding");
            };
            x.extend(row.iter().zip(place).map(|(&a, &b)| widen(a) + widen(b)));
        }
        let x = Tensor::from_shape(&[1, tokens.len(), self.width], &x)?;
        let outputs = run(&self.plan, tvec!(x.into_tvalue()))?;
        let [mean] = outputs.as_slice() else {
            bail!("{} outputs instead of 1", outputs.len());
        };
        let mean = mean.try_as_plain_ram()?.as_slice::<f32>()?.to_vec();
        if mean.len() != self.width {
            bail!("{} numbers instead of {}", mean.len(), self.width);
        }
        Ok(mean)
    }
}

fn plan(mut onnx: &[u8], width: usize) -> TractResult<Arc<TypedSimplePlan>> {
    let mut graph = tract_onnx::onnx().model_for_read(&mut onnx)?;
    // By name, so that another model is recognised at once.
    graph.select_inputs_by_name(["x"])?;
    graph.select_outputs_by_name(["mean"])?;
    let tokens = graph.symbols.new_with_prefix("tokens").to_dim();
    graph.set_input_fact(0, f32::fact([1.to_dim(), tokens, width.to_dim()]).into())?;
    graph.into_optimized()?.into_runnable()
}

/// A file of the model. The texts reach callers, who need not know where this host keeps its models.
fn read(files: &Files, name: &str) -> Result<Vec<u8>, Error> {
    let told = |error| match error {
        FileError::Read { source, .. } => format!("{name}: {source}"),
        FileError::TooLarge { limit, .. } => format!("{name} has more than {limit} bytes"),
    };
    files
        .read(name, LARGEST_FILE)
        .map_err(|error| Error::Unavailable(told(error)))
}

fn halves(files: &Files, name: &str, expected: usize) -> Result<Vec<u16>, Error> {
    let bytes = read(files, name)?;
    let (pairs, rest) = bytes.as_chunks::<2>();
    if pairs.len() != expected || !rest.is_empty() {
        return Err(Error::Unavailable(format!(
            "{name} has {} bytes, expected {}",
            bytes.len(),
            2 * expected
        )));
    }
    Ok(pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
}

/// A half-precision value, which is finite, as f32: exponent and mantissa moved into place, and the difference of the exponent
/// biases, 112, made good by a multiplication.
fn widen(bits: u16) -> f32 {
    let moved = (i32::from(bits.cast_signed()) << 13).cast_unsigned() & 0x8fff_e000;
    f32::from_bits(moved) * f32::from_bits((127 + 112) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::model_folder;

    #[test]
    fn widens_every_kind_of_half() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_5e-8),
        ] {
            assert_eq!(widen(bits), value, "{bits:#06x}");
        }
    }

    #[test]
    fn a_damaged_folder_is_refused_with_the_name_of_the_file() {
        let good = r#"{"format":1,"sizes":{"width":2,"heads":1,"layers":1,"vocabulary":4,"positions":4},"tokens":{"unknown":0,"start":1,"end":2}}"#;
        let with = |description: &str, vocabulary: &str, onnx: &[u8]| {
            let files = [
                ("model.json", description.as_bytes()),
                ("vocabulary.txt", vocabulary.as_bytes()),
                ("encoder.onnx", onnx),
            ];
            let files = files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
            Encoder::read(&Files::given(files)).unwrap_err().to_string()
        };
        let vocabulary = "a\nb\nc\nd\n";
        for (error, start) in [
            (with("{", vocabulary, b""), "model.json: "),
            (
                with(
                    &good.replace("\"format\":1", "\"format\":2"),
                    vocabulary,
                    b"",
                ),
                "model.json: format 2",
            ),
            (
                with(&good.replace(":4", ":400000"), vocabulary, b""),
                "model.json: sizes",
            ),
            (with(good, "a\n", b""), "vocabulary.txt: 1 "),
            (with(good, vocabulary, b"no graph"), "encoder.onnx: "),
        ] {
            assert!(error.starts_with(start), "{error}");
        }
        let missing = Encoder::load(Path::new("/nowhere")).unwrap_err();
        assert!(missing.to_string().starts_with("model.json: "), "{missing}");
    }

    /// Texts of `tests/tools/golden_semantic.py`.
    #[derive(serde::Deserialize)]
    struct Golden {
        text: String,
        embedding: Vec<f32>,
    }

    #[test]
    fn embeddings_are_those_of_ctranslate2() {
        let Some(folder) = model_folder() else { return };
        let encoder = Encoder::load(&folder).unwrap();
        let golden = include_str!("../../../tests/golden/semantic/embeddings.json");
        let golden: Vec<Golden> = serde_json::from_str(golden).unwrap();
        assert!(golden.len() >= 16);
        for golden in golden {
            let meaning = encoder.meaning(&golden.text).unwrap();
            let cosine = meaning.similarity(&Meaning(golden.embedding));
            assert!((cosine - 1.0).abs() < 1e-4, "{}: {cosine}", golden.text);
        }
    }

    #[test]
    fn with_and_without_pauses_the_meaning_is_the_same() {
        let Some(folder) = model_folder() else { return };
        let encoder = Encoder::load(&folder).unwrap();
        let text = "what did she build";
        let (one, other) = (encoder.meaning(text), encoder.meaning_at_once(text));
        assert_eq!(one.unwrap(), other.unwrap());
    }

    #[test]
    fn of_a_long_text_only_the_beginning_counts() {
        let Some(folder) = model_folder() else { return };
        let encoder = Encoder::load(&folder).unwrap();
        let long = "word ".repeat(MAX_TOKENS);
        let longer = long.clone() + "and something else entirely";
        assert_eq!(
            encoder.meaning(&long).unwrap(),
            encoder.meaning(&longer).unwrap()
        );
    }
}
