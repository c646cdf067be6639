//! A real Redis server as a process.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use toml::Table;

use crate::process;

/// A running server. Dropping it kills it. What it holds survives that: it writes a log of every change.
#[derive(Debug)]
pub struct Server {
    process: process::Server,
    /// On 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts on a port; none, with the reason printed, where there is no Redis. `folder` has its data and its log.
    pub fn start(port: u16, folder: &Path) -> Result<Option<Self>> {
        let Some(program) = process::installed("redis-server", "redis-server")? else {
            return Ok(None);
        };
        let mut command = Command::new(program);
        command
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args([
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
            ])
            .args(["--dir", &folder.display().to_string()]);
        let ready = |line: &str| line.contains("Ready to accept connections").then_some(());
        let log = folder.join("redis.log");
        let (process, ()) = process::Server::start(&mut command, log, ready)?;
        Ok(Some(Self { process, port }))
    }

    /// Such as `-STOP` and `-CONT`.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.process.signal(name)
    }

    /// A bucket in it, for a configuration.
    #[must_use]
    pub fn bucket(&self) -> Table {
        let mut bucket = Table::new();
        bucket.insert("backend".into(), "redis".into());
        let url = format!("redis://127.0.0.1:{}", self.port);
        bucket.insert("url".into(), url.into());
        bucket.insert("max_mib".into(), 64.into());
        bucket
    }
}
