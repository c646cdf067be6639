//! The sentences around the facts, read from `data/frames.json`.
//!
//! They are the same for every persona, apart from the frames of item types, which a persona may replace. The file is part of the
//! component, so a broken one is a defect of the build, which a test catches.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::phrase;

/// Values that the frame of a type may use besides pronouns and the name.
pub const FRAME_VALUES: &[&str] = &["n", "noun", "fit"];

/// How to say how many items of a type there are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeFrame {
    /// The sentence, without its final mark: `{They} wrote {n} {noun} that {fit}`.
    pub frame: String,
    /// The noun for one.
    pub one: String,
    /// The noun for several.
    pub many: String,
}

/// All frames.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Frames {
    /// By item type.
    pub types: BTreeMap<String, TypeFrame>,
    /// For items of several types, or of a type without a frame.
    pub any: TypeFrame,
    /// A list that is complete.
    pub all: Vec<String>,
    /// A list that is not.
    pub some: Vec<String>,
    /// A list of one.
    pub single: Vec<String>,
    /// A number, and a few examples.
    pub count_some: Vec<String>,
    /// What to look at first.
    pub highlights: Vec<String>,
    /// A date.
    pub when: Vec<String>,
    /// No date.
    pub when_unknown: Vec<String>,
    /// A length of time.
    pub lasting: Vec<String>,
    /// Begins a comparison.
    pub compare: Vec<String>,
    /// Which was first.
    pub compare_order: Vec<String>,
    /// Neither was first.
    pub compare_same: Vec<String>,
    /// What both have.
    pub compare_shared: Vec<String>,
    /// Nothing is left to tell.
    pub all_told: Vec<String>,
    /// A follow-up to nothing.
    pub follow_up_of_what: Vec<String>,
}

impl Frames {
    /// Reads the built-in frames.
    ///
    /// # Errors
    /// In words, when the data file is broken.
    pub fn built_in() -> Result<Self, String> {
        let frames: Self = serde_json::from_str(include_str!("../data/frames.json"))
            .map_err(|e| format!("frames.json: {e}"))?;
        for frame in frames.types.values().chain([&frames.any]) {
            phrase::check(&frame.frame, FRAME_VALUES)
                .map_err(|e| format!("frames.json: {:?}: {e}", frame.frame))?;
        }
        let lists: [(&[String], &[&str]); 13] = [
            (&frames.all, &["frame", "titles"]),
            (&frames.some, &["frame", "titles"]),
            (&frames.single, &["frame", "titles"]),
            (&frames.count_some, &["frame", "titles"]),
            (&frames.highlights, &["titles"]),
            (&frames.when, &["when"]),
            (&frames.when_unknown, &[]),
            (&frames.lasting, &["span"]),
            (&frames.compare, &["titles"]),
            (
                &frames.compare_order,
                &["first", "firstWhen", "second", "secondWhen"],
            ),
            (&frames.compare_same, &["firstWhen"]),
            (&frames.compare_shared, &["shared"]),
            (&frames.all_told, &["title"]),
        ];
        for (phrases, values) in lists
            .into_iter()
            .chain([(frames.follow_up_of_what.as_slice(), &[] as &[&str])])
        {
            if phrases.is_empty() {
                return Err("frames.json: a list is empty".to_owned());
            }
            for text in phrases {
                phrase::check(text, values).map_err(|e| format!("frames.json: {text:?}: {e}"))?;
            }
        }
        Ok(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::Frames;

    #[test]
    fn the_data_file_is_sound() {
        let frames = Frames::built_in().unwrap();
        assert!(frames.types.contains_key("project"));
    }
}
