//! `colloquy:content`: the content base behind the intent stage. Which items fit is not judged; that restrictions and sums hold is.

use super::bindings::colloquy::content::content::{
    Error, Filter, Hit, Item, ItemType, Request, Selection,
};
use super::common::{self, Content, Contract, ODD_TEXTS, is_share};
use super::rig::Rig;
use super::verdict::{Asked, Case, Unmet, Verdict, ensure};
use super::{Check, check};

/// How far sums of shares may be off.
const CLOSE: f32 = 0.01;
/// Items that are looked up one by one.
const SAMPLE: usize = 20;

pub(super) const CHECKS: &[Check] = &[
    check("exports the content contract", common::world::<Content>),
    check("describes itself as content", common::described::<Content>),
    check(
        "describes itself as content the same each time",
        common::described_again::<Content>,
    ),
    check("lists types with their numbers of items", types_count),
    check(
        "lists items that are complete and there once",
        items_complete,
    ),
    check("gives the same items page by page", pages),
    check("gives no items past the end", past_the_end),
    check("refuses an unknown type", unknown_type),
    check("gets an item by its id, and none for another", gets),
    check("searches: best first, with scores that add up", searches),
    check("searches within the filter", filters),
    check("searches for odd and huge text", odd_search),
    check("selects at most the limit, within what it applied", selects),
    check(
        "selects nothing for a greeting, or when nothing fits",
        selects_nothing,
    ),
    check("selects for odd requests or refuses them", odd_select),
    check("serves content again after errors", reused),
];

struct Stage<'r>(&'r mut Rig);

impl Stage<'_> {
    fn types(&mut self) -> Result<Vec<ItemType>, Unmet> {
        self.0
            .ask::<Error, _, _>(Content::INTERFACE, "types", ())?
            .given("a content base")
    }

    fn items(&mut self, name: Option<&str>, offset: u32, limit: u32) -> Asked<Vec<Item>> {
        self.0.ask::<Error, _, _>(
            Content::INTERFACE,
            "items",
            (name.map(str::to_owned), offset, limit),
        )
    }

    fn all(&mut self) -> Result<Vec<Item>, Unmet> {
        self.items(None, 0, u32::MAX)?.given("everything")
    }

    fn get(&mut self, id: &str) -> Result<Option<Item>, Unmet> {
        self.0
            .ask::<Error, _, _>(Content::INTERFACE, "get", (id.to_owned(),))?
            .given(&format!("{id:?}"))
    }

    fn search(&mut self, text: &str, filter: Filter, limit: u32) -> Asked<Vec<Hit>> {
        self.0.ask::<Error, _, _>(
            Content::INTERFACE,
            "search",
            (text.to_owned(), filter, limit),
        )
    }

    fn select(&mut self, request: Request) -> Asked<Selection> {
        self.0
            .ask::<Error, _, _>(Content::INTERFACE, "select", (request,))
    }
}

fn anything() -> Filter {
    Filter {
        type_name: None,
        technologies: vec![],
        organisation: None,
        from_year: None,
        to_year: None,
    }
}

fn request(text: &str, intent: &str, keywords: &[&str]) -> Request {
    Request {
        text: text.into(),
        intent: intent.into(),
        item_type: None,
        entities: vec![],
        keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
        previous_item_ids: vec![],
        limit: 4,
    }
}

fn ids(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.id.as_str()).collect()
}

fn types_count(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let types = stage.types()?;
    let all = stage.all()?;
    for (at, kind) in types.iter().enumerate() {
        let named = !kind.name.is_empty() && !kind.title.is_empty();
        ensure(named, "a name and a title", || format!("{kind:?}"))?;
        let again = types
            .iter()
            .skip(at + 1)
            .any(|other| other.name == kind.name);
        ensure(!again, "types that are there once", || {
            format!("{:?} twice", kind.name)
        })?;
        let items = stage
            .items(Some(&kind.name), 0, u32::MAX)?
            .given("a type")?;
        ensure(
            items.len() == kind.n_items as usize,
            &format!("{} items of {}", kind.n_items, kind.name),
            || items.len().to_string(),
        )?;
        let expected: Vec<_> = all
            .iter()
            .filter(|item| item.type_name == kind.name)
            .cloned()
            .collect();
        ensure(
            items == expected,
            &format!("the items of {} in the order of all items", kind.name),
            || format!("{:?}", ids(&items)),
        )?;
    }
    let stray = all
        .iter()
        .find(|item| !types.iter().any(|kind| kind.name == item.type_name));
    ensure(stray.is_none(), "only items of listed types", || {
        format!("{stray:?}")
    })
}

fn items_complete(rig: &mut Rig) -> Verdict {
    let all = Stage(rig).all()?;
    ensure(!all.is_empty(), "a content base with items", || {
        "none".into()
    })?;
    for (at, item) in all.iter().enumerate() {
        let complete = !item.id.is_empty() && !item.title.is_empty() && !item.summary.is_empty();
        ensure(complete, "items with id, title and summary", || {
            format!("{item:?}")
        })?;
        ensure(is_share(item.impact), "an impact from 0 to 1", || {
            format!("{} of {}", item.impact, item.id)
        })?;
        let ordered = item
            .start_year
            .zip(item.end_year)
            .is_none_or(|(start, end)| start <= end);
        ensure(ordered, "years in order", || {
            format!(
                "{:?} to {:?} of {}",
                item.start_year, item.end_year, item.id
            )
        })?;
        let again = all.iter().skip(at + 1).any(|other| other.id == item.id);
        ensure(!again, "ids that are there once", || {
            format!("{:?} twice", item.id)
        })?;
    }
    Ok(())
}

fn pages(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let all = stage.all()?;
    let mut paged = Vec::new();
    loop {
        let page = stage.items(None, paged.len() as u32, 3)?.given("a page")?;
        ensure(page.len() <= 3, "pages of three", || page.len().to_string())?;
        if page.is_empty() {
            break;
        }
        paged.extend(page);
        ensure(
            paged.len() <= all.len(),
            &format!("{} items in all", all.len()),
            || paged.len().to_string(),
        )?;
    }
    ensure(
        ids(&paged) == ids(&all),
        &format!("page by page {:?}", ids(&all)),
        || format!("{:?}", ids(&paged)),
    )
}

fn past_the_end(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let n = stage.all()?.len() as u32;
    for offset in [n, n + 1, u32::MAX] {
        let items = stage
            .items(None, offset, u32::MAX)?
            .given("an offset past the end")?;
        ensure(items.is_empty(), &format!("no items from {offset}"), || {
            format!("{:?}", ids(&items))
        })?;
    }
    let items = stage.items(None, 0, 0)?.given("a limit of zero")?;
    ensure(items.is_empty(), "no items with a limit of zero", || {
        format!("{:?}", ids(&items))
    })
}

fn unknown_type(rig: &mut Rig) -> Verdict {
    for name in ["no-such-type", "", "\u{0}"] {
        Stage(rig)
            .items(Some(name), 0, 10)?
            .refused(Case::InvalidInput, &format!("the type {name:?}"))?;
    }
    Ok(())
}

fn gets(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    for item in stage.all()?.into_iter().take(SAMPLE) {
        let found = stage.get(&item.id)?;
        ensure(
            found.as_ref() == Some(&item),
            &format!("the item {:?} by its id", item.id),
            || format!("{found:?}"),
        )?;
    }
    for id in ["no-such-item", "", "../content.json", ODD_TEXTS[0]] {
        let found = stage.get(id)?;
        ensure(found.is_none(), &format!("none for {id:?}"), || {
            format!("{found:?}")
        })?;
    }
    Ok(())
}

fn searches(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    for item in stage.all()?.into_iter().take(SAMPLE) {
        let hits = stage
            .search(&item.title, anything(), 10)?
            .given("a title")?;
        sound_hits(&hits, 10)?;
        let found = hits.iter().any(|hit| hit.item.id == item.id);
        ensure(
            found,
            &format!("{:?} among the results for its title", item.id),
            || format!("{} others", hits.len()),
        )?;
        let before = hits.iter().map(|hit| hit.score.total);
        let sorted = before.clone().zip(before.skip(1)).all(|(a, b)| a >= b);
        ensure(sorted, "the best first", || {
            format!(
                "{:?}",
                hits.iter().map(|hit| hit.score.total).collect::<Vec<_>>()
            )
        })?;
        let one = stage.search(&item.title, anything(), 1)?.given("a title")?;
        ensure(one.len() == 1, "one result with a limit of one", || {
            one.len().to_string()
        })?;
    }
    let none = stage
        .search("anything", anything(), 0)?
        .given("a limit of zero")?;
    ensure(none.is_empty(), "no result with a limit of zero", || {
        none.len().to_string()
    })
}

fn sound_hits(hits: &[Hit], limit: usize) -> Verdict {
    ensure(
        hits.len() <= limit,
        &format!("at most {limit} results"),
        || hits.len().to_string(),
    )?;
    for hit in hits {
        let s = &hit.score;
        let parts = [s.keyword, s.technology, s.recency, s.impact];
        ensure(
            parts.into_iter().all(is_share),
            "parts of a score from 0 to 1",
            || format!("{s:?}"),
        )?;
        let total = 0.4 * s.keyword + 0.3 * s.technology + 0.2 * s.recency + 0.1 * s.impact;
        ensure(
            (total - s.total).abs() < CLOSE,
            &format!("the total {total}, 0.4 + 0.3 + 0.2 + 0.1 of its parts"),
            || format!("{s:?}"),
        )?;
        ensure(s.total > 0.0, "a score above zero", || format!("{s:?}"))?;
    }
    Ok(())
}

fn filters(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let all = stage.all()?;
    for item in all.iter().take(SAMPLE) {
        let by_type = Filter {
            type_name: Some(item.type_name.clone()),
            ..anything()
        };
        let by_year = Filter {
            from_year: item.start_year,
            to_year: item.start_year,
            ..anything()
        };
        let by_technology = Filter {
            technologies: item.technologies.iter().take(1).cloned().collect(),
            ..anything()
        };
        let by_organisation = Filter {
            organisation: item.organisation.clone(),
            ..anything()
        };
        for filter in [by_type, by_year, by_technology, by_organisation] {
            let hits = stage
                .search(&item.title, filter.clone(), 50)?
                .given("a filter")?;
            sound_hits(&hits, 50)?;
            all_meet(&hits, &filter)?;
        }
    }
    let unknown = Filter {
        type_name: Some("no-such-type".into()),
        ..anything()
    };
    if let Some(hits) = stage
        .search("anything", unknown, 10)?
        .given_or_refused("an unknown type")?
    {
        ensure(hits.is_empty(), "no result of an unknown type", || {
            hits.len().to_string()
        })?;
    }
    Ok(())
}

fn all_meet(hits: &[Hit], filter: &Filter) -> Verdict {
    let stray = hits.iter().find(|hit| !meets(&hit.item, filter));
    ensure(
        stray.is_none(),
        &format!("only results within {filter:?}"),
        || stray.map_or(String::new(), |hit| hit.item.id.clone()),
    )
}

fn meets(item: &Item, filter: &Filter) -> bool {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let typed = filter
        .type_name
        .as_ref()
        .is_none_or(|name| *name == item.type_name);
    let employed = filter.organisation.as_ref().is_none_or(|name| {
        item.organisation
            .as_deref()
            .is_some_and(|own| same(own, name))
    });
    let skilled = filter.technologies.is_empty()
        || filter
            .technologies
            .iter()
            .any(|name| item.technologies.iter().any(|own| same(own, name)));
    // An item without an end goes on.
    let (start, end) = (item.start_year, item.end_year.unwrap_or(i32::MAX));
    let dated = (filter.from_year.is_none() && filter.to_year.is_none())
        || start.is_some_and(|start| {
            filter.to_year.is_none_or(|to| start <= to)
                && filter.from_year.is_none_or(|from| end >= from)
        });
    typed && employed && skilled && dated
}

fn odd_search(rig: &mut Rig) -> Verdict {
    let huge = "compiler ".repeat(100_000);
    for text in ODD_TEXTS.into_iter().chain(["", huge.as_str()]) {
        if let Some(hits) = Stage(rig)
            .search(text, anything(), u32::MAX)?
            .given_or_refused("odd text")?
        {
            sound_hits(&hits, usize::MAX)?;
        }
    }
    let backwards = Filter {
        from_year: Some(i32::MAX),
        to_year: Some(i32::MIN),
        ..anything()
    };
    if let Some(hits) = Stage(rig)
        .search("anything", backwards, 10)?
        .given_or_refused("years backwards")?
    {
        ensure(hits.is_empty(), "no result in no years", || {
            hits.len().to_string()
        })?;
    }
    Ok(())
}

fn selects(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    for item in stage.all()?.into_iter().take(SAMPLE) {
        let words: Vec<_> = item
            .title
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let keywords: Vec<_> = words.iter().map(String::as_str).collect();
        for (intent, limit) in [("detail", 4), ("list", 4), ("list", 1), ("list", 0)] {
            let question = Request {
                limit,
                ..request(&format!("Tell me about {}", item.title), intent, &keywords)
            };
            let chosen = stage.select(question)?.given("a question about an item")?;
            let n = chosen.hits.len();
            ensure(
                n <= limit as usize,
                &format!("at most {limit} items"),
                || n.to_string(),
            )?;
            ensure(
                n <= chosen.n_matching as usize,
                "as many matching items as are given, or more",
                || format!("{n} of {}", chosen.n_matching),
            )?;
            all_meet(&chosen.hits, &chosen.applied)?;
            let parts_hold = chosen
                .hits
                .iter()
                .all(|hit| is_share(hit.score.total) && is_share(hit.score.keyword));
            ensure(parts_hold, "scores from 0 to 1", || {
                format!(
                    "{:?}",
                    chosen
                        .hits
                        .iter()
                        .map(|hit| hit.score.total)
                        .collect::<Vec<_>>()
                )
            })?;
        }
    }
    Ok(())
}

fn selects_nothing(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let unfit = request(
        "Which zorblaxes did she quindle?",
        "list",
        &["zorblax", "quindle"],
    );
    for (request, what) in [
        (request("Hello", "greeting", &[]), "a greeting"),
        (unfit, "words that fit nothing"),
    ] {
        let chosen = stage.select(request)?.given(what)?;
        let found: Vec<_> = chosen.hits.iter().map(|hit| hit.item.id.as_str()).collect();
        ensure(found.is_empty(), &format!("no items for {what}"), || {
            format!("{found:?}")
        })?;
    }
    Ok(())
}

fn odd_select(rig: &mut Rig) -> Verdict {
    for text in ODD_TEXTS {
        let odd = Request {
            item_type: Some(text.into()),
            previous_item_ids: vec![text.into(), "no-such-item".into()],
            limit: u32::MAX,
            ..request(text, text, &[text])
        };
        Stage(rig).select(odd)?.given_or_refused("an odd request")?;
    }
    let long = "compiler ".repeat(20_000);
    let words: Vec<_> = long.split_whitespace().collect();
    Stage(rig)
        .select(request(&long, "list", &words))?
        .given_or_refused("a huge request")?;
    Ok(())
}

fn reused(rig: &mut Rig) -> Verdict {
    rig.fresh();
    let before = Stage(rig).all()?;
    unknown_type(rig)?;
    let after = Stage(rig).all()?;
    ensure(
        before == after,
        "the same items before and after errors",
        || format!("{} and {}", before.len(), after.len()),
    )
}
