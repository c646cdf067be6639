//! The prior becomes the latent frames of the decoder: four coupling layers, run block by block without recomputation.
//!
//! Each layer needs 8 frames of context on both sides. Instead of windows that overlap by all that context, every layer keeps the last 16 frames of its own input
//! and appends the next block: what goes in comes out 8 frames later, 32 for all four. Frames outside the utterance are masked, which is what
//! the model was trained with, so the result does not depend on the block length.

use tract_onnx::prelude::*;

use crate::{
    encoder::{Encoded, floats, run},
    frames::Frames,
    voice::Voice,
};

/// Coupling layers.
pub(crate) const LAYERS: usize = 4;
/// Frames that a layer needs on each side.
const CONTEXT: usize = 8;
/// Frames per block.
pub(crate) const BLOCK: usize = 96;
/// Frames that a layer sees at once.
pub(crate) const WINDOW: usize = BLOCK + 2 * CONTEXT;

/// The flow of one utterance.
#[derive(Debug)]
pub(crate) struct Flow {
    /// What has gone into each layer, from the last frames that it still needs. Begins with frames before the utterance, which are zero.
    inputs: Vec<Frames>,
    /// First frame of the next block that goes in.
    next: usize,
}

impl Flow {
    pub(crate) fn new(channels: usize) -> Self {
        let mut before = Frames::new(channels);
        before.extend(&vec![0.0; 2 * CONTEXT * channels]);
        Self {
            inputs: vec![before; LAYERS],
            next: 0,
        }
    }

    /// Runs the next block of `encoded` and appends what comes out to `latent`.
    pub(crate) fn step(
        &mut self,
        voice: &Voice,
        encoded: &Encoded,
        latent: &mut Frames,
    ) -> TractResult<()> {
        let total = encoded.frames();
        let mut block: Option<TValue> = None;
        for (order, (plan, input)) in voice.flow.iter().zip(&mut self.inputs).enumerate() {
            match &block {
                None => input.extend(&encoded.prior(self.next, self.next + BLOCK)),
                Some(block) => input.extend_from_columns(floats(block)?, 0, BLOCK),
            }
            // Frame `f` of the utterance is row `f + lag` of this layer's input: it came later from each layer before.
            let lag = CONTEXT * (order + 2);
            let mask = Tensor::from_shape(&[1, 1, WINDOW], &mask(self.next, lag, total))?;
            let window = input.columns(self.next, WINDOW)?;
            let [out] = run(plan, tvec!(window.into(), mask.into()))?;
            input.forget(self.next + BLOCK);
            block = Some(out);
        }
        // Frames before the utterance, as they come out of the first block, and beyond its end are of no use.
        let delay = LAYERS * CONTEXT;
        let end = (total + delay).saturating_sub(self.next).min(BLOCK);
        if let Some(block) = &block {
            latent.extend_from_columns(floats(block)?, delay.saturating_sub(self.next), end);
        }
        self.next += BLOCK;
        Ok(())
    }
}

/// 1 for the frames of a window that lie within `0 .. total`, 0 for others. The window begins `lag` frames before `next`.
fn mask(next: usize, lag: usize, total: usize) -> Vec<f32> {
    (next..next + WINDOW)
        .map(|shifted| {
            if (lag..total + lag).contains(&shifted) {
                1.0
            } else {
                0.0
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_covers_the_utterance() {
        assert_eq!(mask(0, 16, 5).iter().position(|m| *m > 0.0), Some(16));
        assert_eq!(mask(0, 16, 5).iter().sum::<f32>(), 5.0);
        assert_eq!(mask(BLOCK, 16, 1000).iter().sum::<f32>(), WINDOW as f32);
        assert_eq!(mask(10 * BLOCK, 16, 5).iter().sum::<f32>(), 0.0);
    }
}
