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

/// A window, and the context that is needed where it does not touch an end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) width: usize,
    pub(crate) context: usize,
}

/// First half, in frames: a convolution that reaches 3 frames, one upsampling step that reaches 1, residual blocks that reach 45 of its columns.
pub(crate) const LOW: Window = Window {
    width: 64,
    context: 10,
};
/// Second half, in columns of the first (8 to a frame): an upsampling step that reaches 1, residual blocks that reach 45 eighths of a column,
/// and what follows at a still higher rate another 2. One window is 0.3 s of sound.
pub(crate) const HIGH: Window = Window {
    width: 224,
    context: 10,
};
/// The shortest utterance that the windows fit, in frames.
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
    /// Length of the utterance in frames, and how many of them the first half has done.
    frames: usize,
    frames_done: usize,
    /// Latent frames, filled by the flow.
    latent: Frames,
    /// Columns between the halves, and how many of them the second half has done.
    columns: Frames,
    done: usize,
}

impl Decoder {
    /// `frames` is the length of the utterance.
    pub(crate) fn new(voice: &Voice, frames: usize) -> Self {
        let description = &voice.description;
        let (latent, columns) = (
            Frames::new(description.channels),
            Frames::new(description.low_channels),
        );
        Self {
            frames,
            frames_done: 0,
            latent,
            columns,
            done: 0,
        }
    }

    /// The next samples, from -1 to 1; None at the end. `more` appends latent frames and is called until there are enough of them.
    pub(crate) fn next(
        &mut self,
        voice: &Voice,
        mut more: impl FnMut(&mut Frames) -> TractResult<()>,
    ) -> TractResult<Option<Vec<f32>>> {
        let per_frame = voice.description.low_per_frame;
        let total = self.frames * per_frame;
        if self.done >= total {
            return Ok(None);
        }
        let (start, end) = HIGH.place(self.done, total);
        while self.columns.end() < (start + HIGH.width).min(total) {
            self.low(voice, per_frame, &mut more)?;
        }
        let window = self.columns.columns(start, HIGH.width)?;
        let [audio] = run(&voice.decoder_high, tvec!(window.into()))?;
        let hop = voice.description.samples_per_frame / per_frame;
        let wanted = (self.done - start) * hop..(end - start) * hop;
        let audio = floats(&audio)?.get(wanted).unwrap_or_default().to_vec();
        ensure!(
            audio.len() == (end - self.done) * hop,
            "the decoder gave too few samples"
        );
        self.done = end;
        // The last window may be moved back by up to its whole width.
        self.columns.forget(end.saturating_sub(HIGH.width));
        Ok(Some(audio))
    }

    /// Runs the first half once.
    fn low(
        &mut self,
        voice: &Voice,
        per_frame: usize,
        more: &mut impl FnMut(&mut Frames) -> TractResult<()>,
    ) -> TractResult<()> {
        let (start, end) = LOW.place(self.frames_done, self.frames);
        while self.latent.end() < (start + LOW.width).min(self.frames) {
            let before = self.latent.end();
            more(&mut self.latent)?;
            ensure!(
                self.latent.end() > before,
                "the flow ended at frame {before} of {}",
                self.frames
            );
        }
        let [low] = run(
            &voice.decoder_low,
            tvec!(self.latent.columns(start, LOW.width)?.into()),
        )?;
        let wanted = (self.frames_done - start) * per_frame..(end - start) * per_frame;
        self.columns
            .extend_from_columns(floats(&low)?, wanted.start, wanted.end);
        self.frames_done = end;
        self.latent.forget(end.saturating_sub(LOW.width));
        Ok(())
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
