//! Order and variety of what was chosen.

use super::choose::Hit;
use super::score::order;

/// What an item loses in the choice for each item already chosen of its type, and of its organisation.
const SAME_TYPE: f32 = 0.08;
const SAME_ORGANISATION: f32 = 0.04;

/// At most `limit` hits; when asked, of different types and organisations where that costs little. Best first.
pub(super) fn spread(hits: Vec<Hit<'_>>, limit: usize, diverse: bool) -> Vec<Hit<'_>> {
    let mut left = hits;
    let mut chosen: Vec<Hit<'_>> = Vec::new();
    while chosen.len() < limit && !left.is_empty() {
        let worth = |hit: &Hit<'_>| {
            let same = |test: &dyn Fn(&Hit<'_>) -> bool, cost: f32| {
                chosen
                    .iter()
                    .filter(|other| test(other))
                    .map(|_| cost)
                    .sum::<f32>()
            };
            let types = same(
                &|other| other.item.type_index == hit.item.type_index,
                SAME_TYPE,
            );
            let organisations = same(
                &|other| {
                    other.item.organisation.is_some()
                        && other.item.organisation == hit.item.organisation
                },
                SAME_ORGANISATION,
            );
            if diverse {
                hit.score.total - types - organisations
            } else {
                hit.score.total
            }
        };
        // `left` is sorted, so the first of equal worth is the better one.
        let mut best = (0, f32::MIN);
        for (i, hit) in left.iter().enumerate() {
            if worth(hit) > best.1 {
                best = (i, worth(hit));
            }
        }
        chosen.push(left.remove(best.0));
    }
    sort(&mut chosen);
    chosen
}

/// Drops the hits below a share of the best total.
pub(super) fn cut(mut hits: Vec<Hit<'_>>, share: f32) -> Vec<Hit<'_>> {
    let least = hits.first().map_or(0.0, |hit| hit.score.total) * share;
    hits.retain(|hit| hit.score.total >= least);
    hits
}

/// Best first.
pub(super) fn sort(hits: &mut [Hit<'_>]) {
    hits.sort_by(|a, b| order((&a.score, a.item), (&b.score, b.item)));
}
