//! What can be asked of this folder, and what comes back: the shapes that all of it shares, without a rule among them.

use super::filter::Filter;
use super::score::Score;
use crate::base::Item;

/// Most hits of one call, whatever the caller asks.
pub const MAX_HITS: usize = 50;

/// What to choose for an answer; as in the contract.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The question.
    pub text: String,
    /// Its intent.
    pub intent: String,
    /// Its item type.
    pub item_type: Option<String>,
    /// Kind and value of each entity.
    pub entities: Vec<(String, String)>,
    /// Its content words.
    pub keywords: Vec<String>,
    /// Items of the turn before.
    pub previous_item_ids: Vec<String>,
    /// Most hits.
    pub limit: usize,
}

/// An item that was chosen.
#[derive(Debug, Clone)]
pub struct Hit<'b> {
    /// The item.
    pub item: &'b Item,
    /// Its score.
    pub score: Score,
}

/// What was chosen.
#[derive(Debug, Clone, Default)]
pub struct Selection<'b> {
    /// Best first.
    pub hits: Vec<Hit<'b>>,
    /// How many items fit, before the limit.
    pub n_matching: usize,
    /// The restriction that was applied.
    pub applied: Filter,
    /// Nothing held what was asked for; these come nearest.
    pub is_guess: bool,
}
