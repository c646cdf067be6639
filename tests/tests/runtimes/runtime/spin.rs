//! `spin up` on `spin.toml`: the edge component with the stages as its dependencies, a fresh instance for every request.
//!
//! No package registry has Spin, so it is used where `SPIN` or the path has it.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;
use colloquy_tests::process::{Server, free_port};

use super::{Running, Runtime};

pub(super) const RUNTIME: Runtime = Runtime {
    name: "spin",
    missing,
    start,
    ignore: &[],
};

fn program() -> OsString {
    std::env::var_os("SPIN").unwrap_or_else(|| "spin".into())
}

fn missing() -> Option<String> {
    let program = program();
    let works = Command::new(&program).arg("--version").output();
    match works {
        Ok(output) if output.status.success() => None,
        _ => Some(format!(
            "there is no `{}` (SPIN names another)",
            program.to_string_lossy()
        )),
    }
}

fn start() -> Result<Running> {
    let root = colloquy_tests::root().canonicalize()?;
    let state = tempfile::tempdir()?;
    let port = free_port()?;
    let mut up = Command::new(program());
    up.current_dir(&root)
        .args(["up", "--from", "spin.toml", "--direct-mounts", "--listen"])
        .arg(format!("127.0.0.1:{port}"))
        .arg("--state-dir")
        .arg(state.path().join("state"))
        .arg("--log-dir")
        .arg(state.path().join("logs"));
    let ready = |line: &str| line.contains("Serving http").then_some(());
    let (server, ()) = Server::start(&mut up, state.path().join("log"), ready)?;
    Ok(Running::new(
        format!("http://127.0.0.1:{port}"),
        (server, state),
    ))
}
