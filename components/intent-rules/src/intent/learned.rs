//! The learned part of the judgement: a linear model over the [features](super::features) of a question, with one score for each intent.
//!
//! Its weights (`data/weights.txt`) come from `examples/train.rs` and are numbers of a fixed file: nothing is learned while it runs. The
//! strengths of the rules are among its features, so it is they who are weighed against what else is to be seen.

use super::features::Features;
use crate::lexicon::INTENTS;

/// What a weight of 1 is in the file.
pub const SCALE: f32 = 20.0;

/// The weights: the lines of the file, which is sorted, and where each of them begins.
#[derive(Debug, Default)]
pub struct Learned {
    text: &'static str,
    lines: Box<[u32]>,
}

impl Learned {
    /// Reads the built-in weights.
    ///
    /// # Errors
    /// In words, when the file is broken.
    pub fn built_in() -> Result<Self, String> {
        Self::from_text(include_str!("../../data/weights.txt"))
    }

    /// Takes lines of a feature, a tab, and weights as `a12 c-3`, in the order of the features: the letter is the place of the intent in
    /// [`INTENTS`], the number the weight times [`SCALE`].
    ///
    /// # Errors
    /// In words, with the line that is broken.
    pub fn from_text(text: &'static str) -> Result<Self, String> {
        let mut lines = Vec::with_capacity(text.bytes().filter(|byte| *byte == b'\n').count());
        let (mut at, mut before) = (0, "");
        for line in text.lines() {
            let broken = || format!("weights.txt: {line:?} is broken");
            let (name, values) = line.split_once('\t').ok_or_else(broken)?;
            if name <= before || values.split(' ').any(|value| weight(value).is_none()) {
                return Err(broken());
            }
            lines.push(u32::try_from(at).map_err(|_| broken())?);
            at += line.len() + 1;
            before = name;
        }
        Ok(Self {
            text,
            lines: lines.into(),
        })
    }

    /// The weights of a feature, by the number of the intent.
    fn of(&self, name: &str) -> impl Iterator<Item = (usize, i8)> {
        let line = |at: u32| -> (&'static str, &'static str) {
            let rest = usize::try_from(at).ok().and_then(|at| self.text.get(at..));
            let line = rest.and_then(|rest| rest.lines().next());
            line.and_then(|line| line.split_once('\t'))
                .unwrap_or_default()
        };
        let found = self.lines.binary_search_by(|at| line(*at).0.cmp(name));
        let values = found
            .ok()
            .and_then(|at| self.lines.get(at))
            .map_or("", |at| line(*at).1);
        values.split(' ').filter_map(weight)
    }

    /// How likely each intent is, in the order of [`INTENTS`]; they add up to 1.
    #[must_use]
    pub fn likelihoods(&self, features: &Features) -> [f32; INTENTS.len()] {
        let mut scores = [0.0_f32; INTENTS.len()];
        for (name, value) in features {
            for (intent, weight) in self.of(name) {
                if let Some(score) = scores.get_mut(intent) {
                    *score += f32::from(weight) / SCALE * value;
                }
            }
        }
        let most = scores.iter().copied().fold(f32::MIN, f32::max);
        let all: f32 = scores.iter().map(|score| (score - most).exp()).sum();
        scores.map(|score| (score - most).exp() / all)
    }
}

/// The number of an intent and a weight.
fn weight(value: &str) -> Option<(usize, i8)> {
    let place = usize::from(value.bytes().next()?.checked_sub(b'a')?);
    let known = place < INTENTS.len();
    Some((place, value.get(1..)?.parse().ok()?)).filter(|_| known)
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
        for broken in [
            "w hello",
            "w hello\tz5",
            "w hello\tb",
            "w hello\tb500",
            "b\tb1\na\tb1\n",
        ] {
            assert!(Learned::from_text(broken).is_err(), "{broken}");
        }
        assert!(Learned::built_in().unwrap().lines.len() > 1_000);
    }
}
