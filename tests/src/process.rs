//! A server of somebody else as a process: started, awaited by what it prints, and stopped with everything that it started.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

/// How long a start may take at most; the first one compiles the component.
const START_LIMIT: Duration = Duration::from_secs(900);

/// A running server. Dropping it kills its process group, and removes what that has left in its folder for temporary files.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    _temporary: TempDir,
}

impl Server {
    /// Starts a program and waits until a line that it prints, to either stream, has what `ready` looks for. Returns what that found.
    /// Everything printed goes to `log`, too.
    pub fn start<T: Send + 'static>(
        command: &mut Command,
        log: PathBuf,
        ready: impl Fn(&str) -> Option<T> + Clone + Send + 'static,
    ) -> Result<(Self, T)> {
        let program = command.get_program().to_string_lossy().into_owned();
        // A program that is killed cleans nothing up.
        let temporary = tempfile::tempdir()?;
        let mut child = command
            .env("TMPDIR", temporary.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| program.clone())?;
        let (found, awaited) = mpsc::channel();
        let file = std::fs::File::create(&log)?;
        let out = child.stdout.take().context("standard output")?;
        let err = child.stderr.take().context("standard error")?;
        follow(out, file.try_clone()?, ready.clone(), found.clone());
        follow(err, file, ready, found);
        let server = Self {
            child,
            log,
            _temporary: temporary,
        };
        // The channel ends when the program does, because then both streams do.
        match awaited.recv_timeout(START_LIMIT) {
            Ok(found) => Ok((server, found)),
            Err(error) => bail!(
                "{program} did not get ready ({error}):\n{}",
                server.printed()
            ),
        }
    }

    /// Stops (`-STOP`) or continues (`-CONT`) the process, or sends another signal.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()?;
        ensure!(status.success(), "kill {name} failed");
        Ok(())
    }

    /// What it has printed so far.
    #[must_use]
    pub fn printed(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

/// Copies lines to the log on a thread of its own and reports the first that is looked for.
fn follow<T: Send + 'static>(
    stream: impl Read + Send + 'static,
    mut log: std::fs::File,
    ready: impl Fn(&str) -> Option<T> + Send + 'static,
    found: mpsc::Sender<T>,
) {
    std::thread::spawn(move || {
        let mut found = Some(found);
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = std::io::Write::write_all(&mut log, format!("{line}\n").as_bytes());
            if let Some(it) = ready(&line)
                && let Some(found) = found.take()
            {
                let _ = found.send(it);
            }
        }
    });
}

/// An installed program; none, with the reason printed, where it may be absent. Continuous integration has to have it.
#[expect(clippy::print_stderr, reason = "a case that is skipped says why")]
pub fn installed(name: &str, package: &str) -> Result<Option<PathBuf>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian's place, which is not on everybody's path.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        let missing = format!("no {name} on the path (Debian: apt install {package})");
        ensure!(!crate::is_ci(), "{missing}");
        eprintln!("skipped: {missing}");
    }
    Ok(found)
}

/// The ports of [`free_port`], below those that a system gives to who asks for any (Linux from 32768, others from 49152): otherwise a
/// connection of another case could take one before the server does, or while it is down.
const PORTS: std::ops::Range<u32> = 20_000..32_000;

/// A port that is free now, each time another one; for servers that cannot say which one they took.
pub fn free_port() -> Result<u16> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let n_ports = PORTS.end - PORTS.start;
    // Two runs at a time begin in different places.
    let begin = std::process::id().wrapping_mul(101);
    for _ in 0..n_ports {
        let n = GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(PORTS.start + begin.wrapping_add(n) % n_ports)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port of {PORTS:?} is free")
}
