//! `ci`: everything a change has to pass, the quick checks first. What it runs is exactly what continuous integration runs.

use anyhow::Result;

use super::{licences, setup, test};
use crate::{cargo, paths, run, ui};

/// Stops at the first check that fails.
pub(crate) fn run() -> Result<()> {
    setup::run()?;
    ui::step("Checking", "format");
    run::shown(cargo::cargo().args(["fmt", "--all", "--check"]))?;
    ui::step("Checking", "the lock file of the fuzz targets");
    // They are a workspace of their own, built last and with `--locked`; a dependency that is new must not be missed until then.
    let mut fuzz = cargo::cargo();
    fuzz.current_dir(paths::root().join("tests/fuzz"));
    run::shown(fuzz.args(["fetch", "--quiet", "--locked"]))?;
    ui::step("Checking", "licences and origins of dependencies");
    licences::run()?;
    ui::step("Checking", "lints");
    // In the selections and profiles of the builds that follow, so that build scripts (SQLite among them) run once.
    run::shown(cargo::cargo().args([
        "clippy",
        "--package",
        "xtask",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    let native = ["--release", "--workspace", "--exclude", "xtask"];
    run::shown(cargo::cargo().arg("clippy").args(native).args([
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    for folder in ["components", "tests/guests"] {
        let mut glue = cargo::cargo();
        cargo::for_components(glue.arg("clippy"));
        for package in cargo::packages_in(&paths::root().join(folder))? {
            glue.args(["-p", &package]);
        }
        run::shown(glue.args(["--", "-D", "warnings"]))?;
    }
    ui::step("Checking", "documentation");
    run::shown(
        cargo::cargo()
            .arg("doc")
            .args(native)
            .arg("--no-deps")
            // A link to a private module serves whoever reads the source.
            .env(
                "RUSTDOCFLAGS",
                "-D warnings -A rustdoc::private-intra-doc-links",
            ),
    )?;
    test::run(&[])
}
