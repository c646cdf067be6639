//! Reads JSON values into typed ones and notes every mistake with its path, instead of stopping at the first.
//!
//! It does not know what the fields mean. Invariants: a value is returned only when it is within its limits; each problem is noted
//! once; at most [`limits::MAX_MISTAKES`] are kept, the rest is counted.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::limits;

/// One thing that is wrong in a content file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where, such as `items[12].startYear`; empty for the whole file.
    pub path: String,
    /// What is wrong, for a person.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// Collects mistakes while values are taken out.
#[derive(Debug, Default)]
pub struct Reader {
    mistakes: Vec<Mistake>,
    n_suppressed: usize,
}

/// An object together with its path.
#[derive(Debug, Clone)]
pub struct Object<'v> {
    /// Path of the object.
    pub path: String,
    map: &'v Map<String, Value>,
}

impl Object<'_> {
    /// Path of a field of this object.
    #[must_use]
    pub fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Whether the field is there at all.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }
}

impl Reader {
    /// Notes a mistake.
    pub fn note(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.mistakes.len() < limits::MAX_MISTAKES {
            self.mistakes.push(Mistake {
                path: path.into(),
                message: message.into(),
            });
        } else {
            self.n_suppressed += 1;
        }
    }

    /// Everything noted, in the order of the file.
    #[must_use]
    pub fn finish(mut self) -> Vec<Mistake> {
        if self.n_suppressed > 0 {
            self.mistakes.push(Mistake {
                path: String::new(),
                message: format!("and {} more mistakes", self.n_suppressed),
            });
        }
        self.mistakes
    }

    /// Takes an object and complains about keys that are not in `known`.
    pub fn object<'v>(
        &mut self,
        path: &str,
        value: &'v Value,
        known: &[&str],
    ) -> Option<Object<'v>> {
        let Value::Object(map) = value else {
            self.wrong(path, "an object", value);
            return None;
        };
        let object = Object {
            path: path.to_owned(),
            map,
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let hint = closest(key, known)
                .map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"));
            self.note(object.at(&shorten(key)), format!("unknown key{hint}"));
        }
        Some(object)
    }

    /// A required value of any kind.
    pub fn value<'v>(&mut self, object: &Object<'v>, key: &str) -> Option<&'v Value> {
        match object.map.get(key) {
            None => self.missing(object, key),
            value => value,
        }
    }

    /// A required string of 1 to `max` characters.
    pub fn text(&mut self, object: &Object<'_>, key: &str, max: usize) -> Option<String> {
        match object.map.get(key) {
            None => self.missing(object, key),
            Some(value) => self.checked(&object.at(key), value, max),
        }
    }

    /// An optional string of 1 to `max` characters.
    pub fn optional_text(&mut self, object: &Object<'_>, key: &str, max: usize) -> Option<String> {
        let value = object.map.get(key)?;
        self.checked(&object.at(key), value, max)
    }

    /// An optional list of strings of 1 to `max` characters; empty when it is not there.
    pub fn texts(&mut self, object: &Object<'_>, key: &str, max: usize) -> Vec<String> {
        self.list(object, key, limits::MAX_LIST, false)
            .into_iter()
            .filter_map(|(path, value)| self.checked(&path, value, max))
            .collect()
    }

    /// The elements of a list, each with its path; no more than `max` of them.
    pub fn list<'v>(
        &mut self,
        object: &Object<'v>,
        key: &str,
        max: usize,
        required: bool,
    ) -> Vec<(String, &'v Value)> {
        let path = object.at(key);
        match object.map.get(key) {
            None if required => {
                self.missing::<()>(object, key);
                Vec::new()
            }
            None => Vec::new(),
            Some(Value::Array(values)) => {
                if values.len() > max {
                    self.note(
                        path.clone(),
                        format!("{} entries, at most {max} are allowed", values.len()),
                    );
                }
                values
                    .iter()
                    .take(max)
                    .enumerate()
                    .map(|(i, value)| (format!("{path}[{i}]"), value))
                    .collect()
            }
            Some(value) => {
                self.wrong(&path, "a list", value);
                Vec::new()
            }
        }
    }

    /// An integer of a range.
    pub fn integer(
        &mut self,
        object: &Object<'_>,
        key: &str,
        range: &RangeInclusive<i64>,
        required: bool,
    ) -> Option<i32> {
        let path = object.at(key);
        let Some(value) = object.map.get(key) else {
            return if required {
                self.missing(object, key)
            } else {
                None
            };
        };
        let Some(number) = value.as_i64() else {
            self.wrong(&path, "an integer", value);
            return None;
        };
        if !range.contains(&number) {
            self.note(
                path,
                format!("{number} is outside {} to {}", range.start(), range.end()),
            );
            return None;
        }
        i32::try_from(number).ok()
    }

    /// A required number between 0 and 1.
    pub fn share(&mut self, object: &Object<'_>, key: &str) -> Option<f32> {
        let path = object.at(key);
        let Some(value) = object.map.get(key) else {
            return self.missing(object, key);
        };
        let Some(number) = value.as_f64() else {
            self.wrong(&path, "a number", value);
            return None;
        };
        if !(0.0..=1.0).contains(&number) {
            self.note(path, format!("{number} is outside 0 to 1"));
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a share needs no more than seven digits"
        )]
        Some(number as f32)
    }

    /// Checks one string.
    fn checked(&mut self, path: &str, value: &Value, max: usize) -> Option<String> {
        let Value::String(text) = value else {
            self.wrong(path, "a string", value);
            return None;
        };
        let n_characters = text.chars().count();
        if text.trim().is_empty() {
            self.note(path, "expected some text, found an empty string");
        } else if n_characters > max {
            self.note(
                path,
                format!("{n_characters} characters, at most {max} are allowed"),
            );
        } else if text.chars().any(|c| c.is_control() && c != '\n') {
            self.note(path, "contains a control character");
        } else {
            return Some(text.trim().to_owned());
        }
        None
    }

    fn missing<T>(&mut self, object: &Object<'_>, key: &str) -> Option<T> {
        self.note(object.path.clone(), format!("missing \"{key}\""));
        None
    }

    fn wrong(&mut self, path: &str, expected: &str, found: &Value) {
        self.note(
            path,
            format!("expected {expected}, found {}", describe(found)),
        );
    }
}

/// The entry of `names` that `word` was probably meant to be.
#[must_use]
pub fn closest<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let lower = word.to_lowercase();
    names
        .iter()
        .map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// Shortens text for a message.
#[must_use]
pub fn shorten(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST).chain("...".chars()).collect()
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{:?}", shorten(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
