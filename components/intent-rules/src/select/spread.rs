//! Order and variety of what was chosen.

use super::request::Hit;
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

#[cfg(test)]
mod tests {
    use super::{Hit, spread};
    use crate::Engine;
    use crate::base::{ContentBase, Item};
    use crate::select::request::Request;
    use crate::select::score::Score;

    fn item(id: &str, type_index: usize, organisation: Option<&str>) -> Item {
        Item {
            id: id.to_owned(),
            type_index,
            title: id.to_owned(),
            aliases: Vec::new(),
            summary: String::new(),
            details: String::new(),
            organisation: organisation.map(str::to_owned),
            start_year: None,
            end_year: None,
            technologies: Vec::new(),
            keywords: Vec::new(),
            metrics: Vec::new(),
            impact: 0.5,
            url: None,
        }
    }

    /// What is chosen of items with these totals, best first.
    fn chosen(items: &[(Item, f32)], limit: usize, diverse: bool) -> Vec<&str> {
        let hits = items.iter().map(|(item, total)| Hit {
            item,
            score: Score {
                total: *total,
                ..Score::default()
            },
        });
        let hits = spread(hits.collect(), limit, diverse);
        hits.iter().map(|hit| hit.item.id.as_str()).collect()
    }

    #[test]
    fn another_type_comes_before_a_little_more_of_the_same() {
        let items = [
            (item("loom", 0, None), 0.60),
            (item("mill", 0, None), 0.58),
            (item("prize", 1, None), 0.52),
        ];
        assert_eq!(chosen(&items, 2, true), ["loom", "prize"]);
        assert_eq!(chosen(&items, 2, false), ["loom", "mill"]);
    }

    #[test]
    fn another_organisation_comes_before_a_little_more_of_the_same() {
        let items = [
            (item("loom", 0, Some("Guild")), 0.60),
            (item("mill", 0, Some("Guild")), 0.58),
            (item("forge", 0, Some("Crown")), 0.55),
        ];
        assert_eq!(chosen(&items, 2, true), ["loom", "forge"]);
        assert_eq!(chosen(&items, 2, false), ["loom", "mill"]);
        // Two items of none are not of the same one.
        let items = [
            (item("loom", 0, None), 0.60),
            (item("mill", 0, None), 0.58),
            (item("forge", 0, Some("Crown")), 0.55),
        ];
        assert_eq!(chosen(&items, 2, true), ["loom", "mill"]);
    }

    #[test]
    fn every_further_one_of_a_type_costs_more() {
        let items = [
            (item("loom", 0, None), 0.80),
            (item("mill", 0, None), 0.79),
            (item("wheel", 0, None), 0.78),
            (item("prize", 1, None), 0.69),
        ];
        assert_eq!(chosen(&items, 2, true), ["loom", "mill"]);
        assert_eq!(chosen(&items, 3, true), ["loom", "mill", "prize"]);
        assert_eq!(chosen(&items, 3, false), ["loom", "mill", "wheel"]);
    }

    #[test]
    fn variety_does_not_cost_much_and_the_order_is_that_of_the_totals() {
        let items = [
            (item("loom", 0, None), 0.60),
            (item("mill", 0, None), 0.58),
            (item("prize", 1, None), 0.40),
        ];
        assert_eq!(chosen(&items, 2, true), ["loom", "mill"]);
        // All of them are taken, the prize before the mill; it is still less good than that.
        let items = [
            (item("loom", 0, None), 0.60),
            (item("mill", 0, None), 0.58),
            (item("prize", 1, None), 0.55),
        ];
        assert_eq!(chosen(&items, 3, true), ["loom", "mill", "prize"]);
        assert!(chosen(&items, 0, true).is_empty());
    }

    /// A whole selection. All items hold the word; one is by another maker and one of another type, and both are a little less good.
    #[test]
    fn a_list_of_anything_is_varied_and_a_list_of_one_type_is_not() {
        let base = ContentBase::from_json(
            br#"{
                "language": "en",
                "subject": {"name": "Ada Weaver"},
                "types": [
                    {"name": "project", "title": "Projects", "synonyms": ["project"]},
                    {"name": "award", "title": "Awards", "synonyms": ["award"]}
                ],
                "organisations": [{"name": "Guild"}, {"name": "Crown"}],
                "items": [
                    {"id": "a", "type": "project", "title": "Copper kettle", "summary": "One.", "organisation": "Guild", "impact": 0.9},
                    {"id": "b", "type": "project", "title": "Copper pot", "summary": "Two.", "organisation": "Guild", "impact": 0.9},
                    {"id": "c", "type": "project", "title": "Copper pan", "summary": "Three.", "organisation": "Guild", "impact": 0.9},
                    {"id": "d", "type": "project", "title": "Copper bell", "summary": "Four.", "organisation": "Crown", "impact": 0.75},
                    {"id": "e", "type": "award", "title": "Copper star", "summary": "Five.", "impact": 0.5}
                ]
            }"#,
        )
        .unwrap();
        let engine = Engine::new(base).unwrap();
        let ids = |item_type: Option<&str>| -> Vec<String> {
            let request = Request {
                text: "what did she do with copper".to_owned(),
                intent: "list".to_owned(),
                item_type: item_type.map(str::to_owned),
                keywords: vec!["copper".to_owned()],
                limit: 3,
                ..Request::default()
            };
            let hits = engine.select(&request).unwrap().hits;
            hits.iter().map(|hit| hit.item.id.clone()).collect()
        };
        assert_eq!(ids(None), ["a", "d", "e"]);
        assert_eq!(ids(Some("project")), ["a", "b", "c"]);
    }
}
