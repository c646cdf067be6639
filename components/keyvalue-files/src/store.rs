//! Opens buckets.

use std::io::ErrorKind;
use std::path::Path;

use crate::bucket::Bucket;
use crate::config::{self, Config};
use crate::error::Error;

/// Opens a bucket, making its folder when it is new.
///
/// # Errors
/// `NoSuchBucket`, `NotMounted`, `File`.
pub fn open(config: &Config, name: &str) -> Result<Bucket, Error> {
    let allowed = |names: &Vec<String>| names.iter().any(|allowed| allowed == name);
    if !config::plain(name) || !config.buckets.as_ref().is_none_or(allowed) {
        return Err(Error::NoSuchBucket(name.to_owned()));
    }
    let folder = Path::new(&config.folder).join(name);
    match std::fs::create_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        // Without a mount there is nothing to make a folder in; hosts differ in how they say so.
        Err(_) if !Path::new(&config.folder).is_dir() => {
            return Err(Error::NotMounted(config.folder.clone()));
        }
        made => made.map_err(Error::file("the folder of a bucket cannot be made"))?,
    }
    Ok(Bucket::new(folder, config.limits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(folder: &Path, buckets: Option<&[&str]>) -> Config {
        let config = Config::read(|_| None).unwrap();
        Config {
            folder: folder.to_str().unwrap().to_owned(),
            buckets: buckets.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            ..config
        }
    }

    #[test]
    fn buckets_are_apart_and_keep_their_values() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), None);
        let one = open(&config, "one").unwrap();
        one.set("k", b"1").unwrap();
        assert_eq!(open(&config, "two").unwrap().get("k").unwrap(), None);
        assert_eq!(
            open(&config, "one").unwrap().get("k").unwrap().as_deref(),
            Some(&b"1"[..])
        );
    }

    #[test]
    fn only_buckets_of_the_list_open() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), Some(&["sessions"]));
        assert!(open(&config, "sessions").is_ok());
        for name in ["audio", "..", "sessions/../audio", ""] {
            assert!(
                matches!(open(&config, name), Err(Error::NoSuchBucket(_))),
                "{name}"
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_mount_is_called_so() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder.path().join("nowhere"), None);
        let message = open(&config, "sessions").unwrap_err().to_string();
        assert!(message.contains("no folder is mounted at"), "{message}");
    }
}
