//! Sizes that the content base may not pass.
//!
//! They keep one careless file from filling the memory of a stage, and are generous for content written by people: the sample base
//! uses about one percent of each. `content/README.md` repeats them for authors.

use std::ops::RangeInclusive;

/// Most bytes of `content.json`.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// Most items.
pub const MAX_ITEMS: usize = 2_000;
/// Most item types.
pub const MAX_TYPES: usize = 32;
/// Most technologies, and most organisations, and most periods.
pub const MAX_NAMES: usize = 1_000;
/// Most entries of any list inside an entry: aliases, keywords, technologies of an item, metrics.
pub const MAX_LIST: usize = 50;
/// Most characters of an id or a type name.
pub const MAX_ID: usize = 64;
/// Most characters of a name, alias, keyword, metric label or metric value.
pub const MAX_NAME: usize = 100;
/// Most characters of a title.
pub const MAX_TITLE: usize = 200;
/// Most characters of a summary: two spoken sentences.
pub const MAX_SUMMARY: usize = 600;
/// Most characters of the details.
pub const MAX_DETAILS: usize = 4_000;
/// Most characters of a web address.
pub const MAX_URL: usize = 2_000;
/// Years that a date may name.
pub const YEARS: RangeInclusive<i64> = 1..=2_999;
/// Mistakes listed before the rest is only counted.
pub const MAX_MISTAKES: usize = 100;
