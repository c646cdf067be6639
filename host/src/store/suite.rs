//! One suite for every backend, each the real thing: Redis is a server of its own for every case, S3 one for all of them.

mod absence;
mod beds;
mod figures;
mod files;
mod servers;

use std::sync::atomic::Ordering;

use super::*;
use beds::{Bed, beds};

const ROOMY: Bounds = Bounds {
    max_bytes: 1 << 20,
    max_age: None,
};

#[tokio::test]
async fn values_are_set_replaced_and_removed() {
    for Bed { store, .. } in beds(&ROOMY) {
        assert_eq!(store.get("a".into()).await, Ok(None));
        store.set("a".into(), vec![1, 2, 0]).await.unwrap();
        store.set("a".into(), vec![3]).await.unwrap();
        assert_eq!(store.get("a".into()).await, Ok(Some(vec![3])));
        assert_eq!(store.exists("a".into()).await, Ok(true));
        assert_eq!(
            store.usage(),
            Usage {
                bytes: 2,
                keys: 1,
                evicted: 0
            }
        );
        store.delete("a".into()).await.unwrap();
        store.delete("a".into()).await.unwrap();
        assert_eq!(store.exists("a".into()).await, Ok(false));
        assert_eq!(store.usage(), Usage::default());
    }
}

#[tokio::test]
async fn the_oldest_entries_make_room() {
    let bounds = Bounds {
        max_bytes: 30,
        max_age: None,
    };
    for Bed { store, .. } in beds(&bounds) {
        for key in ["a", "b", "c"] {
            store.set(key.into(), vec![0; 9]).await.unwrap();
        }
        // Set again, `a` is the youngest; `b` and `c` go.
        store.set("a".into(), vec![1; 9]).await.unwrap();
        store.set("d".into(), vec![0; 15]).await.unwrap();
        assert_eq!(store.list(None).await.unwrap().keys, ["a", "d"]);
        assert_eq!(
            store.usage(),
            Usage {
                bytes: 26,
                keys: 2,
                evicted: 2
            }
        );
    }
}

#[tokio::test]
async fn what_can_never_fit_changes_nothing() {
    let bounds = Bounds {
        max_bytes: 10,
        max_age: None,
    };
    for Bed { store, .. } in beds(&bounds) {
        store.set("a".into(), vec![0; 9]).await.unwrap();
        assert_eq!(
            store.set("b".into(), vec![0; 10]).await,
            Err(Error::TooLarge {
                size: 11,
                limit: 10
            })
        );
        assert_eq!(store.exists("a".into()).await, Ok(true));
        assert_eq!(store.set(String::new(), vec![]).await, Err(Error::Key(0)));
        assert_eq!(
            store.set("k".repeat(KEY + 1), vec![]).await,
            Err(Error::Key(KEY + 1))
        );
    }
}

#[tokio::test]
async fn old_entries_are_gone() {
    let bounds = Bounds {
        max_bytes: 1000,
        max_age: Some(Duration::from_millis(100)),
    };
    for Bed { store, clock, .. } in beds(&bounds) {
        store.set("old".into(), vec![1]).await.unwrap();
        clock.fetch_add(60, Ordering::SeqCst);
        store.set("young".into(), vec![2]).await.unwrap();
        clock.fetch_add(40, Ordering::SeqCst);
        assert_eq!(store.get("old".into()).await, Ok(None));
        assert_eq!(store.exists("old".into()).await, Ok(false));
        assert_eq!(store.list(None).await.unwrap().keys, ["young"]);
        store.set("new".into(), vec![3]).await.unwrap();
        assert_eq!(
            store.usage(),
            Usage {
                bytes: 10,
                keys: 2,
                evicted: 1
            }
        );
    }
}

#[tokio::test]
async fn keys_come_in_pages() {
    for Bed { store, .. } in beds(&ROOMY) {
        let keys: Vec<String> = (0..PAGE + 5).map(|n| format!("{n:05}")).collect();
        for key in &keys {
            store.set(key.clone(), vec![]).await.unwrap();
        }
        let first = store.list(None).await.unwrap();
        assert_eq!(first.keys, keys[..PAGE]);
        let last = store.list(first.cursor).await.unwrap();
        assert_eq!(last.keys, keys[PAGE..]);
        assert_eq!(last.cursor, None);
    }
}

#[tokio::test]
async fn a_swap_needs_what_was_seen() {
    for Bed { store, .. } in beds(&ROOMY) {
        let swap = async |seen: Option<&[u8]>, value: &[u8]| {
            store
                .swap("k".into(), seen.map(<[u8]>::to_vec), value.to_vec())
                .await
                .unwrap()
        };
        assert_eq!(swap(Some(b"x"), b"a").await, Swap::Lost(None));
        assert_eq!(swap(None, b"a").await, Swap::Done);
        assert_eq!(swap(None, b"b").await, Swap::Lost(Some(b"a".to_vec())));
        assert_eq!(swap(Some(b"a"), b"bc").await, Swap::Done);
        assert_eq!(store.get("k".into()).await, Ok(Some(b"bc".to_vec())));
        let usage = Usage {
            bytes: 3,
            keys: 1,
            evicted: 0,
        };
        assert_eq!(store.usage(), usage);
    }
}

#[tokio::test]
async fn a_number_is_eight_bytes() {
    for Bed { store, .. } in beds(&ROOMY) {
        let add = |delta| store.increment("n".into(), delta);
        assert_eq!(add(7).await, Ok(7));
        assert_eq!(add(-9).await, Ok(-2));
        let kept = store.get("n".into()).await;
        assert_eq!(kept, Ok(Some((-2_i64).to_le_bytes().to_vec())));
        assert_eq!(add(i64::MIN).await, Err(Error::Overflow));
        assert_eq!(add(0).await, Ok(-2));
        store.set("n".into(), b"12".to_vec()).await.unwrap();
        assert_eq!(add(1).await, Err(Error::NotANumber(2)));
        assert_eq!(store.get("n".into()).await, Ok(Some(b"12".to_vec())));
    }
}

#[tokio::test]
async fn atomic_changes_keep_the_bounds() {
    let bounds = Bounds {
        max_bytes: 20,
        max_age: Some(Duration::from_millis(100)),
    };
    for Bed { store, clock, .. } in beds(&bounds) {
        let seen = || Some(vec![0; 9]);
        let too_large = Err(Error::TooLarge {
            size: 21,
            limit: 20,
        });
        assert_eq!(store.swap("b".into(), None, vec![0; 20]).await, too_large);
        let long = store.increment("k".repeat(13), 1).await;
        assert_eq!(long, too_large.map(|_| 0));
        let no_key = store.swap(String::new(), None, vec![]).await;
        assert_eq!(no_key, Err(Error::Key(0)));
        assert_eq!(store.increment(String::new(), 1).await, Err(Error::Key(0)));

        store.set("a".into(), vec![0; 9]).await.unwrap();
        assert_eq!(store.increment("n".into(), 5).await, Ok(5));
        // Ten bytes and nine: no room for both, and `n` is the older one after the swap.
        let swap = store.swap("a".into(), seen(), vec![1; 12]).await;
        assert_eq!(swap, Ok(Swap::Done));
        assert_eq!(store.list(None).await.unwrap().keys, ["a"]);
        assert_eq!(store.usage().evicted, 1);

        clock.fetch_add(100, Ordering::SeqCst);
        let swap = store.swap("a".into(), Some(vec![1; 12]), vec![2]).await;
        assert_eq!(swap, Ok(Swap::Lost(None)));
        assert_eq!(store.increment("n".into(), 2).await, Ok(2));
        clock.fetch_add(60, Ordering::SeqCst);
        assert_eq!(store.increment("n".into(), 2).await, Ok(4));
        clock.fetch_add(60, Ordering::SeqCst);
        assert_eq!(store.increment("n".into(), 2).await, Ok(6));
        clock.fetch_add(100, Ordering::SeqCst);
        assert_eq!(store.increment("n".into(), 2).await, Ok(2));
    }
}

/// Adds to two numbers, to one by swaps, `times` times each.
async fn add_up(store: &Store, times: u64) {
    for _ in 0..times {
        store.increment("added".into(), 1).await.unwrap();
        let mut seen = store.get("swapped".into()).await.unwrap();
        loop {
            let next = sum(seen.as_deref(), 1).unwrap().to_le_bytes().to_vec();
            match store.swap("swapped".into(), seen, next).await.unwrap() {
                Swap::Done => break,
                Swap::Lost(now) => seen = now,
            }
        }
    }
}

async fn added_up(store: &Store) -> [i64; 2] {
    let swapped = store.get("swapped".into()).await.unwrap();
    let added = store.increment("added".into(), 0).await.unwrap();
    [added, sum(swapped.as_deref(), 0).unwrap()]
}

/// As from several hosts: each has the bucket open for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_between_stores() {
    const STORES: u64 = 8;
    for bed in beds(&ROOMY) {
        // A request to object storage takes a hundred times as long, and those who lose a race make another.
        let times = if bed.store.backend() == "object" {
            10
        } else {
            100
        };
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..STORES {
            let store = bed.another(&ROOMY);
            all.spawn(async move { add_up(&store, times).await });
        }
        all.join_all().await;
        let sum = (STORES * times) as i64;
        assert_eq!(added_up(&bed.store).await, [sum, sum], "{bed}");
        bed.store.probe().await.unwrap();
        assert_eq!(bed.store.usage().keys, 2, "{bed}");
    }
}

#[tokio::test]
async fn several_stores_share_what_is_in_a_bucket() {
    for bed in beds(&ROOMY) {
        let other = bed.another(&ROOMY);
        bed.store.set("a".into(), vec![0, 255]).await.unwrap();
        assert_eq!(other.get("a".into()).await, Ok(Some(vec![0, 255])));
        other.delete("a".into()).await.unwrap();
        assert_eq!(bed.store.exists("a".into()).await, Ok(false), "{bed}");
        assert_eq!(bed.store.list(None).await.unwrap().keys.len(), 0);
    }
}

/// Neither keys nor values are texts of the backend's own language.
#[tokio::test]
async fn any_key_and_any_value_are_kept() {
    let values: [Vec<u8>; 4] = [
        vec![],
        (0..=255).collect(),
        b"\r\n$5\r\n".to_vec(),
        vec![7; 300_000],
    ];
    let mut keys = ["a/b:c", "..", "z", "\u{1}\n", "ä{s}", "*", "Z"].map(str::to_owned);
    keys.sort();
    for bed in beds(&ROOMY) {
        for (key, value) in keys.iter().zip(values.iter().cycle()) {
            bed.store.set(key.clone(), value.clone()).await.unwrap();
            assert_eq!(
                bed.store.get(key.clone()).await.as_ref(),
                Ok(&Some(value.clone()))
            );
        }
        assert_eq!(bed.store.list(None).await.unwrap().keys, keys, "{bed}");
        let long = "k".repeat(200);
        assert_eq!(bed.store.increment(long.clone(), 1).await, Ok(1));
        assert_eq!(bed.store.increment(long, i64::MAX - 1).await, Ok(i64::MAX));
        let (bytes, n) = (bed.store.usage().bytes, bed.store.usage().keys);
        let kept = keys.iter().zip(values.iter().cycle());
        let expected: usize = kept.map(|(key, value)| key.len() + value.len()).sum();
        assert_eq!((bytes, n), (expected as u64 + 208, 8), "{bed}");
    }
}

/// Sums at every boundary of a byte, against this machine's own.
#[tokio::test]
async fn sums_are_exact_to_the_last_bit() {
    for bed in beds(&ROOMY) {
        // The backends that count themselves have arithmetic of their own; the rest is this program's.
        let shifts = if bed.store.backend() == "object" {
            60..63
        } else {
            0..63
        };
        for shift in shifts {
            for delta in [1_i64 << shift, -(1_i64 << shift), (1_i64 << shift) - 1] {
                let start = 0x0123_4567_89ab_cdef_i64;
                bed.store
                    .set("n".into(), start.to_le_bytes().to_vec())
                    .await
                    .unwrap();
                let sum = bed.store.increment("n".into(), delta).await;
                assert_eq!(sum, Ok(start + delta), "{bed}: {delta}");
            }
        }
        for (start, delta) in [(i64::MAX, 1), (i64::MIN, -1), (-1, i64::MIN)] {
            bed.store
                .set("n".into(), start.to_le_bytes().to_vec())
                .await
                .unwrap();
            let sum = bed.store.increment("n".into(), delta).await;
            assert_eq!(sum, Err(Error::Overflow), "{bed}: {start} {delta}");
        }
    }
}

/// A bucket that another filled is bound, too.
#[tokio::test]
async fn entries_of_others_count_and_make_room() {
    let bounds = Bounds {
        max_bytes: 30,
        max_age: None,
    };
    for bed in beds(&bounds) {
        for key in ["a", "b", "c"] {
            bed.store.set(key.into(), vec![0; 9]).await.unwrap();
        }
        let other = bed.another(&bounds);
        if bed.store.backend() == "object" {
            // It looks at what is there when it opens, and then every minute.
            while other.usage().keys < 3 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        other.set("d".into(), vec![0; 9]).await.unwrap();
        assert_eq!(other.usage().keys, 3, "{bed}");
        assert_eq!(bed.store.list(None).await.unwrap().keys.len(), 3, "{bed}");
        assert_eq!(bed.store.exists("d".into()).await, Ok(true), "{bed}");
    }
}
