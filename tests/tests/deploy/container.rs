//! The image and the Compose file.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use super::{Case, deploy, linter, no_linters, output};

pub(super) const CASES: &[Case] = &[
    ("the_dockerfile_passes_its_linter", dockerfile, no_linters),
    (
        "the_compose_file_is_by_the_specification",
        compose,
        no_linters,
    ),
];

fn dockerfile() -> Result<()> {
    let file = deploy().join("container/Dockerfile");
    output(
        linter("hadolint")?
            .args(["--no-color", "--failure-threshold", "style"])
            .arg(&file),
    )?;
    let text = std::fs::read_to_string(&file)?;
    let last = text.rsplit("\nFROM ").next().context("no stage")?;
    for line in ["USER 10001:10001", "HEALTHCHECK ", "STOPSIGNAL SIGTERM"] {
        ensure!(last.contains(line), "the image has no `{line}`");
    }
    // Paths on the machine that builds: what COPY and cp name has to be in the repository.
    for path in ["deploy/container/colloquy.toml", "models", "content"] {
        ensure!(
            text.contains(path) && colloquy_tests::root().join(path).exists(),
            "{path}"
        );
    }
    Ok(())
}

fn compose() -> Result<()> {
    let script = colloquy_tests::root().join("tests/tools/check_compose.py");
    let printed = output(
        linter("python")?
            .arg(script)
            .arg(deploy().join("compose/compose.yaml")),
    )?;
    let services: BTreeSet<_> = printed.lines().collect();
    // nginx finds the hosts, and the hosts Redis, by the names of their services.
    let nginx = std::fs::read_to_string(deploy().join("nginx/colloquy.conf"))?;
    let hosts = services.iter().filter(|name| name.starts_with("colloquy-"));
    ensure!(hosts.clone().count() == 3, "{services:?}");
    for host in hosts {
        ensure!(
            nginx.contains(&format!("server {host}:8000")),
            "nginx does not know {host}"
        );
    }
    let configuration = std::fs::read_to_string(deploy().join("compose/colloquy.toml"))?;
    ensure!(services.contains("redis") && configuration.contains("redis://redis:6379/"));
    Ok(())
}
