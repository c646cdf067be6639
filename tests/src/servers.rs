//! Servers of others that stages ask, as processes: llama.cpp's for chat, and wyoming-openai-gateway over wyoming-piper for speech.
//!
//! Each is none where Python is too old for its packages, with the reason printed; see [`python::optional`].

use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process::{Server, free_port};
use crate::{python, recordings, root};

/// Something that answers. Dropping it kills its processes.
#[derive(Debug)]
pub struct Running {
    /// Such as `http://127.0.0.1:40123`.
    pub url: String,
    _processes: Vec<Server>,
    _folder: TempDir,
}

/// A chat server on a small model.
pub fn chat() -> Result<Option<Running>> {
    let Some(python) = python::optional("upstream", 10)? else {
        return Ok(None);
    };
    let port = free_port()?;
    let model = recordings::file("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")?;
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(python);
    command
        .arg(root().join("tests/tools/chat_server.py"))
        .args([model.as_os_str(), port.to_string().as_ref()]);
    let ready = |line: &str| line.strip_prefix("ready ").map(str::to_owned);
    let (server, url) = Server::start(&mut command, folder.path().join("log"), ready)?;
    Ok(Some(Running {
        url,
        _processes: vec![server],
        _folder: folder,
    }))
}

/// A speech server with a voice of Piper behind it, `en_US-joe-medium`.
pub fn speech() -> Result<Option<Running>> {
    let Some(python) = python::optional("speech", 11)? else {
        return Ok(None);
    };
    let (engine_port, port) = (free_port()?, free_port()?);
    let model = recordings::file("voice/en_US-joe-medium.onnx")?;
    let folder = tempfile::tempdir()?;
    let mut engine = Command::new(&python);
    engine
        .args(["-m", "wyoming_piper", "--voice", "en_US-joe-medium"])
        .args(["--uri", &format!("tcp://127.0.0.1:{engine_port}")])
        .arg("--data-dir")
        .arg(model.parent().context("the voice's folder")?)
        .arg("--local-files-only")
        // Without noise the same sentence sounds the same each time.
        .args(["--noise-scale", "0", "--noise-w-scale", "0"]);
    let ready = |line: &str| line.ends_with("Ready").then_some(());
    let (engine, ()) = Server::start(&mut engine, folder.path().join("engine.log"), ready)?;
    let mut gateway = Command::new(&python);
    gateway
        .args(["-m", "wyoming_openai_gateway"])
        .envs([("TTS_HOST", "127.0.0.1"), ("HOST", "127.0.0.1")])
        .env("TTS_PORT", engine_port.to_string())
        .env("PORT", port.to_string());
    let ready = |line: &str| line.contains("Uvicorn running").then_some(());
    let (gateway, ()) = Server::start(&mut gateway, folder.path().join("gateway.log"), ready)?;
    Ok(Some(Running {
        url: format!("http://127.0.0.1:{port}"),
        _processes: vec![gateway, engine],
        _folder: folder,
    }))
}
