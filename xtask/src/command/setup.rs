//! `setup`: what the machine has to have. Each missing thing is one line that says what to install.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo::WASM;
use crate::{python, run, ui};

/// Checks everything, and adds the WebAssembly target, which needs no rights.
pub(crate) fn run() -> Result<()> {
    let missing: Vec<String> = [c_compiler(), python::find().map(drop), wasm_target()]
        .into_iter()
        .filter_map(|checked| checked.err().map(|error| format!("{error:#}")))
        .collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => bail!("{one}"),
        many => bail!("some things are missing\n  {}", many.join("\n  ")),
    }
}

/// The embedded SQLite and the compression of compiled code are C.
fn c_compiler() -> Result<()> {
    let candidates = env::var("CC")
        .ok()
        .into_iter()
        .chain(["cc", "gcc", "clang"].map(String::from));
    // Microsoft's compiler is found through its installer, not the path; the build says so itself.
    if cfg!(windows)
        || candidates
            .into_iter()
            .any(|compiler| run::works(&compiler, &["--version"]))
    {
        return Ok(());
    }
    bail!(
        "a C compiler is needed (Debian, Ubuntu: apt install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install)"
    )
}

fn wasm_target() -> Result<()> {
    let libraries =
        run::text(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM]))?;
    if Path::new(&libraries).is_dir() {
        return Ok(());
    }
    if !run::works("rustup", &["--version"]) {
        bail!(
            "the Rust target {WASM} is needed: install rustup (https://rustup.rs), or your distribution's package of that target"
        );
    }
    ui::step("Adding", format!("the Rust target {WASM}"));
    run::shown(Command::new("rustup").args(["target", "add", WASM]))
}
