//! One suite for every backend.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// A bucket under test with a clock that the test moves.
struct Bed {
    store: Store,
    clock: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
}

fn beds(bounds: &Bounds) -> Vec<Bed> {
    let bed = |backend: fn(PathBuf) -> Backend| {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicU64::new(1_000_000));
        let now = Arc::clone(&clock);
        let backend = backend(folder.path().join("new/folder/bucket.sqlite3"));
        let store = Store::open_at(
            &backend,
            bounds.clone(),
            Arc::new(move || now.load(Ordering::SeqCst)),
        )
        .unwrap();
        Bed {
            store,
            clock,
            _folder: folder,
        }
    };
    vec![bed(|_| Backend::Memory), bed(Backend::Sqlite)]
}

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

#[test]
fn nothing_is_lost_between_threads() {
    const THREADS: u64 = 8;
    const TIMES: u64 = 100;
    for Bed { store, .. } in beds(&ROOMY) {
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| runtime().block_on(add_up(&store, TIMES)));
            }
        });
        let sum = (THREADS * TIMES) as i64;
        assert_eq!(runtime().block_on(added_up(&store)), [sum, sum]);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

/// Run by [`nothing_is_lost_between_processes`].
#[tokio::test]
#[ignore = "the other half of nothing_is_lost_between_processes"]
async fn add_up_and_end() {
    let path = std::env::var_os("COLLOQUY_TEST_BUCKET").unwrap();
    let store = Store::open(&Backend::Sqlite(path.into()), ROOMY).unwrap();
    add_up(&store, 100).await;
}

/// All of them open a file that is not there yet, so that this is also a race of who makes the tables.
#[tokio::test]
async fn nothing_is_lost_between_processes() {
    const PROCESSES: i64 = 4;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bucket.sqlite3");
    let start = || another_self("add_up_and_end", &path).spawn().unwrap();
    let processes: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let store = Store::open(&Backend::Sqlite(path), ROOMY).unwrap();
    let sum = PROCESSES * 100;
    assert_eq!(added_up(&store).await, [sum, sum]);
    let bytes = "added".len() + "swapped".len() + 16;
    assert_eq!(store.usage().bytes, bytes as u64);
}

#[tokio::test]
async fn a_file_that_two_have_open_keeps_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::Sqlite(folder.path().join("bucket.sqlite3"));
    let bounds = Bounds {
        max_bytes: 30,
        max_age: None,
    };
    let one = Store::open(&backend, bounds.clone()).unwrap();
    let other = Store::open(&backend, bounds).unwrap();
    for key in ["a", "b", "c"] {
        one.set(key.into(), vec![0; 9]).await.unwrap();
    }
    other.set("d".into(), vec![0; 9]).await.unwrap();
    assert_eq!(one.list(None).await.unwrap().keys, ["b", "c", "d"]);
    assert_eq!((other.usage().bytes, other.usage().keys), (30, 3));
    one.delete("d".into()).await.unwrap();
    assert_eq!((one.usage().bytes, one.usage().keys), (20, 2));
}

#[tokio::test]
async fn a_file_of_the_first_version_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bucket.sqlite3");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(
        "CREATE TABLE entry (turn INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, value BLOB NOT NULL);
        CREATE INDEX entry_at ON entry (at);
        INSERT INTO entry (key, at, value) VALUES ('ä', 1, x'010203');
        PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    for _ in 0..2 {
        let store = Store::open(&Backend::Sqlite(path.clone()), ROOMY).unwrap();
        assert_eq!(store.get("ä".into()).await, Ok(Some(vec![1, 2, 3])));
        assert_eq!((store.usage().bytes, store.usage().keys), (5, 1));
    }
}

/// This program again, with one of its ignored tests.
fn another_self(test: &str, path: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", &format!("store::suite::{test}")])
        .env("COLLOQUY_TEST_BUCKET", path)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    command
}

/// Run by [`sqlite_survives_a_killed_process`] in a process of its own, which it ends without any clean-up.
#[tokio::test]
#[ignore = "the other half of sqlite_survives_a_killed_process"]
async fn write_and_die() {
    let path = std::env::var_os("COLLOQUY_TEST_BUCKET").unwrap();
    let store = Store::open(&Backend::Sqlite(path.into()), ROOMY).unwrap();
    store.set("session".into(), b"kept".to_vec()).await.unwrap();
    std::process::abort();
}

#[tokio::test]
async fn sqlite_survives_a_killed_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bucket.sqlite3");
    let status = another_self("write_and_die", &path).status().unwrap();
    assert!(!status.success());
    let store = Store::open(&Backend::Sqlite(path), ROOMY).unwrap();
    assert_eq!(
        store.get("session".into()).await,
        Ok(Some(b"kept".to_vec()))
    );
    assert_eq!(store.usage().keys, 1);
}

#[tokio::test]
async fn a_file_from_the_future_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bucket.sqlite3");
    rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let Err(Error::Backend(text)) = Store::open(&Backend::Sqlite(path), ROOMY) else {
        panic!("it was opened")
    };
    assert!(text.contains("version 99"), "{text}");
}
