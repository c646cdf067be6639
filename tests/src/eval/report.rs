//! The figures as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::measure::{Figure, TARGETS, is_wrong, missed};
use super::play::Played;
use super::set::INTENTS;

/// Everything: figures with their targets, per category, and which intent was taken for which.
#[must_use]
pub fn report(played: &[Played]) -> String {
    let dialogues: BTreeSet<&str> = played.iter().map(|one| one.id.as_str()).collect();
    let mut text = format!(
        "{} questions in {} dialogues\n\n",
        played.len(),
        dialogues.len()
    );
    for figure in Figure::ALL {
        let (value, n) = figure.mean(played);
        let target = TARGETS.iter().find(|(of, _)| *of == figure);
        let target = target.map_or(String::new(), |(_, target)| {
            let verdict = if missed(played).iter().any(|(of, _)| *of == figure) {
                "MISSED"
            } else {
                "ok"
            };
            format!("   target {target:.2}  {verdict}")
        });
        line(
            &mut text,
            &format!("{:<18} {value:.3} of {n:>3}{target}", figure.name()),
        );
    }
    text.push('\n');
    categories(&mut text, played);
    text.push('\n');
    confusion(&mut text, played);
    text
}

/// The questions about which something is wrong.
#[must_use]
pub fn failures(played: &[Played]) -> String {
    let mut text = String::new();
    for one in played.iter().filter(|one| is_wrong(one)) {
        let (label, reading) = (&one.label, &one.reading);
        line(
            &mut text,
            &format!("{} [{}] {:?}", one.id, one.category, label.text),
        );
        if Figure::Intent.of(one) != Some(1.0) {
            let right = label.intent.join(" or ");
            line(
                &mut text,
                &format!("    intent {} instead of {right}", reading.intent),
            );
        }
        let shown: Vec<&str> = reading.cards.iter().map(|card| card.id.as_str()).collect();
        let too_much: Vec<&str> = shown
            .iter()
            .copied()
            .filter(|id| !label.items.iter().any(|item| item == id))
            .collect();
        if Figure::Recall.of(one).is_some_and(|value| value < 1.0) {
            let missing: Vec<&str> = label
                .items
                .iter()
                .map(String::as_str)
                .filter(|id| !shown.contains(id))
                .collect();
            line(&mut text, &format!("    missing {}", missing.join(", ")));
        }
        if !too_much.is_empty() {
            line(&mut text, &format!("    too much {}", too_much.join(", ")));
        }
    }
    text
}

fn categories(text: &mut String, played: &[Played]) {
    let mut groups: BTreeMap<&str, Vec<&Played>> = BTreeMap::new();
    for one in played {
        groups.entry(&one.category).or_default().push(one);
    }
    let widest = groups
        .keys()
        .map(|name| name.len())
        .max()
        .unwrap_or(0)
        .max(8);
    line(
        text,
        &format!(
            "{:<widest$}    n  intent  recall  precis.  nDCG@4  refusal",
            "category"
        ),
    );
    for (name, group) in groups {
        let figures = Figure::ALL.map(|figure| match figure.mean(group.iter().copied()) {
            (_, 0) => "-".to_owned(),
            (value, _) => format!("{value:.3}"),
        });
        let [intent, recall, precision, ndcg, refusal] = figures;
        line(
            text,
            &format!(
                "{name:<widest$} {:>4}  {intent:>6}  {recall:>6}  {precision:>7}  {ndcg:>6}  {refusal:>7}",
                group.len()
            ),
        );
    }
}

/// Rows are what is right, columns what was given. A question with several right intents is in the row of the one that was given, if that
/// is right, else of the usual one.
fn confusion(text: &mut String, played: &[Played]) {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in played {
        let given = one.reading.intent.as_str();
        let right = one.label.intent.iter().any(|name| name == given);
        let row = if right { given } else { one.label.usual() };
        *counts.entry((row, given)).or_default() += 1;
    }
    let used: Vec<&str> = INTENTS
        .into_iter()
        .filter(|name| {
            counts
                .keys()
                .any(|(row, column)| row == name || column == name)
        })
        .collect();
    let heads: String = used.iter().map(|name| format!(" {:>6.6}", name)).collect();
    line(text, &format!("{:<12}{heads}", "right \\ given"));
    for row in &used {
        let cells: String = used
            .iter()
            .map(|column| match counts.get(&(row, column)) {
                Some(n) => format!(" {n:>6}"),
                None => format!(" {:>6}", "."),
            })
            .collect();
        line(text, &format!("{row:<13}{cells}"));
    }
}

fn line(text: &mut String, one: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{one}");
}

#[cfg(test)]
mod tests {
    use super::super::play::{Card, Played, Reading};
    use super::super::set::Label;
    use super::{failures, report};

    fn played(text: &str, right: &str, items: &[&str], given: &str, shown: &[&str]) -> Played {
        Played {
            id: "x-1".to_owned(),
            category: "chat".to_owned(),
            label: Label {
                text: text.to_owned(),
                intent: vec![right.to_owned()],
                items: items.iter().map(|id| (*id).to_owned()).collect(),
                best: vec![],
                pick: None,
            },
            reading: Reading {
                intent: given.to_owned(),
                cards: shown
                    .iter()
                    .map(|id| Card {
                        id: (*id).to_owned(),
                        ..Card::default()
                    })
                    .collect(),
                ..Reading::default()
            },
        }
    }

    #[test]
    fn the_report_shows_figures_targets_categories_and_confusion() {
        let all = [
            played("good", "list", &["a"], "list", &["a"]),
            played("bad", "list", &["a"], "detail", &["b"]),
        ];
        let text = report(&all);
        for part in [
            "2 questions in 1 dialogues",
            "intent accuracy    0.500 of   2   target 0.95  MISSED",
            "card recall        0.500 of   2   target 0.90  MISSED",
            "off-topic refusal  0.000 of   0   target 0.95  MISSED",
            "chat        2   0.500   0.500    0.500   0.500        -",
        ] {
            assert!(text.contains(part), "{part:?} in\n{text}");
        }
        let row = text.lines().find(|line| line.starts_with("list ")).unwrap();
        assert_eq!(
            row.split_whitespace().collect::<Vec<_>>(),
            ["list", "1", "1"]
        );
        let wrong = failures(&all);
        assert!(
            wrong.contains("\"bad\"") && !wrong.contains("\"good\""),
            "{wrong}"
        );
        assert!(wrong.contains("detail instead of list") && wrong.contains("missing a"));
        assert!(wrong.contains("too much b"));
    }
}
