//! Which tokens may come next.
//!
//! Whisper is not told the grammar of its output, so the decoder enforces it: symbols that nobody speaks never come, a transcript
//! starts with a timestamp within the first second, timestamps come in pairs between stretches of text and never go back, and a
//! timestamp is taken as soon as all timestamps together are more probable than any one text token. The rules are those of
//! openai/whisper, in the reading of CTranslate2, whose output they reproduce.

use super::log_sum_exp;
use crate::model::Tokens;

/// A transcript starts at 1.0 s into its window at the latest, in timestamp tokens of 20 ms.
const LATEST_START: usize = 50;
const NEVER: f32 = f32::NEG_INFINITY;

/// The rules for one transcript.
pub(super) struct Rules<'a> {
    tokens: &'a Tokens,
    timestamps: bool,
}

impl<'a> Rules<'a> {
    pub(super) fn new(tokens: &'a Tokens, timestamps: bool) -> Self {
        Self { tokens, timestamps }
    }

    /// Rules out tokens by setting their scores to minus infinity, given what was generated so far.
    pub(super) fn apply(&self, logits: &mut [f32], generated: &[u32]) {
        let first = if generated.is_empty() {
            self.tokens.suppress_first.as_slice()
        } else {
            &[]
        };
        for &token in self.tokens.suppress.iter().chain(first) {
            rule_out(logits, token as usize..=token as usize);
        }
        if self.timestamps {
            self.apply_to_timestamps(logits, generated);
        }
    }

    fn apply_to_timestamps(&self, logits: &mut [f32], generated: &[u32]) {
        let begin = self.tokens.timestamp_begin as usize;
        let end_of_text = self.tokens.end_of_text as usize;
        let is_timestamp = |token: &u32| self.tokens.is_timestamp(*token);
        rule_out(
            logits,
            self.tokens.no_timestamps as usize..=self.tokens.no_timestamps as usize,
        );

        match generated {
            [] => {
                rule_out(logits, ..begin);
                rule_out(logits, begin + LATEST_START + 1..);
                return;
            }
            // A segment has just begun: text comes.
            [last] if is_timestamp(last) => return rule_out(logits, begin..),
            [.., before, last] if is_timestamp(last) && is_timestamp(before) => {
                return rule_out(logits, begin..);
            }
            // A segment has just ended: the next one begins, not earlier, or the transcript ends.
            [.., last] if is_timestamp(last) => {
                rule_out(logits, ..end_of_text);
                rule_out(logits, begin..*last as usize);
            }
            // In text: a segment that ends has some length.
            _ => {
                if let Some(start) = generated.iter().rfind(|token| is_timestamp(token)) {
                    rule_out(logits, begin..=*start as usize);
                }
            }
        }
        let (text, timestamps) = logits.split_at(begin.min(logits.len()));
        if log_sum_exp(timestamps) > text.iter().copied().fold(NEVER, f32::max) {
            rule_out(logits, ..begin);
        }
    }
}

fn rule_out(logits: &mut [f32], range: impl std::slice::SliceIndex<[f32], Output = [f32]>) {
    if let Some(scores) = logits.get_mut(range) {
        scores.fill(NEVER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::tokens;

    // The tokens of the small test model: text 0 to 7, end of text 8, special ones up to 16, timestamps from 17 on.
    const BEGIN: u32 = 17;
    const SIZE: usize = 1518;

    /// The tokens still allowed after `generated`, all scores being equal except for those given.
    fn allowed(generated: &[u32], scores: &[(usize, f32)]) -> Vec<usize> {
        let mut logits = vec![0.0; SIZE];
        scores
            .iter()
            .for_each(|&(token, score)| logits[token] = score);
        Rules::new(&tokens(), true).apply(&mut logits, generated);
        (0..SIZE).filter(|&token| logits[token] > NEVER).collect()
    }

    #[test]
    fn starts_with_a_timestamp_within_a_second() {
        assert_eq!(allowed(&[], &[(3, 50.0)]), (17..=67).collect::<Vec<_>>());
    }

    #[test]
    fn text_follows_the_start_of_a_segment() {
        let text = [0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 12];
        assert_eq!(allowed(&[BEGIN], &[]), text);
        assert_eq!(allowed(&[BEGIN, 3, BEGIN + 50, BEGIN + 60], &[]), text);
    }

    #[test]
    fn after_the_end_of_a_segment_comes_the_next_or_the_end() {
        // An end of text that is likelier than all timestamps together stays possible.
        let tokens = allowed(&[BEGIN, 3, BEGIN + 1490], &[(8, 50.0)]);
        assert_eq!(
            tokens,
            [vec![8, 10, 11, 12], (17 + 1490..SIZE).collect()].concat()
        );
    }

    #[test]
    fn timestamps_that_outweigh_every_text_token_win() {
        assert_eq!(
            allowed(&[BEGIN, 3], &[(4, 7.0)]),
            (18..SIZE).collect::<Vec<_>>()
        );
        assert!(allowed(&[BEGIN, 3], &[(4, 8.0)]).contains(&4));
    }

    #[test]
    fn without_timestamps_only_the_lists_count() {
        let tokens = tokens();
        let after = |generated: &[u32]| {
            let mut logits = vec![0.0; SIZE];
            Rules::new(&tokens, false).apply(&mut logits, generated);
            (0..SIZE)
                .filter(|&token| logits[token] == NEVER)
                .collect::<Vec<_>>()
        };
        assert_eq!(after(&[]), [0, 2, 8, 9, 13, 14, 15]);
        assert_eq!(after(&[3]), [2, 9, 13, 14, 15]);
    }
}
