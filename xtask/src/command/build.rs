//! `build`: components, the composed applications, and the host, into `dist/`.
//!
//! `dist/components/<package>.wasm`, what `compose` makes of them (`dist/*.wasm`), and `dist/colloquy`.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{compose, setup};
use crate::{cargo, paths, ui};

/// Builds everything that a host needs to serve.
pub(crate) fn run() -> Result<()> {
    setup::run()?;
    components(
        &paths::root().join("components"),
        &paths::dist().join("components"),
    )?;
    compose::run(compose::DEFAULT_PROFILE, compose::Detail::Files)?;
    host()
}

/// Guests that misbehave on purpose, for the tests: `dist/tests/<package>.wasm`.
pub(crate) fn test_guests() -> Result<()> {
    components(
        &paths::root().join("tests/guests"),
        &paths::dist().join("tests"),
    )
}

/// Builds one component of `components/`.
pub(crate) fn component(package: &str) -> Result<()> {
    build_packages(&[package.to_owned()], &paths::dist().join("components"))
}

fn components(sources: &Path, target: &Path) -> Result<()> {
    build_packages(&cargo::packages_in(sources)?, target)
}

fn build_packages(packages: &[String], target: &Path) -> Result<()> {
    ui::step(
        "Building",
        format!("{} for {}", packages.join(", "), cargo::WASM),
    );
    let mut command = cargo::cargo();
    cargo::for_components(command.arg("build"));
    for package in packages {
        command.args(["-p", package]);
    }
    let built = cargo::build(&mut command)?;
    for package in packages {
        let artifact = built.iter().find(|artifact| artifact.name == *package);
        let artifact = artifact
            .with_context(|| format!("{package} made no component; is its crate-type cdylib?"))?;
        install(&artifact.path, &target.join(format!("{package}.wasm")))?;
    }
    Ok(())
}

fn host() -> Result<()> {
    ui::step("Building", "the host");
    programs(&["colloquy"], &paths::dist())
}

/// The Rust programs of `examples/`, for the tests: `dist/examples/<program>`.
pub(crate) fn examples() -> Result<()> {
    ui::step("Building", "the examples");
    programs(
        &["embed-rust", "pipeline-rust"],
        &paths::dist().join("examples"),
    )
}

/// Builds programs of the workspace and puts them into a folder.
fn programs(names: &[&str], target: &Path) -> Result<()> {
    // Selected from the whole workspace, as the tests are: with `-p colloquy-host` its dependencies would get fewer features, and
    // wasmtime would be compiled once for `serve` and again for `test`.
    let mut command = cargo::cargo();
    command.args(["build", "--release", "--workspace", "--exclude", "xtask"]);
    for name in names {
        command.args(["--bin", name]);
    }
    let built = cargo::build(&mut command)?;
    for name in names {
        let binary = built
            .iter()
            .find(|artifact| artifact.name == *name)
            .with_context(|| format!("the build made no `{name}`"))?;
        install(&binary.path, &target.join(paths::program(name)))?;
    }
    Ok(())
}

/// Copies next to its place and renames, so that a host that runs from there is not disturbed.
fn install(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a target has a folder")?;
    std::fs::create_dir_all(folder)?;
    let scratch = tempfile::tempdir_in(folder)?;
    let copy = scratch.path().join("copy");
    let n_bytes = std::fs::copy(from, &copy).with_context(|| from.display().to_string())?;
    ensure!(n_bytes > 0, "{} is empty", from.display());
    std::fs::rename(&copy, to).with_context(|| to.display().to_string())
}
