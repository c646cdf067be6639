//! How much each client may ask in a minute, counted in a key-value store, so that the limit holds across all instances and hosts.
//!
//! The window slides: the requests of this minute and, of the minute before, the share that still lies within the last sixty seconds,
//! taking it for evenly spread. A fixed window would let through twice the limit around its end; a list of times would be exact, and as long
//! as the limit. A request is counted before it is let in, by one atomic sum, and a refused one is taken back: who keeps on asking gets
//! through as soon as there is room, and two hosts cannot both take the last place.
//!
//! Each minute has its own keys, so that the store forgets old ones by itself (`max_age_minutes` of the bucket; two minutes are needed).

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;

use crate::{
    config::security::Rates,
    ports::{Bucket, StoreError},
};

const WINDOW_MS: u64 = 60_000;

pub(super) const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
pub(super) const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
pub(super) const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Turns, spoken and written, and their halves: transcriptions and chat.
    Turns,
    /// Syntheses without a turn.
    Syntheses,
    /// Questions to the content base, and new sessions, which take room in the store.
    Queries,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Turns => "turns",
            Self::Syntheses => "syntheses",
            Self::Queries => "queries",
        })
    }
}

impl Kind {
    /// What a request counts as; none for what costs next to nothing.
    #[must_use]
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let kind = match path {
            "/process"
            | "/process/text"
            | "/v1/audio/transcriptions"
            | "/v1/audio/translations"
            | "/v1/chat/completions"
            | "/v1/realtime" => Some(Self::Turns),
            "/tts" | "/v1/audio/speech" => Some(Self::Syntheses),
            "/session/create" => Some(Self::Queries),
            _ if path.starts_with("/content/") => Some(Self::Queries),
            _ => None,
        };
        // A page that asks whether it may ask has not asked.
        kind.filter(|_| method != Method::OPTIONS)
    }

    /// The configured limit; 0 for any number.
    #[must_use]
    pub(crate) fn rate(self, rates: &Rates) -> u32 {
        match self {
            Self::Turns => rates.turns,
            Self::Syntheses => rates.syntheses,
            Self::Queries => rates.queries,
        }
    }
}

/// What counting has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// Most requests in a minute.
    pub(crate) limit: u32,
    /// How many more there may be now.
    pub(crate) remaining: u32,
    /// Milliseconds until this minute of the counter is over.
    pub(crate) reset_ms: u64,
    /// Milliseconds until there is room again, for a request that found none.
    pub(crate) retry_ms: Option<u64>,
}

impl Count {
    /// Tells a client.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let seconds = self
            .retry_ms
            .unwrap_or(self.reset_ms)
            .div_ceil(1_000)
            .max(1);
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(seconds));
    }
}

/// Counts a request of `who`, if there is room for it.
///
/// # Errors
/// When the store fails.
pub(crate) fn count(
    bucket: &dyn Bucket,
    kind: Kind,
    who: &str,
    limit: u32,
    now_ms: u64,
) -> Result<Count, StoreError> {
    let minute = now_ms / WINDOW_MS;
    let key = |minute: u64| format!("{kind}:{who}:{minute}");
    let before = match minute.checked_sub(1) {
        Some(before) => bucket.get(&key(before))?,
        None => None,
    };
    let before = before
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, |bytes| {
            u64::try_from(i64::from_le_bytes(bytes)).unwrap_or(0)
        });
    let this = key(minute);
    let counted = u64::try_from(bucket.increment(&this, 1)?).unwrap_or(0);
    let passed_ms = now_ms % WINDOW_MS;
    let used = counted.saturating_add(share(before, passed_ms));
    let is_over = used > limit.into();
    if is_over {
        bucket.increment(&this, -1)?;
    }
    let remaining = u64::from(limit).saturating_sub(used);
    Ok(Count {
        limit,
        remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
        reset_ms: WINDOW_MS - passed_ms,
        retry_ms: is_over.then(|| room_in(before, counted, limit.into(), passed_ms)),
    })
}

/// The part of the requests of the minute before that lies within the last sixty seconds, when `passed_ms` of this one are over.
fn share(before: u64, passed_ms: u64) -> u64 {
    before.saturating_mul(WINDOW_MS - passed_ms) / WINDOW_MS
}

/// Milliseconds until the request that was the one too many would find room, if nobody else asks.
fn room_in(before: u64, counted: u64, limit: u64, passed_ms: u64) -> u64 {
    let left_ms = WINDOW_MS - passed_ms;
    // In this minute, when enough of the one before has passed: share(before, t) <= room.
    if let Some(room) = limit.checked_sub(counted) {
        let at_ms = least_time(before, room);
        return at_ms.saturating_sub(passed_ms).clamp(1, left_ms);
    }
    // In the next, when enough of this one has: the refused request is not in its counter.
    left_ms + least_time(counted.saturating_sub(1), limit.saturating_sub(1))
}

/// The least time within a minute at which not more than `room` of the requests of the minute before count.
fn least_time(before: u64, room: u64) -> u64 {
    if before <= room {
        return 0;
    }
    // share(before, t) <= room  <=>  before * (W - t) < (room + 1) * W
    let most_left = (room + 1).saturating_mul(WINDOW_MS).saturating_sub(1) / before;
    WINDOW_MS.saturating_sub(most_left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fakes::Fakes, ports::Stores as _};

    fn bucket(fakes: &Fakes) -> Box<dyn Bucket> {
        fakes.bucket("limits").unwrap()
    }

    fn ask(bucket: &dyn Bucket, who: &str, now_ms: u64) -> Count {
        count(bucket, Kind::Turns, who, 10, now_ms).unwrap()
    }

    #[test]
    fn a_client_has_its_number_and_no_more() {
        let fakes = Fakes::default();
        let bucket = bucket(&fakes);
        for n in 1..=10 {
            let count = ask(bucket.as_ref(), "a", 1_000);
            assert_eq!((count.remaining, count.retry_ms), (10 - n, None));
        }
        for _ in 0..50 {
            let count = ask(bucket.as_ref(), "a", 1_000);
            assert_eq!((count.remaining, count.reset_ms), (0, 59_000));
            assert!(count.retry_ms.is_some());
        }
        // Another client and another kind have their own.
        assert_eq!(ask(bucket.as_ref(), "b", 1_000).retry_ms, None);
        let other = count(bucket.as_ref(), Kind::Queries, "a", 10, 1_000).unwrap();
        assert_eq!(other.remaining, 9);
    }

    #[test]
    fn the_window_slides() {
        let fakes = Fakes::default();
        let bucket = bucket(&fakes);
        for _ in 0..10 {
            assert_eq!(ask(bucket.as_ref(), "a", 59_999).retry_ms, None);
        }
        // Just after the minute all ten count still; after half of it five.
        assert!(ask(bucket.as_ref(), "a", 60_000).retry_ms.is_some());
        for _ in 0..5 {
            assert_eq!(ask(bucket.as_ref(), "a", 90_000).retry_ms, None);
        }
        assert!(ask(bucket.as_ref(), "a", 90_000).retry_ms.is_some());
    }

    /// Whoever waits as long as told gets in, and not a millisecond earlier.
    #[test]
    fn the_time_to_wait_is_exact() {
        for (limit, first_ms, n_first, second_ms, n_second) in [
            (10, 1_000, 10, 1_000, 0),
            (10, 59_000, 10, 61_000, 0),
            (10, 30_000, 7, 75_000, 9),
            (1, 5_000, 1, 5_001, 0),
            (3, 10, 3, 119_000, 3),
            (60, 59_999, 60, 60_000, 60),
        ] {
            let fakes = Fakes::default();
            let bucket = bucket(&fakes);
            let ask = |now_ms| count(bucket.as_ref(), Kind::Turns, "a", limit, now_ms).unwrap();
            for _ in 0..n_first {
                ask(first_ms);
            }
            for _ in 0..n_second {
                ask(second_ms);
            }
            let refused = (0..=limit).find_map(|_| ask(second_ms).retry_ms).unwrap();
            let early = ask(second_ms + refused - 1);
            assert!(
                early.retry_ms.is_some(),
                "{limit} {first_ms} {second_ms} {refused}"
            );
            let due = ask(second_ms + refused);
            assert_eq!(
                due.retry_ms, None,
                "{limit} {first_ms} {second_ms} {refused}"
            );
        }
    }

    #[test]
    fn what_counts_as_what() {
        let of = |path| Kind::of(&Method::POST, path);
        assert_eq!(of("/process/text"), Some(Kind::Turns));
        assert_eq!(of("/v1/audio/speech"), Some(Kind::Syntheses));
        assert_eq!(of("/content/search"), Some(Kind::Queries));
        assert_eq!(of("/session/create"), Some(Kind::Queries));
        for free in [
            "/",
            "/health",
            "/audio/x",
            "/session/x",
            "/tts/voices",
            "/v1/models",
        ] {
            assert_eq!(of(free), None, "{free}");
        }
        assert_eq!(Kind::of(&Method::OPTIONS, "/process"), None);
    }

    #[test]
    fn a_client_is_told() {
        let mut headers = HeaderMap::new();
        let count = Count {
            limit: 60,
            remaining: 0,
            reset_ms: 30_000,
            retry_ms: Some(1_500),
        };
        count.tell(&mut headers);
        assert_eq!(
            [LIMIT, REMAINING, RESET].map(|name| headers[name].to_str().unwrap().to_owned()),
            ["60", "0", "2"]
        );
    }
}
