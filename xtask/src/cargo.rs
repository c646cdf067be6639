//! Runs cargo. Its own progress display is passed through; what it made is read from its machine-readable output.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::paths;

/// The target of components.
pub(crate) const WASM: &str = "wasm32-wasip2";

/// The cargo that runs us, in the root of the checkout.
pub(crate) fn cargo() -> Command {
    let mut command =
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(paths::root());
    command
}

/// Options for a build of components. Flags from the environment would replace those of `.cargo/config.toml`, and tract is several
/// times slower without simd128; so they do not apply here.
pub(crate) fn for_components(command: &mut Command) -> &mut Command {
    command
        .args(["--target", WASM, "--profile", "component"])
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
}

/// Builds a program of the test crate; gives its file. It is selected from the whole workspace, as the tests are, so that nothing is compiled
/// again with other features.
pub(crate) fn test_program(name: &str) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--release", "--workspace"]);
    command.args(["--exclude", "xtask", "--bin", name]);
    let built = build(&mut command)?;
    let program = built.into_iter().find(|artifact| artifact.name == name);
    let program = program.with_context(|| format!("the build made no `{name}`"))?;
    Ok(program.path)
}

/// Something that a build made.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// With dashes, as the package is called.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// Runs `cargo build` with these options and returns the binaries and components it made (or found up to date).
pub(crate) fn build(command: &mut Command) -> Result<Vec<Artifact>> {
    command
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    let mut child = command.spawn().context("cargo could not be started")?;
    let mut artifacts = Vec::new();
    for line in BufReader::new(child.stdout.take().context("cargo's standard output")?).lines() {
        artifacts.extend(artifact(&line?));
    }
    if !child.wait()?.success() {
        bail!("the build failed");
    }
    Ok(artifacts)
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

fn artifact(line: &str) -> Option<Artifact> {
    let message: Message = serde_json::from_str(line).ok()?;
    let target = message
        .target
        .filter(|_| message.reason == "compiler-artifact")?;
    let is_wasm = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "wasm")
    };
    let path = match message.executable {
        Some(path) => path,
        None if target.kind.iter().any(|kind| kind == "cdylib") => {
            message.filenames.into_iter().find(is_wasm)?
        }
        None => return None,
    };
    Some(Artifact {
        name: target.name.replace('_', "-"),
        path,
    })
}

/// Names of the packages in the folders below `folder`, in order. A package is called like its folder.
pub(crate) fn packages_in(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_and_components_are_recognised() {
        let binary = r#"{"reason":"compiler-artifact","target":{"name":"colloquy","kind":["bin"]},"executable":"/t/colloquy","filenames":["/t/colloquy"]}"#;
        assert_eq!(artifact(binary).unwrap().path, Path::new("/t/colloquy"));
        let component = r#"{"reason":"compiler-artifact","target":{"name":"vad_silero","kind":["cdylib","rlib"]},"executable":null,"filenames":["/t/vad_silero.wasm","/t/libvad_silero.rlib"]}"#;
        assert_eq!(artifact(component).unwrap().name, "vad-silero");
        let library = r#"{"reason":"compiler-artifact","target":{"name":"serde","kind":["lib"]},"executable":null,"filenames":["/t/libserde.rlib"]}"#;
        assert!(artifact(library).is_none());
        assert!(artifact(r#"{"reason":"build-finished","success":true}"#).is_none());
        assert!(artifact("not json").is_none());
    }

    #[test]
    fn every_component_is_found() {
        let names = packages_in(&paths::root().join("components")).unwrap();
        assert!(
            names.contains(&"gateway".to_owned()) && names.contains(&"vad-silero".to_owned()),
            "{names:?}"
        );
    }
}
