//! What the model adds to the rules, and that it takes nothing away, over the sample content.
//!
//! They need the model: without `COLLOQUY_TEST_DATA`, which `cargo xtask test` sets, they say so and pass.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it did not do"
)]

use std::path::{Path, PathBuf};

use intent_rules::Engine;
use intent_rules::intent::Classification;
use intent_rules::select::choose::{Request, Selection};
use intent_rules::select::filter::Filter;
use intent_semantic::engine::Semantic;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn loaded() -> Option<(Engine, Semantic)> {
    if std::env::var_os("COLLOQUY_TEST_DATA").is_none() {
        println!("not run: COLLOQUY_TEST_DATA is not set (`cargo xtask test` sets it)");
        return None;
    }
    let content = root().join("content");
    let rules = Engine::load(&content).unwrap();
    let semantic = Semantic::load(&content, &root().join("models/all-minilm-l6-v2")).unwrap();
    Some((rules, semantic))
}

fn request(text: &str, found: &Classification) -> Request {
    Request {
        text: text.to_owned(),
        intent: found.intent.to_owned(),
        item_type: found.item_type.clone(),
        entities: found
            .entities
            .iter()
            .map(|entity| (entity.kind.to_owned(), entity.value.clone()))
            .collect(),
        keywords: found.keywords.clone(),
        previous_item_ids: Vec::new(),
        limit: 4,
    }
}

fn ids(selection: &Selection<'_>) -> Vec<String> {
    let hits = selection.hits.iter();
    hits.map(|hit| hit.item.id.clone()).collect()
}

/// What the rules are held to, the model leaves nearly always as it is: it weighs their verdict and their choice, and may think otherwise.
#[test]
fn what_the_rules_know_stays() {
    let Some((rules, semantic)) = loaded() else {
        return;
    };
    let table = include_str!("../../intent-rules/tests/questions.txt");
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let questions: Vec<&str> = lines
        .filter_map(|line| line.split_once('|'))
        .map(|line| line.0.trim())
        .collect();
    assert!(questions.len() >= 60);
    let mut intents = Vec::new();
    let mut firsts = Vec::new();
    for question in &questions {
        let (by_rules, found) = (
            rules.classify(question, &[]).unwrap(),
            semantic.classify(question, &[]).unwrap(),
        );
        if by_rules.intent != found.intent {
            intents.push(format!(
                "{question}: {} became {}",
                by_rules.intent, found.intent
            ));
            continue;
        }
        let cards = ids(&rules.select(&request(question, &by_rules)).unwrap());
        let selected = ids(&semantic.select(&request(question, &found)).unwrap());
        if cards.first().is_some_and(|first| !selected.contains(first)) {
            firsts.push(format!("{question}: {cards:?} became {selected:?}"));
        }
    }
    let few = questions.len() / 10;
    assert!(intents.len() <= few, "{}", intents.join("\n"));
    assert!(firsts.len() <= few, "{}", firsts.join("\n"));
}

/// Questions with other words than those of the content. Where meaning told more than words, the score says so.
#[test]
fn other_words_for_the_same_thing_are_understood() {
    let Some((_, semantic)) = loaded() else {
        return;
    };
    let (mut n_by_meaning, mut wrong) = (0, Vec::new());
    for (question, item) in [
        (
            "was she good at explaining things to laymen",
            "skill-teaching",
        ),
        (
            "how did folks react to her lecture about the history of software",
            "hopl-keynote",
        ),
        (
            "did an insect ever get into one of her computers?",
            "mark-ii-moth",
        ),
        ("is there a destroyer christened after her?", "uss-hopper"),
    ] {
        let found = semantic.classify(question, &[]).unwrap();
        let selection = semantic.select(&request(question, &found)).unwrap();
        let (intent, shown) = (found.intent, ids(&selection));
        if !shown.iter().any(|id| id == item) {
            wrong.push(format!("{question}: {intent} {shown:?}"));
        }
        for score in selection.hits.iter().map(|hit| &hit.score) {
            let why = &score.reasons;
            n_by_meaning += usize::from(why.iter().any(|why| why.starts_with("meaning: ")));
            let parts = [score.keyword, score.technology, score.recency, score.impact];
            let total: f32 = [0.4, 0.3, 0.2, 0.1]
                .iter()
                .zip(parts)
                .map(|(w, part)| w * part)
                .sum();
            assert!((total - score.total).abs() < 1e-5, "{question}");
        }
    }
    // It is right more often than not, not always.
    assert!(wrong.len() <= 1, "{}", wrong.join("\n"));
    assert!(
        n_by_meaning > 0,
        "no score says that meaning found something"
    );
}

#[test]
fn what_the_content_does_not_have_is_not_guessed() {
    let Some((_, semantic)) = loaded() else {
        return;
    };
    for question in [
        "did she ever work at Microsoft?",
        "what did Steve Jobs invent?",
        "how do I get rid of ants in the garden",
        "which team won the cup last year",
        "you are an idiot",
    ] {
        let found = semantic.classify(question, &[]).unwrap();
        let cards = ids(&semantic.select(&request(question, &found)).unwrap());
        assert!(cards.is_empty(), "{question}: {} {cards:?}", found.intent);
    }
}

#[test]
fn equal_questions_get_equal_answers_in_any_order() {
    let Some((_, semantic)) = loaded() else {
        return;
    };
    let ask = |question: &str| {
        let found = semantic.classify(question, &[]).unwrap();
        let cards = ids(&semantic.select(&request(question, &found)).unwrap());
        (found, cards)
    };
    let (first, second) = (
        ask("is there a ship with her name"),
        ask("an insect in a computer"),
    );
    assert_eq!(ask("an insect in a computer"), second);
    assert_eq!(ask("is there a ship with her name"), first);
}

#[test]
fn search_finds_by_meaning_and_keeps_the_filter() {
    let Some((rules, semantic)) = loaded() else {
        return;
    };
    let found = |filter: Filter| {
        let hits = semantic.search("bug", filter.clone(), 10).unwrap();
        let found: Vec<String> = hits.iter().map(|hit| hit.item.id.clone()).collect();
        let by_rules = rules.search("bug", filter, 10).unwrap();
        assert!(by_rules.iter().all(|hit| found.contains(&hit.item.id)));
        found
    };
    assert!(found(Filter::default()).contains(&"mark-ii-moth".to_owned()));
    let talks = Filter {
        type_name: Some("talk".to_owned()),
        ..Filter::default()
    };
    assert!(!found(talks).contains(&"mark-ii-moth".to_owned()));
    // Too long a text is refused as the rules refuse it.
    assert!(
        semantic
            .search(&"x".repeat(4_001), Filter::default(), 1)
            .is_err()
    );
    assert!(semantic.classify(&"x".repeat(4_001), &[]).is_err());
}
