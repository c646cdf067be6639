//! Silero VAD v6.2 for 16 kHz: frames in, speech probabilities out.
//!
//! The file is `silero_vad_16k_sequence.onnx` of the silero-vad package 6.2.3. Its inputs are `input[T,576]` (each frame of
//! 512 samples preceded by the last 64 of the frame before), `h[1,1,128]` and `c[1,1,128]`; its outputs `speech_probs[T]`, `hn` and `cn`.
//! It computes what the main model of that package computes one frame at a time; as it takes many frames at once, the
//! cost of dispatching its operators is shared.
//!
//! This module does not cut audio into frames and keeps no state between calls: the caller holds a [`State`] per stream.

use std::{io::Read, path::Path};

use colloquy_preload::{FileError, Files};
use tract_onnx::{prelude::*, tract_core::internal::bail};

use crate::FRAME;

/// Samples of the previous frame that precede each frame.
pub const CONTEXT: usize = 64;

/// Samples that the model sees for one frame.
pub const WINDOW: usize = CONTEXT + FRAME;

/// The name of the file within the model's folder.
pub const FILE: &str = "silero_vad_16k_sequence.onnx";

/// No Silero file comes near this size (1.2 MB); a larger one is something else and is not read.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Values in each half of the recurrent state.
const CELLS: usize = 128;

/// Why there are no probabilities.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be read, or is too large for this model.
    #[error(transparent)]
    File(#[from] FileError),
    /// The bytes are not an ONNX graph with the inputs and outputs of the Silero sequence model.
    #[error("not the Silero 16 kHz sequence model: {0:#}")]
    Graph(TractError),
    /// A run failed or gave something else than one probability per frame.
    #[error("the model failed: {0:#}")]
    Run(TractError),
}

/// The recurrent state of one stream: what the model remembers of all earlier frames.
#[derive(Debug, Clone)]
pub struct State {
    hidden: [f32; CELLS],
    cell: [f32; CELLS],
}

impl Default for State {
    /// The state before the first frame.
    fn default() -> Self {
        Self {
            hidden: [0.0; CELLS],
            cell: [0.0; CELLS],
        }
    }
}

/// A loaded model, ready to run. Shared by any number of streams.
#[derive(Debug)]
pub struct Silero {
    plan: Arc<TypedSimplePlan>,
}

impl Silero {
    /// Loads the model from [`FILE`] in `folder`.
    ///
    /// # Errors
    /// Every case of [`ModelError`] but `Run`.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        Self::read(&Files::folder(folder))
    }

    /// Loads the model from [`FILE`] among `files`.
    ///
    /// # Errors
    /// As [`Silero::open`].
    pub fn read(files: &Files) -> Result<Self, ModelError> {
        Self::from_bytes(&files.read(FILE, MAX_FILE_BYTES)?)
    }

    /// Loads the model from the bytes of its ONNX file.
    ///
    /// # Errors
    /// [`ModelError::Graph`].
    pub fn from_bytes(mut onnx: &[u8]) -> Result<Self, ModelError> {
        Self::build(&mut onnx).map_err(ModelError::Graph)
    }

    fn build(onnx: &mut dyn Read) -> TractResult<Self> {
        let mut graph = tract_onnx::onnx().model_for_read(onnx)?;
        // By name, so that the order in the file does not matter and another model is recognised at once.
        graph.select_inputs_by_name(["input", "h", "c"])?;
        graph.select_outputs_by_name(["speech_probs", "hn", "cn"])?;
        let frames = graph.symbols.new_with_prefix("frames").to_dim();
        graph.set_input_fact(0, f32::fact([frames, WINDOW.to_dim()]).into())?;
        graph.set_input_fact(1, f32::fact([1, 1, CELLS]).into())?;
        graph.set_input_fact(2, f32::fact([1, 1, CELLS]).into())?;
        Ok(Self {
            plan: graph.into_optimized()?.into_runnable()?,
        })
    }

    /// The speech probability (0 to 1) of each frame in `windows`, which holds [`WINDOW`] samples (-1 to 1) for each frame: the last
    /// [`CONTEXT`] samples before it, then the frame itself. Moves `state` on past them.
    ///
    /// # Errors
    /// [`ModelError::Run`]; `state` is then unchanged.
    pub fn run(&self, state: &mut State, windows: &[f32]) -> Result<Vec<f32>, ModelError> {
        self.infer(state, windows).map_err(ModelError::Run)
    }

    fn infer(&self, state: &mut State, windows: &[f32]) -> TractResult<Vec<f32>> {
        let frames = windows.len() / WINDOW;
        let half = |values: &[f32; CELLS]| Tensor::from_shape(&[1, 1, CELLS], values);
        let inputs = [
            Tensor::from_shape(&[frames, WINDOW], windows)?,
            half(&state.hidden)?,
            half(&state.cell)?,
        ];
        let inputs = inputs.into_iter().map(TValue::from).collect();
        let outputs = colloquy_breathe_tract::run(&self.plan, inputs)?;
        let [probabilities, hidden, cell] = outputs.as_slice() else {
            bail!("{} outputs instead of 3", outputs.len());
        };
        let probabilities = values(probabilities)?.to_vec();
        if probabilities.len() != frames {
            bail!("{} probabilities for {frames} frames", probabilities.len());
        }
        *state = State {
            hidden: values(hidden)?.try_into()?,
            cell: values(cell)?.try_into()?,
        };
        Ok(probabilities)
    }
}

fn values(tensor: &Tensor) -> TractResult<&[f32]> {
    tensor.try_as_plain_ram()?.as_slice::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_model_is_refused_with_its_name() {
        let text = Silero::open(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(
            text.starts_with("/nowhere/silero_vad_16k_sequence.onnx: "),
            "{text}"
        );

        for bytes in [&b""[..], b"RIFF\0\0\0\0WAVE", &[0xff; 4096]] {
            let text = Silero::from_bytes(bytes).unwrap_err().to_string();
            assert!(
                text.starts_with("not the Silero 16 kHz sequence model: "),
                "{text}"
            );
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(folder.path().join(FILE)).unwrap();
        file.set_len(MAX_FILE_BYTES + 1).unwrap();
        let error = Silero::open(folder.path()).unwrap_err();
        assert!(
            matches!(error, ModelError::File(FileError::TooLarge { .. })),
            "{error}"
        );
    }
}
