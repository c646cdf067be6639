//! From a request to the sentences of an answer in another language than English.
//!
//! It says which items there are, how many, and when that was; titles stay as they are in the content, and their texts, which are English,
//! are left to whoever shows the items.

use crate::answer::MAX_TITLES;
use crate::choice::pick;
use crate::grammar::sentences;
use crate::languages::Phrases;
use crate::limit::{Need, Sentence};
use crate::persona::{Person, Persona};
use crate::phrase::{self, Values};
use crate::request::{Card, Request};

/// Composes the answer to a request. Never empty.
#[must_use]
pub fn compose(persona: &Persona, phrases: &Phrases, request: &Request) -> Vec<Sentence> {
    let mut answer = Answer {
        persona,
        phrases,
        request,
        sentences: Vec::new(),
    };
    let cards = request.cards.as_slice();
    match (request.intent.as_str(), cards) {
        _ if request.question().is_empty() => answer.say(&phrases.unclear, &[], Need::Answer),
        ("greeting", _) => answer.say(&phrases.greeting, &[], Need::Answer),
        ("thanks", _) => answer.say(&phrases.thanks, &[], Need::Answer),
        ("goodbye", _) => answer.say(&phrases.goodbye, &[], Need::Answer),
        ("help", _) => answer.say(&phrases.help, &[], Need::Answer),
        ("unsafe", _) => answer.say(&phrases.unsafe_, &[], Need::Answer),
        ("unclear", _) => answer.say(&phrases.unclear, &[], Need::Answer),
        ("off-topic", _) => answer.say(&phrases.off_topic, &[], Need::Answer),
        ("about", _) => answer.about(cards),
        ("follow-up", []) if request.answers().next().is_none() => {
            answer.say(&phrases.follow_up_of_what, &[], Need::Answer);
        }
        (_, []) => answer.say(&phrases.nothing, &[], Need::Answer),
        ("when", [card, ..]) => answer.when(card),
        ("count", _) => answer.list(&phrases.count, &phrases.count_some),
        ("list" | "compare", _) => answer.list(&phrases.found, &phrases.some),
        ("follow-up", [_, _, ..]) if request.n_matching > 1 => {
            answer.list(&phrases.found, &phrases.some);
        }
        (_, [first, ..]) => {
            // When the first item has been named, a follow-up goes on to the next one.
            let is_new = |card: &&Card| !request.answers().any(|said| said.contains(title(card)));
            answer.detail(cards.iter().find(is_new).unwrap_or(first));
        }
    }
    answer.sentences
}

struct Answer<'a> {
    persona: &'a Persona,
    phrases: &'a Phrases,
    request: &'a Request,
    sentences: Vec<Sentence>,
}

impl Answer<'_> {
    fn about(&mut self, cards: &[Card]) {
        self.say(&self.phrases.about, &[], Need::Answer);
        if !cards.is_empty() {
            let titles = self.titles(cards);
            self.say(
                &self.phrases.highlights,
                &[("titles", &titles)],
                Need::Extra,
            );
        }
        self.say(&self.phrases.more, &[], Need::Courtesy);
    }

    fn list(&mut self, all: &[String], some: &[String]) {
        let (cards, total) = (&self.request.cards, self.request.total());
        let told = cards.len().min(MAX_TITLES);
        let list = match (total, usize::try_from(total).is_ok_and(|n| n == told)) {
            (1, _) => &self.phrases.found,
            (_, true) => all,
            _ => some,
        };
        let values: &Values<'_> = &[("n", &total.to_string()), ("titles", &self.titles(cards))];
        self.say(list, values, Need::Answer);
        self.say(&self.phrases.more, &[], Need::Courtesy);
    }

    fn detail(&mut self, card: &Card) {
        let titles = self.titles(std::slice::from_ref(card));
        self.say(&self.phrases.found, &[("titles", &titles)], Need::Answer);
        self.say(&self.phrases.details, &[], Need::Extra);
    }

    fn when(&mut self, card: &Card) {
        let title = title(card);
        match self.years(card) {
            Some(when) => {
                let values: &Values<'_> = &[("title", title), ("when", &when)];
                self.say(&self.phrases.when, values, Need::Answer);
            }
            None => self.say(
                &self.phrases.when_unknown,
                &[("title", title)],
                Need::Answer,
            ),
        }
        self.say(&self.phrases.details, &[], Need::Extra);
    }

    /// The first titles with their years, joined.
    fn titles(&self, cards: &[Card]) -> String {
        let titles: Vec<String> = cards
            .iter()
            .take(MAX_TITLES)
            .map(|card| match self.years(card) {
                Some(years) => format!("{} ({years})", title(card)),
                None => title(card).to_owned(),
            })
            .collect();
        match titles.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{}{}{last}", first.join(", "), self.phrases.last),
        }
    }

    fn years(&self, card: &Card) -> Option<String> {
        let (from, to) = (card.start_year?, card.end_year);
        let years = &self.phrases.years;
        let (phrase, to) = match to {
            Some(to) if to == from => (&years.one, String::new()),
            Some(to) => (&years.span, to.to_string()),
            None => (&years.open, String::new()),
        };
        Some(self.filled(phrase, &[("from", &from.to_string()), ("to", &to)]))
    }

    /// One of several phrases, filled, and not one that begins or ends the answer before.
    fn say(&mut self, phrases: &[String], values: &Values<'_>, need: Need) {
        let subject = match self.persona.person {
            Person::First => &self.phrases.me,
            Person::Third => &self.persona.subject.name,
        };
        let own = [
            ("speaker", self.persona.name.as_str()),
            ("subject", subject),
        ];
        let values = [values, &own].concat();
        let filled: Vec<String> = phrases
            .iter()
            .map(|text| self.filled(text, &values))
            .collect();
        let before = self.request.answers().next().unwrap_or("");
        let text = pick(&filled, self.request.question(), |text| {
            before.starts_with(text) || before.ends_with(text)
        });
        for text in sentences(text) {
            self.sentences.push(Sentence { text, need });
        }
    }

    fn filled(&self, text: &str, values: &Values<'_>) -> String {
        let name = &self.persona.subject.name;
        phrase::fill(text, self.persona.pronoun(), name, values)
    }
}

fn title(card: &Card) -> &str {
    card.title.trim_end_matches('.')
}
