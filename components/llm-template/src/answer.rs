//! From a request to the sentences of an answer in English.
//!
//! Facts come from the cards, voice from the persona. An answer aims at 40 to 80 words, about one thing at up to 100, because people
//! listen to it. What an earlier answer already said is not said again.

use crate::choice::pick;
use crate::frames::Frames;
use crate::grammar::{self, join, n_words, sentences};
use crate::limit::{Need, Sentence};
use crate::persona::Persona;
use crate::phrase::{self, Values};
use crate::request::{Card, Request};

/// Most words of an answer about several things, and about one.
const LIST_WORDS: usize = 80;
const DETAIL_WORDS: usize = 100;
/// Room kept for the question at the end.
const CLOSING_WORDS: usize = 10;
/// Most titles in one sentence; nobody remembers more.
pub(crate) const MAX_TITLES: usize = 4;

/// Composes the answer to a request. Never empty.
#[must_use]
pub fn compose(persona: &Persona, frames: &Frames, request: &Request) -> Vec<Sentence> {
    let mut answer = Answer {
        persona,
        frames,
        request,
        sentences: Vec::new(),
        most_words: LIST_WORDS,
    };
    let cards = request.cards.as_slice();
    match request.intent.as_str() {
        _ if request.question().is_empty() => answer.phrases(&persona.unclear),
        "greeting" => {
            answer.phrases(&persona.greetings);
            answer.closing(&persona.greeting_questions);
        }
        "thanks" => answer.phrases(&persona.thanks),
        "goodbye" => answer.phrases(&persona.goodbyes),
        "help" => answer.phrases(&persona.help),
        "unsafe" => answer.phrases(&persona.unsafe_),
        "unclear" => answer.phrases(&persona.unclear),
        "off-topic" => answer.refusal(&persona.off_topic),
        "about" => answer.about(cards),
        "follow-up" if cards.is_empty() && request.answers().next().is_none() => {
            answer.refusal(&frames.follow_up_of_what)
        }
        _ if cards.is_empty() => answer.refusal(&persona.nothing),
        "when" => answer.when(cards),
        "count" => answer.count(cards),
        "compare" if cards.len() >= 2 => answer.compare(cards),
        "list" => answer.list(cards),
        "follow-up" if cards.len() > 1 && request.n_matching > 1 => answer.list(cards),
        _ => answer.detail(cards),
    }
    answer.sentences
}

struct Answer<'a> {
    persona: &'a Persona,
    frames: &'a Frames,
    request: &'a Request,
    sentences: Vec<Sentence>,
    most_words: usize,
}

impl Answer<'_> {
    fn refusal(&mut self, phrases: &[String]) {
        self.phrases(phrases);
        self.closing(&self.persona.suggestions);
    }

    fn about(&mut self, cards: &[Card]) {
        self.phrases(&self.persona.about);
        if !cards.is_empty() {
            let titles = titles(cards);
            self.frame(&self.frames.highlights, &[("titles", &titles)], Need::Extra);
        }
        self.closing(&self.persona.closing_questions);
    }

    fn list(&mut self, cards: &[Card]) {
        let total = self.request.total();
        let frame = self.type_frame(cards, total);
        let values: &Values<'_> = &[("frame", &frame), ("titles", &titles(cards))];
        let told = cards.len().min(MAX_TITLES);
        let phrases = match (total, usize::try_from(total).is_ok_and(|n| n == told)) {
            (1, _) => &self.frames.single,
            (_, true) => &self.frames.all,
            _ => &self.frames.some,
        };
        self.frame(phrases, values, Need::Answer);
        self.stories(cards);
        if cards.len() > 1 {
            self.closing(&self.persona.list_questions)
        } else {
            self.closing(&self.persona.closing_questions)
        }
    }

    fn count(&mut self, cards: &[Card]) {
        let total = self.request.total();
        let frame = self.type_frame(cards, total);
        let told = cards.len().min(MAX_TITLES);
        let phrases = if usize::try_from(total).is_ok_and(|n| n == told) {
            &self.frames.all
        } else {
            &self.frames.count_some
        };
        self.frame(
            phrases,
            &[("frame", &frame), ("titles", &titles(cards))],
            Need::Answer,
        );
        self.stories(cards.get(..1).unwrap_or_default());
        self.closing(if cards.len() > 1 {
            &self.persona.list_questions
        } else {
            &self.persona.closing_questions
        });
    }

    fn detail(&mut self, cards: &[Card]) {
        self.most_words = DETAIL_WORDS;
        let untold = |card: &&Card| self.texts(card).iter().any(|text| !self.was_said(text));
        // When the first item has been told, a follow-up goes on to the next one.
        let Some(card) = cards.iter().find(untold).or_else(|| cards.first()) else {
            return;
        };
        let fresh: Vec<String> = self
            .texts(card)
            .into_iter()
            .filter(|text| !self.was_said(text))
            .collect();
        if fresh.is_empty() {
            let title = inside(card);
            self.frame(&self.frames.all_told, &[("title", &title)], Need::Answer);
            self.closing(&self.persona.suggestions);
            return;
        }
        self.opening();
        for (at, text) in fresh.into_iter().enumerate() {
            let need = if at < 2 { Need::Answer } else { Need::Extra };
            if !self.add(text, need) {
                break;
            }
        }
        self.closing(&self.persona.closing_questions);
    }

    fn when(&mut self, cards: &[Card]) {
        let Some(card) = cards.first() else { return };
        match grammar::when(card.start_year, card.end_year) {
            Some(when) => self.frame(&self.frames.when, &[("when", &when)], Need::Answer),
            None => self.frame(&self.frames.when_unknown, &[], Need::Answer),
        }
        let asks_length = self.request.question().to_lowercase().contains("how long");
        if let (true, Some(start), Some(end)) = (asks_length, card.start_year, card.end_year)
            && let Ok(span) = u32::try_from(end.saturating_sub(start))
            && span > 1
        {
            let span = grammar::number(span);
            self.frame(&self.frames.lasting, &[("span", &span)], Need::Answer);
        }
        for text in sentences(&card.summary) {
            self.add(text, Need::Extra);
        }
        self.closing(&self.persona.closing_questions);
    }

    fn compare(&mut self, cards: &[Card]) {
        let [a, b, ..] = cards else { return };
        self.most_words = DETAIL_WORDS;
        let both = titles(&[a.clone(), b.clone()]);
        self.frame(&self.frames.compare, &[("titles", &both)], Need::Courtesy);
        for card in [a, b] {
            if let Some(text) = sentences(&card.summary).into_iter().next() {
                self.add(text, Need::Answer);
            }
        }
        self.order(a, b);
        let shared: Vec<String> = a
            .technologies
            .iter()
            .filter(|t| b.technologies.contains(t))
            .map(|t| lower_plain(t))
            .take(3)
            .collect();
        if !shared.is_empty() {
            let shared = join(&shared);
            self.frame(
                &self.frames.compare_shared,
                &[("shared", &shared)],
                Need::Extra,
            );
        }
        self.closing(&self.persona.closing_questions);
    }

    /// Which of two items came first.
    fn order(&mut self, a: &Card, b: &Card) {
        let (Some(year_a), Some(year_b)) = (a.start_year, b.start_year) else {
            return;
        };
        let (first, second) = if year_a <= year_b { (a, b) } else { (b, a) };
        let (first_when, second_when) = (
            format!("in {}", year_a.min(year_b)),
            format!("in {}", year_a.max(year_b)),
        );
        if year_a == year_b {
            self.frame(
                &self.frames.compare_same,
                &[("firstWhen", &first_when)],
                Need::Answer,
            );
            return;
        }
        let (first, second) = (grammar::capitalise(&inside(first)), inside(second));
        let values: &Values<'_> = &[
            ("first", &first),
            ("firstWhen", &first_when),
            ("second", &second),
            ("secondWhen", &second_when),
        ];
        self.frame(&self.frames.compare_order, values, Need::Answer);
    }

    /// A little about the first items of a list, as far as there is room: the first sentence of each, and the second of a single one.
    fn stories(&mut self, cards: &[Card]) {
        for (at, card) in cards.iter().take(3).enumerate() {
            let take = if cards.len() == 1 { 2 } else { 1 };
            for text in sentences(&card.summary)
                .into_iter()
                .take(take)
                .filter(|text| !self.was_said(text))
                .collect::<Vec<_>>()
            {
                if !self.add(text, if at == 0 { Need::Answer } else { Need::Extra }) {
                    return;
                }
            }
        }
    }

    /// How many items of which kind, as the start of a sentence.
    fn type_frame(&self, cards: &[Card], total: u32) -> String {
        let kind = cards
            .first()
            .map(|card| card.type_name.as_str())
            .filter(|kind| {
                cards.iter().all(|card| card.type_name == **kind)
                    && (total as usize == cards.len()
                        || self.request.item_type.as_deref() == Some(*kind))
            });
        let own = kind.and_then(|kind| {
            self.persona
                .types
                .get(kind)
                .or_else(|| self.frames.types.get(kind))
        });
        let frame = own.unwrap_or(&self.frames.any);
        let (noun, fit) = if total == 1 {
            (&frame.one, "fits")
        } else {
            (&frame.many, "fit")
        };
        let n = grammar::number(total);
        phrase::fill(
            &frame.frame,
            self.persona.pronoun(),
            &self.persona.subject.name,
            &[("n", &n), ("noun", noun), ("fit", fit)],
        )
    }

    /// Sentences about one item, the summary first.
    fn texts(&self, card: &Card) -> Vec<String> {
        sentences(&card.summary)
            .into_iter()
            .chain(sentences(&card.details))
            .collect()
    }

    fn was_said(&self, text: &str) -> bool {
        self.request.answers().any(|answer| answer.contains(text))
    }

    /// Adds a sentence if there is room for it and the question at the end. The first one that carries the answer always fits.
    fn add(&mut self, text: String, need: Need) -> bool {
        let n: usize = self.sentences.iter().map(|s| n_words(&s.text)).sum();
        let has_answer = self.sentences.iter().any(|s| s.need == Need::Answer);
        if has_answer && n + n_words(&text) + CLOSING_WORDS > self.most_words {
            return false;
        }
        self.sentences.push(Sentence {
            text: grammar::finish(&text),
            need,
        });
        true
    }

    /// A phrase of the persona that is the answer; it may have several sentences.
    fn phrases(&mut self, phrases: &[String]) {
        for text in sentences(&self.chosen(phrases, &[])) {
            self.sentences.push(Sentence {
                text,
                need: Need::Answer,
            });
        }
    }

    fn opening(&mut self) {
        let text = self.chosen(&self.persona.openings, &[]);
        self.sentences.push(Sentence {
            text,
            need: Need::Courtesy,
        });
    }

    fn closing(&mut self, phrases: &[String]) {
        let text = self.chosen(phrases, &[]);
        self.sentences.push(Sentence {
            text,
            need: Need::Courtesy,
        });
    }

    fn frame(&mut self, phrases: &[String], values: &Values<'_>, need: Need) {
        let text = grammar::capitalise(&self.chosen(phrases, values));
        self.sentences.push(Sentence {
            text: grammar::finish(&text),
            need,
        });
    }

    /// One of several phrases, filled, and not one that begins or ends the answer before.
    fn chosen(&self, phrases: &[String], values: &Values<'_>) -> String {
        let filled: Vec<String> = phrases
            .iter()
            .map(|text| {
                phrase::fill(
                    text,
                    self.persona.pronoun(),
                    &self.persona.subject.name,
                    values,
                )
            })
            .collect();
        let before = self.request.answers().next().unwrap_or("");
        pick(&filled, self.request.question(), |text| {
            before.starts_with(text) || before.ends_with(text)
        })
        .to_owned()
    }
}

/// Titles of the first cards, joined.
fn titles(cards: &[Card]) -> String {
    join(
        &cards
            .iter()
            .take(MAX_TITLES)
            .map(inside)
            .collect::<Vec<_>>(),
    )
}

/// A card's title inside a sentence.
fn inside(card: &Card) -> String {
    grammar::inside(
        card.title.trim_end_matches('.'),
        card.type_name == "publication",
    )
}

/// `Compilers` to `compilers`, but `COBOL` and `Harvard Mark I` stay.
fn lower_plain(name: &str) -> String {
    let is_plain = name.chars().skip(1).all(|c| c.is_lowercase() || c == ' ');
    if is_plain {
        name.to_lowercase()
    } else {
        name.to_owned()
    }
}
