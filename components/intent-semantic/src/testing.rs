//! What tests share: the converted model and the sample content.
//!
//! `cargo xtask test` makes the model and sets `COLLOQUY_TEST_DATA`. Without the variable tests that need the model say so and pass: a plain
//! `cargo test` works on a machine that has fetched nothing. With it, a missing model is a failure.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The model, when tests with it are to run.
pub(crate) fn model_folder() -> Option<PathBuf> {
    if std::env::var_os("COLLOQUY_TEST_DATA").is_none() {
        println!("not run: COLLOQUY_TEST_DATA is not set (`cargo xtask test` sets it)");
        return None;
    }
    Some(root().join("models/all-minilm-l6-v2"))
}

/// The sample content.
pub(crate) fn content_folder() -> PathBuf {
    root().join("content")
}
