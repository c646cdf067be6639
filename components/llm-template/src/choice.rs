//! Variety without chance: which of several phrases is said depends on the question, and never is it the one said just before.

/// Picks a phrase for a question. A phrase for which `said_before` is true is passed over, unless there is no other.
#[must_use]
pub fn pick<'p>(
    phrases: &'p [String],
    question: &str,
    said_before: impl Fn(&str) -> bool,
) -> &'p str {
    let start = hash(question);
    let n = u64::try_from(phrases.len()).unwrap_or(1).max(1);
    let at = |offset: u64| {
        usize::try_from((start % n + offset) % n)
            .ok()
            .and_then(|i| phrases.get(i))
            .map_or("", String::as_str)
    };
    (0..n)
        .map(at)
        .find(|phrase| !said_before(phrase))
        .unwrap_or_else(|| at(0))
}

/// FNV-1a over the lower-case letters and digits, so that punctuation and case change nothing (Fowler, Noll, Vo; 64 bits).
fn hash(text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes().filter(u8::is_ascii_alphanumeric) {
        hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
    }
    // The low bits of FNV follow the last letter too closely for small tables.
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::pick;

    #[test]
    fn the_same_question_gets_the_same_phrase_and_the_last_one_is_avoided() {
        let phrases: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let never = |_: &str| false;
        assert_eq!(
            pick(&phrases, "What is it?", never),
            pick(&phrases, "what is it", never)
        );
        let first = pick(&phrases, "What is it?", never);
        assert_ne!(
            pick(&phrases, "What is it?", |phrase| phrase == first),
            first
        );
        assert_eq!(pick(&phrases[..1], "What is it?", |_| true), "a");
        assert_eq!(pick(&[], "What is it?", never), "");
    }

    #[test]
    fn different_questions_use_every_phrase() {
        let phrases: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let mut seen: Vec<&str> = (0..60)
            .map(|i| pick(&phrases, &format!("question {i}"), |_| false))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}
