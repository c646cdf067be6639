//! Learns the weights of `data/weights.txt` from labelled questions:
//! `train <content folder> [--folds N] [--write FILE] <set.toml|questions.txt> ...`.
//!
//! A set is one of `tests/eval/intent`, a text file is one of `training/`. Dialogues are played with the answers that are right, so what
//! is learned does not depend on what was learned before. With `--folds` each N-th part of the dialogues is judged by weights that were
//! learned without it, and the share that is right is printed; with `--write` weights are learned from everything. Multinomial logistic
//! regression: the loss of a question is the logarithm of the likelihood of all its right intents together, with a quadratic penalty;
//! `AdaGrad` over a fixed order, so equal input gives an equal file.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a command line tool over its own numbers"
)]

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::Path;

use intent_rules::Engine;
use intent_rules::intent::Turn;
use intent_rules::intent::features::Features;
use intent_rules::intent::learned::SCALE;
use intent_rules::lexicon::INTENTS;
use intent_rules::select::choose::Request;
use serde::Deserialize;

const N: usize = INTENTS.len();
/// Passes over all questions, size of the first steps, and what a large weight costs.
const PASSES: usize = 30;
const STEP: f32 = 0.07;
const PENALTY: f32 = 1e-3;
/// A feature of fewer questions is not learned.
const FEWEST: usize = 3;
/// What a question of a set counts beside one of `training/`.
const SET_WEIGHT: f32 = 2.0;

#[derive(Deserialize)]
struct Set {
    dialogue: Vec<Dialogue>,
}

#[derive(Deserialize)]
struct Dialogue {
    category: String,
    turn: Vec<Label>,
}

#[derive(Deserialize)]
struct Label {
    text: String,
    intent: Vec<String>,
    items: Vec<String>,
}

/// A question to learn from.
struct Example {
    /// Number of its dialogue, over all files.
    dialogue: usize,
    source: String,
    text: String,
    weight: f32,
    right: Vec<usize>,
    features: Features,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut folds = 0;
    let mut target = None;
    let mut files = Vec::new();
    let mut shows = false;
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: train <content folder> ...")?;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--folds" => folds = arguments.next().ok_or("--folds N")?.parse()?,
            "--write" => target = arguments.next(),
            "--wrong" => shows = true,
            _ => files.push(argument),
        }
    }
    let engine = Engine::load(Path::new(&folder))?;
    let mut examples = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file)?;
        if Path::new(file).extension().is_some_and(|end| end == "toml") {
            read_set(&engine, file, &text, &mut examples)?;
        } else {
            read_questions(&engine, file, &text, &mut examples)?;
        }
    }
    println!("{} questions", examples.len());
    if folds > 1 {
        cross_validate(&examples, folds, shows);
    }
    if let Some(target) = target {
        let weights = Weights::learn(&examples.iter().collect::<Vec<_>>());
        let text = weights.text();
        println!("{} features, {} bytes", text.lines().count(), text.len());
        std::fs::write(target, text)?;
    }
    Ok(())
}

fn places(intents: &[String]) -> Result<Vec<usize>, String> {
    intents
        .iter()
        .map(|name| {
            let place = INTENTS.iter().position(|intent| intent == name);
            place.ok_or_else(|| format!("{name} is no intent"))
        })
        .collect()
}

fn read_set(
    engine: &Engine,
    file: &str,
    text: &str,
    examples: &mut Vec<Example>,
) -> Result<(), Box<dyn Error>> {
    let set: Set = toml::from_str(text)?;
    let first = examples.last().map_or(0, |last| last.dialogue + 1);
    let name = Path::new(file)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    for (dialogue, at) in set.dialogue.iter().zip(first..) {
        let mut history = Vec::new();
        for label in &dialogue.turn {
            examples.push(Example {
                dialogue: at,
                source: format!("{name}/{}", dialogue.category),
                text: label.text.clone(),
                weight: SET_WEIGHT,
                right: places(&label.intent)?,
                features: engine.features(&label.text, &history),
            });
            history.push(Turn {
                user: label.text.clone(),
                intent: label.intent.first().cloned(),
                item_ids: label.items.iter().take(4).cloned().collect(),
                ..Turn::default()
            });
        }
    }
    Ok(())
}

fn read_questions(
    engine: &Engine,
    file: &str,
    text: &str,
    examples: &mut Vec<Example>,
) -> Result<(), Box<dyn Error>> {
    let mut at = examples.last().map_or(0, |last| last.dialogue + 1);
    let mut history: Vec<Turn> = Vec::new();
    let lines = text.lines().zip(1..);
    for (line, number) in lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')) {
        let (goes_on, line) = match line.strip_prefix('>') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (intents, question) = line
            .split_once('|')
            .ok_or_else(|| format!("{file}:{number}: no question"))?;
        let intents: Vec<String> = intents.trim().split(',').map(str::to_owned).collect();
        let question = question.trim().to_owned();
        if !goes_on {
            history.clear();
            at += 1;
        }
        // A follow-up is learned as the second turn, whatever stands between it and the first.
        history.truncate(1);
        examples.push(Example {
            dialogue: at,
            source: format!("training/{}", intents[0]),
            text: question.clone(),
            weight: 1.0,
            right: places(&intents).map_err(|e| format!("{file}:{number}: {e}"))?,
            features: engine.features(&question, &history),
        });
        let found = engine.classify(&question, &history)?;
        let shown = engine.select(&Request {
            text: question.clone(),
            intent: intents[0].clone(),
            item_type: found.item_type,
            entities: found
                .entities
                .into_iter()
                .map(|e| (e.kind.to_owned(), e.value))
                .collect(),
            keywords: found.keywords,
            previous_item_ids: Vec::new(),
            limit: 4,
        })?;
        history.push(Turn {
            user: question,
            intent: intents.first().cloned(),
            item_ids: shown.hits.iter().map(|hit| hit.item.id.clone()).collect(),
            ..Turn::default()
        });
    }
    Ok(())
}

#[derive(Default)]
struct Weights {
    names: Vec<String>,
    of: HashMap<String, usize>,
    values: Vec<[f32; N]>,
}

impl Weights {
    fn learn(examples: &[&Example]) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for example in examples {
            for (name, _) in &example.features {
                *counts.entry(name).or_default() += 1;
            }
        }
        let mut weights = Self::default();
        for (name, count) in counts {
            if count >= FEWEST {
                weights.of.insert(name.to_owned(), weights.names.len());
                weights.names.push(name.to_owned());
            }
        }
        weights.values = vec![[0.0; N]; weights.names.len()];
        let mut squares = vec![[1e-3_f32; N]; weights.names.len()];
        let known: Vec<Vec<(usize, f32)>> = examples
            .iter()
            .map(|example| weights.known(&example.features))
            .collect();
        for pass in 0..PASSES {
            // Files are sorted by intent; a stride that has no common factor with the length mixes them.
            let stride = stride(examples.len(), pass);
            for step in 0..examples.len() {
                let at = step * stride % examples.len();
                let example = examples[at];
                let likely = weights.likelihoods(&known[at]);
                let right: f32 = example
                    .right
                    .iter()
                    .map(|i| likely[*i])
                    .sum::<f32>()
                    .max(1e-6);
                for (feature, value) in &known[at] {
                    for intent in 0..N {
                        let wanted = if example.right.contains(&intent) {
                            likely[intent] / right
                        } else {
                            0.0
                        };
                        let slope = (likely[intent] - wanted) * value * example.weight
                            + PENALTY * weights.values[*feature][intent];
                        squares[*feature][intent] += slope * slope;
                        weights.values[*feature][intent] -=
                            STEP * slope / squares[*feature][intent].sqrt();
                    }
                }
            }
        }
        weights
    }

    fn known(&self, features: &Features) -> Vec<(usize, f32)> {
        features
            .iter()
            .filter_map(|(name, value)| Some((*self.of.get(name)?, *value)))
            .collect()
    }

    fn likelihoods(&self, known: &[(usize, f32)]) -> [f32; N] {
        let mut scores = [0.0_f32; N];
        for (feature, value) in known {
            for (score, weight) in scores.iter_mut().zip(self.values[*feature]) {
                *score += weight * value;
            }
        }
        let most = scores.iter().copied().fold(f32::MIN, f32::max);
        let all: f32 = scores.iter().map(|score| (score - most).exp()).sum();
        scores.map(|score| (score - most).exp() / all)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, values) in self.names.iter().zip(&self.values) {
            let kept: Vec<String> = values
                .iter()
                .enumerate()
                .filter_map(|(intent, value)| {
                    let rounded = (value * SCALE).round().clamp(-127.0, 127.0) as i8;
                    let letter = char::from(b'a' + u8::try_from(intent).unwrap_or_default());
                    (rounded.abs() > 2).then(|| format!("{letter}{rounded}"))
                })
                .collect();
            if !kept.is_empty() {
                text.push_str(&format!("{name}\t{}\n", kept.join(" ")));
            }
        }
        text
    }
}

fn stride(n: usize, pass: usize) -> usize {
    let common = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    (n * 5 / 13 + 7 * pass + 1..)
        .find(|stride| common(*stride, n) == 1)
        .unwrap_or(1)
}

fn cross_validate(examples: &[Example], folds: usize, shows: bool) {
    let mut results: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for fold in 0..folds {
        let (held, rest): (Vec<&Example>, Vec<&Example>) = examples
            .iter()
            .partition(|example| example.dialogue % folds == fold);
        let weights = Weights::learn(&rest);
        for example in held {
            let likely = weights.likelihoods(&weights.known(&example.features));
            let best = (0..N)
                .max_by(|a, b| likely[*a].total_cmp(&likely[*b]))
                .unwrap_or_default();
            let is_right = example.right.contains(&best);
            let set = example
                .source
                .split('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            for key in [example.source.clone(), set] {
                let result = results.entry(key).or_default();
                result.0 += usize::from(is_right);
                result.1 += 1;
            }
            if shows && !is_right {
                let wanted: Vec<&str> = example.right.iter().map(|i| INTENTS[*i]).collect();
                println!(
                    "{} | {} | not {} | {}",
                    example.source,
                    wanted.join(","),
                    INTENTS[best],
                    example.text
                );
            }
        }
    }
    for (name, (right, all)) in results {
        println!(
            "{name:<40} {right:>4} of {all:>4}  {:.3}",
            right as f32 / all as f32
        );
    }
}
