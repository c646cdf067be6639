//! The unit: systemd itself reads it, and says how exposed it is.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use anyhow::Result;

use super::{Case, deploy, output};

pub(super) const CASES: &[Case] = &[
    ("systemd_accepts_the_unit", verified, no_systemd),
    ("the_unit_is_sandboxed", sandboxed, no_systemd),
];

/// Of 100, where systemd calls up to 19 "OK" or better.
const MOST_EXPOSED: &str = "--threshold=19";

fn no_systemd() -> Option<String> {
    let found = Command::new("systemd-analyze").arg("--version").output();
    (!found.is_ok_and(|output| output.status.success()))
        .then(|| "there is no systemd-analyze on this machine".to_owned())
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
    let said = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no", "--root"])
        .arg(system.path())
        .arg("colloquy.service")
        .output()?;
    let complaints = String::from_utf8_lossy(&said.stderr).into_owned();
    // It warns of what is wrong in a unit and succeeds all the same.
    anyhow::ensure!(
        said.status.success() && !complaints.contains("colloquy.service:"),
        "{complaints}"
    );
    Ok(())
}

fn sandboxed() -> Result<()> {
    output(
        Command::new("systemd-analyze")
            .args(["security", "--no-pager", "--offline=true", MOST_EXPOSED])
            .arg(deploy().join("systemd/colloquy.service")),
    )?;
    Ok(())
}
