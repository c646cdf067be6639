//! When a wait for bytes is over, as a value without a clock.
//!
//! Invariant: the clock is looked at once for each decision, so that a while that ends in between is never taken for the end of all.

use std::time::{Duration, Instant};

/// A wait of a reader who has only so much time, for a server that has only so much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    /// When the reader wants to look after something else.
    until: Instant,
    /// When the server has taken too long.
    end: Instant,
}

/// What to do when there are no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Wait for them, at most this long.
    Wait(Duration),
    /// Tell the reader that there are none yet.
    NotYet,
    /// Give up.
    TooLong,
}

impl Wait {
    /// For a while, and not beyond `end`.
    pub(crate) fn new(now: Instant, time: Duration, end: Instant) -> Self {
        Self {
            until: now.checked_add(time).unwrap_or(end),
            end,
        }
    }

    pub(crate) fn next(self, now: Instant) -> Next {
        if now >= self.end {
            Next::TooLong
        } else if now >= self.until {
            Next::NotYet
        } else {
            Next::Wait(self.until.min(self.end) - now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_while_that_is_over_is_not_the_end() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let wait = Wait::new(start, ms(500), start + ms(2_000));
        for (at, expected) in [
            (0, Next::Wait(ms(500))),
            (499, Next::Wait(ms(1))),
            (500, Next::NotYet),
            (1_999, Next::NotYet),
            (2_000, Next::TooLong),
        ] {
            assert_eq!(wait.next(start + ms(at)), expected, "{at}");
        }
        for time in [ms(2_000), ms(2_001), Duration::MAX] {
            let wait = Wait::new(start, time, start + ms(2_000));
            assert_eq!(wait.next(start + ms(1_990)), Next::Wait(ms(10)));
            assert_eq!(wait.next(start + ms(2_000)), Next::TooLong);
        }
        // What is there is looked for even in no time, and then it is not the server's fault.
        assert_eq!(
            Wait::new(start, ms(0), start + ms(1)).next(start),
            Next::NotYet
        );
    }
}
