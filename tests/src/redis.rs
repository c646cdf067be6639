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
    scheme: &'static str,
}

impl Server {
    /// Starts on a port; none, with the reason printed, where there is no Redis. `folder` has its data and its log.
    pub fn start(port: u16, folder: &Path) -> Result<Option<Self>> {
        Self::launch("redis", port, folder, &["--port", &port.to_string()])
    }

    /// The same for TLS only, with `certificate.pem` and `key.pem` in the folder.
    pub fn start_tls(port: u16, folder: &Path) -> Result<Option<Self>> {
        let file = |name: &str| folder.join(name).display().to_string();
        let (certificate, key) = (file("certificate.pem"), file("key.pem"));
        let number = port.to_string();
        let arguments = [
            ["--port", "0"],
            ["--tls-port", &number],
            ["--tls-cert-file", &certificate],
            ["--tls-key-file", &key],
            ["--tls-ca-cert-file", &certificate],
            ["--tls-auth-clients", "no"],
        ];
        Self::launch("rediss", port, folder, &arguments.concat())
    }

    fn launch(
        scheme: &'static str,
        port: u16,
        folder: &Path,
        arguments: &[&str],
    ) -> Result<Option<Self>> {
        let Some(program) = process::installed("redis-server", "redis-server")? else {
            return Ok(None);
        };
        let mut command = Command::new(program);
        command
            .args(["--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .args(["--dir", &folder.display().to_string()])
            .args(arguments);
        let ready = |line: &str| line.contains("Ready to accept connections").then_some(());
        let log = folder.join("redis.log");
        let (process, ()) = process::Server::start(&mut command, log, ready)?;
        Ok(Some(Self {
            process,
            port,
            scheme,
        }))
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
        let url = format!("{}://127.0.0.1:{}", self.scheme, self.port);
        bucket.insert("url".into(), url.into());
        bucket.insert("max_mib".into(), 64.into());
        bucket
    }
}
