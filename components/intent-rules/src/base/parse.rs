//! JSON to [`ContentBase`]: which fields there are, and the rules that tie them together.
//!
//! Types: every field is read with [`Reader`], so one pass finds all mistakes. Names are compared exactly, with a suggestion when one is
//! close, because a silent near match would hide an item from its filter.

use std::collections::HashMap;

use serde_json::Value;

use super::limits;
use super::model::{ContentBase, Item, ItemType, Metric, Name, Period};
use super::reader::{Mistake, Object, Reader, closest, shorten};

const ROOT_KEYS: [&str; 8] = [
    "$schema",
    "language",
    "subject",
    "types",
    "technologies",
    "organisations",
    "periods",
    "items",
];
const ITEM_KEYS: [&str; 14] = [
    "id",
    "type",
    "title",
    "aliases",
    "summary",
    "details",
    "organisation",
    "startYear",
    "endYear",
    "technologies",
    "keywords",
    "metrics",
    "impact",
    "url",
];

/// Reads a whole base.
///
/// # Errors
/// Every mistake found, at least one.
pub(super) fn base(value: &Value) -> Result<ContentBase, Vec<Mistake>> {
    let mut r = Reader::default();
    let parsed = read(&mut r, value);
    let mistakes = r.finish();
    match parsed {
        Some(base) if mistakes.is_empty() => Ok(base),
        _ => Err(mistakes),
    }
}

fn read(r: &mut Reader, value: &Value) -> Option<ContentBase> {
    let root = r.object("", value, &ROOT_KEYS)?;
    if let Some(language) = r.text(&root, "language", limits::MAX_ID)
        && language.split('-').next() != Some("en")
    {
        r.note(
            "language",
            format!(
                "{:?} is not understood by these rules; write \"en\"",
                shorten(&language)
            ),
        );
    }
    let subject = r
        .value(&root, "subject")
        .and_then(|value| name(r, "subject", value));
    let types = types(r, &root);
    let technologies = names(r, &root, "technologies");
    let organisations = names(r, &root, "organisations");
    let periods = r
        .list(&root, "periods", limits::MAX_NAMES, false)
        .into_iter()
        .filter_map(|(path, value)| period(r, &path, value))
        .collect();
    let known = Known {
        types: types.iter().map(|t| t.name.as_str()).collect(),
        technologies: technologies.iter().map(|t| t.name.as_str()).collect(),
        organisations: organisations.iter().map(|o| o.name.as_str()).collect(),
    };
    let mut ids = HashMap::new();
    let mut items = Vec::new();
    for (path, value) in r.list(&root, "items", limits::MAX_ITEMS, true) {
        if let Some(item) = item(r, &path, value, &known, &mut ids) {
            items.push(item);
        }
    }
    Some(ContentBase {
        subject: subject?,
        types,
        technologies,
        organisations,
        periods,
        items,
    })
}

/// Names that items may use.
struct Known<'b> {
    types: Vec<&'b str>,
    technologies: Vec<&'b str>,
    organisations: Vec<&'b str>,
}

fn types(r: &mut Reader, root: &Object<'_>) -> Vec<ItemType> {
    let mut types: Vec<ItemType> = Vec::new();
    for (path, value) in r.list(root, "types", limits::MAX_TYPES, true) {
        let Some(object) = r.object(&path, value, &["name", "title", "synonyms", "verbs"]) else {
            continue;
        };
        let name = r.text(&object, "name", limits::MAX_ID);
        let title = r.text(&object, "title", limits::MAX_NAME);
        let synonyms = r.texts(&object, "synonyms", limits::MAX_NAME);
        let verbs = r.texts(&object, "verbs", limits::MAX_NAME);
        let (Some(name), Some(title)) = (name, title) else {
            continue;
        };
        if types.iter().any(|t| t.name == name) {
            r.note(
                object.at("name"),
                format!("type {name:?} is declared twice"),
            );
            continue;
        }
        types.push(ItemType {
            name,
            title,
            synonyms,
            verbs,
        });
    }
    if types.is_empty() && root.has("types") {
        r.note("types", "at least one type is needed");
    }
    types
}

fn names(r: &mut Reader, root: &Object<'_>, key: &str) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for (path, value) in r.list(root, key, limits::MAX_NAMES, false) {
        let Some(name) = name(r, &path, value) else {
            continue;
        };
        if names.iter().any(|n| n.name == name.name) {
            r.note(
                format!("{path}.name"),
                format!("{:?} is declared twice", name.name),
            );
            continue;
        }
        names.push(name);
    }
    names
}

fn name(r: &mut Reader, path: &str, value: &Value) -> Option<Name> {
    let object = r.object(path, value, &["name", "aliases"])?;
    let name = r.text(&object, "name", limits::MAX_NAME);
    let aliases = r.texts(&object, "aliases", limits::MAX_NAME);
    Some(Name {
        name: name?,
        aliases,
    })
}

fn period(r: &mut Reader, path: &str, value: &Value) -> Option<Period> {
    let object = r.object(path, value, &["name", "aliases", "fromYear", "toYear"])?;
    let name = r.text(&object, "name", limits::MAX_NAME);
    let aliases = r.texts(&object, "aliases", limits::MAX_NAME);
    let from_year = r.integer(&object, "fromYear", &limits::YEARS, true)?;
    let to_year = r.integer(&object, "toYear", &limits::YEARS, true)?;
    if to_year < from_year {
        r.note(
            object.at("toYear"),
            format!("{to_year} is before fromYear {from_year}"),
        );
        return None;
    }
    Some(Period {
        name: Name {
            name: name?,
            aliases,
        },
        from_year,
        to_year,
    })
}

fn item(
    r: &mut Reader,
    path: &str,
    value: &Value,
    known: &Known<'_>,
    ids: &mut HashMap<String, String>,
) -> Option<Item> {
    let object = r.object(path, value, &ITEM_KEYS)?;
    let id = r
        .text(&object, "id", limits::MAX_ID)
        .filter(|id| check_id(r, &object, id, ids));
    let type_index = r.text(&object, "type", limits::MAX_ID).and_then(|name| {
        let index = known.types.iter().position(|t| *t == name);
        if index.is_none() {
            unknown(r, &object.at("type"), "type", &name, &known.types);
        }
        index
    });
    let title = r.text(&object, "title", limits::MAX_TITLE);
    let aliases = r.texts(&object, "aliases", limits::MAX_NAME);
    let summary = r.text(&object, "summary", limits::MAX_SUMMARY);
    let details = r
        .optional_text(&object, "details", limits::MAX_DETAILS)
        .unwrap_or_default();
    let organisation = r.optional_text(&object, "organisation", limits::MAX_NAME);
    if let Some(name) = organisation
        .as_deref()
        .filter(|name| !known.organisations.contains(name))
    {
        unknown(
            r,
            &object.at("organisation"),
            "organisation",
            name,
            &known.organisations,
        );
    }
    let (start_year, end_year) = years(r, &object);
    let technologies = r.texts(&object, "technologies", limits::MAX_NAME);
    for (i, name) in technologies
        .iter()
        .enumerate()
        .filter(|(_, name)| !known.technologies.contains(&name.as_str()))
    {
        unknown(
            r,
            &format!("{}[{i}]", object.at("technologies")),
            "technology",
            name,
            &known.technologies,
        );
    }
    let keywords = r.texts(&object, "keywords", limits::MAX_NAME);
    let metrics = r
        .list(&object, "metrics", limits::MAX_LIST, false)
        .into_iter()
        .filter_map(|(path, value)| metric(r, &path, value))
        .collect();
    let impact = r.share(&object, "impact");
    let url = r.optional_text(&object, "url", limits::MAX_URL);
    if url
        .as_deref()
        .is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://"))
    {
        r.note(
            object.at("url"),
            "expected an address that starts with https:// or http://",
        );
    }
    Some(Item {
        id: id?,
        type_index: type_index?,
        title: title?,
        aliases,
        summary: summary?,
        details,
        organisation,
        start_year,
        end_year,
        technologies,
        keywords,
        metrics,
        impact: impact?,
        url,
    })
}

fn check_id(
    r: &mut Reader,
    object: &Object<'_>,
    id: &str,
    ids: &mut HashMap<String, String>,
) -> bool {
    let path = object.at("id");
    if !id
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        r.note(
            path,
            format!(
                "{:?} may only hold lower-case letters, digits and dashes",
                shorten(id)
            ),
        );
        return false;
    }
    if let Some(first) = ids.get(id) {
        r.note(path, format!("{id:?} is already the id of {first}"));
        return false;
    }
    ids.insert(id.to_owned(), object.path.clone());
    true
}

fn years(r: &mut Reader, object: &Object<'_>) -> (Option<i32>, Option<i32>) {
    let start = r.integer(object, "startYear", &limits::YEARS, false);
    let end = r.integer(object, "endYear", &limits::YEARS, false);
    match (start, end) {
        (Some(start), Some(end)) if end < start => r.note(
            object.at("endYear"),
            format!("{end} is before startYear {start}"),
        ),
        (None, Some(_)) if !object.has("startYear") => {
            r.note(object.at("endYear"), "needs a startYear")
        }
        _ => {}
    }
    (start, end)
}

fn metric(r: &mut Reader, path: &str, value: &Value) -> Option<Metric> {
    let object = r.object(path, value, &["label", "value"])?;
    let label = r.text(&object, "label", limits::MAX_NAME);
    let value = r.text(&object, "value", limits::MAX_NAME);
    Some(Metric {
        label: label?,
        value: value?,
    })
}

fn unknown(r: &mut Reader, path: &str, what: &str, name: &str, known: &[&str]) {
    let hint = match closest(name, known) {
        Some(close) => format!("did you mean {close:?}?"),
        None if known.len() <= 12 => format!("known are {}", known.join(", ")),
        None => format!(
            "declare it at the top of the file, among {} others",
            known.len()
        ),
    };
    r.note(path, format!("unknown {what} {:?}; {hint}", shorten(name)));
}
