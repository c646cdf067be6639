//! What the meaning of a question changes about the judgement of the rules. Numbers in, intent out: the model is elsewhere.
//!
//! Rules are right when they know the words, so their certainties stay: small talk, follow-ups, years, names. Three things are changed:
//!
//! * **turned down**: the rules took it for a question about the content, it does not mention the subject, and it is nearer to an example
//!   of what is off topic or unsafe than to any way of asking about content;
//! * **unsafe**: the rules did not understand it or called it off topic, and it is near to an example of what is unsafe;
//! * **taken up**: the rules did not understand it or called it off topic, and it is nearer to an item than to any example that is turned
//!   down. A question with a name that the content does not have is not taken up: to a model, one company is like another.
//!
//! The thresholds were chosen on `tests/eval/intent/development.toml`, over the rules as they were before anybody had seen that file:
//! rules tuned on it leave nothing to measure.

use intent_rules::intent::Classification;
use intent_rules::intent::classify::is_about_content;
use intent_rules::intent::confidence::{Evidence, judge};

use crate::examples::Nearness;

/// Similarities from which on something counts, each a cosine.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    /// To turn down a question that names nothing.
    pub turn_down: f32,
    /// To turn down a question although it names something of the content, or is near to an item.
    pub turn_down_named: f32,
    /// To call unsafe what was off topic.
    pub call_unsafe: f32,
    /// To take up a question that mentions the subject.
    pub take_up: f32,
    /// To take up a question that does not.
    pub take_up_unsaid: f32,
    /// How much nearer than the next has to be what changes something.
    pub margin: f32,
    /// To take the intent of the nearest example rather than `detail` for a question that is taken up.
    pub wording: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            turn_down: 0.38,
            turn_down_named: 0.5,
            call_unsafe: 0.55,
            take_up: 0.36,
            take_up_unsaid: 0.5,
            margin: 0.1,
            wording: 0.4,
        }
    }
}

/// What is known of a question beside the judgement of the rules.
#[derive(Debug, Clone)]
pub struct Signs<'s> {
    /// How near the nearest item is.
    pub item: f32,
    /// How near the examples are.
    pub examples: &'s Nearness,
    /// The subject is mentioned.
    pub has_subject: bool,
    /// Something of the content is named.
    pub names_something: bool,
    /// It holds a name that the content does not.
    pub has_strange_name: bool,
    /// Share of its content words that the content knows.
    pub known_share: f32,
}

/// The judgement after a look at the meaning.
#[must_use]
pub fn reconsider(
    found: Classification,
    signs: &Signs<'_>,
    thresholds: &Thresholds,
) -> Classification {
    let t = thresholds;
    let (off_topic, harmful) = (signs.examples.to("off-topic"), signs.examples.to("unsafe"));
    let (wording, content) = signs.examples.to_content();
    let refused = off_topic.max(harmful);
    let refusal = if harmful > off_topic {
        "unsafe"
    } else {
        "off-topic"
    };
    match found.intent {
        "list" | "detail" | "when" | "count" | "compare" if !signs.has_subject => {
            let next = content.max(signs.item);
            if refused >= t.turn_down_named
                && refused >= content + 2.0 * t.margin
                && refused > signs.item
            {
                return changed(found, refusal, refused, next, signs);
            }
            // To call a question unsafe takes more than that nothing else comes near.
            if !signs.names_something
                && signs.item < t.take_up_unsaid
                && off_topic >= t.turn_down
                && off_topic >= content + t.margin
            {
                return changed(found, "off-topic", off_topic, next, signs);
            }
        }
        "off-topic" | "unclear" => {
            let next = off_topic.max(content).max(signs.item);
            if harmful >= t.call_unsafe && harmful > next {
                return changed(found, "unsafe", harmful, next, signs);
            }
            let (least, ahead) = if signs.has_subject {
                (t.take_up, 0.0)
            } else {
                (t.take_up_unsaid, t.margin)
            };
            let answerable = !found.keywords.is_empty() && !signs.has_strange_name;
            if answerable && signs.item >= least && signs.item > refused + ahead {
                let intent = if content >= t.wording {
                    wording
                } else {
                    "detail"
                };
                return changed(found, intent, signs.item, refused, signs);
            }
        }
        _ => {}
    }
    found
}

/// The judgement with another intent, for which meaning speaks with the strength `best`, and `second` for the next.
fn changed(
    found: Classification,
    intent: &'static str,
    best: f32,
    second: f32,
    signs: &Signs<'_>,
) -> Classification {
    let about_content = is_about_content(intent);
    let (confidence, mut factors) = judge(Evidence {
        best: best.clamp(0.0, 1.0),
        second: second.clamp(0.0, best.clamp(0.0, 1.0)),
        entities: &found.entities,
        about_content,
        known_share: signs.known_share,
        needs_context: false,
        has_context: false,
    });
    // The same weight, another witness.
    for factor in factors.iter_mut().filter(|factor| factor.name == "rule") {
        factor.name = "meaning";
    }
    Classification {
        intent,
        item_type: found.item_type.filter(|_| about_content),
        confidence,
        factors,
        ..found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of an intent of the rules, with similarities to an item and to the examples.
    fn check(intent: &'static str, item: f32, near: &[(&'static str, f32)], signs: u8) -> String {
        let (subject, names, strange) = (signs & 1 != 0, signs & 2 != 0, signs & 4 != 0);
        let found = Classification {
            intent,
            item_type: Some("project".to_owned()),
            entities: Vec::new(),
            keywords: vec!["word".to_owned()],
            confidence: 0.5,
            factors: Vec::new(),
        };
        let examples = Nearness::of(near);
        let signs = Signs {
            item,
            examples: &examples,
            has_subject: subject,
            names_something: names,
            has_strange_name: strange,
            known_share: 0.0,
        };
        let after = reconsider(found, &signs, &Thresholds::default());
        if after.intent != intent {
            let sum: f32 = after.factors.iter().map(|f| f.value * f.weight).sum();
            assert!((sum - after.confidence).abs() < 1e-6);
            assert!(after.factors.iter().any(|f| f.name == "meaning"));
            assert_eq!(after.item_type.is_some(), is_about_content(after.intent));
        }
        after.intent.to_owned()
    }

    const SUBJECT: u8 = 1;
    const NAMES: u8 = 2;
    const STRANGE: u8 = 4;

    #[test]
    fn what_is_near_to_off_topic_is_turned_down() {
        let near = [("off-topic", 0.45), ("list", 0.2)];
        assert_eq!(check("list", 0.4, &near, 0), "off-topic");
        assert_eq!(check("list", 0.4, &near, SUBJECT), "list");
        assert_eq!(check("list", 0.4, &near, NAMES), "list");
        assert_eq!(check("list", 0.6, &near, 0), "list");
        assert_eq!(check("follow-up", 0.4, &near, 0), "follow-up");
        let clear = [("off-topic", 0.6), ("list", 0.2)];
        assert_eq!(check("list", 0.5, &clear, NAMES), "off-topic");
        let harmful = [("unsafe", 0.45), ("list", 0.2)];
        assert_eq!(check("list", 0.3, &harmful, 0), "list");
        let alike = [("off-topic", 0.6), ("list", 0.55)];
        assert_eq!(check("list", 0.2, &alike, 0), "list");
    }

    #[test]
    fn what_is_near_to_unsafe_is_unsafe() {
        let near = [("unsafe", 0.7), ("off-topic", 0.4)];
        for intent in ["unclear", "off-topic"] {
            assert_eq!(check(intent, 0.1, &near, 0), "unsafe");
            assert_eq!(check(intent, 0.8, &near, SUBJECT), "detail");
        }
        assert_eq!(check("greeting", 0.1, &near, 0), "greeting");
    }

    #[test]
    fn what_is_near_to_an_item_is_taken_up() {
        let near = [("off-topic", 0.3), ("when", 0.45)];
        assert_eq!(check("off-topic", 0.4, &near, SUBJECT), "when");
        assert_eq!(check("off-topic", 0.4, &near, 0), "off-topic");
        assert_eq!(check("off-topic", 0.55, &near, 0), "when");
        assert_eq!(check("unclear", 0.55, &[("off-topic", 0.3)], 0), "detail");
        assert_eq!(check("off-topic", 0.55, &near, STRANGE), "off-topic");
        assert_eq!(check("off-topic", 0.25, &near, SUBJECT), "off-topic");
    }
}
