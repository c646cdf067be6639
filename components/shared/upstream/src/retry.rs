//! How often and after how long a failed request is sent again: exponential backoff with full jitter, within the time that there is.
//!
//! Jitter is "full" as in Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): anything from nothing to the
//! backoff, so that callers who failed together do not come back together. What is safe to send again is [`crate::api`]'s business.

use std::time::Duration;

/// The first backoff; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(200);
/// The longest backoff.
const LONGEST: Duration = Duration::from_secs(5);
/// An attempt with less time than this is not begun.
const LEAST: Duration = Duration::from_millis(50);

/// Whether a request that failed may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It would fail again, or does not bear it.
    Never,
    /// After a backoff.
    Backoff,
    /// Not before this, as the server wishes.
    After(Duration),
}

/// What is left of a call's patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    retries: u32,
    done: u32,
    end: Duration,
}

impl Patience {
    /// For so many retries, and not beyond `end` (on the clock that [`Self::wait`] is given).
    #[must_use]
    pub fn new(retries: u32, end: Duration) -> Self {
        Self {
            retries,
            done: 0,
            end,
        }
    }

    /// Time left.
    #[must_use]
    pub fn left(&self, now: Duration) -> Duration {
        self.end.saturating_sub(now)
    }

    /// How long to wait before the next attempt; none when there is none. Any `random` will do.
    pub fn wait(&mut self, again: Again, now: Duration, random: u64) -> Option<Duration> {
        let wish = match again {
            Again::Never => return None,
            Again::Backoff => Duration::ZERO,
            Again::After(wish) => wish,
        };
        if self.done >= self.retries {
            return None;
        }
        let doubled = FIRST.saturating_mul(1_u32.checked_shl(self.done).unwrap_or(u32::MAX));
        let backoff = u64::try_from(doubled.min(LONGEST).as_millis()).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(random % (backoff + 1));
        // On top of the wish: those whom a server sent away together would come back together.
        let wait = wish.saturating_add(jitter);
        if wait.saturating_add(LEAST) > self.left(now) {
            return None;
        }
        self.done += 1;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn backoffs_double_up_to_a_limit_and_are_jittered() {
        // A backoff of b takes random % (b + 1): b itself gives all of it, b + 1 nothing.
        let mut patience = Patience::new(8, ms(1_000_000));
        for backoff in [200, 400, 800, 1600, 3200, 5000, 5000] {
            let mut full = patience;
            assert_eq!(full.wait(Again::Backoff, ms(0), backoff), Some(ms(backoff)));
            let wait = patience.wait(Again::Backoff, ms(0), backoff + 1);
            assert_eq!(wait, Some(ms(0)));
        }
        let far = Patience {
            done: 40,
            retries: 50,
            end: ms(1_000_000),
        };
        assert_eq!({ far }.wait(Again::Backoff, ms(0), 5000), Some(ms(5000)));
    }

    #[test]
    fn attempts_are_counted() {
        let mut patience = Patience::new(2, ms(10_000));
        assert!(patience.wait(Again::Backoff, ms(0), 7).is_some());
        assert_eq!(patience.wait(Again::Never, ms(0), 7), None);
        assert!(patience.wait(Again::Backoff, ms(0), 7).is_some());
        assert_eq!(patience.wait(Again::Backoff, ms(0), 7), None);
        assert_eq!(
            Patience::new(0, ms(10_000)).wait(Again::Backoff, ms(0), 7),
            None
        );
    }

    #[test]
    fn a_wish_is_kept_or_the_call_given_up() {
        let mut patience = Patience::new(2, ms(3_000));
        let wish = Again::After(ms(2_000));
        assert_eq!(patience.wait(wish, ms(500), 150), Some(ms(2_150)));
        // 2,000 ms do not fit into the 400 that are left; nothing is used up.
        assert_eq!(patience.wait(wish, ms(2_600), 0), None);
        assert_eq!(patience.wait(Again::Backoff, ms(2_600), 0), Some(ms(0)));
        let forever = Again::After(Duration::MAX);
        assert_eq!(Patience::new(2, ms(3_000)).wait(forever, ms(0), 0), None);
    }

    #[test]
    fn nothing_begins_after_the_end() {
        let mut patience = Patience::new(2, ms(1_000));
        assert_eq!(patience.left(ms(400)), ms(600));
        assert_eq!(patience.left(ms(1_400)), ms(0));
        assert_eq!(patience.wait(Again::Backoff, ms(960), 0), None);
    }
}
