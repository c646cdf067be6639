//! Questions and what must come of them, over the sample content base: `questions.txt` and `conversations.txt`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use intent_rules::Engine;
use intent_rules::intent::{Classification, Turn};
use intent_rules::select::choose::{Request, Selection};

const LIMIT: usize = 4;

fn engine() -> Engine {
    Engine::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content")).unwrap()
}

fn answer<'e>(engine: &'e Engine, text: &str, history: &[Turn]) -> (Classification, Selection<'e>) {
    let found = engine.classify(text, history).unwrap();
    let previous = history
        .last()
        .map(|turn| turn.item_ids.clone())
        .unwrap_or_default();
    let request = Request {
        text: text.to_owned(),
        intent: found.intent.to_owned(),
        item_type: found.item_type.clone(),
        entities: found
            .entities
            .iter()
            .map(|e| (e.kind.to_owned(), e.value.clone()))
            .collect(),
        keywords: found.keywords.clone(),
        previous_item_ids: previous,
        limit: LIMIT,
    };
    let selection = engine.select(&request).unwrap();
    (found, selection)
}

/// One line of a table, in columns.
fn rows(text: &str, n_columns: usize) -> Vec<Vec<String>> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let columns: Vec<String> = line.split('|').map(|c| c.trim().to_owned()).collect();
            assert_eq!(columns.len(), n_columns, "{line}");
            columns
        })
        .collect()
}

fn filter_text(selection: &Selection<'_>) -> String {
    let f = &selection.applied;
    let mut parts: Vec<String> = f.technologies.iter().map(|t| format!("tech={t}")).collect();
    parts.extend(f.organisation.iter().map(|o| format!("org={o}")));
    if f.from_year.is_some() || f.to_year.is_some() {
        let year = |y: Option<i32>| y.map_or_else(String::new, |y| y.to_string());
        parts.push(format!("years={}..{}", year(f.from_year), year(f.to_year)));
    }
    parts.extend(f.type_name.iter().map(|t| format!("type={t}")));
    if parts.is_empty() {
        "-".to_owned()
    } else {
        parts.join(", ")
    }
}

/// What differs from the expectation, if anything.
fn differences(
    found: &Classification,
    selection: &Selection<'_>,
    columns: &[String],
    shown: &[String],
) -> Vec<String> {
    let ids: Vec<&str> = selection
        .hits
        .iter()
        .map(|hit| hit.item.id.as_str())
        .collect();
    let mut wrong = Vec::new();
    let mut check = |what: &str, expected: &str, actual: &str| {
        if expected != "*" && expected != actual {
            wrong.push(format!("{what}: expected {expected}, found {actual}"));
        }
    };
    check("intent", &columns[0], found.intent);
    check(
        "type",
        &columns[1],
        found.item_type.as_deref().unwrap_or("-"),
    );
    check("filter", &columns[2], &filter_text(selection));
    let list = |text: &str| {
        text.split(',')
            .map(|id| id.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let fits = match columns[3].as_str() {
        "*" => true,
        "-" => ids.is_empty(),
        "!" => !ids.is_empty() && ids.iter().all(|id| !shown.contains(&(*id).to_owned())),
        "@last" => ids.first().copied() == shown.last().map(String::as_str),
        at if at.starts_with('@') => {
            ids.first().copied()
                == shown
                    .get(at[1..].parse::<usize>().unwrap() - 1)
                    .map(String::as_str)
        }
        some if some.starts_with('~') => {
            list(&some[1..]).iter().all(|id| ids.contains(&id.as_str()))
        }
        first => {
            ids.iter()
                .map(|id| (*id).to_owned())
                .take(list(first).len())
                .collect::<Vec<_>>()
                == list(first)
        }
    };
    if !fits {
        wrong.push(format!(
            "cards: expected {}, found {}",
            columns[3],
            ids.join(", ")
        ));
    }
    wrong
}

#[test]
fn questions_find_their_cards() {
    let engine = engine();
    let rows = rows(include_str!("questions.txt"), 5);
    assert!(rows.len() >= 60, "{} questions", rows.len());
    let mut failures = Vec::new();
    for row in &rows {
        let (found, selection) = answer(&engine, &row[0], &[]);
        let wrong = differences(&found, &selection, &row[1..], &[]);
        if !wrong.is_empty() {
            let entities: Vec<String> = found
                .entities
                .iter()
                .map(|e| format!("{}={}", e.kind, e.value))
                .collect();
            failures.push(format!(
                "{:?} [{}] {:?}\n    {}",
                row[0],
                entities.join(" "),
                found.keywords,
                wrong.join("\n    ")
            ));
        }
        assert!(selection.hits.len() <= LIMIT);
        assert!(selection.n_matching >= selection.hits.len());
    }
    assert!(
        failures.is_empty(),
        "{} of {} questions fail:\n{}",
        failures.len(),
        rows.len(),
        failures.join("\n")
    );
}

#[test]
fn conversations_go_on() {
    let engine = engine();
    let mut failures = Vec::new();
    for row in rows(include_str!("conversations.txt"), 6) {
        let (before, selection) = answer(&engine, &row[0], &[]);
        let shown: Vec<String> = selection
            .hits
            .iter()
            .map(|hit| hit.item.id.clone())
            .collect();
        let turn = Turn {
            user: row[0].clone(),
            assistant: "Something was said.".to_owned(),
            intent: Some(before.intent.to_owned()),
            item_ids: shown.clone(),
            item_type: before.item_type,
        };
        let (found, selection) = answer(&engine, &row[1], &[turn]);
        let wrong = differences(&found, &selection, &row[2..], &shown);
        if !wrong.is_empty() {
            let entities: Vec<String> = found
                .entities
                .iter()
                .map(|e| format!("{}={}", e.kind, e.value))
                .collect();
            failures.push(format!(
                "{:?} after {:?} {shown:?} [{}] {:?}\n    {}",
                row[1],
                row[0],
                entities.join(" "),
                found.keywords,
                wrong.join("\n    ")
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn factors_are_shares_and_add_up_to_the_confidence() {
    let engine = engine();
    for row in rows(include_str!("questions.txt"), 5) {
        let found = engine.classify(&row[0], &[]).unwrap();
        let weights: f32 = found.factors.iter().map(|f| f.weight).sum();
        let total: f32 = found.factors.iter().map(|f| f.weight * f.value).sum();
        assert!((weights - 1.0).abs() < 1e-6);
        assert!((total - found.confidence).abs() < 1e-6);
        assert!(
            found.factors.iter().all(|f| (0.0..=1.0).contains(&f.value)),
            "{row:?} {:?}",
            found.factors
        );
        assert!(
            found
                .entities
                .iter()
                .all(|e| (0.0..=1.0).contains(&e.confidence) && !e.value.is_empty())
        );
    }
}

#[test]
fn a_clear_question_is_more_certain_than_a_misheard_or_vague_one() {
    let engine = engine();
    let confidence = |text: &str| engine.classify(text, &[]).unwrap().confidence;
    assert!(confidence("Which projects used COBOL?") > confidence("which projects used kobbol"));
    assert!(confidence("Which projects used COBOL?") > confidence("cobol thing frobnicate"));
    assert!(confidence("Which projects used COBOL?") > 0.8);
    assert!(confidence("uh the") < 0.5);
}

#[test]
fn scores_follow_the_formula_and_every_hit_has_a_reason() {
    let engine = engine();
    for row in rows(include_str!("questions.txt"), 5) {
        let (_, selection) = answer(&engine, &row[0], &[]);
        for hit in &selection.hits {
            let s = &hit.score;
            for part in [s.keyword, s.technology, s.recency, s.impact] {
                assert!((0.0..=1.0).contains(&part), "{row:?} {s:?}");
            }
            let total = 0.4 * s.keyword + 0.3 * s.technology + 0.2 * s.recency + 0.1 * s.impact;
            assert!((total - s.total).abs() < 1e-6, "{row:?} {s:?}");
        }
    }
    let (_, selection) = answer(&engine, "which projects used COBOL", &[]);
    assert!(
        selection.hits[0]
            .score
            .reasons
            .contains(&"technology: COBOL".to_owned()),
        "{:?}",
        selection.hits[0].score.reasons
    );
}

#[test]
fn search_scores_and_filters() {
    use intent_rules::select::filter::Filter;
    let engine = engine();
    let ids = |text: &str, filter: Filter, limit| -> Vec<String> {
        engine
            .search(text, filter, limit)
            .unwrap()
            .into_iter()
            .map(|hit| hit.item.id.clone())
            .collect()
    };
    assert_eq!(
        ids("moth relay logbook", Filter::default(), 1),
        ["mark-ii-moth"]
    );
    assert_eq!(
        ids("xylophone", Filter::default(), 10),
        Vec::<String>::new()
    );
    let awards = ids(
        "",
        Filter {
            type_name: Some("award".to_owned()),
            ..Filter::default()
        },
        50,
    );
    assert_eq!(awards.len(), 8);
    let fifties = ids(
        "language",
        Filter {
            from_year: Some(1950),
            to_year: Some(1959),
            technologies: vec!["cobalt".to_owned()],
            ..Filter::default()
        },
        50,
    );
    assert!(
        !fifties.is_empty()
            && fifties.iter().all(|id| engine
                .item(id)
                .unwrap()
                .technologies
                .contains(&"COBOL".to_owned())),
        "{fifties:?}"
    );
    assert!(
        engine
            .search(
                "x",
                Filter {
                    type_name: Some("planet".to_owned()),
                    ..Filter::default()
                },
                5
            )
            .is_err()
    );
    let twice = (
        ids("navy programming language", Filter::default(), 20),
        ids("navy programming language", Filter::default(), 20),
    );
    assert_eq!(twice.0, twice.1);
}

#[test]
fn too_long_a_question_is_refused_and_strange_ones_are_not() {
    let engine = engine();
    assert!(engine.classify(&"a".repeat(4_001), &[]).is_err());
    for text in [
        "\u{0}\u{1}",
        "💡💡💡",
        "日本語で話して",
        &"what ".repeat(800),
        "İİİ ß ﬁ",
        "1999999999999999999",
        "between and between 1950 and",
    ] {
        let found = engine.classify(text, &[]).unwrap();
        assert!((0.0..=1.0).contains(&found.confidence));
    }
}
