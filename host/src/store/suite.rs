//! One suite for every backend.

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
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "store::suite::write_and_die"])
        .env("COLLOQUY_TEST_BUCKET", &path)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
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
