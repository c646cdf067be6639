//! `colloquy:llm`: messages and cards become words. What the answer says is not judged; that it ends as promised is.

use wasmtime::component::ResourceAny;

use super::bindings::colloquy::llm::llm::{Chunk, Error, Request, Role, Usage};
use super::common::{self, Contract, Llm, ODD_TEXTS};
use super::llm_input::{card, message, usual};
use super::rig::Rig;
use super::verdict::{Asked, Case, Unmet, Verdict, ensure};
use super::{Check, check};

/// Chunks that an answer of the suite may have at most, so that a stage which never ends is found out.
const MOST_CHUNKS: usize = 100_000;

pub(super) const CHECKS: &[Check] = &[
    check("exports the contract", common::world::<Llm>),
    check("describes itself", common::described::<Llm>),
    check(
        "describes itself the same each time",
        common::described_again::<Llm>,
    ),
    check("gives text, then `finished`", answers),
    check("gives none after `finished`, again and again", ends),
    check("answers without cards", without_cards),
    check("answers after a conversation", after_a_conversation),
    check("keeps to the most tokens by its own count", most_tokens),
    check("refuses a request without messages", no_messages),
    check(
        "refuses a request whose last message is not the user's",
        last_not_user,
    ),
    check("takes an empty question or refuses it", empty),
    check("takes odd text or refuses it", odd_text),
    check("takes odd numbers or refuses them", odd_numbers),
    check("takes a huge request or refuses it", huge),
    check("takes an unknown language or refuses it", unknown_language),
    check("works again after errors", reused),
    check("stops when it is dropped half-way", dropped),
    check("keeps two answers apart", apart),
];

struct Stage<'r>(&'r mut Rig);

impl Stage<'_> {
    fn start(&mut self, request: Request) -> Asked<ResourceAny> {
        self.0
            .ask::<Error, _, _>(Llm::INTERFACE, "generate", (request,))
    }

    fn next(&mut self, work: ResourceAny) -> Asked<Option<Chunk>> {
        self.0
            .ask::<Error, _, _>(Llm::INTERFACE, "[method]generation.next", (work,))
    }

    /// All text up to `finished`, and that.
    fn rest(&mut self, work: ResourceAny) -> Result<(String, Usage), Unmet> {
        let mut text = String::new();
        let mut n_degraded = 0;
        for _ in 0..MOST_CHUNKS {
            match self.next(work)?.given("a good request")? {
                Some(Chunk::Text(more)) => text.push_str(&more),
                Some(Chunk::Degraded(why)) => {
                    n_degraded += 1;
                    let kept = text.is_empty() && n_degraded == 1 && !why.trim().is_empty();
                    ensure(kept, "`degraded` once, before any text, with words", || {
                        format!("{why:?} after {text:?}")
                    })?;
                }
                Some(Chunk::Finished(usage)) => return Ok((text, usage)),
                None => {
                    return Err(Unmet::failed(
                        "`finished` before none",
                        format!("none after {:?}", super::verdict::shortened(&text)),
                    ));
                }
            }
        }
        Err(Unmet::failed(
            "the answer ends",
            format!("{MOST_CHUNKS} chunks and no end"),
        ))
    }

    fn answer(&mut self, request: Request) -> Result<(String, Usage), Unmet> {
        let work = self.start(request)?.given("a good request")?;
        let answer = self.rest(work)?;
        self.0.close(work)?;
        Ok(answer)
    }

    /// An answer to the end, or a refusal.
    fn taken_or_refused(&mut self, request: Request, what: &str) -> Verdict {
        let Some(work) = self.start(request)?.given_or_refused(what)? else {
            return Ok(());
        };
        // An upstream may find out only now.
        for _ in 0..MOST_CHUNKS {
            match self.next(work)?.given_or_refused(what)? {
                Some(Some(Chunk::Text(_) | Chunk::Degraded(_))) => {}
                Some(None) => return Err(Unmet::failed("`finished` before none", "none")),
                Some(Some(Chunk::Finished(_))) | None => return self.0.close(work),
            }
        }
        Err(Unmet::failed(
            "the answer ends",
            format!("{MOST_CHUNKS} chunks and no end"),
        ))
    }
}

fn answers(rig: &mut Rig) -> Verdict {
    let (text, usage) = Stage(rig).answer(usual())?;
    ensure(!text.trim().is_empty(), "an answer with words", || {
        format!("{text:?}, {:?}", usage.finish)
    })
}

fn ends(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let work = stage.start(usual())?.given("a good request")?;
    stage.rest(work)?;
    for _ in 0..3 {
        let after = stage.next(work)?.given("an answer that has ended")?;
        ensure(after.is_none(), "none after `finished`", || {
            format!("{after:?}")
        })?;
    }
    stage.0.close(work)
}

fn without_cards(rig: &mut Rig) -> Verdict {
    for intent in ["greeting", "unclear", "off-topic", "list"] {
        let request = Request {
            cards: vec![],
            n_matching: 0,
            item_type: None,
            intent: intent.into(),
            ..usual()
        };
        Stage(rig).answer(request)?;
    }
    Ok(())
}

fn after_a_conversation(rig: &mut Rig) -> Verdict {
    let mut messages = vec![message(Role::System, "You are a guide.")];
    for turn in 0..10 {
        messages.push(message(Role::User, &format!("Question {turn}?")));
        messages.push(message(Role::Assistant, &format!("Answer {turn}.")));
    }
    messages.push(message(Role::User, "And the first of them?"));
    Stage(rig)
        .answer(Request {
            messages,
            intent: "follow-up".into(),
            ..usual()
        })
        .map(drop)
}

fn most_tokens(rig: &mut Rig) -> Verdict {
    let cards = (0..4)
        .map(|n| card(&format!("card-{n}"), &format!("System {n}")))
        .collect();
    let (_, usage) = Stage(rig).answer(Request {
        cards,
        max_tokens: 40,
        ..usual()
    })?;
    match usage.completion_tokens {
        None => Err(Unmet::Skipped("the stage does not count its tokens".into())),
        Some(n) => ensure(n <= 40, "at most 40 tokens", || n.to_string()),
    }
}

fn no_messages(rig: &mut Rig) -> Verdict {
    let request = Request {
        messages: vec![],
        ..usual()
    };
    Stage(rig)
        .start(request)?
        .refused(Case::InvalidInput, "a request without messages")
}

fn last_not_user(rig: &mut Rig) -> Verdict {
    for (role, name) in [(Role::Assistant, "assistant"), (Role::System, "system")] {
        let messages = vec![message(Role::User, "Hello?"), message(role, "Hello.")];
        let what = format!("a request whose last message is the {name}'s");
        Stage(rig)
            .start(Request {
                messages,
                ..usual()
            })?
            .refused(Case::InvalidInput, &what)?;
    }
    Ok(())
}

fn empty(rig: &mut Rig) -> Verdict {
    for text in ["", "   \n"] {
        let messages = vec![message(Role::User, text)];
        let request = Request {
            messages,
            cards: vec![],
            n_matching: 0,
            item_type: None,
            intent: "unclear".into(),
            ..usual()
        };
        Stage(rig).taken_or_refused(request, "an empty question")?;
    }
    Ok(())
}

fn odd_text(rig: &mut Rig) -> Verdict {
    for text in ODD_TEXTS {
        let messages = vec![message(Role::User, text)];
        let request = Request {
            messages,
            cards: vec![card(text, text)],
            intent: text.into(),
            item_type: Some(text.into()),
            ..usual()
        };
        Stage(rig).taken_or_refused(request, "odd text")?;
    }
    Ok(())
}

fn odd_numbers(rig: &mut Rig) -> Verdict {
    let mut years = card("years", "Years");
    (years.start_year, years.end_year) = (Some(i32::MAX), Some(i32::MIN));
    let cases = [
        (
            Request {
                temperature: f32::NAN,
                ..usual()
            },
            "a temperature that is no number",
        ),
        (
            Request {
                temperature: -1.0,
                ..usual()
            },
            "a temperature below zero",
        ),
        (
            Request {
                max_tokens: 0,
                ..usual()
            },
            "no tokens",
        ),
        (
            Request {
                max_tokens: u32::MAX,
                ..usual()
            },
            "all tokens",
        ),
        (
            Request {
                n_matching: 0,
                ..usual()
            },
            "fewer matches than cards",
        ),
        (
            Request {
                n_matching: u32::MAX,
                ..usual()
            },
            "four billion matches",
        ),
        (
            Request {
                cards: vec![years],
                ..usual()
            },
            "the largest years",
        ),
    ];
    for (request, what) in cases {
        Stage(rig).taken_or_refused(request, what)?;
    }
    Ok(())
}

fn huge(rig: &mut Rig) -> Verdict {
    let long = "What did she build? ".repeat(50_000);
    Stage(rig).taken_or_refused(
        Request {
            messages: vec![message(Role::User, &long)],
            ..usual()
        },
        "a question of a megabyte",
    )?;
    let messages = vec![message(Role::User, "And then?"); 10_000];
    Stage(rig).taken_or_refused(
        Request {
            messages,
            ..usual()
        },
        "ten thousand messages",
    )?;
    let cards = vec![card("a-0", "The A-0 system"); 5_000];
    Stage(rig).taken_or_refused(
        Request {
            cards,
            n_matching: 5_000,
            ..usual()
        },
        "five thousand cards",
    )
}

fn unknown_language(rig: &mut Rig) -> Verdict {
    for language in ["qtx", "", "\u{0}"] {
        Stage(rig).taken_or_refused(
            Request {
                language: language.into(),
                ..usual()
            },
            "a language that is none",
        )?;
    }
    Ok(())
}

fn reused(rig: &mut Rig) -> Verdict {
    rig.fresh();
    answers(rig)?;
    no_messages(rig)?;
    last_not_user(rig)?;
    answers(rig)
}

fn dropped(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let work = stage.start(usual())?.given("a good request")?;
    stage.0.close(work)?;
    let work = stage.start(usual())?.given("a good request")?;
    stage.next(work)?.given("a good request")?;
    stage.0.close(work)?;
    answers(rig)
}

fn apart(rig: &mut Rig) -> Verdict {
    let mut stage = Stage(rig);
    let one = stage.start(usual())?.given("a good request")?;
    let two = stage
        .start(Request {
            cards: vec![],
            n_matching: 0,
            intent: "greeting".into(),
            ..usual()
        })?
        .given("a good request")?;
    stage.next(one)?.given("a good request")?;
    stage.rest(two)?;
    stage.rest(one)?;
    stage.0.close(two)?;
    let after = stage.next(one)?.given("an answer that has ended")?;
    ensure(after.is_none(), "none after `finished`", || {
        format!("{after:?}")
    })?;
    stage.0.close(one)
}
