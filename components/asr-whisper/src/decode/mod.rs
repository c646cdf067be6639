//! From the audio of one window to a sequence of tokens: greedy decoding, sampling at a temperature, or a beam search.
//!
//! [`prime`] feeds the prompt once and measures whether anyone speaks; [`generate`] and [`search`] continue from there as often as
//! wanted.
//! [`rules`] say which tokens may come next, [`guard`] judges what came out. Nothing here runs the encoder or retries: that is the
//! transcription's business.

mod beam;
pub mod guard;
mod rules;

use crate::error::Error;
use crate::model::{Context, Cross, Tokens, Whisper};
use beam::Search;
use rules::Rules;

/// The tokens that the decoder starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    tokens: Vec<u32>,
    /// Where the start of the transcript is: the no-speech probability is read there.
    start: usize,
    timestamps: bool,
}

impl Prompt {
    /// A prompt of the text that comes before (its last tokens, when it does not fit half the context), the start of the
    /// transcript, language and task where the model has them, and timestamps or none.
    #[must_use]
    pub fn new(
        tokens: &Tokens,
        text_positions: usize,
        previous: &[u32],
        language: Option<u32>,
        timestamps: bool,
    ) -> Self {
        let room = (text_positions / 2).saturating_sub(1);
        let previous = previous
            .get(previous.len().saturating_sub(room)..)
            .unwrap_or_default();
        let mut sequence = Vec::with_capacity(previous.len() + 5);
        if !previous.is_empty() {
            sequence.push(tokens.start_of_previous);
            sequence.extend_from_slice(previous);
        }
        let start = sequence.len();
        sequence.push(tokens.start_of_transcript);
        sequence.extend(
            language
                .into_iter()
                .flat_map(|language| [language, tokens.transcribe]),
        );
        if !timestamps {
            sequence.push(tokens.no_timestamps);
        }
        Self {
            tokens: sequence,
            start,
            timestamps,
        }
    }

    /// The token ids.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }
}

/// A decoder that has seen the prompt.
pub struct Primed {
    context: Context,
    logits: Vec<f32>,
    timestamps: bool,
    /// Probability that nobody speaks in this window, 0 to 1.
    pub no_speech: f32,
}

impl Primed {
    /// How many tokens the model has room for after the prompt.
    fn room(&self, model: &Whisper) -> usize {
        let positions = model.description.sizes.text_positions;
        positions.saturating_sub(self.context.len())
    }
}

/// Why the decoder stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The model said so.
    EndOfText,
    /// The allowed number of tokens was reached.
    Limit,
    /// The text went round in circles.
    Repetition,
}

/// What decoding gave.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Text and timestamp tokens, without the end of text.
    pub tokens: Vec<u32>,
    /// Log-probability of each token after the rules, the one that ends the text included where there is one.
    pub logprobs: Vec<f32>,
    /// Why it stopped.
    pub stop: Stop,
    /// The temperature it was sampled at.
    pub temperature: f32,
}

impl Attempt {
    /// Mean log-probability of the tokens.
    #[must_use]
    pub fn mean_logprob(&self) -> f32 {
        self.logprobs.iter().sum::<f32>() / self.logprobs.len().max(1) as f32
    }
}

/// Feeds the prompt to the decoder.
pub fn prime(model: &Whisper, cross: &Cross, prompt: &Prompt) -> Result<Primed, Error> {
    let mut context = model.context()?;
    let hidden = model.advance(cross, &mut context, &prompt.tokens)?;
    let mut rows = hidden.chunks_exact(model.description.sizes.d_model);
    let start = rows
        .clone()
        .nth(prompt.start)
        .map(|row| model.logits(row))
        .unwrap_or_default();
    let no_speech = probability(&start, model.description.tokens.no_speech);
    let logits = if prompt.start + 1 == prompt.tokens.len() {
        start
    } else {
        rows.next_back()
            .map(|row| model.logits(row))
            .unwrap_or_default()
    };
    Ok(Primed {
        context,
        logits,
        timestamps: prompt.timestamps,
        no_speech,
    })
}

/// Decodes up to `limit` tokens, greedily at temperature 0 and by sampling above.
pub fn generate(
    model: &Whisper,
    cross: &Cross,
    primed: &Primed,
    temperature: f32,
    limit: usize,
) -> Result<Attempt, Error> {
    let tokens = &model.description.tokens;
    let rules = Rules::new(tokens, primed.timestamps);
    let limit = limit.min(primed.room(model));
    let mut context = primed.context.clone();
    let mut logits = primed.logits.clone();
    let mut random = Random::default();
    let mut attempt = Attempt {
        tokens: Vec::new(),
        logprobs: Vec::new(),
        stop: Stop::Limit,
        temperature,
    };

    while attempt.tokens.len() < limit {
        rules.apply(&mut logits, &attempt.tokens);
        let next = if temperature > 0.0 {
            random.sample(&logits, temperature)
        } else {
            highest(&logits)
        };
        let token =
            next.ok_or_else(|| Error::Internal("the decoder's scores are not numbers".to_owned()))?;
        attempt.logprobs.push(probability(&logits, token).ln());
        if token == tokens.end_of_text {
            attempt.stop = Stop::EndOfText;
            break;
        }
        attempt.tokens.push(token);
        if guard::repeats(&attempt.tokens) {
            attempt.stop = Stop::Repetition;
            break;
        }
        if attempt.tokens.len() < limit {
            let hidden = model.advance(cross, &mut context, &[token])?;
            logits = model.logits(&hidden);
        }
    }
    Ok(attempt)
}

/// Decodes up to `limit` tokens, following `beam` hypotheses at a time. A beam of one finds what [`generate`] finds greedily.
pub fn search(
    model: &Whisper,
    cross: &Cross,
    primed: &Primed,
    beam: usize,
    limit: usize,
) -> Result<Attempt, Error> {
    let tokens = &model.description.tokens;
    let search = Search {
        rules: Rules::new(tokens, primed.timestamps),
        end_of_text: tokens.end_of_text,
        beam: beam.max(1),
        limit: limit.min(primed.room(model)),
    };
    let mut context = primed.context.clone();
    let trunk = context.len();
    search.run(primed.logits.clone(), |branches| {
        let hidden = model.branch(cross, &mut context, trunk, branches)?;
        Ok(model.logits_of_each(&hidden))
    })
}

/// The most probable of `candidates` right after the start of the transcript, and its probability among them.
pub fn most_probable(
    model: &Whisper,
    cross: &Cross,
    candidates: impl Iterator<Item = u32>,
) -> Result<Option<(u32, f32)>, Error> {
    let hidden = model.advance(
        cross,
        &mut model.context()?,
        &[model.description.tokens.start_of_transcript],
    )?;
    let logits = model.logits(&hidden);
    let (ids, scores): (Vec<u32>, Vec<f32>) = candidates
        .filter_map(|id| Some((id, *logits.get(id as usize)?)))
        .unzip();
    Ok(highest(&scores)
        .and_then(|best| Some((*ids.get(best as usize)?, probability(&scores, best)))))
}

/// The index of the highest score, the first of several; none when there is no score above minus infinity.
fn highest(logits: &[f32]) -> Option<u32> {
    let mut best = (None, f32::NEG_INFINITY);
    for (index, &logit) in (0..).zip(logits) {
        if logit > best.1 {
            best = (Some(index), logit);
        }
    }
    best.0
}

/// The softmax of scores at one of them.
fn probability(logits: &[f32], token: u32) -> f32 {
    let logit = logits
        .get(token as usize)
        .copied()
        .unwrap_or(f32::NEG_INFINITY);
    (logit - log_sum_exp(logits)).exp()
}

/// The logarithm of the sum of exponentials, minus infinity for nothing.
fn log_sum_exp(logits: &[f32]) -> f32 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if highest == f32::NEG_INFINITY {
        return highest;
    }
    // Terms below e^-20 add less than a ten-thousandth even if all tokens had them, and exponentials are most of the cost.
    let terms = logits
        .iter()
        .map(|logit| logit - highest)
        .filter(|below| *below > -20.0);
    highest + terms.map(f32::exp).sum::<f32>().ln()
}

/// A small generator (SplitMix64) with a fixed seed: the same audio always gives the same transcript.
#[derive(Default)]
struct Random(u64);

impl Random {
    /// Uniform in 0 to 1, 1 excluded.
    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / (1 << 24) as f32
    }

    /// An index with the probability of its softmax at a temperature.
    fn sample(&mut self, logits: &[f32], temperature: f32) -> Option<u32> {
        let best = highest(logits)?;
        let top = *logits.get(best as usize)?;
        let weights = || {
            logits
                .iter()
                .map(|logit| ((logit - top) / temperature).exp())
        };
        let mut left = self.uniform() * weights().sum::<f32>();
        // Rounding can leave a crumb after the last weight: the most probable token takes it.
        let chosen = (0..)
            .zip(weights())
            .filter(|(_, weight)| *weight > 0.0)
            .find(|(_, weight)| {
                left -= weight;
                left < 0.0
            });
        Some(chosen.map_or(best, |(index, _)| index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::tokens;

    #[test]
    fn prompts_have_the_order_that_whisper_was_trained_with() {
        let tokens = tokens();
        let prompt = |previous: &[u32], language, timestamps| {
            Prompt::new(&tokens, 448, previous, language, timestamps)
        };
        assert_eq!(prompt(&[], None, true).tokens(), [9]);
        assert_eq!(prompt(&[], None, false).tokens(), [9, 16]);
        assert_eq!(
            prompt(&[3, 4], Some(10), true).tokens(),
            [13, 3, 4, 9, 10, 14]
        );
        assert_eq!(prompt(&[3, 4], Some(10), true).start, 3);
        let long = prompt(&(0..1000).map(|i| i % 8).collect::<Vec<_>>(), None, true);
        assert_eq!(
            (long.tokens().len(), long.tokens()[223], long.start),
            (1 + 223 + 1, 999 % 8, 224)
        );
    }

    #[test]
    fn probabilities_sum_to_one_and_ignore_what_is_ruled_out() {
        let logits = [1.0, f32::NEG_INFINITY, 3.0, 2.0];
        let sum: f32 = (0..4).map(|token| probability(&logits, token)).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert_eq!(
            (
                probability(&logits, 1),
                probability(&logits, 9),
                highest(&logits)
            ),
            (0.0, 0.0, Some(2))
        );
        assert_eq!(
            (
                highest(&[f32::NEG_INFINITY; 3]),
                highest(&[f32::NAN; 3]),
                highest(&[])
            ),
            (None, None, None)
        );
    }

    #[test]
    fn samples_follow_their_probabilities() {
        let (mut random, mut counts) = (Random::default(), [0; 3]);
        for _ in 0..10_000 {
            counts[random
                .sample(&[1.0_f32.ln(), 3.0_f32.ln(), f32::NEG_INFINITY], 1.0)
                .unwrap() as usize] += 1;
        }
        assert!((2300..2700).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts[2], 0);
        assert_eq!(random.sample(&[0.0, 5.0], 0.05), Some(1));
    }
}
