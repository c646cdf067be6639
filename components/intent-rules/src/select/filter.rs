//! Restrictions that every result meets.

use crate::base::{ContentBase, Item};
use crate::error::Error;

/// A restriction; an empty part restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only items of this type.
    pub type_name: Option<String>,
    /// Only items with at least one of these technologies (canonical names).
    pub technologies: Vec<String>,
    /// Only items of this organisation (canonical name).
    pub organisation: Option<String>,
    /// Only items that touch the years from here on.
    pub from_year: Option<i32>,
    /// Only items that touch the years up to here.
    pub to_year: Option<i32>,
}

impl Filter {
    /// Whether it restricts nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an item meets it. An item without years meets no restriction of years.
    #[must_use]
    pub fn accepts(&self, base: &ContentBase, item: &Item) -> bool {
        let newest = base.span().map_or(i32::MAX, |(_, newest)| newest);
        self.type_name
            .as_deref()
            .is_none_or(|name| base.type_name(item) == name)
            && (self.technologies.is_empty()
                || self
                    .technologies
                    .iter()
                    .any(|name| item.technologies.contains(name)))
            && self
                .organisation
                .as_ref()
                .is_none_or(|name| item.organisation.as_ref() == Some(name))
            && self.accepts_years(item.years(newest))
    }

    fn accepts_years(&self, years: Option<(i32, i32)>) -> bool {
        if self.from_year.is_none() && self.to_year.is_none() {
            return true;
        }
        years.is_some_and(|(start, end)| {
            self.from_year.is_none_or(|from| end >= from)
                && self.to_year.is_none_or(|to| start <= to)
        })
    }

    /// Replaces names by their canonical forms: any case, any alias.
    ///
    /// # Errors
    /// `invalid-input` for a type that the base does not have. Unknown technologies and organisations stay and match nothing.
    pub fn canonical(mut self, base: &ContentBase) -> Result<Self, Error> {
        if let Some(name) = &self.type_name {
            let known = base
                .types
                .iter()
                .find(|t| t.name.eq_ignore_ascii_case(name));
            self.type_name = Some(known.ok_or_else(|| unknown_type(base, name))?.name.clone());
        }
        for technology in &mut self.technologies {
            canonicalise(technology, &base.technologies);
        }
        if let Some(organisation) = &mut self.organisation {
            canonicalise(organisation, &base.organisations);
        }
        Ok(self)
    }
}

/// The error for a type name that the base does not have.
#[must_use]
pub fn unknown_type(base: &ContentBase, name: &str) -> Error {
    let known: Vec<&str> = base.types.iter().map(|t| t.name.as_str()).collect();
    Error::InvalidInput(format!(
        "unknown type {:?}; known are {}",
        crate::base::reader::shorten(name),
        known.join(", ")
    ))
}

fn canonicalise(name: &mut String, known: &[crate::base::Name]) {
    let same = |other: &str| other.eq_ignore_ascii_case(name);
    if let Some(entry) = known
        .iter()
        .find(|entry| same(&entry.name) || entry.aliases.iter().any(|alias| same(alias)))
    {
        name.clone_from(&entry.name);
    }
}
