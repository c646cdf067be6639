//! A sliding stretch of frames, time-major, that grows at its end and is forgotten at its front.
//!
//! Between two stages of the synthesis: one appends, the other takes windows. Indices are absolute, from the start of the utterance.

use tract_onnx::prelude::*;

/// Rows of `width` values.
#[derive(Debug, Clone)]
pub(crate) struct Frames {
    width: usize,
    start: usize,
    data: Vec<f32>,
}

impl Frames {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            start: 0,
            data: Vec::new(),
        }
    }

    /// One past the last row.
    pub(crate) fn end(&self) -> usize {
        self.start + self.data.len() / self.width
    }

    /// Appends whole rows.
    pub(crate) fn extend(&mut self, rows: &[f32]) {
        self.data.extend_from_slice(rows);
    }

    /// Appends columns `from .. to` of a channel-major `[width, length]` matrix.
    pub(crate) fn extend_from_columns(&mut self, matrix: &[f32], from: usize, to: usize) {
        let length = matrix.len() / self.width;
        for column in from..to.min(length) {
            self.data.extend(matrix.iter().skip(column).step_by(length));
        }
    }

    /// Rows `from .. from + length`, channel-major, as `[1, width, length]`. Rows that are not there are zero.
    pub(crate) fn columns(&self, from: usize, length: usize) -> TractResult<Tensor> {
        let mut out = vec![0.0; self.width * length];
        let skipped = from.saturating_sub(self.start);
        for (row, values) in self
            .data
            .chunks_exact(self.width)
            .skip(skipped)
            .take(length)
            .enumerate()
        {
            for (value, place) in values.iter().zip(out.iter_mut().skip(row).step_by(length)) {
                *place = *value;
            }
        }
        Tensor::from_shape(&[1, self.width, length], &out)
    }

    /// Drops rows before `row`.
    pub(crate) fn forget(&mut self, row: usize) {
        let rows = row
            .saturating_sub(self.start)
            .min(self.data.len() / self.width);
        self.data.drain(..rows * self.width);
        self.start += rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_transposed_and_absolute() {
        let mut frames = Frames::new(2);
        frames.extend(&[0.0, 10.0, 1.0, 11.0]);
        frames.extend_from_columns(&[9.0, 2.0, 3.0, 9.0, 12.0, 13.0], 1, 3);
        assert_eq!(frames.end(), 4);
        frames.forget(1);
        assert_eq!(frames.end(), 4);
        let window = frames.columns(1, 3).unwrap();
        assert_eq!(window.shape(), [1, 2, 3]);
        assert_eq!(
            window
                .try_as_plain_ram()
                .unwrap()
                .as_slice::<f32>()
                .unwrap(),
            [1.0, 2.0, 3.0, 11.0, 12.0, 13.0]
        );
    }
}
