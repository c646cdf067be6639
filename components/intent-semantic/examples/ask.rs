//! What the rules make of questions, for `training/`: a line of JSON in, a line of JSON out. `ask <content folder>`.
//!
//! `{"op":"classify","text":...,"history":[...]}` gives the verdict with the question taken apart, `{"op":"select",...}` the ids that the rules
//! choose, `{"op":"search","text":...}` how much of its words each item holds.

#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;

use intent_rules::Engine;
use intent_rules::intent::pattern::Class;
use intent_rules::intent::{Turn, context, question};
use intent_rules::select::choose::{MAX_HITS, Request};
use intent_rules::select::filter::Filter;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: ask <content folder>")?;
    let engine = Engine::load(Path::new(&folder))?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let of = |key: &str| asked.get(key).cloned().unwrap_or(Value::Null);
        let answer = match text(&of("op")).as_str() {
            "classify" => classify(&engine, &asked)?,
            "select" => select(&engine, &asked)?,
            "search" => {
                let hits = engine.search(&text(&of("text")), Filter::default(), MAX_HITS)?;
                let of = |hit: &intent_rules::select::choose::Hit<'_>| {
                    json!([hit.item.id, hit.score.keyword])
                };
                hits.iter().map(of).collect()
            }
            other => return Err(format!("no op {other:?}").into()),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn classify(engine: &Engine, asked: &Value) -> Result<Value, Box<dyn Error>> {
    let of = |value: &Value, key: &str| value.get(key).cloned().unwrap_or(Value::Null);
    let history = of(asked, "history");
    let history: Vec<Turn> = history
        .as_array()
        .into_iter()
        .flatten()
        .map(|turn| Turn {
            user: text(&of(turn, "user")),
            assistant: text(&of(turn, "assistant")),
            intent: Some(text(&of(turn, "intent"))),
            item_ids: texts(&of(turn, "item_ids")),
            item_type: of(turn, "item_type").as_str().map(str::to_owned),
        })
        .collect();
    let question = text(&of(asked, "text"));
    let found = engine.classify(&question, &history)?;
    let n_shown = context::last_shown(&history).map_or(0, |turn| turn.item_ids.len());
    let question = question::read(engine, &question, n_shown);
    let units = question.units.iter();
    Ok(json!({
        "intent": found.intent,
        "confidence": found.confidence,
        "item_type": found.item_type,
        "entities": pairs(&found.entities),
        "own": pairs(&question.entities),
        "keywords": question.keywords,
        "known": engine.known_share(&question.keywords),
        "subject": question.has_subject,
        "subject_named": question
            .units
            .iter()
            .any(|unit| !unit.text.starts_with("you") && unit.classes.contains(&Class::Subject)),
        "pronoun": question.item_pronoun.is_some(),
        "others": question.wants_others,
        "units": units.map(|unit| json!([unit.text, format!("{:?}", unit.classes)])).collect::<Vec<_>>(),
    }))
}

fn select(engine: &Engine, asked: &Value) -> Result<Value, Box<dyn Error>> {
    let of = |key: &str| asked.get(key).cloned().unwrap_or(Value::Null);
    let entity = |pair: &Value| {
        let pair = texts(pair);
        Some((pair.first()?.clone(), pair.get(1)?.clone()))
    };
    let request = Request {
        text: text(&of("text")),
        intent: text(&of("intent")),
        item_type: of("item_type").as_str().map(str::to_owned),
        entities: of("entities")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(entity)
            .collect(),
        keywords: texts(&of("keywords")),
        previous_item_ids: texts(&of("previous")),
        limit: 4,
    };
    let chosen = engine.select(&request)?;
    Ok(chosen
        .hits
        .iter()
        .map(|hit| Value::from(hit.item.id.as_str()))
        .collect())
}

fn pairs(entities: &[intent_rules::intent::Entity]) -> Value {
    entities
        .iter()
        .map(|entity| json!([entity.kind, entity.value]))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}
