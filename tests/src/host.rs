//! The `colloquy` binary as a process on a free port, with its state in a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::blocking::{Client, Response, multipart};
use serde_json::Value;
use tempfile::TempDir;
use toml::Table;

pub use crate::answers::{expect_json, expect_problem};

/// How long a start may take at most; the first one compiles every component, which takes minutes on a machine that does much else.
const START_LIMIT: Duration = Duration::from_secs(900);

/// A running host. Dropping it kills the process.
pub struct Host {
    child: Child,
    /// Such as `http://127.0.0.1:40123`.
    pub url: String,
    /// Its HTTP client.
    pub client: Client,
    state: TempDir,
    config: PathBuf,
    environment: Vec<(String, String)>,
}

impl Host {
    /// Starts with the configuration of the repository.
    pub fn start() -> Result<Self> {
        Self::configured(|_| Ok(()))
    }

    /// Starts with the configuration of the repository after `edit`, and waits until it is ready.
    pub fn configured(edit: impl FnOnce(&mut Table) -> Result<()>) -> Result<Self> {
        let host = Self::spawned(edit)?;
        host.wait_ready()?;
        Ok(host)
    }

    /// The same in an environment with these variables, too.
    pub fn configured_in(
        environment: &[(&str, &str)],
        edit: impl FnOnce(&mut Table) -> Result<()>,
    ) -> Result<Self> {
        let host = Self::spawned_in(environment, edit)?;
        host.wait_ready()?;
        Ok(host)
    }

    /// Starts without waiting for readiness, for hosts that are not expected to get there.
    pub fn spawned(edit: impl FnOnce(&mut Table) -> Result<()>) -> Result<Self> {
        Self::spawned_in(&[], edit)
    }

    /// The same in an environment with these variables, too.
    pub fn spawned_in(
        environment: &[(&str, &str)],
        edit: impl FnOnce(&mut Table) -> Result<()>,
    ) -> Result<Self> {
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let state = tempfile::tempdir()?;
        let path = configuration(state.path(), edit)?;
        let (child, url) = launch(&path, &environment)?;
        let client = Client::builder()
            .timeout(Duration::from_secs(120))
            .build()?;
        Ok(Self {
            child,
            url,
            client,
            state,
            config: path,
            environment,
        })
    }

    /// Waits until `/readyz` says 200.
    pub fn wait_ready(&self) -> Result<()> {
        let started = Instant::now();
        loop {
            let answer = self.client.get(format!("{}/readyz", self.url)).send();
            if answer
                .as_ref()
                .is_ok_and(|response| response.status() == 200)
            {
                return Ok(());
            }
            if started.elapsed() > START_LIMIT {
                bail!(
                    "not ready after {START_LIMIT:?}: {:?}",
                    answer.map(|response| response.text())
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills the process as `kill -9` does and starts it again on the same state.
    pub fn kill_and_restart(&mut self) -> Result<()> {
        self.kill()?;
        self.relaunch()
    }

    /// Kills the process as `kill -9` does.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks the process to end (SIGTERM), waits for it, and starts it again on the same state.
    pub fn stop_and_restart(&mut self) -> Result<()> {
        self.terminate()?;
        let status = self.child.wait()?;
        ensure!(
            status.success(),
            "the host ended with {status} after SIGTERM"
        );
        self.relaunch()
    }

    fn relaunch(&mut self) -> Result<()> {
        (self.child, self.url) = launch(&self.config, &self.environment)?;
        self.wait_ready()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) -> Result<()> {
        let status = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        ensure!(status.success(), "kill failed");
        Ok(())
    }

    /// Waits for the process to end by itself and returns whether it ended well.
    pub fn wait(&mut self) -> Result<bool> {
        Ok(self.child.wait()?.success())
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process is still the one that was started.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The folder of databases and configuration.
    #[must_use]
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// What the process has logged so far.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.state.path().join("host.log"))?)
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Result<Response> {
        Ok(self.client.get(format!("{}{path}", self.url)).send()?)
    }

    /// `GET path` of something that must be there, as JSON.
    pub fn get_json(&self, path: &str) -> Result<Value> {
        expect_json(self.get(path)?)
    }

    /// `POST /process` with a file of that name and these bytes.
    pub fn upload(&self, name: &str, bytes: Vec<u8>, session: Option<&str>) -> Result<Response> {
        let form = multipart::Form::new();
        let form = match session {
            Some(session) => form.text("session_id", session.to_owned()),
            None => form,
        };
        self.send(form, name, bytes)
    }

    /// `POST /process` for an answer in text only, which must succeed.
    pub fn hear(&self, name: &str, bytes: Vec<u8>) -> Result<Value> {
        let form = multipart::Form::new().text("speak", "false");
        expect_json(self.send(form, name, bytes)?)
    }

    fn send(&self, form: multipart::Form, name: &str, bytes: Vec<u8>) -> Result<Response> {
        let part = multipart::Part::bytes(bytes).file_name(name.to_owned());
        Ok(self
            .client
            .post(format!("{}/process", self.url))
            .multipart(form.part("audio_file", part))
            .send()?)
    }

    /// `POST /process` with a recording, which must succeed.
    pub fn ask_aloud(&self, recording: &Path, session: Option<&str>) -> Result<Value> {
        let name = recording
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        expect_json(self.upload(&name, std::fs::read(recording)?, session)?)
    }

    /// `POST /process/text`.
    pub fn post_text(&self, text: &str, session: Option<&str>) -> Result<Response> {
        let mut body = serde_json::json!({ "text": text });
        if let Some(session) = session {
            body["session_id"] = session.into();
        }
        Ok(self
            .client
            .post(format!("{}/process/text", self.url))
            .json(&body)
            .send()?)
    }

    /// `POST /process/text`, which must succeed.
    pub fn ask(&self, text: &str, session: Option<&str>) -> Result<Value> {
        expect_json(self.post_text(text, session)?)
    }

    /// The same for an answer in text only. Speaking takes most of the time of a turn, so this is for cases to which it does not matter.
    pub fn ask_in_writing(&self, text: &str, session: Option<&str>) -> Result<Value> {
        let mut body = serde_json::json!({ "text": text, "speak": false });
        if let Some(session) = session {
            body["session_id"] = session.into();
        }
        let url = format!("{}/process/text", self.url);
        expect_json(self.client.post(url).json(&body).send()?)
    }

    /// `POST /session/create`, giving the id.
    pub fn create_session(&self) -> Result<String> {
        let response = self
            .client
            .post(format!("{}/session/create", self.url))
            .send()?;
        ensure!(
            response.status() == 201,
            "session/create answered {}",
            response.status()
        );
        let body: Value = response.json()?;
        Ok(body["session_id"]
            .as_str()
            .context("session_id")?
            .to_owned())
    }

    /// The answer's audio, which must be there.
    pub fn audio(&self, answer: &Value) -> Result<Vec<u8>> {
        let id = answer["audio_file"]
            .as_str()
            .with_context(|| format!("audio_file in {answer}"))?;
        let response = self.get(&format!("/audio/{id}"))?;
        ensure!(
            response.status() == 200,
            "/audio answered {}",
            response.status()
        );
        ensure!(
            response.headers()["content-type"] == "audio/wav",
            "{:?}",
            response.headers()
        );
        Ok(response.bytes()?.to_vec())
    }

    /// The value of a metric whose line starts with `name`, summed over its labels that contain `label`.
    pub fn metric(&self, name: &str, label: &str) -> Result<f64> {
        let text = self.get("/metrics")?.text()?;
        let values = text
            .lines()
            .filter(|line| line.starts_with(name) && line.contains(label));
        Ok(values
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(config: &Path, environment: &[(String, String)]) -> Result<(Child, String)> {
    let binary = crate::root().join("dist/colloquy");
    let log = config.with_file_name("host.log");
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)?;
    let mut child = Command::new(&binary)
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(config)
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .with_context(|| format!("{}; run `cargo xtask build`", binary.display()))?;
    let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
    for line in &mut lines {
        if let Some((_, url)) = line?.split_once("listening on ") {
            // Whatever else it prints must not fill the pipe.
            let url = url.trim().to_owned();
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((child, url));
        }
    }
    let status = child.wait()?;
    let log = std::fs::read_to_string(config.with_file_name("host.log")).unwrap_or_default();
    bail!("the host ended with {status} before it listened:\n{log}")
}

/// Writes the configuration of the repository after `edit` into the folder of a host's state.
pub fn configuration(state: &Path, edit: impl FnOnce(&mut Table) -> Result<()>) -> Result<PathBuf> {
    let root = crate::root().canonicalize()?;
    let text = std::fs::read_to_string(root.join("colloquy.toml")).context("colloquy.toml")?;
    let mut config: Table = text.parse().context("colloquy.toml")?;
    make_absolute(&mut config, &root)?;
    for (name, bucket) in table(&mut config, "keyvalue")? {
        if let Some(bucket) = bucket.as_table_mut()
            && bucket.contains_key("path")
        {
            let path = state.join(format!("{name}.db"));
            bucket.insert("path".into(), path.display().to_string().into());
        }
    }
    // Everything comes from one address here; tests of limits set their own.
    table(&mut config, "server")?.insert("max_requests_per_address".into(), 0.into());
    let environment_of_edge = environment_of_edge(&mut config)?;
    for name in ["RATE_TURNS", "RATE_SYNTHESES", "RATE_QUERIES"] {
        environment_of_edge.insert(name.into(), "0".into());
    }
    edit(&mut config)?;
    let path = state.join("colloquy.toml");
    std::fs::write(&path, toml::to_string(&config)?)?;
    Ok(path)
}

/// Paths in a configuration are relative to its file; the copy lies elsewhere.
fn make_absolute(config: &mut Table, root: &Path) -> Result<()> {
    let absolute = |value: &mut toml::Value| {
        if let Some(path) = value.as_str() {
            *value = root.join(path).display().to_string().into();
        }
    };
    if let Some(component) = table(config, "edge")?.get_mut("component") {
        absolute(component);
    }
    for (_, stage) in table(config, "stage")? {
        let stage = stage.as_table_mut().context("a stage is a table")?;
        if let Some(component) = stage.get_mut("component") {
            absolute(component);
        }
        if let Some(mounts) = stage.get_mut("mounts").and_then(toml::Value::as_table_mut) {
            mounts.iter_mut().for_each(|(_, path)| absolute(path));
        }
    }
    Ok(())
}

/// The table of that name.
pub fn table<'a>(config: &'a mut Table, name: &str) -> Result<&'a mut Table> {
    config
        .get_mut(name)
        .and_then(toml::Value::as_table_mut)
        .with_context(|| format!("[{name}] in colloquy.toml"))
}

/// What the gateway reads.
pub fn environment_of_edge(config: &mut Table) -> Result<&mut Table> {
    table(table(config, "edge")?, "environment")
}

/// The table of one stage.
pub fn stage<'a>(config: &'a mut Table, name: &str) -> Result<&'a mut Table> {
    table(table(config, "stage")?, name)
}
