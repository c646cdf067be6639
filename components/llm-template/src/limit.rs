//! Lets an answer fit its length by leaving out whole sentences.

use crate::grammar::{finish, n_words};

/// Words that a token stands for, on average, in English.
const WORDS_PER_TOKEN: f64 = 0.75;

/// How much an answer needs a sentence; the least needed goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The question back, or a flourish.
    Courtesy,
    /// Makes the answer richer.
    Extra,
    /// Is the answer.
    Answer,
}

/// One sentence of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// With its final mark.
    pub text: String,
    /// What it is for.
    pub need: Need,
}

/// An answer of the right length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// Sentences joined by single spaces.
    pub text: String,
    /// Something was left out to stay within the tokens.
    pub shortened: bool,
}

/// Leaves out sentences until the words fit into `max_tokens`: first the courtesies, then the extras, then from the end. If not even one
/// sentence fits, the first is cut after as many words as there is room for.
#[must_use]
pub fn fit(mut sentences: Vec<Sentence>, max_tokens: u32) -> Fitted {
    let most = most_words(max_tokens);
    let n_before = sentences.len();
    while sentences.len() > 1 && sentences.iter().map(|s| n_words(&s.text)).sum::<usize>() > most {
        let least = sentences
            .iter()
            .map(|s| s.need)
            .min()
            .unwrap_or(Need::Answer);
        // An opening such as "Gladly." is a courtesy too; from the end, the closing question goes before it.
        if let Some(at) = sentences.iter().rposition(|s| s.need == least) {
            sentences.remove(at);
        }
    }
    let text = sentences
        .iter()
        .map(|s| s.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    if n_words(&text) <= most {
        return Fitted {
            text,
            shortened: sentences.len() < n_before,
        };
    }
    let cut: Vec<&str> = text.split_whitespace().take(most).collect();
    Fitted {
        text: finish(&cut.join(" ")),
        shortened: true,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a product of a u32 and 0.75 fits and is not negative"
)]
fn most_words(max_tokens: u32) -> usize {
    ((f64::from(max_tokens) * WORDS_PER_TOKEN) as usize).max(1)
}

/// Tokens that a text of so many words is counted as.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "answers have a few hundred words"
)]
pub fn n_tokens(n_words: usize) -> u32 {
    (n_words as f64 / WORDS_PER_TOKEN).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::{Fitted, Need, Sentence, fit};

    fn answer() -> Vec<Sentence> {
        [
            ("Gladly.", Need::Courtesy),
            ("One two three.", Need::Answer),
            ("Four five six seven.", Need::Extra),
            ("More?", Need::Courtesy),
        ]
        .map(|(text, need)| Sentence {
            text: text.to_owned(),
            need,
        })
        .to_vec()
    }

    #[test]
    fn whole_sentences_go_the_least_needed_first() {
        let cases = [
            (
                100,
                "Gladly. One two three. Four five six seven. More?",
                false,
            ),
            (11, "Gladly. One two three. Four five six seven.", true),
            (10, "One two three. Four five six seven.", true),
            (4, "One two three.", true),
            (3, "One two.", true),
            (1, "One.", true),
        ];
        for (tokens, text, shortened) in cases {
            assert_eq!(
                fit(answer(), tokens),
                Fitted {
                    text: text.to_owned(),
                    shortened
                },
                "{tokens}"
            );
        }
    }
}
