//! Whether an answer is right: what the case says about it, and the golden answers in `tests/conformance/*.json`.
//!
//! The golden answers are those of our own host with its stages bound late, looked at by a person when they change. They hold the other
//! runtimes to it; that it is right is the business of the hand-written expectations and of the system tests.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use colloquy_tests::speech::words;
use serde_json::Value;

use super::answer::{Answer, Body};
use super::case::{self, Case, Expect, Saved};

/// Checks what is known beforehand.
pub(crate) fn expected(answer: &Answer, expect: &Expect, saved: &Saved) -> Result<()> {
    let shown = || answer.document().map(Value::to_string).unwrap_or_default();
    ensure!(
        answer.status == expect.status,
        "expected {}, got {}: {}",
        expect.status,
        answer.status,
        shown()
    );
    for (name, begin) in &expect.headers {
        let value = answer.headers.get(name).and_then(Value::as_str);
        ensure!(
            value.is_some_and(|value| value.starts_with(begin)),
            "the header {name} is {value:?} and should begin with {begin:?}"
        );
    }
    let at = |pointer: &str| {
        let document = answer.document().context("the answer has no JSON")?;
        document
            .pointer(pointer)
            .with_context(|| format!("nothing at {pointer}: {}", shown()))
    };
    for (pointer, value) in &expect.equal {
        let found = at(pointer)?;
        let value = match value {
            Value::String(text) => saved.fill(text).into(),
            other => other.clone(),
        };
        ensure!(
            *found == value,
            "{pointer} is {found} and should be {value}"
        );
    }
    for (pointer, text) in &expect.words {
        let found = at(pointer)?.as_str().context("not a text")?;
        ensure!(
            words(found) == words(text),
            "{pointer} is {found:?} and should be {text:?}"
        );
    }
    if let Some(cards) = &expect.cards {
        let items = at("/items")?.as_array().context("items")?;
        let found: BTreeSet<_> = items
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect();
        let cards: BTreeSet<_> = cards.iter().map(String::as_str).collect();
        ensure!(found == cards, "cards {found:?} and should be {cards:?}");
    }
    if let Some(names) = &expect.events {
        let Body::Events(events) = &answer.body else {
            bail!("the answer is not a stream of events: {}", shown());
        };
        let mut found: Vec<String> = Vec::new();
        for (name, _) in events {
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
        let last = events.last().map(|(name, _)| name);
        ensure!(last == names.last(), "the last event is {last:?}");
        ensure!(&found == names, "events {found:?} and should be {names:?}");
    }
    Ok(())
}

/// Compares the answers of a case with the golden ones.
pub(crate) fn golden(case: &Case, answers: &[Value]) -> Result<()> {
    let path = path(case);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{}: {BLESS_ADVICE}", path.display()))?;
    let golden: Vec<Value> = serde_json::from_str(&text)?;
    ensure!(
        golden.len() == answers.len(),
        "{} golden answers for {} steps: {BLESS_ADVICE}",
        golden.len(),
        answers.len()
    );
    for (index, (golden, answer)) in golden.iter().zip(answers).enumerate() {
        let mut differences = String::new();
        compare("", golden, answer, &mut differences);
        ensure!(
            differences.is_empty(),
            "step {} is not the golden answer:{differences}",
            index + 1
        );
    }
    Ok(())
}

const BLESS_ADVICE: &str =
    "set COLLOQUY_BLESS=1 to write the answers of our own host, and review them";

/// Makes these the golden answers.
pub(crate) fn bless(case: &Case, answers: &[Value]) -> Result<()> {
    let mut text = String::new();
    lay_out(&Value::Array(answers.to_vec()), 0, &mut text);
    text.push('\n');
    std::fs::write(path(case), text)?;
    Ok(())
}

fn path(case: &Case) -> PathBuf {
    case::folder().join(format!("{}.json", case.name))
}

/// Lists what differs, with its place.
fn compare(place: &str, golden: &Value, answer: &Value, differences: &mut String) {
    match (golden, answer) {
        (Value::Object(golden), Value::Object(answer)) => {
            let names = golden
                .keys()
                .chain(answer.keys().filter(|name| !golden.contains_key(*name)));
            for name in names {
                let of = |object: &serde_json::Map<String, Value>| object.get(name).cloned();
                let (golden, answer) = (of(golden), of(answer));
                let place = format!("{place}/{name}");
                match (golden, answer) {
                    (Some(golden), Some(answer)) => compare(&place, &golden, &answer, differences),
                    (golden, answer) => {
                        let _ = write!(differences, "\n{place}: {golden:?} became {answer:?}");
                    }
                }
            }
        }
        (Value::Array(golden), Value::Array(answer)) if golden.len() == answer.len() => {
            for (index, (golden, answer)) in golden.iter().zip(answer).enumerate() {
                compare(&format!("{place}/{index}"), golden, answer, differences);
            }
        }
        (golden, answer) if golden == answer => {}
        (golden, answer) => {
            let _ = write!(differences, "\n{place}: {golden} became {answer}");
        }
    }
}

/// JSON for reviews: whatever fits stays on a line.
fn lay_out(value: &Value, depth: usize, text: &mut String) {
    let line = value.to_string();
    let indent = "  ".repeat(depth + 1);
    match value {
        _ if line.len() + 2 * depth <= 140 => text.push_str(&line),
        Value::Array(items) => {
            let event = items.len() == 2 && items[0].is_string();
            if event {
                text.push_str(&line);
                return;
            }
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let _ = write!(text, "{comma}\n{indent}");
                lay_out(item, depth + 1, text);
            }
            let _ = write!(text, "\n{}]", "  ".repeat(depth));
        }
        Value::Object(members) => {
            text.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let _ = write!(text, "{comma}\n{indent}{}: ", Value::from(name.as_str()));
                lay_out(member, depth + 1, text);
            }
            let _ = write!(text, "\n{}}}", "  ".repeat(depth));
        }
        _ => text.push_str(&line),
    }
}
