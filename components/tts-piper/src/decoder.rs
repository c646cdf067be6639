//! Latent frames become samples, in windows of fixed length.
//!
//! The decoder is cut after its first upsampling group: nearly all of the context that it needs lies before the cut and little of the work, so the two halves
//! have windows of their own. At the ends of an utterance the original pads with zeros inside each convolution; windows therefore never reach beyond an end but
//! are moved back to touch it, which makes the result independent of the windows. An utterance must be at least [`LEAST_FRAMES`] long.

use tract_onnx::{prelude::*, tract_core::internal::ensure};

use crate::{
    encoder::{floats, run},
    frames::Frames,
    voice::Voice,
};

/// A window over frames and the context that is needed where it does not touch an end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) width: usize,
    pub(crate) context: usize,
}

/// First half: two wide convolutions and one upsampling group.
pub(crate) const LOW: Window = Window {
    width: 64,
    context: 12,
};
/// Second half: the other groups.
pub(crate) const HIGH: Window = Window {
    width: 28,
    context: 2,
};
/// The shortest utterance that the windows fit.
pub(crate) const LEAST_FRAMES: usize = LOW.width;

impl Window {
    /// Where the window begins that yields the frames after `done`, and up to where its result is exact.
    fn place(self, done: usize, total: usize) -> (usize, usize) {
        let start = done
            .saturating_sub(self.context)
            .min(total.saturating_sub(self.width));
        let end = start + self.width;
        (
            start,
            if end >= total {
                total
            } else {
                end - self.context
            },
        )
    }
}

/// The decoder of one utterance.
#[derive(Debug)]
pub(crate) struct Decoder {
    total: usize,
    /// Latent frames, filled by the flow.
    pub(crate) latent: Frames,
    low: Frames,
    low_done: usize,
    done: usize,
}

impl Decoder {
    /// `total` is the length of the utterance in frames.
    pub(crate) fn new(voice: &Voice, total: usize) -> Self {
        let description = &voice.description;
        Self {
            total,
            latent: Frames::new(description.channels),
            low: Frames::new(description.low_channels),
            low_done: 0,
            done: 0,
        }
    }

    /// The next samples, from -1 to 1; None at the end. `more` appends latent frames and is called until there are enough of them.
    pub(crate) fn next(
        &mut self,
        voice: &Voice,
        mut more: impl FnMut(&mut Frames) -> TractResult<()>,
    ) -> TractResult<Option<Vec<f32>>> {
        if self.done >= self.total {
            return Ok(None);
        }
        let description = &voice.description;
        let per_frame = description.low_per_frame;
        let (start, end) = HIGH.place(self.done, self.total);
        while self.low_done < (start + HIGH.width).min(self.total) {
            let (start, end) = LOW.place(self.low_done, self.total);
            while self.latent.end() < (start + LOW.width).min(self.total) {
                let before = self.latent.end();
                more(&mut self.latent)?;
                ensure!(
                    self.latent.end() > before,
                    "the flow ended at frame {before} of {}",
                    self.total
                );
            }
            let [low] = run(
                &voice.decoder_low,
                tvec!(self.latent.columns(start, LOW.width)?.into()),
            )?;
            self.low.extend_from_columns(
                floats(&low)?,
                (self.low_done - start) * per_frame,
                (end - start) * per_frame,
            );
            self.low_done = end;
            // The last window may be moved back by up to its whole width.
            self.latent.forget(end.saturating_sub(LOW.width));
        }
        let [audio] = run(
            &voice.decoder_high,
            tvec!(
                self.low
                    .columns(start * per_frame, HIGH.width * per_frame)?
                    .into()
            ),
        )?;
        let hop = description.samples_per_frame;
        let audio = floats(&audio)?
            .get((self.done - start) * hop..(end - start) * hop)
            .unwrap_or_default()
            .to_vec();
        ensure!(
            audio.len() == (end - self.done) * hop,
            "the decoder gave too few samples"
        );
        self.done = end;
        self.low.forget(end.saturating_sub(HIGH.width) * per_frame);
        Ok(Some(audio))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the length, the windows cover it once, stay inside, and have their context.
    #[test]
    fn windows_cover_every_length() {
        for window in [LOW, HIGH] {
            for total in window.width..window.width * 5 {
                let mut done = 0;
                while done < total {
                    let (start, end) = window.place(done, total);
                    assert!(
                        end > done && start + window.width <= total,
                        "{total}: {done} -> {start}..{end}"
                    );
                    assert!(start == 0 || start + window.context <= done);
                    assert!(end == total || end + window.context <= start + window.width);
                    done = end;
                }
                assert_eq!(done, total);
            }
        }
    }
}
