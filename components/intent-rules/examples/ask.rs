//! Prints what a question is taken for and which items it finds: `ask <content folder> <question> [<next question> ...]`.

#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::path::Path;

use intent_rules::Engine;
use intent_rules::intent::Turn;
use intent_rules::select::choose::Request;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: ask <content folder> <question> [<next question> ...]")?;
    let engine = Engine::load(Path::new(&folder))?;
    let mut history: Vec<Turn> = Vec::new();
    for question in arguments {
        let found = engine.classify(&question, &history)?;
        println!(
            "{question}\n  intent {} ({:.2})",
            found.intent, found.confidence
        );
        for factor in &found.factors {
            println!(
                "    {:<9} {:.2} of {:.2}",
                factor.name,
                factor.value * factor.weight,
                factor.weight
            );
        }
        for entity in &found.entities {
            println!(
                "  {} {} ({:?}, {:.2})",
                entity.kind, entity.value, entity.text, entity.confidence
            );
        }
        println!(
            "  keywords {:?}, type {:?}",
            found.keywords, found.item_type
        );
        let selection = engine.select(&Request {
            text: question.clone(),
            intent: found.intent.to_owned(),
            item_type: found.item_type.clone(),
            entities: found
                .entities
                .iter()
                .map(|e| (e.kind.to_owned(), e.value.clone()))
                .collect(),
            keywords: found.keywords,
            previous_item_ids: history
                .last()
                .map(|turn| turn.item_ids.clone())
                .unwrap_or_default(),
            limit: 4,
        })?;
        println!(
            "  {} of {} cards",
            selection.hits.len(),
            selection.n_matching
        );
        for hit in &selection.hits {
            let s = &hit.score;
            println!(
                "    {:.3} = 0.4 x {:.2} + 0.3 x {:.2} + 0.2 x {:.2} + 0.1 x {:.2}  {}  [{}]",
                s.total,
                s.keyword,
                s.technology,
                s.recency,
                s.impact,
                hit.item.id,
                s.reasons.join("; ")
            );
        }
        history.push(Turn {
            user: question,
            assistant: String::new(),
            intent: Some(found.intent.to_owned()),
            item_ids: selection
                .hits
                .iter()
                .map(|hit| hit.item.id.clone())
                .collect(),
            item_type: found.item_type,
        });
    }
    Ok(())
}
