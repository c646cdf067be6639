//! A sum of small decision trees, read from a file that `training/train.py` writes.

use serde::Deserialize;

use crate::error::Error;

/// A tree is a row of nodes: place of the input (-1: a leaf), its limit (or the leaf's value), the node when the input is at most the limit,
/// and the node when it is more. A node only leads to later ones, so every walk ends.
type Node = (i32, f32, usize, usize);

/// The trees.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trees {
    /// Names of the inputs, in order.
    inputs: Vec<String>,
    /// Where the sum starts.
    base: f32,
    trees: Vec<Vec<Node>>,
}

impl Trees {
    /// Reads trees over these inputs.
    ///
    /// # Errors
    /// `internal` when the text is none, or of other inputs.
    pub fn read(json: &str, inputs: &[&str]) -> Result<Self, Error> {
        let broken = |what: String| Error::Internal(format!("items.json: {what}"));
        let trees: Self = serde_json::from_str(json).map_err(|e| broken(e.to_string()))?;
        if trees.inputs != inputs {
            return Err(broken(format!("inputs are {:?}", trees.inputs)));
        }
        let leads_on = |tree: &Vec<Node>| {
            let mut nodes = tree.iter().enumerate();
            !tree.is_empty()
                && nodes.all(|(at, &(input, _, low, high))| {
                    let next = at + 1..tree.len();
                    match usize::try_from(input) {
                        Ok(input) => {
                            input < inputs.len() && next.contains(&low) && next.contains(&high)
                        }
                        Err(_) => true,
                    }
                })
        };
        if !trees.trees.iter().all(leads_on) {
            return Err(broken("a tree leads nowhere".to_owned()));
        }
        Ok(trees)
    }

    /// The probability for these inputs.
    #[must_use]
    pub fn probability(&self, inputs: &[f32]) -> f32 {
        let sum: f32 = self.trees.iter().map(|tree| value(tree, inputs)).sum();
        1.0 / (1.0 + (-(self.base + sum)).exp())
    }
}

fn value(tree: &[Node], inputs: &[f32]) -> f32 {
    let mut at = 0;
    while let Some(&(input, limit, low, high)) = tree.get(at) {
        let Ok(input) = usize::try_from(input) else {
            return limit;
        };
        let is_low = inputs.get(input).is_none_or(|value| *value <= limit);
        at = if is_low { low } else { high };
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_at_a_leaf() {
        let json = r#"{"inputs":["a","b"],"base":0,"trees":[[[0,0.5,1,2],[-1,1,0,0],[1,2,3,4],[-1,2,0,0],[-1,-3,0,0]]]}"#;
        let trees = Trees::read(json, &["a", "b"]).unwrap();
        let value = |inputs: [f32; 2]| {
            let p = trees.probability(&inputs);
            (p / (1.0 - p)).ln()
        };
        for (inputs, expected) in [([0.5, 9.0], 1.0), ([0.6, 2.0], 2.0), ([0.6, 2.1], -3.0)] {
            assert!((value(inputs) - expected).abs() < 1e-5, "{inputs:?}");
        }
        assert!(Trees::read(json, &["a", "c"]).is_err());
        for circle in ["[[0,0.5,0,1],[-1,1,0,0]]", "[[2,0.5,1,1],[-1,1,0,0]]", "[]"] {
            let json = format!(r#"{{"inputs":["a","b"],"base":0,"trees":[{circle}]}}"#);
            assert!(Trees::read(&json, &["a", "b"]).is_err(), "{circle}");
        }
    }
}
