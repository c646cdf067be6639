//! Measures of speech: word error rate, and what a WAV file holds.

use std::io::Cursor;

use anyhow::{Context, Result};

/// Word error rate: substitutions, insertions and deletions over the number of reference words, both sides normalised.
#[must_use]
pub fn word_error_rate(reference: &str, hypothesis: &str) -> f64 {
    let (reference, hypothesis) = (words(reference), words(hypothesis));
    let mut row: Vec<usize> = (0..=hypothesis.len()).collect();
    for (i, expected) in reference.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, heard) in hypothesis.iter().enumerate() {
            let substituted = diagonal + usize::from(expected != heard);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[hypothesis.len()] as f64 / reference.len().max(1) as f64
}

/// Lower case without punctuation; hyphens separate.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let kept: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c == '-' { ' ' } else { c })
        .filter(|c| c.is_alphanumeric() || c.is_whitespace())
        .collect();
    kept.split_whitespace().map(str::to_owned).collect()
}

/// What a WAV file holds.
pub struct Wav {
    /// Hertz.
    pub sample_rate: u32,
    /// Mono samples.
    pub samples: Vec<i16>,
}

impl Wav {
    /// Reads mono 16-bit PCM.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = hound::WavReader::new(Cursor::new(bytes))?;
        let spec = reader.spec();
        anyhow::ensure!(spec.channels == 1 && spec.bits_per_sample == 16, "{spec:?}");
        let samples = reader
            .samples::<i16>()
            .collect::<Result<Vec<_>, _>>()
            .context("samples")?;
        Ok(Self {
            sample_rate: spec.sample_rate,
            samples,
        })
    }

    /// Writes mono 16-bit PCM.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: self.sample_rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut out = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut out, spec)?;
        for sample in &self.samples {
            writer.write_sample(*sample)?;
        }
        writer.finalize()?;
        Ok(out.into_inner())
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate)
    }

    /// Root mean square, 0 to 1.
    #[must_use]
    pub fn loudness(&self) -> f64 {
        let energy: f64 = self
            .samples
            .iter()
            .map(|&s| (f64::from(s) / 32768.0).powi(2))
            .sum();
        (energy / self.samples.len().max(1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::word_error_rate;

    #[test]
    fn counts_each_kind_of_error() {
        assert_eq!(word_error_rate("Ask not what", "ask not what."), 0.0);
        assert_eq!(
            word_error_rate("one two three four", "one too three four"),
            0.25
        );
        assert_eq!(word_error_rate("one two", "one two three"), 0.5);
        assert_eq!(
            word_error_rate("one two three four", "two three four"),
            0.25
        );
        assert_eq!(word_error_rate("one", ""), 1.0);
    }
}
