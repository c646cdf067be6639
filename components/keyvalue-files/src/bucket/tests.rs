//! Values, limits and listings, and what else may be in the folder.

use super::*;

const LIMITS: Limits = Limits {
    max_value_bytes: 100,
    max_keys: 1_000,
    max_bucket_bytes: 1_000,
};

fn bucket(limits: Limits) -> (tempfile::TempDir, Bucket) {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(folder.path().to_owned(), limits);
    (folder, bucket)
}

/// Makes a value look as if it had been set this long ago.
fn age(bucket: &Bucket, name: &str, seconds: u64) {
    let file = File::options()
        .write(true)
        .open(bucket.folder.join(name))
        .unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds))
        .unwrap();
}

#[test]
fn values_are_kept_replaced_and_removed() {
    let (_folder, bucket) = bucket(LIMITS);
    assert_eq!(bucket.get("a").unwrap(), None);
    assert!(!bucket.exists("a").unwrap());
    bucket.set("a", b"a longer value").unwrap();
    bucket.set("a", b"new").unwrap();
    assert_eq!(bucket.get("a").unwrap().unwrap(), b"new");
    assert!(bucket.exists("a").unwrap());
    bucket.set("empty", b"").unwrap();
    assert_eq!(bucket.get("empty").unwrap().unwrap(), b"");
    bucket.delete("a").unwrap();
    bucket.delete("a").unwrap();
    assert_eq!(bucket.get("a").unwrap(), None);
}

#[test]
fn no_key_leaves_the_folder() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("bucket");
    fs::create_dir(&folder).unwrap();
    fs::write(outer.path().join("secret"), "x").unwrap();
    let bucket = Bucket::new(folder, LIMITS);
    for key in ["../secret", "..", "/etc/passwd", "a/../../secret"] {
        assert_eq!(bucket.get(key).unwrap(), None, "{key}");
        bucket.set(key, b"mine").unwrap();
        bucket.delete(key).unwrap();
    }
    assert_eq!(fs::read(outer.path().join("secret")).unwrap(), b"x");
}

#[test]
fn values_have_a_size() {
    let (folder, bucket) = bucket(LIMITS);
    bucket.set("a", &[7; 100]).unwrap();
    let message = bucket.set("a", &[7; 101]).unwrap_err().to_string();
    assert!(
        message.contains("100") && message.contains("101"),
        "{message}"
    );
    assert_eq!(bucket.get("a").unwrap().unwrap().len(), 100);
    fs::write(folder.path().join("k.b"), [7; 500]).unwrap();
    assert!(matches!(bucket.get("b"), Err(Error::TooLarge { .. })));
}

#[test]
fn a_full_bucket_gives_up_the_oldest() {
    let limits = Limits {
        max_keys: 3,
        ..LIMITS
    };
    let (_folder, bucket) = bucket(limits);
    for (key, seconds) in [("a", 30), ("b", 40), ("c", 20)] {
        bucket.set(key, b"x").unwrap();
        age(&bucket, &format!("k.{key}"), seconds);
    }
    // Replacing takes no room.
    bucket.set("c", b"y").unwrap();
    assert_eq!(bucket.list_keys(None).unwrap().keys, ["a", "b", "c"]);
    bucket.set("d", b"x").unwrap();
    assert_eq!(bucket.list_keys(None).unwrap().keys, ["a", "c", "d"]);
}

#[test]
fn a_bucket_has_a_size() {
    let limits = Limits {
        max_bucket_bytes: 150,
        ..LIMITS
    };
    let (_folder, bucket) = bucket(limits);
    bucket.set("old", &[1; 60]).unwrap();
    age(&bucket, "k.old", 60);
    bucket.set("new", &[1; 60]).unwrap();
    bucket.set("more", &[1; 90]).unwrap();
    assert_eq!(bucket.list_keys(None).unwrap().keys, ["more", "new"]);
}

#[test]
fn pages_have_every_key_once() {
    let limits = Limits {
        max_keys: 10_000,
        ..LIMITS
    };
    let (folder, bucket) = bucket(limits);
    for index in 0..2 * PAGE + 3 {
        fs::write(folder.path().join(format!("k.key{index}")), "").unwrap();
    }
    let (mut keys, mut sizes, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let page = bucket.list_keys(cursor.as_deref()).unwrap();
        sizes.push(page.keys.len());
        keys.extend(page.keys);
        // What comes and goes during a listing does not disturb the rest.
        bucket.delete(keys.last().unwrap()).unwrap();
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [PAGE, PAGE, 3]);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 2 * PAGE + 3);
}

#[test]
fn the_last_full_page_is_the_end() {
    let (folder, bucket) = bucket(LIMITS);
    for index in 0..PAGE {
        fs::write(folder.path().join(format!("k.{index}")), "").unwrap();
    }
    assert_eq!(bucket.list_keys(None).unwrap().cursor, None);
}

#[test]
fn a_cursor_that_was_not_given_out_is_refused() {
    let (_folder, bucket) = bucket(LIMITS);
    for cursor in ["", "x", "../k.a", "k.A"] {
        assert!(matches!(bucket.list_keys(Some(cursor)), Err(Error::Cursor)));
    }
}

#[test]
fn drafts_are_not_keys_and_abandoned_ones_go() {
    let (folder, bucket) = bucket(LIMITS);
    for name in ["t.fresh", "t.old", "unknown"] {
        fs::write(folder.path().join(name), "x").unwrap();
        age(&bucket, name, if name == "t.fresh" { 1 } else { 3_600 });
    }
    bucket.set("a", b"x").unwrap();
    assert_eq!(bucket.list_keys(None).unwrap().keys, ["a"]);
    let left = |name| folder.path().join(name).exists();
    assert!(left("t.fresh") && !left("t.old") && left("unknown"));
}

#[test]
fn a_reader_sees_one_of_the_values() {
    let (_folder, bucket) = bucket(Limits {
        max_value_bytes: 100_000,
        max_bucket_bytes: 1_000_000,
        ..LIMITS
    });
    let values = [vec![1; 50_000], vec![2; 60_000]];
    bucket.set("a", &values[0]).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..100 {
                bucket.set("a", &values[round % 2]).unwrap();
            }
        });
        while !writer.is_finished() {
            let value = bucket.get("a").unwrap().unwrap();
            assert!(values.contains(&value), "{} bytes", value.len());
        }
    });
}
