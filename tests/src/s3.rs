//! A real S3 server as a process: SeaweedFS, which comes with the Python packages of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use toml::Table;

use crate::process;

/// How long a start may take at most.
const START_LIMIT: Duration = Duration::from_secs(300);
/// The variable that a host finds the credentials in, and what is in it.
pub const CREDENTIALS: (&str, &str) = ("COLLOQUY_TEST_S3", "key:secret");

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    _process: process::Server,
    _sockets: Sockets,
    /// On 127.0.0.1.
    pub port: u16,
}

/// Files that it leaves behind when it is killed, removed after it.
#[derive(Debug)]
struct Sockets(Vec<PathBuf>);

impl Drop for Sockets {
    fn drop(&mut self) {
        for path in &self.0 {
            let _never_made = std::fs::remove_file(path);
        }
    }
}

impl Server {
    /// Starts one on free ports. `folder` has its data and its log.
    pub fn start(folder: &Path) -> Result<Self> {
        let python = std::env::var_os("COLLOQUY_PYTHON")
            .context("COLLOQUY_PYTHON is not set: run `cargo xtask test`")?;
        let weed = Path::new(&python).with_file_name("weed");
        ensure!(weed.is_file(), "{} is not there", weed.display());
        let identities = folder.join("s3.json");
        let text = r#"{"identities": [{"name": "test", "credentials": [{"accessKey": "key", "secretKey": "secret"}],
            "actions": ["Admin", "Read", "Write", "List"]}, {"name": "anonymous", "actions": ["Read", "List"]}]}"#;
        std::fs::write(&identities, text)?;
        let port = process::free_port()?;
        let mut command = Command::new(weed);
        command
            // It would write files of its own into the system's folder, too.
            .arg(format!("-logdir={}", folder.display()))
            .arg("server")
            .args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"])
            .args(["-s3.port.iceberg=0", "-s3.port.lance=0"])
            .args(["-master.volumeSizeLimitMB=64", "-volume.max=20"])
            .arg(format!("-dir={}", folder.display()))
            .arg(format!("-s3.config={}", identities.display()))
            .arg(format!("-s3.port={port}"));
        let filer = process::free_port()?;
        command.arg(format!("-filer.port={filer}"));
        // These would lie in `/tmp`, whatever `TMPDIR` says.
        for name in ["s3", "filer"] {
            let socket = folder.join(format!("{name}.sock"));
            command.arg(format!("-{name}.localSocket={}", socket.display()));
        }
        command.arg(format!("-master.port={}", process::free_port()?));
        command.arg(format!("-volume.port={}", process::free_port()?));
        let mut sockets = Sockets(Vec::new());
        for name in ["s3", "master", "volume", "filer"] {
            let port = process::free_port()?;
            command.arg(format!("-{name}.port.grpc={port}"));
            // And for these there is no option.
            let socket = format!("/tmp/seaweedfs-{name}-grpc-{port}.sock");
            sockets.0.push(socket.into());
        }
        // It says nothing that would tell when it is ready, so any line will do, and then it is asked.
        let (process, ()) =
            process::Server::start(&mut command, folder.join("s3.log"), |_| Some(()))?;
        let since = Instant::now();
        let healthy = || -> Result<bool> {
            let answer = reqwest::blocking::get(format!("http://127.0.0.1:{port}/healthz"))?;
            Ok(answer.status().is_success())
        };
        while !healthy().unwrap_or(false) {
            ensure!(since.elapsed() < START_LIMIT, "{}", process.printed());
            std::thread::sleep(Duration::from_millis(50));
        }
        // A bucket is a folder of the file store beneath, which asks nobody for a signature.
        let made = reqwest::blocking::Client::new()
            .post(format!("http://127.0.0.1:{filer}/buckets/colloquy/"))
            .send()?;
        ensure!(made.status().is_success(), "{}", made.status());
        Ok(Self {
            _process: process,
            _sockets: sockets,
            port,
        })
    }

    /// How many objects are there, as anybody is told who asks: not by the host's client.
    pub fn objects(&self) -> Result<usize> {
        let url = format!(
            "http://127.0.0.1:{}/colloquy?list-type=2&prefix=audio/",
            self.port
        );
        let answer = reqwest::blocking::get(url)?;
        let (status, text) = (answer.status(), answer.text()?);
        ensure!(status.is_success(), "{status}: {text}");
        Ok(text.matches("<Contents>").count())
    }

    /// A bucket in it, for a configuration. The host needs [`CREDENTIALS`] in its environment.
    #[must_use]
    pub fn bucket(&self) -> Table {
        let mut credentials = Table::new();
        credentials.insert("env".into(), CREDENTIALS.0.into());
        let mut bucket = Table::new();
        bucket.insert("backend".into(), "object".into());
        bucket.insert("url".into(), "s3://colloquy/audio".into());
        bucket.insert(
            "endpoint".into(),
            format!("http://127.0.0.1:{}", self.port).into(),
        );
        bucket.insert("region".into(), "us-east-1".into());
        bucket.insert("credentials".into(), credentials.into());
        bucket.insert("max_mib".into(), 64.into());
        bucket.insert("max_age_minutes".into(), 60.into());
        bucket
    }
}
