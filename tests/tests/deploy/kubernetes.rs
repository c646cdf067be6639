//! Manifests against the schemas of Kubernetes. SpinKube's resource has no schema in any package registry, so only what surrounds it is
//! checked, and the names that its documentation gives.

use anyhow::{Result, ensure};

use super::{Case, always, deploy, linter, no_linters, output};

pub(super) const CASES: &[Case] = &[
    ("the_manifests_are_by_the_schemas", manifests, no_linters),
    ("probes_ask_routes_that_there_are", probes, always),
    (
        "the_spinkube_manifest_scales_its_own_application",
        spinkube,
        no_linters,
    ),
];

/// One that is kept; newer ones are checked by whoever upgrades.
const VERSION: &str = "1.34";

fn manifests() -> Result<()> {
    validate("kubernetes/colloquy.yaml")
}

fn validate(file: &str) -> Result<()> {
    output(
        linter("kubernetes-validate")?
            .args(["--strict", "-k", VERSION])
            .arg(deploy().join(file)),
    )?;
    Ok(())
}

fn probes() -> Result<()> {
    let text = std::fs::read_to_string(deploy().join("kubernetes/colloquy.yaml"))?;
    let paths: Vec<_> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("path: "))
        .collect();
    ensure!(paths == ["/readyz", "/readyz", "/livez"], "{paths:?}");
    let host = colloquy_tests::host::Host::start()?;
    for path in paths.into_iter().chain(["/metrics"]) {
        let status = host.get(path)?.status();
        ensure!(status == 200, "{path}: {status}");
    }
    Ok(())
}

fn spinkube() -> Result<()> {
    let text = std::fs::read_to_string(deploy().join("spinkube/colloquy.yaml"))?;
    let (application, scaling) = text
        .split_once("\n---\n")
        .ok_or_else(|| anyhow::anyhow!("two documents"))?;
    for line in [
        "apiVersion: core.spinkube.dev/v1alpha1",
        "kind: SpinApp",
        "  executor: containerd-shim-spin",
        "  enableAutoscaling: true",
    ] {
        ensure!(
            application.lines().any(|found| found == line),
            "no `{line}`"
        );
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("scaling.yaml");
    std::fs::write(&file, scaling)?;
    output(
        linter("kubernetes-validate")?
            .args(["--strict", "-k", VERSION])
            .arg(&file),
    )?;
    Ok(())
}
