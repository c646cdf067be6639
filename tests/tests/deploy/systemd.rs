//! The unit: systemd itself reads it, and says how exposed it is.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::process;

use super::{Case, always, configuration, deploy, output};

pub(super) const CASES: &[Case] = &[
    ("systemd_accepts_the_unit", verified, no_systemd),
    ("the_unit_is_sandboxed", sandboxed, no_systemd),
    ("the_unit_has_what_its_configuration_needs", agreed, always),
];

/// Of 100, where systemd calls up to 19 "OK" or better.
const MOST_EXPOSED: &str = "--threshold=19";

/// Why there is none, where that is no failure.
fn no_systemd() -> Option<String> {
    let absent = analyze().ok()?.is_none();
    absent.then(|| "there is no systemd-analyze on this machine".to_owned())
}

/// Continuous integration has to have it.
fn analyze() -> Result<Option<Command>> {
    let found = process::installed("systemd-analyze", "systemd")?;
    Ok(found.map(Command::new))
}

/// In a system of its own that has the files where the unit says.
fn verified() -> Result<()> {
    let system = tempfile::tempdir()?;
    let place = |path: &str| {
        let path = system.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&path)).map(|()| path)
    };
    for program in ["opt/colloquy/dist/colloquy", "bin/kill"] {
        let path = place(program)?;
        std::fs::write(&path, "#!/bin/sh\n")?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755))?;
    }
    let unit = place("etc/systemd/system/colloquy.service")?;
    std::fs::copy(deploy().join("systemd/colloquy.service"), &unit)?;
    for target in [
        "sysinit",
        "basic",
        "shutdown",
        "multi-user",
        "network-online",
    ] {
        let path = place(&format!("etc/systemd/system/{target}.target"))?;
        std::fs::write(
            path,
            "[Unit]\nDescription=a target\nDefaultDependencies=no\n",
        )?;
    }
    let said = analyze()?
        .context("no systemd-analyze")?
        .args(["verify", "--man=no", "--recursive-errors=no", "--root"])
        .arg(system.path())
        .arg("colloquy.service")
        .output()?;
    let complaints = String::from_utf8_lossy(&said.stderr).into_owned();
    // It warns of what is wrong in a unit and succeeds all the same.
    ensure!(
        said.status.success() && !complaints.contains("colloquy.service:"),
        "{complaints}"
    );
    Ok(())
}

fn sandboxed() -> Result<()> {
    output(
        analyze()?
            .context("no systemd-analyze")?
            .args(["security", "--no-pager", "--offline=true", MOST_EXPOSED])
            .arg(deploy().join("systemd/colloquy.service")),
    )?;
    Ok(())
}

/// The configuration says nothing of compiled code, which would be below /etc: the unit says where it goes, and may write there.
fn agreed() -> Result<()> {
    let unit = std::fs::read_to_string(deploy().join("systemd/colloquy.service"))?;
    for line in [
        "ExecStart=/opt/colloquy/dist/colloquy --config /etc/colloquy/colloquy.toml serve",
        "Environment=COLLOQUY_CACHE=/var/cache/colloquy",
        "CacheDirectory=colloquy",
        "StateDirectory=colloquy",
    ] {
        ensure!(unit.lines().any(|it| it == line), "no `{line}`");
    }
    let config: toml::Table = configuration::text("systemd")?.parse()?;
    ensure!(
        !config.contains_key("engine"),
        "[engine]: the unit decides where compiled code goes"
    );
    let buckets = config["keyvalue"].as_table().into_iter().flatten();
    for (name, bucket) in buckets {
        let path = bucket.get("path").and_then(|it| it.as_str());
        ensure!(
            path.is_none_or(|it| it.starts_with("/var/lib/colloquy/")),
            "the unit may not write to the bucket {name}: {path:?}"
        );
    }
    Ok(())
}
