//! `spin.toml` with changes, under a Spin of its own.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use colloquy_tests::process::{Server, free_port};
use tempfile::TempDir;
use toml::{Table, Value};

/// A running application. Dropping it ends it.
pub(crate) struct Application {
    /// Such as `http://127.0.0.1:40123`.
    pub(crate) url: String,
    _server: Server,
    folder: TempDir,
}

fn program() -> OsString {
    std::env::var_os("SPIN").unwrap_or_else(|| "spin".into())
}

/// Why there is no Spin, if so. No package registry has it.
pub(crate) fn missing() -> Option<String> {
    let program = program();
    match Command::new(&program).arg("--version").output() {
        Ok(output) if output.status.success() => None,
        _ => Some(format!(
            "there is no `{}` (SPIN names another)",
            program.to_string_lossy()
        )),
    }
}

impl Application {
    /// Starts the application of the repository as `edit` changes its component; it may put files beside the manifest.
    pub(crate) fn configured(
        options: &[&str],
        edit: impl FnOnce(&mut Table, &Path) -> Result<()>,
    ) -> Result<Self> {
        let root = colloquy_tests::root().canonicalize()?;
        let text = std::fs::read_to_string(root.join("spin.toml")).context("spin.toml")?;
        let mut manifest: Table = text.parse()?;
        let component = manifest
            .get_mut("component")
            .and_then(|components| components.get_mut("colloquy"))
            .and_then(Value::as_table_mut)
            .context("spin.toml has no component `colloquy`")?;
        component.remove("build");
        let folder = tempfile::tempdir()?;
        edit(component, folder.path())?;
        for name in ["dist", "models", "content"] {
            symlink(root.join(name), folder.path().join(name))?;
        }
        std::fs::write(folder.path().join("spin.toml"), manifest.to_string())?;
        let port = free_port()?;
        let mut up = Command::new(program());
        up.current_dir(folder.path())
            .args(["up", "--direct-mounts", "--listen"])
            .arg(format!("127.0.0.1:{port}"))
            .args(options);
        let ready = |line: &str| line.contains("Serving http").then_some(());
        let (server, ()) = Server::start(&mut up, folder.path().join("log"), ready)?;
        Ok(Self {
            url: format!("http://127.0.0.1:{port}"),
            _server: server,
            folder,
        })
    }

    /// Where its manifest is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
