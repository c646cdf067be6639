//! Finds the names of the content base in a question, however they are spelled.
//!
//! A name is looked up by its words run together, with small numbers as digits (`FLOW-MATIC`, `flow matic` and `flowmatic` are one key,
//! and so are `Mark I` and `mark one`), then by its stems, then by likeness. Matches never overlap; the longest wins, then the first.
//! It knows nothing of intents.

use std::collections::{HashMap, HashSet};

use crate::base::ContentBase;
use crate::name_keys::{forms, heard, key, short_for, stem_key};
use crate::normal::sounds::{fullness, unlikeness_within};
use crate::text::similar::{fold, likeness};
use crate::text::tokens::words;

/// Most words of a name.
const MAX_WORDS: usize = 12;
/// Most words of a misspelled name: longer ones are found by their parts.
const MAX_ALIKE_WORDS: usize = 3;
/// The same when it is only heard.
const MAX_HEARD_WORDS: usize = 6;
/// Confidence of a name reached through its stem, for instance a plural.
const STEM_CONFIDENCE: f32 = 0.95;

/// Most confidence of a name that only sounds like what was said.
const BY_SOUND: f32 = 0.85;
/// Largest share of the sounds that may differ.
const MAX_UNLIKE: f32 = 0.21;
/// Names with fewer sounds are too short to be told apart by ear: two consonants and a vowel.
const MIN_SOUND: f32 = 2.4;

/// What a name stands for; the numbers are indices into the content base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The person or thing the content is about.
    Subject,
    /// A technology.
    Technology(usize),
    /// An organisation.
    Organisation(usize),
    /// A named range of years.
    Period(usize),
    /// An item type, by a noun.
    Type(usize),
    /// An item type, by a verb.
    Verb(usize),
    /// An item, by its title or an alias.
    Item(usize),
}

/// A name in a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// First word.
    pub first: usize,
    /// Word after the last.
    pub end: usize,
    /// What it may stand for, in the order of the content base; never empty.
    pub targets: Vec<Target>,
    /// 1 for an exact name, less through stems and typos.
    pub confidence: f32,
}

/// All names of one content base.
#[derive(Debug, Default)]
pub struct Names {
    exact: HashMap<String, Vec<Target>>,
    stemmed: HashMap<String, Vec<Target>>,
    /// Sound-folded key and targets of names long enough to survive a typo.
    alike: Vec<(String, Vec<Target>)>,
    /// How each of them sounds.
    sounds: Vec<(String, Vec<Target>)>,
    /// The words of each name, by its key.
    spelled: HashMap<String, Vec<String>>,
    /// Every word of every name.
    words: HashSet<String>,
    /// Technologies that an item is called like, by name, and those items, by id.
    own_items: HashSet<String>,
    things: HashSet<String>,
    /// Technologies by the one word that they are called for short.
    short: HashMap<String, usize>,
}

impl Names {
    /// Collects the names of a base.
    #[must_use]
    pub fn new(base: &ContentBase) -> Self {
        let mut names = Self::default();
        names.add_all(&base.subject.name, &base.subject.aliases, Target::Subject);
        for (i, technology) in base.technologies.iter().enumerate() {
            names.add_all(&technology.name, &technology.aliases, Target::Technology(i));
        }
        for (i, organisation) in base.organisations.iter().enumerate() {
            names.add_all(
                &organisation.name,
                &organisation.aliases,
                Target::Organisation(i),
            );
        }
        for (i, period) in base.periods.iter().enumerate() {
            names.add_all(&period.name.name, &period.name.aliases, Target::Period(i));
        }
        for (i, kind) in base.types.iter().enumerate() {
            names.add_all(&kind.name, &kind.synonyms, Target::Type(i));
            names.add_all(&kind.title, &[], Target::Type(i));
            for verb in &kind.verbs {
                names.add(verb, Target::Verb(i));
            }
        }
        for (i, item) in base.items.iter().enumerate() {
            names.add_all(&item.title, &item.aliases, Target::Item(i));
        }
        names.short = short_for(&base.technologies);
        names.join_technologies(base);
        names.collect_alike();
        names
    }

    /// An item that is called like a technology is also meant by the technology's other names.
    fn join_technologies(&mut self, base: &ContentBase) {
        let mut items: HashMap<usize, Vec<Target>> = HashMap::new();
        for (at, technology) in base.technologies.iter().enumerate() {
            let name = words(&technology.name);
            let run: Vec<&str> = name.iter().map(String::as_str).collect();
            for form in forms(&run) {
                let targets = self.exact.get(&key(&form)).into_iter().flatten();
                let named = targets.filter(|other| matches!(other, Target::Item(_)));
                let own = items.entry(at).or_default();
                own.extend(named);
                for target in own.iter() {
                    if let Target::Item(item) = target
                        && let Some(item) = base.items.get(*item)
                    {
                        self.own_items.insert(technology.name.clone());
                        self.things.insert(item.id.clone());
                    }
                }
            }
        }
        for map in [&mut self.exact, &mut self.stemmed] {
            for targets in map.values_mut() {
                let technologies = targets.iter().filter_map(|target| match target {
                    Target::Technology(at) => items.get(at),
                    _ => None,
                });
                let mut more: Vec<Target> = technologies.flatten().copied().collect();
                more.sort_unstable();
                more.retain(|target| !targets.contains(target));
                more.dedup();
                targets.extend(more);
            }
        }
    }

    /// The technology that a plural alone is short for: "which languages", where the base only knows one kind of them.
    #[must_use]
    pub fn short_for(&self, word: &str) -> Option<Target> {
        self.short.get(word).copied().map(Target::Technology)
    }

    /// Whether an item is called like this technology.
    #[must_use]
    pub fn has_own_item(&self, technology: &str) -> bool {
        self.own_items.contains(technology)
    }

    /// Whether this item is called like a technology.
    #[must_use]
    pub fn is_called_like_technology(&self, id: &str) -> bool {
        self.things.contains(id)
    }

    /// Every name run together, as it is often written.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        let is_word = |key: &&String| key.bytes().all(|b| b.is_ascii_alphabetic());
        self.exact.keys().filter(is_word)
    }

    /// Every word of every name.
    pub fn words(&self) -> impl Iterator<Item = &String> {
        self.words.iter()
    }

    /// Names in a row of normalised words. `ordinary` says which words are plain vocabulary and cannot be a misspelled name.
    #[must_use]
    pub fn find(&self, words: &[&str], ordinary: impl Fn(&str) -> bool) -> Vec<Match> {
        let mut found: Vec<Match> = Vec::new();
        let mut taken = vec![false; words.len()];
        for n in (1..=MAX_WORDS.min(words.len())).rev() {
            for first in 0..=words.len() - n {
                self.take(words, first, n, &mut taken, &mut found, Self::lookup);
            }
            if n > MAX_HEARD_WORDS {
                continue;
            }
            for first in 0..=words.len() - n {
                let plain = words
                    .get(first..first + n)
                    .is_some_and(|run| run.iter().all(|word| ordinary(word)));
                let edge = |at: usize| {
                    words
                        .get(at)
                        .is_some_and(|word| n > 1 && ordinary(word) && word.len() < 4)
                };
                if !plain && !edge(first) && !edge(first + n - 1) {
                    self.take(words, first, n, &mut taken, &mut found, Self::resembling);
                }
            }
        }
        found.sort_by_key(|m| m.first);
        found
    }

    fn take(
        &self,
        words: &[&str],
        first: usize,
        n: usize,
        taken: &mut [bool],
        found: &mut Vec<Match>,
        look: impl Fn(&Self, &[&str]) -> Option<(Vec<Target>, f32)>,
    ) {
        let end = first + n;
        let (Some(run), Some(marks)) = (words.get(first..end), taken.get_mut(first..end)) else {
            return;
        };
        if marks.contains(&true) {
            return;
        }
        if let Some((targets, confidence)) = look(self, run) {
            marks.fill(true);
            found.push(Match {
                first,
                end,
                targets,
                confidence,
            });
        }
    }

    fn lookup(&self, run: &[&str]) -> Option<(Vec<Target>, f32)> {
        if let Some(targets) = self.exact.get(&key(run)) {
            let mut targets = targets.clone();
            // "The UNIVAC" may be the name of an item, and is still the UNIVAC.
            if let Some((&("the" | "a" | "an" | "her"), bare)) = run.split_first() {
                for other in self.exact.get(&key(bare)).into_iter().flatten() {
                    if !targets.contains(other) {
                        targets.push(*other);
                    }
                }
            }
            return Some((targets, 1.0));
        }
        // "Her compilers" are not the item that is called "her compiler".
        if let Some((&("the" | "a" | "an" | "her" | "his" | "your"), bare)) = run.split_first()
            && bare.last().is_some_and(|word| word.ends_with('s'))
            && let Some(targets) = self.exact.get(&key(bare))
        {
            return Some((targets.clone(), STEM_CONFIDENCE));
        }
        self.stemmed
            .get(&stem_key(run))
            .map(|targets| (targets.clone(), STEM_CONFIDENCE))
    }

    fn resembling(&self, run: &[&str]) -> Option<(Vec<Target>, f32)> {
        if run.len() > MAX_ALIKE_WORDS {
            return self.sounding(run);
        }
        let folded = fold(&key(run));
        let mut best: Option<(f32, &Vec<Target>)> = None;
        for (name, targets) in &self.alike {
            if let Some(like) = likeness(&folded, name)
                && best.is_none_or(|(most, _)| like > most)
            {
                best = Some((like, targets));
            }
        }
        // A name that only sounds the same is still a guess.
        best.map(|(like, targets)| (targets.clone(), like.min(0.9)))
            .or_else(|| self.sounding(run))
    }

    /// The name that sounds most like a run of words.
    fn sounding(&self, run: &[&str]) -> Option<(Vec<Target>, f32)> {
        if run
            .iter()
            .any(|word| word.contains(|c: char| c.is_ascii_digit()))
        {
            return None;
        }
        let heard = heard(run);
        let full = fullness(&heard);
        let mut best: Option<(f32, &Vec<Target>)> = None;
        // The comparison is dear; most names are out by their length alone.
        let near = |sound: &&(String, Vec<Target>)| {
            sound.0.len().abs_diff(heard.len()) <= 1 + sound.0.len() / 4
        };
        for (sound, targets) in self.sounds.iter().filter(near) {
            let all = fullness(sound).max(full);
            let Some(unlike) = unlikeness_within(&heard, sound, all * MAX_UNLIKE) else {
                continue;
            };
            let share = unlike / all;
            if best.is_none_or(|(least, _)| share < least) {
                best = Some((share, targets));
            }
        }
        best.filter(|_| full >= MIN_SOUND)
            .map(|(share, targets)| (targets.clone(), BY_SOUND * (1.0 - share)))
    }

    fn add_all(&mut self, name: &str, aliases: &[String], target: Target) {
        self.add(name, target);
        for alias in aliases {
            self.add(alias, target);
        }
    }

    fn add(&mut self, name: &str, target: Target) {
        let words = words(name);
        self.words.extend(words.iter().cloned());
        let run: Vec<&str> = words.iter().map(String::as_str).collect();
        for form in &forms(&run) {
            let own = form.iter().map(|word| (*word).to_owned()).collect();
            self.spelled.entry(key(form)).or_insert(own);
            insert(&mut self.exact, key(form), target);
            insert(&mut self.stemmed, stem_key(form), target);
        }
    }

    fn collect_alike(&mut self) {
        let mut entries: Vec<(String, Vec<Target>)> = self
            .exact
            .iter()
            // Verbs and type nouns are everyday words: a near miss of one is usually another word.
            .filter(|(_, targets)| {
                !targets
                    .iter()
                    .any(|t| matches!(t, Target::Verb(_) | Target::Type(_)))
            })
            .map(|(name, targets)| (name.clone(), targets.clone()))
            .collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, targets) in &entries {
            let run: Vec<&str> = self
                .spelled
                .get(name)
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect();
            let sound = heard(&run);
            let has_digit = name.contains(|c: char| c.is_ascii_digit());
            if !has_digit && run.len() <= MAX_HEARD_WORDS && fullness(&sound) >= MIN_SOUND {
                self.sounds.push((sound, targets.clone()));
            }
        }
        let mut entries: Vec<(String, Vec<Target>)> = entries
            .into_iter()
            .map(|(name, targets)| (fold(&name), targets))
            .filter(|(name, _)| name.chars().count() >= 5)
            .collect();
        // The map has no order of its own; ties must not depend on it.
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let mut seen = HashSet::new();
        entries.retain(|(name, _)| seen.insert(name.clone()));
        self.alike = entries;
    }
}

fn insert(map: &mut HashMap<String, Vec<Target>>, key: String, target: Target) {
    if key.is_empty() {
        return;
    }
    let targets = map.entry(key).or_default();
    if !targets.contains(&target) {
        targets.push(target);
    }
}
