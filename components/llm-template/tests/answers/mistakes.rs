//! What is refused: requests and persona files.

use std::path::Path;

use llm_template::Speaker;
use llm_template::error::Error;
use llm_template::persona::Persona;
use llm_template::request::{Card, Message, Request, Role};

use crate::support::{content, guide, request};

/// A change to a persona file.
type Change<'c> = &'c dyn Fn(&mut serde_json::Value);

#[test]
fn requests_that_break_the_contract_are_refused() {
    let good = request("list", "What?", vec![]);
    let refused = |request: &Request| guide().generate(request).err();
    assert!(matches!(
        refused(&Request {
            messages: vec![],
            ..good.clone()
        }),
        Some(Error::InvalidInput(_))
    ));
    assert!(matches!(
        refused(&Request {
            max_tokens: 0,
            ..good.clone()
        }),
        Some(Error::InvalidInput(_))
    ));
    assert!(matches!(
        refused(&Request {
            cards: vec![Card::default(); 51],
            ..good.clone()
        }),
        Some(Error::InvalidInput(_))
    ));
    let mut last = good.clone();
    last.messages.push(Message {
        role: Role::Assistant,
        content: "Yes.".to_owned(),
    });
    assert!(matches!(refused(&last), Some(Error::InvalidInput(_))));
    for language in ["en", "en-GB", "und", "", "de-CH", "pl", "\0"] {
        assert_eq!(
            refused(&Request {
                language: language.to_owned(),
                ..good.clone()
            }),
            None
        );
    }
}

#[test]
fn mistakes_in_a_persona_are_named_with_their_path() {
    let good: serde_json::Value =
        serde_json::from_slice(&std::fs::read(content().join("persona.json")).unwrap()).unwrap();
    let wrong = |change: Change<'_>| {
        let mut value = good.clone();
        change(&mut value);
        Persona::from_json(value.to_string().as_bytes())
            .unwrap_err()
            .to_string()
    };
    let cases: [(Change<'_>, &str); 8] = [
        (
            &|v| drop(v.as_object_mut().unwrap().remove("greetings")),
            "missing field `greetings`",
        ),
        (
            &|v| v["person"] = "second".into(),
            "person: unknown variant `second`",
        ),
        (
            &|v| v["greetings"][1] = 7.into(),
            "greetings[1]: invalid type",
        ),
        (
            &|v| v["greetings"][1] = "Hello {nmae}.".into(),
            "greetings[1]: unknown placeholder {nmae}",
        ),
        (&|v| v["help"][0] = "Help".into(), "help[0]: must end with"),
        (
            &|v| v["thanks"] = serde_json::json!([]),
            "thanks: 0 phrases",
        ),
        (
            &|v| v["subject"]["pronoum"] = "she".into(),
            "unknown field `pronoum`",
        ),
        (
            &|v| v["unsafe"][0] = "x".repeat(601).into(),
            "unsafe[0]: 601 characters",
        ),
    ];
    for (change, expected) in cases {
        let message = wrong(change);
        assert!(
            message.contains(expected),
            "{expected:?} not in {message:?}"
        );
    }
    assert!(Speaker::load(Path::new("/nowhere")).is_err());
    assert!(Persona::from_json(b"{").is_err());
}
