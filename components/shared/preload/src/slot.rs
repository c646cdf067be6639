//! The one thing that an instance loads, kept for its life.

use std::cell::OnceCell;
use std::path::Path;
use std::rc::Rc;

use crate::Files;

/// What an instance has loaded.
#[derive(Debug)]
pub struct Loaded<T> {
    /// What the folder is called that it came from.
    pub name: String,
    /// Whether it was there before the instance was, so that nothing is needed of the host.
    pub preloaded: bool,
    /// The thing itself.
    pub value: T,
}

/// Why a preload was refused.
#[derive(Debug, thiserror::Error)]
pub enum PreloadError<E> {
    /// Something is loaded already.
    #[error("preloading comes first, and once")]
    Late,
    /// The files are not what they should be.
    #[error("{0}")]
    Load(E),
}

/// Holds a [`Loaded`], or will.
#[derive(Debug)]
pub struct Slot<T>(OnceCell<Rc<Loaded<T>>>);

impl<T> Slot<T> {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// What is loaded. If nothing is, `name` is asked for the folder below `parent` that `load` then reads. A failure is not kept: the
    /// next call tries again.
    ///
    /// # Errors
    /// Those of `name` and `load`.
    pub fn get<E>(
        &self,
        parent: &Path,
        name: impl FnOnce() -> Result<String, E>,
        load: impl FnOnce(&Files) -> Result<T, E>,
    ) -> Result<Rc<Loaded<T>>, E> {
        if let Some(loaded) = self.0.get() {
            return Ok(Rc::clone(loaded));
        }
        let name = name()?;
        let value = load(&Files::folder(&parent.join(&name)))?;
        let preloaded = false;
        let loaded = Rc::new(Loaded {
            name,
            preloaded,
            value,
        });
        Ok(Rc::clone(self.0.get_or_init(|| loaded)))
    }

    /// Loads `files`, which are those of a folder called `name`, for a snapshot of this instance.
    ///
    /// # Errors
    /// [`PreloadError`]; the slot is then as it was.
    pub fn preload<E>(
        &self,
        name: String,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
        load: impl FnOnce(&Files) -> Result<T, E>,
    ) -> Result<(), PreloadError<E>> {
        #[cfg(target_family = "wasm")]
        let _until_done = crate::wiping::Wiping::start();
        if self.0.get().is_some() {
            return Err(PreloadError::Late);
        }
        let value = load(&Files::given(files)).map_err(PreloadError::Load)?;
        let preloaded = true;
        let loaded = Rc::new(Loaded {
            name,
            preloaded,
            value,
        });
        self.0.set(loaded).map_err(|_| PreloadError::Late)
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Vec<(String, Vec<u8>)> {
        vec![("a".to_owned(), text.as_bytes().to_vec())]
    }

    fn load(files: &Files) -> Result<Vec<u8>, String> {
        files.read("a", 100).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_preloaded_is_what_there_is() {
        let slot = Slot::new();
        slot.preload("model".to_owned(), file("x"), load).unwrap();
        let not_asked = || -> Result<String, String> { panic!("the environment was asked") };
        let loaded = slot.get(Path::new("/nowhere"), not_asked, load).unwrap();
        assert_eq!((loaded.name.as_str(), loaded.preloaded), ("model", true));
        assert_eq!(loaded.value, b"x");
        let again = slot.preload("other".to_owned(), file("y"), load);
        assert!(matches!(again, Err(PreloadError::Late)));
    }

    #[test]
    fn a_failure_leaves_the_slot_empty() {
        let slot = Slot::new();
        let failed = slot.preload("model".to_owned(), [], load);
        assert!(matches!(failed, Err(PreloadError::Load(_))));
        let folder = tempfile::tempdir().unwrap();
        let get = || slot.get(folder.path(), || Ok("m".to_owned()), load);
        assert!(get().is_err());
        std::fs::create_dir(folder.path().join("m")).unwrap();
        std::fs::write(folder.path().join("m/a"), "z").unwrap();
        let loaded = get().unwrap();
        assert_eq!((loaded.name.as_str(), loaded.preloaded), ("m", false));
        assert_eq!(loaded.value, b"z");
    }
}
