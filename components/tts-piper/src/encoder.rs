//! Symbols become the statistics of their sound and the number of frames that each of them lasts.

use tract_onnx::{prelude::*, tract_core::internal::ensure};

use crate::{
    noise::Noise,
    spline,
    voice::{Plan, Voice},
};

/// No symbol lasts longer, at normal speed: 0.7 s.
const MAX_FRAMES_PER_SYMBOL: f32 = 60.0;

/// What the encoder knows about an utterance.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// Mean and log deviation of each symbol, `[symbols, 2 * channels]`.
    stats: Vec<f32>,
    /// Frames of each symbol.
    durations: Vec<usize>,
    channels: usize,
    noise: Noise,
    noise_scale: f32,
}

impl Encoded {
    /// Encodes `ids`. `length_scale` is 1 for the voice's own speed and larger for slower speech; the result has at least `least` frames.
    pub(crate) fn of(
        voice: &Voice,
        ids: &[i64],
        length_scale: f32,
        least: usize,
    ) -> TractResult<Self> {
        let description = &voice.description;
        let (symbols, channels) = (ids.len(), description.channels);
        let [stats, cond] = run(
            &voice.text,
            tables(ids, description.heads, description.attention_reach)?,
        )?;
        let noise = Noise::of_durations(ids);
        let mut source: Vec<f32> = Vec::with_capacity(symbols);
        let mut target: Vec<f32> = Vec::with_capacity(symbols);
        for position in 0..symbols as u64 {
            target.push(noise.at(2 * position) * description.noise_w);
            source.push(noise.at(2 * position + 1) * description.noise_w);
        }
        for layer in &voice.durations {
            let inputs = tvec!(
                Tensor::from_shape(&[symbols, 1], &source)?.into(),
                cond.clone()
            );
            let [parameters] = run(layer, inputs)?;
            let parameters = floats(&parameters)?;
            for (value, raw) in target.iter_mut().zip(parameters.as_chunks().0) {
                *value = spline::inverse(*value, raw);
            }
            std::mem::swap(&mut source, &mut target);
        }
        let scale = length_scale * description.length_scale;
        let mut durations: Vec<usize> = source
            .iter()
            .map(|value| {
                let length = ((value - description.duration_shift) * description.duration_factor)
                    .exp()
                    * scale;
                // Also turns what is not a number into the smallest duration.
                let length = length
                    .ceil()
                    .min(MAX_FRAMES_PER_SYMBOL * length_scale)
                    .max(1.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 1 and 120"
                )]
                let length = length as usize;
                length
            })
            .collect();
        // A window of the decoder must fit; the last symbol, the end of the utterance, is silence and may last.
        let total: usize = durations.iter().sum();
        if let Some(last) = durations.last_mut() {
            *last += least.saturating_sub(total);
        }
        let stats = floats(&stats)?.to_vec();
        ensure!(
            stats.len() == symbols * 2 * channels,
            "the text encoder gave {} values for {symbols} symbols",
            stats.len()
        );
        Ok(Self {
            stats,
            durations,
            channels,
            noise: noise.of_sound(),
            noise_scale: description.noise_scale,
        })
    }

    /// Length of the utterance in frames.
    pub(crate) fn frames(&self) -> usize {
        self.durations.iter().sum()
    }

    /// Frames of each symbol.
    #[cfg(test)]
    pub(crate) fn durations(&self) -> &[usize] {
        &self.durations
    }

    /// Samples of the prior for frames `from .. to`, `[to - from, channels]`; zero beyond the end.
    pub(crate) fn prior(&self, from: usize, to: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity((to - from) * self.channels);
        let mut frame = 0;
        for (stats, duration) in self
            .stats
            .chunks_exact(2 * self.channels)
            .zip(&self.durations)
        {
            let (means, logs) = stats.split_at(self.channels);
            for frame in frame.max(from)..(frame + duration).min(to) {
                let first = (frame * self.channels) as u64;
                out.extend(
                    means
                        .iter()
                        .zip(logs)
                        .zip(first..)
                        .map(|((mean, log), index)| {
                            mean + self.noise.at(index) * log.exp() * self.noise_scale
                        }),
                );
            }
            frame += duration;
        }
        out.resize((to - from) * self.channels, 0.0);
        out
    }
}

/// The ids with the index tables that stand in for relative positions (see `attention` in the converter).
fn tables(ids: &[i64], heads: usize, reach: usize) -> TractResult<TVec<TValue>> {
    let (length, positions) = (ids.len(), 2 * reach + 1);
    let mut keys = Vec::with_capacity(heads * length * length);
    let mut values = Vec::with_capacity(heads * length * positions);
    for _ in 0..heads {
        for row in 0..length {
            // Column 0 of the scores is the zero that stands for "too far".
            keys.extend((0..length).map(|column| {
                if row.abs_diff(column) > reach {
                    0
                } else {
                    (column + reach + 1 - row) as i64
                }
            }));
            values.extend((row..row + positions).map(|column| column as i64));
        }
    }
    Ok(tvec!(
        Tensor::from_shape(&[length], ids)?.into(),
        Tensor::from_shape(&[heads, length, length], &keys)?.into(),
        Tensor::from_shape(&[heads, length, positions], &values)?.into(),
    ))
}

/// Runs a plan that has `N` outputs, with air for a host that serves others on this thread.
pub(crate) fn run<const N: usize>(plan: &Plan, inputs: TVec<TValue>) -> TractResult<[TValue; N]> {
    let outputs: Vec<TValue> = colloquy_breathe_tract::run(plan, inputs)?
        .into_iter()
        .collect();
    outputs.try_into().map_err(|outputs: Vec<TValue>| {
        TractError::msg(format!("{} outputs instead of {N}", outputs.len()))
    })
}

/// The values of a tensor, in its own order.
pub(crate) fn floats(tensor: &Tensor) -> TractResult<&[f32]> {
    tensor.try_as_plain_ram()?.as_slice::<f32>()
}
