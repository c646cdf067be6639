//! The most probable transcript among several that are followed at the same time.
//!
//! It is the search of openai/whisper at temperature 0, in the reading of CTranslate2, whose output it reproduces: each step extends
//! every hypothesis by every token that the rules allow and keeps the best; those that end are set aside until there are as many as
//! the beam is wide (a patience of 1); the one with the highest sum of log-probabilities for its number of tokens wins (a length
//! penalty of 1). There is one difference: a hypothesis that goes round in circles is given up, because it would win.
//!
//! The search knows nothing of the model: it is given scores, and a function that makes the next ones for all hypotheses at once.
//! Memory is bounded: one row of scores for each hypothesis, and what the model keeps of beam times limit tokens.

use super::rules::Rules;
use super::{Attempt, Stop, guard, log_sum_exp};
use crate::error::Error;
use crate::model::Branch;

/// What the search is told.
pub(super) struct Search<'a> {
    pub(super) rules: Rules<'a>,
    pub(super) end_of_text: u32,
    /// Hypotheses that are followed, at least one.
    pub(super) beam: usize,
    /// Most tokens of a transcript.
    pub(super) limit: usize,
}

#[derive(Clone, Default)]
struct Hypothesis {
    tokens: Vec<u32>,
    logprobs: Vec<f32>,
    sum: f32,
    /// Which of the tokens that the model was fed are its own.
    fed: Vec<usize>,
}

impl Hypothesis {
    fn with(&self, next: &Candidate) -> Self {
        let mut longer = self.clone();
        longer.tokens.push(next.token);
        longer.logprobs.push(next.logprob);
        longer.sum = next.sum;
        longer
    }

    /// The end of the text counts among the probabilities, not among the tokens.
    fn score(&self) -> f32 {
        self.sum / self.tokens.len().max(1) as f32
    }

    fn into_attempt(self, stop: Stop) -> Attempt {
        Attempt {
            tokens: self.tokens,
            logprobs: self.logprobs,
            stop,
            temperature: 0.0,
        }
    }
}

/// A hypothesis and one more token.
struct Candidate {
    /// Index of the hypothesis.
    of: usize,
    token: u32,
    logprob: f32,
    sum: f32,
}

impl Search<'_> {
    /// Searches from the scores after the prompt. `extend` feeds the model a token for each hypothesis and gives the scores after it.
    pub(super) fn run(
        &self,
        start: Vec<f32>,
        mut extend: impl FnMut(&[Branch]) -> Result<Vec<Vec<f32>>, Error>,
    ) -> Result<Attempt, Error> {
        let mut alive = vec![(Hypothesis::default(), start)];
        let mut done: Vec<(Hypothesis, Stop)> = Vec::new();
        let mut loops: Vec<Hypothesis> = Vec::new();
        let mut fed = 0;

        for left in (0..self.limit).rev() {
            let mut next = Vec::with_capacity(self.beam);
            for (rank, candidate) in self.candidates(&mut alive)?.iter().enumerate() {
                let Some((from, _)) = alive.get(candidate.of) else {
                    continue;
                };
                let mut hypothesis = from.with(candidate);
                if candidate.token == self.end_of_text {
                    // Those further down only wait to take the place of one that ended.
                    if rank < self.beam {
                        hypothesis.tokens.pop();
                        done.push((hypothesis, Stop::EndOfText));
                    }
                } else if guard::repeats(&hypothesis.tokens) {
                    loops.push(hypothesis);
                } else if left == 0 {
                    if rank < self.beam {
                        done.push((hypothesis, Stop::Limit));
                    }
                } else if next.len() < self.beam {
                    next.push(hypothesis);
                }
            }
            if next.is_empty() || done.len() >= self.beam {
                break;
            }
            let branch = |hypothesis: &mut Hypothesis| {
                let before = hypothesis.fed.clone();
                hypothesis.fed.push(fed);
                fed += 1;
                let token = hypothesis.tokens.last().copied().unwrap_or_default();
                Branch { token, before }
            };
            let branches: Vec<_> = next.iter_mut().map(branch).collect();
            alive = next.into_iter().zip(extend(&branches)?).collect();
        }

        let looped = loops.into_iter().map(|it| (it, Stop::Repetition));
        let best = best(done).or_else(|| best(looped));
        // Without room for a single token there is no text.
        let (hypothesis, stop) = best.unwrap_or((Hypothesis::default(), Stop::Limit));
        Ok(hypothesis.into_attempt(stop))
    }

    /// The best continuations of all hypotheses together, the best first: twice as many as the beam is wide, so that enough are left
    /// when each hypothesis ends.
    fn candidates(&self, alive: &mut [(Hypothesis, Vec<f32>)]) -> Result<Vec<Candidate>, Error> {
        let wanted = 2 * self.beam;
        let mut all = Vec::with_capacity(wanted * alive.len());
        for (of, (hypothesis, logits)) in alive.iter_mut().enumerate() {
            self.rules.apply(logits, &hypothesis.tokens);
            let total = log_sum_exp(logits);
            all.extend(highest(logits, wanted).into_iter().map(|(token, logit)| {
                let logprob = logit - total;
                Candidate {
                    of,
                    token,
                    logprob,
                    sum: hypothesis.sum + logprob,
                }
            }));
        }
        if all.is_empty() {
            return Err(Error::Internal(
                "the decoder's scores are not numbers".to_owned(),
            ));
        }
        all.sort_by(|a, b| b.sum.total_cmp(&a.sum));
        all.truncate(wanted);
        Ok(all)
    }
}

/// The hypothesis with the highest score, the first of several.
fn best(all: impl IntoIterator<Item = (Hypothesis, Stop)>) -> Option<(Hypothesis, Stop)> {
    all.into_iter()
        .reduce(|a, b| if b.0.score() > a.0.score() { b } else { a })
}

/// The `wanted` highest scores above minus infinity with their indices, the highest first.
fn highest(logits: &[f32], wanted: usize) -> Vec<(u32, f32)> {
    let mut best: Vec<(u32, f32)> = Vec::with_capacity(wanted + 1);
    let mut enough = f32::NEG_INFINITY;
    for (index, &logit) in (0..).zip(logits) {
        if logit > enough {
            let place = best.partition_point(|&(_, better)| better >= logit);
            best.insert(place, (index, logit));
            best.truncate(wanted);
            if best.len() == wanted {
                enough = best.last().map_or(enough, |&(_, lowest)| lowest);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::tokens;

    /// The end of text in the small test model; 1 and 3 to 7 are words.
    const END: u32 = 8;

    /// Probabilities of what follows some tokens.
    type Language = fn(&[u32]) -> Vec<(u32, f32)>;

    fn scores(language: Language, after: &[u32]) -> Vec<f32> {
        let mut logits = vec![f32::NEG_INFINITY; 1518];
        for (token, probability) in language(after) {
            logits[token as usize] = probability.ln();
        }
        logits
    }

    fn search(language: Language, beam: usize, limit: usize) -> Result<Attempt, Error> {
        let tokens = tokens();
        let search = Search {
            rules: Rules::new(&tokens, false),
            end_of_text: END,
            beam,
            limit,
        };
        // What each branch was fed so far, by its number.
        let mut fed: Vec<Vec<u32>> = Vec::new();
        search.run(scores(language, &[]), |branches| {
            assert!(branches.len() <= beam && fed.len() <= beam * limit);
            let after = branches.iter().map(|branch| {
                let before = branch.before.last().map_or(&[][..], |&last| &fed[last]);
                assert_eq!(branch.before.len(), before.len());
                [before, &[branch.token]].concat()
            });
            let after: Vec<_> = after.collect();
            fed.extend_from_slice(&after);
            Ok(after.iter().map(|after| scores(language, after)).collect())
        })
    }

    fn found(language: Language, beam: usize, limit: usize) -> (Vec<u32>, Stop) {
        let attempt = search(language, beam, limit).unwrap();
        assert_eq!(attempt.temperature, 0.0);
        let end = usize::from(attempt.stop == Stop::EndOfText);
        assert_eq!(attempt.logprobs.len(), attempt.tokens.len() + end);
        (attempt.tokens, attempt.stop)
    }

    /// The likeliest first word leads to nothing likely.
    fn garden_path(after: &[u32]) -> Vec<(u32, f32)> {
        match after {
            [] => vec![(1, 0.6), (3, 0.4)],
            [1] => vec![(4, 0.25), (5, 0.24), (6, 0.26), (7, 0.25)],
            [3] => vec![(4, 1.0)],
            _ => vec![(END, 1.0)],
        }
    }

    #[test]
    fn finds_what_a_greedy_search_walks_past() {
        assert_eq!(found(garden_path, 1, 9), (vec![1, 6], Stop::EndOfText));
        assert_eq!(found(garden_path, 2, 9), (vec![3, 4], Stop::EndOfText));
        let attempt = search(garden_path, 5, 9).unwrap();
        assert_eq!(attempt.tokens, [3, 4]);
        let sum: f32 = attempt.logprobs.iter().sum();
        assert!((sum - 0.4_f32.ln()).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn a_long_text_wins_by_its_mean() {
        let language: Language = |after| match after {
            [] => vec![(3, 0.6), (1, 0.4)],
            [3] => vec![(END, 0.5), (7, 0.5)],
            [1] => vec![(4, 0.7), (5, 0.3)],
            [1, 4] => vec![(5, 0.9), (6, 0.1)],
            [3, 7] => vec![(7, 1.0)],
            _ => vec![(END, 1.0)],
        };
        // [3] and [3, 7, 7] have a probability of 0.3, [1, 4, 5] has 0.25.
        assert_eq!(found(language, 4, 9).0, [3, 7, 7]);
    }

    #[test]
    fn stops_when_as_many_have_ended_as_are_followed() {
        // The text may end after each word, and the longer ones are better.
        let language: Language = |_| vec![(1, 0.6), (END, 0.4)];
        for beam in 2..=5 {
            assert_eq!(found(language, beam, 9), (vec![1; beam], Stop::EndOfText));
        }
    }

    #[test]
    fn a_limit_cuts_off() {
        let language: Language = |after| vec![(1 + 2 * (after.len() as u32 % 2), 1.0)];
        for beam in [1, 5] {
            assert_eq!(found(language, beam, 3), (vec![1, 3, 1], Stop::Limit));
            assert_eq!(found(language, beam, 0), (vec![], Stop::Limit));
        }
    }

    #[test]
    fn loops_are_given_up() {
        // Going on with the same word is always the likeliest, and anything else ends soon.
        let language: Language = |after| match after.last() {
            Some(3) => vec![(END, 1.0)],
            _ => vec![(1, 0.99), (3, 0.01)],
        };
        let (tokens, stop) = found(language, 3, 99);
        assert_eq!((tokens.last(), stop), (Some(&3), Stop::EndOfText));
        assert!(tokens.len() <= 16, "{tokens:?}");
        let only: Language = |_| vec![(1, 1.0)];
        for beam in [1, 5] {
            assert_eq!(found(only, beam, 99), (vec![1; 16], Stop::Repetition));
        }
    }

    #[test]
    fn scores_that_are_no_numbers_are_an_error() {
        let language: Language = |_| vec![(1, f32::NAN)];
        assert!(matches!(search(language, 5, 9), Err(Error::Internal(_))));
        assert!(matches!(search(|_| vec![], 5, 9), Err(Error::Internal(_))));
    }

    #[test]
    fn the_highest_come_in_order() {
        let logits = [0.5, f32::NAN, 2.0, f32::NEG_INFINITY, 2.0, 1.0, -3.0];
        assert_eq!(highest(&logits, 3), [(2, 2.0), (4, 2.0), (5, 1.0)]);
        assert_eq!(highest(&logits, 9).len(), 5);
        assert_eq!(highest(&[f32::NAN], 2), []);
    }
}
