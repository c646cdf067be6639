//! Which items an answer is about: the line with which the model ends it, `ITEMS: id, id` or `ITEMS: none`.
//!
//! It is read strictly; what is not as asked for is read once more, tolerantly: brackets, quotes and case do not matter, a number or an
//! ordinal is a place in the list, a title stands for its id, JSON is taken apart. Anything in it that is no item makes it worthless:
//! better no word on the items than a wrong one.

use serde_json::Value;

use crate::request::Card;

const ORDINALS: &[&str] = &[
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
];

/// Ids of the cards that a line names, in its order, each once. None when it does not say it, or not about these cards.
#[must_use]
pub fn read(line: &str, cards: &[Card]) -> Option<Vec<String>> {
    strictly(line, cards).or_else(|| tolerantly(line, cards))
}

fn strictly(line: &str, cards: &[Card]) -> Option<Vec<String>> {
    let line = line.trim();
    if line == "none" {
        return Some(Vec::new());
    }
    let ids = line.split(',').map(str::trim);
    let ids: Vec<String> = ids
        .map(|id| cards.iter().find(|card| card.id == id))
        .map(|card| card.map(|card| card.id.clone()))
        .collect::<Option<_>>()?;
    let once = ids
        .iter()
        .enumerate()
        .all(|(at, id)| !ids.iter().take(at).any(|other| other == id));
    once.then_some(ids)
}

fn tolerantly(line: &str, cards: &[Card]) -> Option<Vec<String>> {
    let names = match serde_json::from_str::<Value>(bare(line, "`* \n\r\t.")) {
        Ok(value) => from_json(&value)?,
        Err(_) => from_text(line),
    };
    if let [only] = names.as_slice()
        && ["none", "nothing", "n/a", "null", "-", ""].contains(&only.to_lowercase().as_str())
    {
        return Some(Vec::new());
    }
    let mut ids = Vec::new();
    for name in names {
        let id = card(&name, cards)?.id.clone();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Some(ids)
}

/// Names in `["id"]` or in an object with one list, whatever that is called.
fn from_json(value: &Value) -> Option<Vec<String>> {
    let list = match value {
        Value::Array(list) => list,
        Value::Object(object) => object.values().find_map(Value::as_array)?,
        // A number alone is a place.
        Value::Number(number) => return Some(vec![number.to_string()]),
        Value::String(text) => return Some(from_text(text)),
        _ => return None,
    };
    let name = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => object.get("id")?.as_str().map(str::to_owned),
        _ => None,
    };
    let names: Vec<_> = list.iter().map(name).collect::<Option<_>>()?;
    Some(if names.is_empty() {
        vec!["none".into()]
    } else {
        names
    })
}

fn from_text(line: &str) -> Vec<String> {
    const MARKS: &str = "[](){}<>\"'`*_ \t\r\n.:“”‘’«»•";
    let names = bare(line, MARKS).split([',', ';', '|', '\n']);
    names
        .flat_map(|name| name.split(" and "))
        .map(|name| bare(name.trim_start().trim_start_matches("- "), MARKS))
        .map(str::to_owned)
        .collect()
}

fn bare<'a>(text: &'a str, marks: &str) -> &'a str {
    text.trim_matches(|c| marks.contains(c))
}

fn card<'a>(name: &str, cards: &'a [Card]) -> Option<&'a Card> {
    let name = name.to_lowercase();
    let named = |card: &&Card| card.id.to_lowercase() == name || card.title.to_lowercase() == name;
    cards.iter().find(named).or_else(|| {
        let place = name.trim_start_matches("the ");
        let place = place.trim_start_matches("item ").trim_end_matches(" item");
        let place = place.trim_start_matches(['#', ' ']);
        let ordinal = ORDINALS.iter().position(|ordinal| *ordinal == place);
        let number = || place.parse::<usize>().ok()?.checked_sub(1);
        cards.get(ordinal.or_else(number)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, ids: Option<&[&str]>) {
        let card = |id: &str, title: &str| Card {
            id: id.into(),
            title: title.into(),
            ..Card::default()
        };
        let cards = [
            card("a-0", "The A-0 system"),
            card("cobol", "COBOL"),
            card("moth", "The moth"),
        ];
        let ids = ids.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(line, &cards), ids, "{line}");
    }

    #[test]
    fn as_asked_for() {
        check(" cobol, a-0\n", Some(&["cobol", "a-0"]));
        check("moth", Some(&["moth"]));
        check(" none", Some(&[]));
    }

    #[test]
    fn repaired() {
        for line in [
            "[cobol], [a-0]",
            "[\"cobol\", \"a-0\"]",
            "`cobol`, `a-0`.",
            "COBOL; A-0",
            "cobol and a-0",
            "2, 1",
            "2. , #1",
            "the second, the first",
            "item 2, item 1",
            "{\"items\": [\"cobol\", \"a-0\"]}",
            "[{\"id\": \"cobol\"}, {\"id\": \"a-0\"}]",
            "cobol, the A-0 System",
            "**cobol**, **a-0**",
            "cobol, a-0, cobol",
            "cobol\na-0",
            "- cobol\n- a-0",
            "<cobol, a-0>",
            "```[2, 1]```",
        ] {
            check(line, Some(&["cobol", "a-0"]));
        }
        for line in ["None.", "[]", "(none)", "N/A", "{\"items\": []}", ""] {
            check(line, Some(&[]));
        }
        check("3", Some(&["moth"]));
    }

    #[test]
    fn what_is_no_item_makes_it_worthless() {
        for line in [
            "cobol, fortran",
            "4",
            "0",
            "cob",
            "cobol, a",
            "everything",
            "{\"a\": 1}",
            "true",
            "none, cobol",
            ",",
            "-1",
            "99999999999999999999",
        ] {
            check(line, None);
        }
    }
}
