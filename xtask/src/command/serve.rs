//! `serve`: everything from nothing to a listening host.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{build, models, preinit, setup};
use crate::{http, paths, ui};

/// Where `serve` listens and `ask` looks.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:8000";

/// The first start on a machine compiles every component; 2 cores take about a minute.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(600);

/// Brings about what is missing, then becomes the host.
pub(crate) fn run(listen: &str, config: &Path, preinit: bool) -> Result<()> {
    // Before the long part, not after it.
    let address = http::usable(listen)?;
    prepare()?;
    let config = if preinit {
        let config = paths::root().join(config);
        preinit::run(&config)?;
        preinit::configured(&config)?
    } else {
        config.to_owned()
    };
    ui::step(
        "Starting",
        format!(
            "http://{} (the first start compiles the components, about a minute)",
            visible(&address)
        ),
    );
    // Beside the host, because from here on this process is the host.
    let this = std::env::current_exe()?;
    let announcer = Command::new(this)
        .args(["announce", &address])
        .stdin(Stdio::null())
        .spawn();
    announcer.context("the announcer could not be started")?;
    become_host(
        Command::new(host())
            .arg("serve")
            .arg("--config")
            .arg(config)
            .args(["--listen", &address])
            .current_dir(paths::root()),
    )
}

/// Set-up, models, build: what a host needs before it can start.
pub(crate) fn prepare() -> Result<()> {
    setup::run()?;
    models::run(&[])?;
    build::run()
}

/// The host that `build` made.
pub(crate) fn host() -> std::path::PathBuf {
    paths::dist().join(paths::program("colloquy"))
}

/// The same process, so that whoever stops or supervises `cargo xtask serve` stops or supervises the host.
#[cfg(unix)]
fn become_host(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    bail!("the host could not be started: {}", command.exec())
}

#[cfg(not(unix))]
fn become_host(command: &mut Command) -> Result<()> {
    crate::run::shown(command)
}

/// Waits for readiness and says what to do next. Ends with the host.
pub(crate) fn announce(address: &str) -> Result<()> {
    let address = visible(address);
    let base = format!("http://{address}");
    let parent = parent();
    let alive = || {
        if parent == self::parent() {
            Ok(())
        } else {
            bail!("the host has ended")
        }
    };
    if http::wait_ready(&base, START_LIMIT, alive).is_err() {
        // The host has said why.
        return Ok(());
    }
    ui::step("Ready", format!("{base} - ask it something:"));
    ui::print(format_args!(
        "\n    curl -F audio_file=@question.wav {base}/process"
    ));
    ui::print(format_args!(
        "    curl -H 'content-type: application/json' -d '{{\"text\":\"Tell me about the first compiler\"}}' {base}/process/text\n"
    ));
    Ok(())
}

#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

#[cfg(not(unix))]
fn parent() -> u32 {
    0
}

/// An address that listens everywhere, as one that can be typed.
fn visible(address: &str) -> String {
    match address.rsplit_once(':') {
        Some(("0.0.0.0", port)) => format!("127.0.0.1:{port}"),
        Some(("[::]", port)) => format!("[::1]:{port}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn wildcard_addresses_become_reachable_ones() {
        assert_eq!(visible("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(visible("[::]:80"), "[::1]:80");
        assert_eq!(visible("10.0.0.0:80"), "10.0.0.0:80");
    }
}
