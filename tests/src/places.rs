//! Which cases of a suite may run at the same time: each waits for a place, and has it until it is over.
//!
//! Invariants: there are never more cases at work than places; cases that share something have it one after the other, in their order;
//! a case that needs the machine is alone on it, and comes when nobody else is left.
//!
//! A case waits on a thread of its own, so there have to be as many threads as cases: a thread that waits costs nothing.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What a case needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// What others use, too: one of them at a time.
    Shared,
    /// Only what it brings.
    Own,
    /// The whole machine.
    Alone,
}

/// The places of a suite.
#[derive(Debug)]
pub struct Places {
    n: usize,
    cases: Mutex<Cases>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Cases {
    /// By what they need, then in their order.
    waiting: BTreeSet<(Needs, usize)>,
    at_work: Vec<Needs>,
}

impl Places {
    /// So many of them, one at least.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self {
            n: n.max(1),
            cases: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits for a place and does the work there. `order` is the case's number; of those with equal needs, the lowest that waits is next.
    pub fn run<T>(&self, needs: Needs, order: usize, work: impl FnOnce() -> T) -> T {
        let mut cases = self.cases();
        cases.waiting.insert((needs, order));
        let mut cases = self
            .changed
            .wait_while(cases, |cases| !cases.is_next(needs, order, self.n))
            .unwrap_or_else(PoisonError::into_inner);
        cases.waiting.remove(&(needs, order));
        cases.at_work.push(needs);
        drop(cases);
        // There may be a place for the one behind it as well.
        self.changed.notify_all();
        let _taken = Taken {
            places: self,
            needs,
        };
        work()
    }

    fn cases(&self) -> MutexGuard<'_, Cases> {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cases {
    /// Whether this one of the waiting may begin, with `n` places.
    fn is_next(&self, needs: Needs, order: usize, n: usize) -> bool {
        let of_its_kind = (needs, 0)..=(needs, usize::MAX);
        let is_first = self.waiting.range(of_its_kind).next() == Some(&(needs, order));
        let shared_at_work = self.at_work.contains(&Needs::Shared);
        let is_free = match needs {
            Needs::Shared => !shared_at_work && self.at_work.len() < n,
            Needs::Own => {
                // One place is kept for those that share: they cannot be at work together later, when the others are over.
                let shared_waits = matches!(self.waiting.first(), Some((Needs::Shared, _)));
                let kept = usize::from(shared_waits && !shared_at_work);
                self.at_work.len() + kept < n
            }
            Needs::Alone => {
                self.at_work.is_empty() && self.waiting.first() == Some(&(needs, order))
            }
        };
        is_first && is_free && !self.at_work.contains(&Needs::Alone)
    }
}

/// A place, free again when this is dropped, after a panic too.
struct Taken<'a> {
    places: &'a Places,
    needs: Needs,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut cases = self.places.cases();
        let at = cases.at_work.iter().position(|it| *it == self.needs);
        if let Some(at) = at {
            cases.at_work.swap_remove(at);
        }
        drop(cases);
        self.places.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::Needs::{Alone, Own, Shared};
    use super::*;

    fn cases(waiting: &[(Needs, usize)], at_work: &[Needs]) -> Cases {
        Cases {
            waiting: waiting.iter().copied().collect(),
            at_work: at_work.to_vec(),
        }
    }

    /// Those of the waiting that may begin.
    fn next(waiting: &[(Needs, usize)], at_work: &[Needs], n: usize) -> Vec<(Needs, usize)> {
        let all = cases(waiting, at_work);
        let is_next = |(needs, order): &(Needs, usize)| all.is_next(*needs, *order, n);
        all.waiting.iter().copied().filter(is_next).collect()
    }

    #[test]
    fn each_kind_has_its_rules() {
        let all = [
            (Shared, 3),
            (Shared, 4),
            (Own, 1),
            (Own, 5),
            (Alone, 0),
            (Alone, 2),
        ];
        assert_eq!(next(&all, &[], 2), [(Shared, 3), (Own, 1)]);
        assert_eq!(next(&all, &[Shared], 2), [(Own, 1)]);
        assert_eq!(next(&all, &[Own], 2), [(Shared, 3)]);
        assert_eq!(next(&all, &[Own], 3), [(Shared, 3), (Own, 1)]);
        assert!(next(&all, &[Own, Shared], 2).is_empty());
        assert!(next(&all, &[Alone], 2).is_empty());
        // With one place: first those that share, then the others.
        assert_eq!(next(&all, &[], 1), [(Shared, 3)]);
        assert_eq!(next(&all[2..], &[], 1), [(Own, 1)]);
        // Nobody shares any more.
        assert_eq!(next(&all[2..], &[Own], 2), [(Own, 1)]);
        assert_eq!(next(&all[4..], &[], 2), [(Alone, 0)]);
        assert!(next(&all[4..], &[Own], 2).is_empty());
    }

    #[test]
    fn a_place_is_free_again_after_a_panic() {
        let places = Places::new(1);
        let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            places.run(Alone, 0, || panic!("on purpose"));
        }));
        assert!(failed.is_err());
        assert_eq!(places.run(Alone, 1, || 7), 7);
    }

    #[test]
    fn every_case_runs_and_keeps_to_the_rules() {
        let places = Places::new(2);
        let now = Mutex::new(Vec::new());
        let seen = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for order in 0..30 {
                let needs = [Shared, Own, Alone][order % 3];
                let (places, now, seen) = (&places, &now, &seen);
                scope.spawn(move || {
                    places.run(needs, order, || {
                        let mut at_work = now.lock().unwrap();
                        at_work.push(needs);
                        seen.lock().unwrap().push(at_work.clone());
                        drop(at_work);
                        std::thread::yield_now();
                        let mut at_work = now.lock().unwrap();
                        let at = at_work.iter().position(|it| *it == needs).unwrap();
                        at_work.remove(at);
                    });
                });
            }
        });
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.len(), 30);
        for at_work in seen {
            assert!(at_work.len() <= 2, "{at_work:?}");
            let count = |needs| at_work.iter().filter(|it| **it == needs).count();
            assert!(count(Shared) <= 1, "{at_work:?}");
            assert!(count(Alone) == 0 || at_work.len() == 1, "{at_work:?}");
        }
    }
}
