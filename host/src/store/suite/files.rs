//! What is true of files only: processes that share one, versions, and the death of a process.

use std::path::Path;

use super::*;

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
        .args([
            "--ignored",
            "--exact",
            &format!("store::suite::files::{test}"),
        ])
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
async fn what_is_removed_is_not_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bucket.sqlite3");
    let store = Store::open(&Backend::Sqlite(path.clone()), ROOMY).unwrap();
    let has_words = || {
        // From the log into the file itself.
        let file = rusqlite::Connection::open(&path).unwrap();
        let log = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy: bool = file.query_row(log, [], |row| row.get(0)).unwrap();
        assert!(!is_busy);
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(9).any(|window| window == b"my secret")
    };
    store
        .set("session".into(), "my secret".into())
        .await
        .unwrap();
    assert!(has_words());
    store.delete("session".into()).await.unwrap();
    assert!(!has_words());
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
