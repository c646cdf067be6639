//! How names sound: words are reduced to sounds, and names compared by what is heard. The rules are our own and coarse on purpose.
//!
//! A speech recogniser writes a name that it does not know as words that it knows and that sound alike: `knave e` for `navy`, `have vard` for
//! `Harvard`. The reduction forgets what is hard to hear (length of consonants, silent letters, most vowels) and keeps the rest.

/// The sounds of words run together: upper-case consonants, lower-case vowels.
#[must_use]
pub fn sounds(text: &str) -> String {
    let mut text: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    // A letter on its own is spelled out.
    if text == "e" {
        return "i".to_owned();
    }
    for (begin, sound) in [
        ("kn", "n"),
        ("wr", "r"),
        ("gn", "n"),
        ("ps", "s"),
        ("wh", "w"),
    ] {
        if let Some(rest) = text.strip_prefix(begin) {
            text = format!("{sound}{rest}");
        }
    }
    // Longest first, so that none is eaten by a shorter one.
    for (letters, sound) in [
        ("tion", "Sun"),
        ("sion", "Sun"),
        ("ture", "Cer"),
        ("tch", "C"),
        ("sch", "S"),
        ("igh", "i"),
        ("augh", "o"),
        ("ough", "o"),
        ("ph", "F"),
        ("gh", "G"),
        ("ck", "K"),
        ("qu", "KW"),
        ("th", "T"),
        ("sh", "S"),
        ("ch", "C"),
        ("ce", "Se"),
        ("ci", "Si"),
        ("cy", "Si"),
        ("dge", "J"),
        ("ge", "Je"),
        ("x", "KS"),
        ("ee", "i"),
        ("ea", "i"),
        ("ie", "i"),
        ("ey", "i"),
        ("ai", "a"),
        ("ay", "a"),
        ("oo", "u"),
        ("ou", "u"),
        ("ew", "u"),
        ("oa", "o"),
        ("ow", "o"),
        ("au", "o"),
        ("aw", "o"),
    ] {
        if text.contains(letters) {
            text = text.replace(letters, sound);
        }
    }
    let mut heard = String::new();
    let letters: Vec<char> = text.chars().collect();
    let last = letters.len().saturating_sub(1);
    for (at, c) in letters.iter().copied().enumerate() {
        let next = letters.get(at + 1);
        let sound = match c {
            // Hardly heard before a consonant: Harvard, havard.
            'r' if at > 0 && next.is_some_and(|next| !"aeiouy".contains(*next)) => continue,
            'b' => 'P',
            'p' => 'P',
            'd' | 't' => 'T',
            'f' | 'v' => 'F',
            'c' | 'k' | 'q' => 'K',
            'g' => 'G',
            's' | 'z' => 'S',
            'y' if at == 0 => 'J',
            'y' => 'i',
            'h' if at > 0 => continue,
            // A last e is silent.
            'e' if at == last && at > 2 => continue,
            'a' | 'e' | 'i' | 'o' | 'u' => c,
            other => other.to_ascii_uppercase(),
        };
        if !heard.ends_with(sound) || sound.is_ascii_digit() {
            heard.push(sound);
        }
    }
    heard
}

/// How unlike two rows of sounds are: 0 for the same; a consonant that is not there counts 1, one for a similar one or a vowel less.
#[must_use]
pub fn unlikeness(a: &str, b: &str) -> f32 {
    unlikeness_within(a, b, f32::MAX).unwrap_or(f32::MAX)
}

/// The same, given up as soon as it must be more than `most`.
#[must_use]
pub fn unlikeness_within(a: &str, b: &str, most: f32) -> Option<f32> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut row: Vec<f32> = std::iter::once(0.0)
        .chain(b.iter().scan(0.0, |sum, c| {
            *sum += weight(*c);
            Some(*sum)
        }))
        .collect();
    for x in a {
        let mut diagonal = row.first().copied().unwrap_or(0.0);
        let mut left = diagonal + weight(*x);
        let mut least = left;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let here = (diagonal + change(*x, *y))
                .min(*above + weight(*x))
                .min(left + weight(*y));
            diagonal = *above;
            *above = here;
            left = here;
            least = least.min(here);
        }
        if least > most {
            return None;
        }
    }
    row.last().copied().filter(|sum| *sum <= most)
}

/// How much there is to hear.
#[must_use]
pub fn fullness(sounds: &str) -> f32 {
    sounds.bytes().map(weight).sum()
}

/// What a sound counts when it is missing.
fn weight(c: u8) -> f32 {
    if c.is_ascii_lowercase() { 0.4 } else { 1.0 }
}

fn change(a: u8, b: u8) -> f32 {
    if a == b {
        0.0
    } else if a.is_ascii_lowercase() && b.is_ascii_lowercase() {
        0.3
    } else if groups(a) & groups(b) != 0 {
        0.5
    } else {
        weight(a).max(weight(b))
    }
}

/// Consonants that are easily taken for each other share a bit.
fn groups(c: u8) -> u8 {
    match c {
        b'T' | b'S' => 1,
        b'J' | b'G' => 2,
        b'C' => 1 | 2,
        b'M' | b'N' => 4,
        b'L' | b'R' => 8,
        b'F' | b'P' | b'W' => 16,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{sounds, unlikeness};

    #[test]
    fn what_sounds_the_same_is_the_same() {
        for (a, b) in [
            ("knavy", "navy"),
            ("harvard", "havard"),
            ("jail", "yale"),
            ("grays", "grace"),
            ("kobol", "cobol"),
            ("mockley", "mokly"),
            ("wright", "rite"),
        ] {
            assert_eq!(sounds(a), sounds(b), "{a} {b}");
        }
    }

    #[test]
    fn near_is_near_and_far_is_far() {
        let far = |a: &str, b: &str| unlikeness(&sounds(a), &sounds(b));
        assert!(far("moss", "moth") <= 0.5);
        assert!(far("duke", "yale") > 0.9);
        assert!(far("marvel", "harvard") > 1.5);
        assert!((far("abc", "abc")).abs() < f32::EPSILON);
        assert!((far("navy", "army") - far("army", "navy")).abs() < 1e-6);
    }
}
