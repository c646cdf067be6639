//! `colloquy:intent`: a question becomes an intent. Whether it is the right one is not judged; the vocabulary and the sums are.

use super::bindings::colloquy::content::content as wc;
use super::bindings::colloquy::intent::intent::{Classification, Error, Turn};
use super::common::{self, Content, Contract, Intent, ODD_TEXTS, is_share};
use super::rig::Rig;
use super::verdict::{Asked, Case, Verdict, ensure};
use super::{Check, check};

/// The intents that the contract has.
const INTENTS: [&str; 14] = [
    "greeting",
    "thanks",
    "goodbye",
    "help",
    "about",
    "list",
    "detail",
    "when",
    "count",
    "compare",
    "follow-up",
    "off-topic",
    "unsafe",
    "unclear",
];
/// The kinds of entities.
const KINDS: [&str; 8] = [
    "technology",
    "organisation",
    "year",
    "year-range",
    "item-type",
    "item",
    "ordinal",
    "count",
];
/// Most characters of a question.
const MOST: usize = 4_000;
/// How far sums of shares may be off.
const CLOSE: f32 = 0.01;

/// Questions of all sorts; none is about a particular content base.
const QUESTIONS: [&str; 10] = [
    "Hello there",
    "Thank you",
    "Goodbye",
    "What can you do?",
    "What did she build before 1950?",
    "How many of them are there?",
    "When was the second one?",
    "Compare the first two",
    "Tell me more about that",
    "What is the weather in Paris?",
];

pub(super) const CHECKS: &[Check] = &[
    check("exports the intent contract", common::world::<Intent>),
    check("describes itself as intent", common::described::<Intent>),
    check(
        "describes itself as intent the same each time",
        common::described_again::<Intent>,
    ),
    check(
        "classifies with the words and sums of the contract",
        classifies,
    ),
    check("finds empty text unclear", empty),
    check("takes 4,000 characters, and not more", length),
    check("takes odd text", odd_text),
    check("takes a history, and one that makes no sense", history),
    check("classifies again after errors", reused),
];

fn classify(rig: &mut Rig, text: &str, history: Vec<Turn>) -> Asked<Classification> {
    rig.ask::<Error, _, _>(Intent::INTERFACE, "classify", (text.to_owned(), history))
}

fn is_sound(found: &Classification, types: &[String], text: &str) -> Verdict {
    let text = super::verdict::shortened(text);
    let known = INTENTS.contains(&found.intent.as_str());
    ensure(
        known,
        &format!("one of the intents of the contract for {text:?}"),
        || format!("{:?}", found.intent),
    )?;
    let kind = found
        .entities
        .iter()
        .find(|entity| !KINDS.contains(&entity.kind.as_str()));
    ensure(
        kind.is_none(),
        "entities of the kinds of the contract",
        || format!("{kind:?}"),
    )?;
    let unsure = found
        .entities
        .iter()
        .find(|entity| !is_share(entity.confidence));
    ensure(
        unsure.is_none(),
        "entities with a confidence from 0 to 1",
        || format!("{unsure:?}"),
    )?;
    let typed = found
        .item_type
        .as_ref()
        .is_none_or(|name| types.contains(name));
    ensure(typed, &format!("an item type among {types:?}"), || {
        format!("{:?}", found.item_type)
    })?;
    ensure(
        is_share(found.confidence),
        "a confidence from 0 to 1",
        || found.confidence.to_string(),
    )?;
    let out = found
        .factors
        .iter()
        .find(|factor| !is_share(factor.value) || !is_share(factor.weight));
    ensure(
        out.is_none(),
        "factors with value and weight from 0 to 1",
        || format!("{out:?}"),
    )?;
    let weights: f32 = found.factors.iter().map(|factor| factor.weight).sum();
    ensure(
        (weights - 1.0).abs() < CLOSE,
        "weights that add up to 1",
        || format!("{weights} in {:?}", found.factors),
    )?;
    let sum: f32 = found
        .factors
        .iter()
        .map(|factor| factor.weight * factor.value)
        .sum();
    ensure(
        (sum - found.confidence).abs() < CLOSE,
        &format!("the confidence {sum}, the weighted sum of the factors"),
        || found.confidence.to_string(),
    )
}

fn types(rig: &mut Rig) -> Result<Vec<String>, super::verdict::Unmet> {
    let types = rig
        .ask::<wc::Error, Vec<wc::ItemType>, _>(Content::INTERFACE, "types", ())?
        .given("a content base")?;
    Ok(types.into_iter().map(|kind| kind.name).collect())
}

fn classifies(rig: &mut Rig) -> Verdict {
    let types = types(rig)?;
    for text in QUESTIONS {
        let found = classify(rig, text, vec![])?.given(&format!("{text:?}"))?;
        is_sound(&found, &types, text)?;
    }
    Ok(())
}

fn empty(rig: &mut Rig) -> Verdict {
    let types = types(rig)?;
    let found = classify(rig, "", vec![])?.given("empty text")?;
    ensure(
        found.intent == "unclear",
        "the intent unclear for empty text",
        || found.intent.clone(),
    )?;
    is_sound(&found, &types, "")
}

fn length(rig: &mut Rig) -> Verdict {
    // Characters are counted, not bytes.
    let sentence = "What did she build? ".repeat(MOST);
    for text in [
        sentence.chars().take(MOST).collect::<String>(),
        "é".repeat(MOST),
    ] {
        classify(rig, &text, vec![])?.given("4,000 characters")?;
    }
    for text in [
        sentence.chars().take(MOST + 1).collect::<String>(),
        "é".repeat(MOST + 1),
        sentence.repeat(10),
    ] {
        classify(rig, &text, vec![])?.refused(Case::InvalidInput, "more than 4,000 characters")?;
    }
    Ok(())
}

fn odd_text(rig: &mut Rig) -> Verdict {
    let types = types(rig)?;
    for text in ODD_TEXTS {
        let found = classify(rig, text, vec![])?.given(&format!("{text:?}"))?;
        is_sound(&found, &types, text)?;
    }
    Ok(())
}

fn history(rig: &mut Rig) -> Verdict {
    let types = types(rig)?;
    let turn = |text: &str| Turn {
        user: text.into(),
        assistant: text.into(),
        intent: Some(text.into()),
        item_ids: vec![text.into(), "no-such-item".into()],
        item_type: Some(text.into()),
    };
    let sensible = vec![Turn {
        intent: Some("list".into()),
        item_ids: vec![],
        item_type: types.first().cloned(),
        ..turn("What did she build?")
    }];
    let senseless: Vec<_> = ODD_TEXTS.into_iter().map(turn).collect();
    let long = vec![turn("And then?"); 500];
    for history in [sensible, senseless, long] {
        let text = "Tell me more about the second one";
        let found = classify(rig, text, history)?.given("a question with a history")?;
        is_sound(&found, &types, text)?;
    }
    Ok(())
}

fn reused(rig: &mut Rig) -> Verdict {
    rig.fresh();
    classifies(rig)?;
    classify(rig, &"a".repeat(MOST + 1), vec![])?
        .refused(Case::InvalidInput, "more than 4,000 characters")?;
    classifies(rig)
}
