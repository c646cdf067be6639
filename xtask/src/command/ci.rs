//! `ci`: everything a change has to pass, the quick checks first. What it runs is exactly what continuous integration runs.

use anyhow::Result;

use super::{licences, setup, test};
use crate::{cargo, paths, run, ui};

/// Stops at the first check that fails.
pub(crate) fn run() -> Result<()> {
    setup::run()?;
    ui::step("Checking", "format");
    run::shown(cargo::cargo().args(["fmt", "--all", "--check"]))?;
    ui::step("Checking", "licences and origins of dependencies");
    licences::run()?;
    ui::step("Checking", "lints");
    // The profiles of the builds that follow, so that build scripts (SQLite among them) run once.
    run::shown(cargo::cargo().args([
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    let mut glue = cargo::cargo();
    cargo::for_components(glue.arg("clippy"));
    for folder in ["components", "tests/guests"] {
        for package in cargo::packages_in(&paths::root().join(folder))? {
            glue.args(["-p", &package]);
        }
    }
    run::shown(glue.args(["--", "-D", "warnings"]))?;
    ui::step("Checking", "documentation");
    run::shown(
        cargo::cargo()
            .args(["doc", "--release", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    test::run(&[])
}
