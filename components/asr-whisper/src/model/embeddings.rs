//! The token embedding matrix: lookup on the way in, logits on the way out.
//!
//! Whisper ties the two, and the matrix is more than half of a small model, so it is kept once, outside the graphs, in the half
//! precision it was published in. Reading half as many bytes makes up for the conversion: a row is read front to back by one dot
//! product per step, and memory is what that waits for.

use crate::error::Error;

/// Values handled together; divides the width of every Whisper model. Sixteen separate sums let the compiler use vectors.
pub(crate) const LANES: usize = 16;
/// [`half`] returns its value times two to the power of -112, the difference between the exponent biases of the two formats.
const HALF_SCALE: f32 = f32::from_bits((127 + 112) << 23);

/// Half-precision values.
pub(crate) fn read_halves(name: &str, file: &[u8], expected: usize) -> Result<Vec<u16>, Error> {
    let (pairs, rest) = file.as_chunks::<2>();
    if pairs.len() != expected || !rest.is_empty() {
        return Err(Error::Unavailable(format!(
            "{name} has {} bytes, expected {}",
            file.len(),
            2 * expected
        )));
    }
    Ok(pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
}

/// Widens a finite half-precision value.
pub(crate) fn widen(bits: u16) -> f32 {
    half(bits) * HALF_SCALE
}

/// The value of a half, scaled: its exponent and mantissa moved into place, and nothing else. No branch, so it vectorises.
#[inline(always)]
fn half(bits: u16) -> f32 {
    // Sign extension fills the bits between sign and exponent; the mask clears them again.
    f32::from_bits((i32::from(bits.cast_signed()) << 13).cast_unsigned() & 0x8fff_e000)
}

/// A matrix with one row for each token.
pub(crate) struct Embeddings {
    values: Vec<u16>,
    width: usize,
    /// What stored values have to be multiplied with.
    scale: f32,
}

impl Embeddings {
    /// `values` row by row, `width` in each, a multiple of [`LANES`]; they are those of the model times two to the power `exponent`.
    pub(crate) fn new(values: Vec<u16>, width: usize, exponent: i32) -> Self {
        Self {
            values,
            width,
            scale: HALF_SCALE * 2.0_f32.powi(-exponent),
        }
    }

    /// The embedding of a token, zeros for an id outside the matrix.
    pub(crate) fn row(&self, token: u32) -> impl Iterator<Item = f32> {
        let start = token as usize * self.width;
        let row = self
            .values
            .get(start..start + self.width)
            .unwrap_or_default();
        row.iter()
            .map(|&bits| half(bits) * self.scale)
            .chain(std::iter::repeat(0.0))
            .take(self.width)
    }

    /// The score of every token for a hidden state of this width.
    pub(crate) fn logits(&self, hidden: &[f32]) -> Vec<f32> {
        let hidden: Vec<f32> = hidden.iter().map(|value| value * self.scale).collect();
        self.values
            .chunks_exact(self.width)
            .map(|row| dot(row, &hidden))
            .collect()
    }

    /// The same for several hidden states, one after the other: the matrix is read and converted once.
    pub(crate) fn logits_of_each(&self, hidden: &[f32]) -> Vec<Vec<f32>> {
        let hidden: Vec<f32> = hidden.iter().map(|value| value * self.scale).collect();
        let rows = self.values.len() / self.width;
        let mut logits = vec![Vec::with_capacity(rows); hidden.len() / self.width];
        let mut row = vec![0.0; self.width];
        for halves in self.values.chunks_exact(self.width) {
            row.iter_mut()
                .zip(halves)
                .for_each(|(value, &bits)| *value = half(bits));
            for (logits, hidden) in logits.iter_mut().zip(hidden.chunks_exact(self.width)) {
                logits.push(dot_of_floats(&row, hidden));
            }
        }
        logits
    }
}

fn dot(row: &[u16], hidden: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (row, hidden) in row
        .as_chunks::<LANES>()
        .0
        .iter()
        .zip(hidden.as_chunks::<LANES>().0)
    {
        for ((sum, &bits), value) in sums.iter_mut().zip(row).zip(hidden) {
            *sum += half(bits) * value;
        }
    }
    sums.iter().sum()
}

/// In separate sums, which the compiler turns into vectors.
pub(super) fn dot_of_floats(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a
        .as_chunks::<LANES>()
        .0
        .iter()
        .zip(b.as_chunks::<LANES>().0)
    {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widens_every_kind_of_half() {
        let cases = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
        ];
        for (bits, value) in cases {
            assert_eq!(widen(bits), value, "{bits:#06x}");
        }
    }

    #[test]
    fn logits_are_dot_products_with_the_scale_undone() {
        // Two rows: ones, and the numbers 0 to 31; stored times four.
        let numbers = (0..32).map(|i| {
            if i == 0 {
                0
            } else {
                let log = 31 - u32::leading_zeros(i);
                ((17 + log) << 10 | (i << 10 >> log & 0x3ff)) as u16
            }
        });
        let values: Vec<u16> = std::iter::repeat_n(0x4400, 32).chain(numbers).collect();
        let embeddings = Embeddings::new(values, 32, 2);
        assert_eq!(
            embeddings.row(1).collect::<Vec<_>>(),
            (0..32).map(|i| i as f32).collect::<Vec<_>>()
        );
        assert_eq!(embeddings.row(7).sum::<f32>(), 0.0);
        let hidden: Vec<f32> = (0..32)
            .map(|i| if i % 2 == 0 { 0.5 } else { -1.0 })
            .collect();
        let logits = [-8.0, 0.5 * 240.0 - 256.0];
        assert_eq!(embeddings.logits(&hidden), logits);
        let two = [hidden, vec![1.0; 32]].concat();
        assert_eq!(
            embeddings.logits_of_each(&two),
            [logits, [32.0, 31.0 * 16.0]]
        );
        assert!(embeddings.logits_of_each(&[]).is_empty());
    }

    #[test]
    fn a_file_of_the_wrong_size_is_refused() {
        assert_eq!(read_halves("x", &[0, 0x3c, 1, 0], 2), Ok(vec![0x3c00, 1]));
        for file in [&[0, 0][..], &[0, 0, 0], &[0; 6]] {
            assert!(read_halves("x", file, 2).is_err());
        }
    }
}
