//! Answers in other languages: word for word (`languages.txt`), the rules that they keep, and what is said in a language that is missing.

use llm_template::request::{Card, Request};
use llm_template::stream::Chunk;

use crate::reviewed::{assert_reviewed, told};
use crate::support::{PROJECTS, after, cards, guide, request, sam, say};

fn of(language: &str, request: Request) -> Request {
    Request {
        language: language.to_owned(),
        ..request
    }
}

#[test]
fn answers_in_other_languages_read_as_they_were_reviewed() {
    let mut text = String::new();
    for (language, hello, who, which, all, number, when, tell, weather, mars, thanks) in [
        (
            "de",
            "Hallo!",
            "Wer war sie?",
            "Welche Projekte mit COBOL?",
            "Was geschah in den Vierzigern?",
            "Wie viele Auszeichnungen?",
            "Wann war das?",
            "Erzähl mir von der Motte.",
            "Wie ist das Wetter?",
            "Was tat sie auf dem Mars?",
            "Danke!",
        ),
        (
            "fr",
            "Bonjour !",
            "Qui était-elle ?",
            "Quels projets avec COBOL ?",
            "Et dans les années quarante ?",
            "Combien de prix ?",
            "C'était quand ?",
            "Parlez-moi du papillon.",
            "Quel temps fait-il ?",
            "Et sur Mars ?",
            "Merci !",
        ),
        (
            "es",
            "¡Hola!",
            "¿Quién era?",
            "¿Qué proyectos con COBOL?",
            "¿Y en los años cuarenta?",
            "¿Cuántos premios?",
            "¿Cuándo fue?",
            "Cuénteme de la polilla.",
            "¿Qué tiempo hace?",
            "¿Y en Marte?",
            "¡Gracias!",
        ),
    ] {
        let many = Request {
            n_matching: 14,
            ..request("list", all, cards(&["mark-ii-moth", "waves-service"]))
        };
        let open = Card {
            end_year: None,
            ..cards(&["a-2"]).remove(0)
        };
        let asked = [
            request("greeting", hello, vec![]),
            request("about", who, cards(&["cobol", "a-0"])),
            request("list", which, cards(&PROJECTS)),
            many,
            request(
                "count",
                number,
                cards(&["medal-of-freedom", "medal-of-technology"]),
            ),
            request("when", when, cards(&["waves-service"])),
            request("when", when, vec![open]),
            request("when", when, cards(&["nanosecond-wires"])),
            request("detail", tell, cards(&["mark-ii-moth", "cobol"])),
            request("off-topic", weather, vec![]),
            request("unsafe", "…", vec![]),
            request("list", mars, vec![]),
            request("follow-up", "…?", vec![]),
            request("unclear", "", vec![]),
            request("help", "?", vec![]),
            request("thanks", thanks, vec![]),
            request("goodbye", "!", vec![]),
        ];
        for asked in asked {
            text += &told(language, &guide(), &of(language, asked));
            text.push('\n');
        }
        let about = of(language, request("off-topic", weather, vec![]));
        text += &told(&format!("{language}, first person"), &sam(), &about);
        text.push('\n');
    }
    assert_reviewed("languages.txt", &format!("{}\n", text.trim_end()));
}

#[test]
fn every_intent_gets_whole_sentences_in_every_language() {
    let bare = Card {
        title: "Nothing.".to_owned(),
        ..Card::default()
    };
    for language in guide().languages() {
        for intent in [
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
            "something new",
        ] {
            for cards in [
                vec![],
                cards(&["a-0"]),
                cards(&PROJECTS),
                vec![bare.clone(); 2],
            ] {
                for speaker in [guide(), sam()] {
                    for max_tokens in [1, 20, 220] {
                        let asked = Request {
                            max_tokens,
                            ..of(language, request(intent, "?", cards.clone()))
                        };
                        let text = say(&speaker, &asked);
                        assert!(text.ends_with(['.', '?', '!']), "{text:?}");
                        for odd in ["{", "}", "  ", "..", " .", "()", "None"] {
                            assert!(!text.contains(odd), "{odd:?} in {text:?}");
                        }
                        let n = text.split_whitespace().count();
                        assert!(n <= (max_tokens as usize * 3 / 4).max(1), "{text:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_follow_up_goes_on_to_the_next_item_and_no_phrase_comes_twice_in_a_row() {
    let asked = |answers: &[&str]| {
        let items = Request {
            n_matching: 1,
            ..request("follow-up", "Mehr!", cards(&["flow-matic", "cobol"]))
        };
        say(&guide(), &after(of("de", items), answers))
    };
    let first = asked(&["Guten Tag."]);
    assert!(first.contains("FLOW-MATIC (1955"), "{first}");
    let second = asked(&[&first]);
    assert!(second.contains("COBOL (1959"), "{second}");
    let thanks = |answers: &[&str]| {
        let thanks = of("de", request("thanks", "Danke!", vec![]));
        say(&guide(), &after(thanks, answers))
    };
    let once = thanks(&["Guten Tag."]);
    assert_ne!(thanks(&[&once]), once);
}

#[test]
fn a_language_that_is_missing_gets_english_and_is_told() {
    let question = || request("greeting", "Dzień dobry!", vec![]);
    let mut chunks = guide().generate(&of("pl-PL", question())).unwrap();
    let Some(Chunk::Degraded(why)) = chunks.next() else {
        panic!("it is not told")
    };
    assert!(why.contains("pl-PL"), "{why}");
    let english: Vec<_> = guide().generate(&question()).unwrap().collect();
    assert_eq!(chunks.collect::<Vec<_>>(), english);
}
