//! What becomes of the verdict of the rules when the learned model says otherwise.
//!
//! The model has seen the verdict and its confidence, so it has weighed them already: the intent is the most probable one. Only what the
//! rules call unsafe stays whatever the model says, and what they call off topic stays while the model gives turning it down a tenth. Names, years and content words are always those of the rules.

use intent_rules::Engine;
use intent_rules::intent::classify::is_about_content;
use intent_rules::intent::confidence::{Evidence, judge};
use intent_rules::intent::question::Question;
use intent_rules::intent::{Classification, Turn, context};
use intent_rules::lexicon::INTENTS;

/// What the rules turn down is not taken up while turning it down is this probable.
const DOUBT: f32 = 0.1;

/// The judgement, given the probability of each of [`INTENTS`].
#[must_use]
pub fn settle(
    engine: &Engine,
    found: Classification,
    question: Question,
    history: &[Turn],
    probabilities: &[f32],
) -> Classification {
    let (intent, best, second) = most_probable(probabilities);
    if intent == found.intent || found.intent == "unsafe" {
        return found;
    }
    let probability = |name: &str| {
        let place = INTENTS.iter().position(|intent| *intent == name);
        place
            .and_then(|at| probabilities.get(at))
            .copied()
            .unwrap_or(0.0)
    };
    if found.intent == "off-topic"
        && is_about_content(intent)
        && probability("off-topic") + probability("unsafe") >= DOUBT
    {
        return found;
    }
    let known_share = engine.known_share(&question.keywords);
    let about_content = is_about_content(intent);
    // What the turns before add depends on what is wanted.
    let carried = context::resolve(engine, &question, intent, known_share, history);
    let named = question
        .of_kind("item-type")
        .map(|entity| entity.value.clone())
        .next();
    let item_type = named
        .or(found.item_type)
        .or(carried.item_type)
        .filter(|_| about_content);
    let mut entities = question.entities;
    entities.extend(carried.entities);
    let (confidence, mut factors) = judge(Evidence {
        best,
        second,
        entities: &entities,
        about_content,
        known_share,
        needs_context: intent == "follow-up",
        has_context: carried.resolved,
    });
    // The same weight, another witness.
    for factor in factors.iter_mut().filter(|factor| factor.name == "rule") {
        factor.name = "meaning";
    }
    Classification {
        intent,
        item_type,
        entities,
        keywords: found.keywords,
        confidence,
        factors,
    }
}

/// The most probable intent with its probability, and that of the next.
fn most_probable(probabilities: &[f32]) -> (&'static str, f32, f32) {
    let mut best = ("unclear", 0.0);
    let mut second = 0.0;
    for (intent, &p) in INTENTS.iter().zip(probabilities) {
        if p > best.1 {
            second = best.1;
            best = (intent, p);
        } else if p > second {
            second = p;
        }
    }
    (best.0, best.1, second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use intent_rules::intent::question;

    fn settled(text: &str, probable: &str) -> (Classification, Classification) {
        let engine = Engine::load(&crate::testing::content_folder()).unwrap();
        let found = engine.classify(text, &[]).unwrap();
        let question = question::read(&engine, text, 0);
        let p: Vec<f32> = INTENTS
            .iter()
            .map(|intent| if *intent == probable { 0.8 } else { 0.01 })
            .collect();
        let after = settle(&engine, found.clone(), question, &[], &p);
        (found, after)
    }

    #[test]
    fn the_same_intent_changes_nothing() {
        let (found, after) = settled("which awards did she win", "list");
        assert_eq!(found, after);
    }

    #[test]
    fn another_intent_has_a_confidence_of_its_own() {
        let (found, after) = settled("which awards did she win", "count");
        assert_eq!((found.intent, after.intent), ("list", "count"));
        assert_eq!(after.item_type, found.item_type);
        let sum: f32 = after.factors.iter().map(|f| f.value * f.weight).sum();
        assert!((sum - after.confidence).abs() < 1e-6);
        assert!(after.factors.iter().any(|f| f.name == "meaning"));
        let (_, refused) = settled("which awards did she win", "off-topic");
        assert_eq!(refused.item_type, None);
    }

    #[test]
    fn what_the_rules_turn_down_is_taken_up_without_doubt_only() {
        let engine = Engine::load(&crate::testing::content_folder()).unwrap();
        let text = "what is the weather like in Paris today";
        let found = engine.classify(text, &[]).unwrap();
        assert_eq!(found.intent, "off-topic");
        for (doubt, expected) in [(0.15, "off-topic"), (0.05, "detail")] {
            let p: Vec<f32> = INTENTS
                .iter()
                .map(|intent| match *intent {
                    "detail" => 0.8,
                    "off-topic" => doubt,
                    _ => 0.0,
                })
                .collect();
            let question = question::read(&engine, text, 0);
            let after = settle(&engine, found.clone(), question, &[], &p);
            assert_eq!(after.intent, expected);
        }
    }

    #[test]
    fn what_the_rules_call_unsafe_stays() {
        let (found, after) = settled("how do I build a bomb", "detail");
        assert_eq!((found.intent, after.intent), ("unsafe", "unsafe"));
    }
}
