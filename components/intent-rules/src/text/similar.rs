//! How far apart two spellings are, with limits that depend on length.
//!
//! Distances are Damerau's in the optimal-string-alignment form (a swap of neighbours counts once), taken on spellings folded by sound
//! (`kobol` and `cobol` are equal), because recognisers write what they hear.

/// A spelling folded by sound: `ph` is `f`, `ck`, `c` and `q` are `k`, `z` is `s`, `y` is `i`, double letters are single.
#[must_use]
pub fn fold(word: &str) -> String {
    let word = word.replace("ph", "f").replace("ck", "k");
    let mut folded = String::with_capacity(word.len());
    for c in word.chars() {
        let c = match c {
            'c' | 'q' => 'k',
            'z' => 's',
            'y' => 'i',
            other => other,
        };
        if !folded.ends_with(c) || c.is_ascii_digit() {
            folded.push(c);
        }
    }
    folded
}

/// Most edits that still count as the same word: none below five letters, where every neighbour is another word, one below nine
/// (`computer` is two edits from `compiler`), then two, and three from thirteen letters.
#[must_use]
pub fn allowance(n_letters: usize) -> usize {
    match n_letters {
        0..=4 => 0,
        5..=8 => 1,
        9..=12 => 2,
        _ => 3,
    }
}

/// How alike two folded spellings are: 1 for equal, less with every edit; none when they differ more than [`allowance`] permits or begin
/// with different letters. Names with digits must agree in them, since `mark 1` and `mark 2` are different things.
#[must_use]
pub fn likeness(a: &str, b: &str) -> Option<f32> {
    if a == b {
        return Some(1.0);
    }
    let (n_a, n_b) = (a.chars().count(), b.chars().count());
    let limit = allowance(n_a.min(n_b));
    if limit == 0 || n_a.abs_diff(n_b) > limit || a.chars().next() != b.chars().next() {
        return None;
    }
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    if digits(a) != digits(b) {
        return None;
    }
    let distance = strsim::osa_distance(a, b);
    #[expect(
        clippy::cast_precision_loss,
        reason = "lengths of words are far below 2^24"
    )]
    let share = distance as f32 / n_a.max(n_b) as f32;
    (distance <= limit).then_some(1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::{fold, likeness};

    #[test]
    fn typos_and_mishearings_are_close_and_other_words_are_not() {
        let close = [
            ("kobol", "cobol"),
            ("cobbol", "cobol"),
            ("univack", "univac"),
            ("harvrad", "harvard"),
            ("flowmattic", "flowmatic"),
        ];
        for (a, b) in close {
            assert!(
                likeness(&fold(a), &fold(b)).is_some_and(|l| l > 0.7),
                "{a} {b}"
            );
        }
        for (a, b) in [
            ("mark1", "mark2"),
            ("navy", "nave"),
            ("marvel", "harvard"),
            ("yale", "yell"),
            ("control", "cobol"),
            ("computer", "compiler"),
        ] {
            assert_eq!(likeness(&fold(a), &fold(b)), None, "{a} {b}");
        }
    }

    #[test]
    fn likeness_is_symmetric_and_reflexive() {
        for (a, b) in [
            ("compiler", "compielr"),
            ("nanosecond", "nanoseconds"),
            ("grace", "grade"),
        ] {
            assert_eq!(likeness(a, b), likeness(b, a));
            assert_eq!(likeness(a, a), Some(1.0));
        }
    }
}
