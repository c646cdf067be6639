//! Node through `jco serve` on `dist/colloquy.wasm`: one instance for all requests, which it serves one after the other, with a
//! key-value store in JavaScript.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use colloquy_tests::process::{Server, free_port};

use super::{Grants, Running, Runtime, component, never_missing};

pub(super) const RUNTIME: Runtime = Runtime {
    name: "jco",
    missing: never_missing,
    start,
    ignore: &[],
};

fn start() -> Result<Running> {
    let environment = std::env::var_os("COLLOQUY_NODE")
        .map(PathBuf::from)
        .context("COLLOQUY_NODE is not set: run `cargo xtask test`")?;
    let tools = colloquy_tests::root().canonicalize()?.join("tests/tools");
    let state = tempfile::tempdir()?;
    let grants = Grants::read()?;
    let port = free_port()?;
    let mut serve = Command::new(environment.join("node_modules/.bin/jco"));
    serve
        .arg("serve")
        .arg(component("colloquy.wasm")?)
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .arg("--jco-dir")
        .arg(state.path().join("app"))
        .arg("--jco-import")
        .arg(tools.join("jco-setup.mjs"))
        // Takes everything that follows, so it is last.
        .arg("--jco-map")
        .arg(format!(
            "wasi:keyvalue/*={}#*",
            tools.join("jco-keyvalue.mjs").display()
        ))
        .envs(&grants.environment)
        .env("COLLOQUY_NODE", &environment)
        .env("COLLOQUY_MOUNTS", serde_json::to_string(&grants.mounts)?);
    let ready = |line: &str| line.contains("Server listening").then_some(());
    let (server, ()) = Server::start(&mut serve, state.path().join("log"), ready)?;
    Ok(Running::new(
        format!("http://127.0.0.1:{port}"),
        (server, state),
    ))
}
