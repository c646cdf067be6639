//! The learned part of the judgement: a linear model over the [features](super::features) of a question, with one score for each intent.
//!
//! Its weights (`data/weights.txt`) come from `examples/train.rs` and are numbers of a fixed file: nothing is learned while it runs. The
//! strengths of the rules are among its features, so it is they who are weighed against what else is to be seen.

use super::features::Features;
use crate::lexicon::INTENTS;

/// What a weight of 1 is in the file.
pub const SCALE: f32 = 20.0;

/// The weights. Names of features are kept as their hashes: of some thousand names no two have the same 64 bits.
#[derive(Debug, Default)]
pub struct Learned {
    /// Hash of a feature, and where its weights are; sorted.
    features: Vec<(u64, u32, u32)>,
    /// The number of the intent and the weight.
    weights: Vec<(u8, i8)>,
}

impl Learned {
    /// Reads the built-in weights.
    ///
    /// # Errors
    /// In words, when the file is broken.
    pub fn built_in() -> Result<Self, String> {
        Self::from_text(include_str!("../../data/weights.txt"))
    }

    /// Reads lines of a feature, a tab, and weights as `a12 c-3`: the letter is the place of the intent in [`INTENTS`], the number the
    /// weight times [`SCALE`].
    ///
    /// # Errors
    /// In words, with the line that is broken.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let mut learned = Self::default();
        for (line, at) in text.lines().zip(1..) {
            let broken = || format!("weights.txt: line {at} is broken");
            let (name, values) = line.split_once('\t').ok_or_else(broken)?;
            let first = learned.weights.len();
            for value in values.split(' ') {
                let weight = (|| {
                    let letter = value.bytes().next()?.checked_sub(b'a')?;
                    let known = usize::from(letter) < INTENTS.len();
                    Some((letter, value.get(1..)?.parse().ok()?)).filter(|_| known)
                })();
                learned.weights.push(weight.ok_or_else(broken)?);
            }
            let place = |at: usize| u32::try_from(at).map_err(|_| broken());
            let range = (place(first)?, place(learned.weights.len())?);
            learned.features.push((hash(name), range.0, range.1));
        }
        learned.features.sort_unstable();
        Ok(learned)
    }

    fn of(&self, name: &str) -> &[(u8, i8)] {
        let hash = hash(name);
        let found = self
            .features
            .binary_search_by_key(&hash, |feature| feature.0);
        found
            .ok()
            .and_then(|at| self.features.get(at))
            .and_then(|(_, first, end)| self.weights.get(*first as usize..*end as usize))
            .unwrap_or_default()
    }

    /// How likely each intent is, in the order of [`INTENTS`]; they add up to 1.
    #[must_use]
    pub fn likelihoods(&self, features: &Features) -> [f32; INTENTS.len()] {
        let mut scores = [0.0_f32; INTENTS.len()];
        for (name, value) in features {
            for (intent, weight) in self.of(name) {
                if let Some(score) = scores.get_mut(usize::from(*intent)) {
                    *score += f32::from(*weight) / SCALE * value;
                }
            }
        }
        let most = scores.iter().copied().fold(f32::MIN, f32::max);
        let all: f32 = scores.iter().map(|score| (score - most).exp()).sum();
        scores.map(|score| (score - most).exp() / all)
    }
}

/// FNV-1a.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::Learned;
    use crate::lexicon::INTENTS;

    #[test]
    fn what_speaks_for_an_intent_makes_it_likely() {
        let learned = Learned::from_text("w hello\tb40 m-20\nw weather\tm60\n").unwrap();
        let best = |names: &[&str]| {
            let features = names.iter().map(|name| ((*name).to_owned(), 1.0)).collect();
            let likely = learned.likelihoods(&features);
            assert!((likely.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            let most = (0..INTENTS.len()).max_by(|a, b| likely[*a].total_cmp(&likely[*b]));
            INTENTS[most.unwrap()]
        };
        assert_eq!(best(&["w hello"]), "greeting");
        assert_eq!(best(&["w hello", "w weather", "w unknown"]), "off-topic");
        for broken in ["w hello", "w hello\tz5", "w hello\tb", "w hello\tb500"] {
            assert!(Learned::from_text(broken).is_err(), "{broken}");
        }
        assert!(Learned::built_in().unwrap().features.len() > 1_000);
    }
}
