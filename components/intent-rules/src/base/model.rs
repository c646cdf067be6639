//! The content base as Rust types. Values are only made by [`super::parse`], so every one has been checked.

/// Everything there is to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentBase {
    /// Whom the items are about.
    pub subject: Name,
    /// Item types in the order they are shown.
    pub types: Vec<ItemType>,
    /// Technologies that items may name.
    pub technologies: Vec<Name>,
    /// Organisations that items may name.
    pub organisations: Vec<Name>,
    /// Stretches of time that have a name.
    pub periods: Vec<Period>,
    /// The items, in the order of the file.
    pub items: Vec<Item>,
}

/// A name and the other ways people, or speech recognition, say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Canonical form, as items write it.
    pub name: String,
    /// Other forms, in any case and with any punctuation.
    pub aliases: Vec<String>,
}

/// A kind of item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemType {
    /// What items write in `type`.
    pub name: String,
    /// Heading for people, such as `Projects`.
    pub title: String,
    /// Nouns that ask for this type; plurals are understood.
    pub synonyms: Vec<String>,
    /// Verbs that hint at this type without insisting on it.
    pub verbs: Vec<String>,
}

/// A named range of years, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Name and aliases.
    pub name: Name,
    /// First year.
    pub from_year: i32,
    /// Last year.
    pub to_year: i32,
}

/// A figure worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// What is measured.
    pub label: String,
    /// How much.
    pub value: String,
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Unique, of lower-case letters, digits and dashes.
    pub id: String,
    /// Index into [`ContentBase::types`].
    pub type_index: usize,
    /// Heading of the card.
    pub title: String,
    /// Other names people use for just this item.
    pub aliases: Vec<String>,
    /// One or two sentences for speech.
    pub summary: String,
    /// More, for a question about this item; may be empty.
    pub details: String,
    /// Canonical name of an organisation.
    pub organisation: Option<String>,
    /// First year.
    pub start_year: Option<i32>,
    /// Last year; none when it goes on or is unknown.
    pub end_year: Option<i32>,
    /// Canonical names of technologies.
    pub technologies: Vec<String>,
    /// Words people may use.
    pub keywords: Vec<String>,
    /// Figures.
    pub metrics: Vec<Metric>,
    /// How much it mattered, 0 to 1.
    pub impact: f32,
    /// Where to read on.
    pub url: Option<String>,
}

impl Item {
    /// First and last year of the item; an item without an end goes on until `newest`. None without a start.
    #[must_use]
    pub fn years(&self, newest: i32) -> Option<(i32, i32)> {
        let start = self.start_year?;
        Some((start, self.end_year.unwrap_or(newest).max(start)))
    }
}

impl ContentBase {
    /// The type name of an item.
    #[must_use]
    pub fn type_name(&self, item: &Item) -> &str {
        self.types
            .get(item.type_index)
            .map_or("", |t| t.name.as_str())
    }

    /// First and last year that any item names; none when no item has a year.
    #[must_use]
    pub fn span(&self) -> Option<(i32, i32)> {
        let years = || {
            self.items
                .iter()
                .flat_map(|item| [item.start_year, item.end_year])
                .flatten()
        };
        Some((years().min()?, years().max()?))
    }
}
