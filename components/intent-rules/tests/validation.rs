//! Broken content files: every mistake is found with its path, and no bytes make the validator panic.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use intent_rules::base::{BaseError, ContentBase, limits};
use serde_json::{Value, json};

const SAMPLE: &[u8] = include_bytes!("../../../content/content.json");

fn small() -> Value {
    json!({
        "language": "en",
        "subject": {"name": "Ada"},
        "types": [{"name": "project", "title": "Projects"}],
        "technologies": [{"name": "COBOL", "aliases": ["cobalt"]}],
        "organisations": [{"name": "Navy"}],
        "items": [
            {"id": "one", "type": "project", "title": "One", "summary": "The first.", "impact": 0.5, "startYear": 1950, "endYear": 1952},
            {"id": "two", "type": "project", "title": "Two", "summary": "The second.", "impact": 1, "technologies": ["COBOL"]}
        ]
    })
}

fn mistakes(value: &Value) -> Vec<String> {
    match ContentBase::from_json(value.to_string().as_bytes()) {
        Ok(_) => Vec::new(),
        Err(BaseError::Invalid(mistakes)) => mistakes.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
    }
}

/// The small base with one value replaced, or removed when there is none.
fn with(pointer: &str, value: Option<Value>) -> Value {
    let mut base = small();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let target = base.pointer_mut(parent).unwrap();
    match (target, value) {
        (Value::Object(map), Some(value)) => drop(map.insert(key.to_owned(), value)),
        (Value::Object(map), None) => drop(map.remove(key)),
        (Value::Array(list), Some(value)) => list[key.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer}"),
    }
    base
}

#[test]
fn the_sample_base_is_valid_and_rich_enough() {
    let base = ContentBase::from_json(SAMPLE).unwrap();
    assert!(base.items.len() >= 36);
    for kind in ["project", "experience", "skill", "education", "publication"] {
        assert!(
            base.items.iter().any(|item| base.type_name(item) == kind),
            "{kind}"
        );
    }
    for item in &base.items {
        assert!(
            !item
                .summary
                .contains(['(', ')', '/', '&', ';', '%', '*', '_']),
            "{}: odd to hear",
            item.id
        );
        assert!(
            item.summary.ends_with('.') && item.details.ends_with('.'),
            "{}",
            item.id
        );
        assert!(
            item.summary.split_whitespace().count() <= 55,
            "{} is too long to say",
            item.id
        );
    }
    assert_eq!(mistakes(&small()), Vec::<String>::new());
}

#[test]
fn every_kind_of_mistake_is_named_with_its_path() {
    let cases: Vec<(Value, &str)> = vec![
        (
            with("/items/1/startYear", Some(json!("1952"))),
            r#"items[1].startYear: expected an integer, found "1952""#,
        ),
        (
            with("/items/0/endYear", Some(json!(1949))),
            "items[0].endYear: 1949 is before startYear 1950",
        ),
        (
            with("/items/1/endYear", Some(json!(1949))),
            "items[1].endYear: needs a startYear",
        ),
        (
            with("/items/1/startYear", Some(json!(19520))),
            "items[1].startYear: 19520 is outside 1 to 2999",
        ),
        (
            with("/items/1/startYear", Some(json!(1952.5))),
            "items[1].startYear: expected an integer, found 1952.5",
        ),
        (
            with("/items/1/id", Some(json!("one"))),
            r#"items[1].id: "one" is already the id of items[0]"#,
        ),
        (
            with("/items/1/id", Some(json!("Two!"))),
            r#"items[1].id: "Two!" may only hold lower-case letters, digits and dashes"#,
        ),
        (
            with("/items/0/type", Some(json!("projekt"))),
            r#"items[0].type: unknown type "projekt"; did you mean "project"?"#,
        ),
        (
            with("/items/0/type", Some(json!("hobby"))),
            r#"items[0].type: unknown type "hobby"; known are project"#,
        ),
        (
            with("/items/0/sumary", Some(json!("x"))),
            r#"items[0].sumary: unknown key; did you mean "summary"?"#,
        ),
        (
            with("/items/0/summary", None),
            r#"items[0]: missing "summary""#,
        ),
        (
            with("/items/0/title", Some(json!("  "))),
            "items[0].title: expected some text, found an empty string",
        ),
        (
            with("/items/0/title", Some(json!("x".repeat(201)))),
            "items[0].title: 201 characters, at most 200 are allowed",
        ),
        (
            with("/items/0/impact", Some(json!(1.5))),
            "items[0].impact: 1.5 is outside 0 to 1",
        ),
        (
            with("/items/0/impact", Some(json!("high"))),
            r#"items[0].impact: expected a number, found "high""#,
        ),
        (
            with("/items/0/keywords", Some(json!("moth"))),
            r#"items[0].keywords: expected a list, found "moth""#,
        ),
        (
            with("/items/0/keywords", Some(json!(["moth", 3]))),
            "items[0].keywords[1]: expected a string, found 3",
        ),
        (
            with("/items/1/technologies", Some(json!(["COBOOL"]))),
            r#"items[1].technologies[0]: unknown technology "COBOOL"; did you mean "COBOL"?"#,
        ),
        (
            with("/items/1/organisation", Some(json!("Army"))),
            r#"items[1].organisation: unknown organisation "Army"; known are Navy"#,
        ),
        (
            with("/items/1/metrics", Some(json!([{"label": "size"}]))),
            r#"items[1].metrics[0]: missing "value""#,
        ),
        (
            with("/items/1/url", Some(json!("javascript:x"))),
            "items[1].url: expected an address that starts with https:// or http://",
        ),
        (
            with("/items/1", Some(json!(7))),
            "items[1]: expected an object, found 7",
        ),
        (
            with("/types", Some(json!([]))),
            "types: at least one type is needed",
        ),
        (with("/subject", None), r#"missing "subject""#),
        (
            with("/language", Some(json!("de"))),
            r#"language: "de" is not understood by these rules; write "en""#,
        ),
        (json!([]), "expected an object, found a list"),
    ];
    for (value, expected) in cases {
        assert!(
            mistakes(&value).iter().any(|m| m == expected),
            "expected {expected:?} in {:#?}",
            mistakes(&value)
        );
    }
}

#[test]
fn all_mistakes_come_at_once_and_never_too_many() {
    let mut base = small();
    base["items"][0]["impact"] = json!(-1);
    base["items"][1]["titel"] = json!("x");
    base["technologies"][0]["aliases"] = json!({});
    let found = mistakes(&base);
    assert_eq!(found.len(), 3, "{found:#?}");
    base["items"] = Value::Array((0..500).map(|_| json!({})).collect());
    let found = mistakes(&base);
    assert_eq!(found.len(), limits::MAX_MISTAKES + 1);
    assert!(
        found.last().unwrap().starts_with("and "),
        "{:?}",
        found.last()
    );
}

#[test]
fn sizes_are_limited() {
    let huge = vec![b' '; limits::MAX_FILE_BYTES + 1];
    assert!(matches!(
        ContentBase::from_json(&huge),
        Err(BaseError::TooLarge(_))
    ));
    let item = |i: usize| json!({"id": format!("i{i}"), "type": "project", "title": "T", "summary": "S.", "impact": 0});
    let many = with(
        "/items",
        Some(Value::Array((0..=limits::MAX_ITEMS).map(item).collect())),
    );
    assert!(
        mistakes(&many)
            .iter()
            .any(|m| m.starts_with("items: 2001 entries"))
    );
    let deep = "[".repeat(100_000);
    assert!(matches!(
        ContentBase::from_json(deep.as_bytes()),
        Err(BaseError::Json(_))
    ));
}

/// A small generator, so that failures can be repeated (SplitMix64, Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }
}

/// Replaces a random value somewhere in the tree.
fn mutate(value: &mut Value, random: &mut Random) {
    let go_down = random.below(6) > 0;
    match value {
        Value::Array(list) if go_down && !list.is_empty() => {
            let at = random.below(list.len());
            mutate(&mut list[at], random);
        }
        Value::Object(map) if go_down && !map.is_empty() => {
            let at = random.below(map.len());
            let key = map.keys().nth(at).unwrap().clone();
            if random.below(8) == 0 {
                let moved = map.remove(&key).unwrap();
                map.insert(
                    format!("{key}{}", ["x", "", "\u{0}", "é"][random.below(4)]),
                    moved,
                );
            } else {
                mutate(&mut map[&key], random);
            }
        }
        other => {
            let values = [
                json!(null),
                json!(true),
                json!(-1),
                json!(1e300),
                json!(i64::MIN),
                json!(u64::MAX),
                json!(""),
                json!("\u{0}"),
                json!("x".repeat(5_000)),
                json!([]),
                json!({}),
                json!([[[[]]]]),
                json!("İ"),
                json!("!!!"),
                json!(0.5),
                json!(1999),
                json!("the"),
                json!({"name": "I"}),
            ];
            *other = values[random.below(values.len())].clone();
        }
    }
}

#[test]
fn no_mutated_file_makes_the_validator_or_the_engine_panic() {
    let sample: Value = serde_json::from_slice(SAMPLE).unwrap();
    let mut random = Random(2);
    let mut n_valid = 0;
    for round in 0..3_000 {
        let mut value = if round % 5 == 0 {
            sample.clone()
        } else {
            small()
        };
        for _ in 0..=random.below(4) {
            mutate(&mut value, &mut random);
        }
        match ContentBase::from_json(value.to_string().as_bytes()) {
            Ok(base) => {
                n_valid += 1;
                let engine = intent_rules::Engine::new(base).unwrap();
                let found = engine
                    .classify("which projects used COBOL in the fifties", &[])
                    .unwrap();
                assert!((0.0..=1.0).contains(&found.confidence));
                engine
                    .search("first second the", Default::default(), 5)
                    .unwrap();
            }
            Err(BaseError::Invalid(mistakes)) => assert!(!mistakes.is_empty()),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(
        n_valid > 20,
        "only {n_valid} mutations stayed valid, the test looks at too little"
    );
}

#[test]
fn no_damaged_bytes_make_the_validator_panic() {
    let mut random = Random(7);
    for _ in 0..2_000 {
        let mut bytes = small().to_string().into_bytes();
        for _ in 0..=random.below(5) {
            if bytes.is_empty() {
                break;
            }
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(1)),
            }
        }
        if let Err(error) = ContentBase::from_json(&bytes) {
            assert!(!error.to_string().is_empty());
        }
    }
}
