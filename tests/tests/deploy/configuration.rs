//! The configurations that are shipped: the host reads them, finds what they name where an image or a server has it, and what they allow
//! fits into the memory that is given to it.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::conform::rig::default_cache;
use toml::{Table, Value};

use super::{Case, always, deploy, output};

pub(super) const CASES: &[Case] = &[
    ("the_host_accepts_every_configuration", accepted, always),
    ("what_is_allowed_fits_into_memory", bounded, always),
    (
        "every_configuration_has_the_stages_of_the_image",
        same_stages,
        always,
    ),
];

/// Folders with a configuration.
const FOLDERS: [&str; 4] = ["systemd", "container", "compose", "kubernetes"];

/// What stages take, with their models: 0.9 GB are measured with two instances of each.
const STAGES_MIB: i64 = 1024;

/// Where they are installed.
const PLACE: &str = "/opt/colloquy/";

pub(super) fn text(folder: &str) -> Result<String> {
    let path = deploy().join(folder).join("colloquy.toml");
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The environment variables that a configuration names, in what is commented out, too.
pub(super) fn variables(text: &str) -> BTreeSet<&str> {
    let named = text.split("{ env = \"").skip(1);
    named.filter_map(|rest| rest.split('"').next()).collect()
}

fn accepted() -> Result<()> {
    let there = std::fs::read_dir(deploy())?
        .filter_map(|it| Some(it.ok()?.path().join("colloquy.toml")))
        .filter(|it| it.is_file())
        .collect::<BTreeSet<PathBuf>>();
    let ours = FOLDERS.map(|it| deploy().join(it).join("colloquy.toml"));
    ensure!(
        there == BTreeSet::from(ours),
        "another configuration than those of {FOLDERS:?}"
    );
    let image = tempfile::tempdir()?;
    for folder in ["dist", "models", "content"] {
        symlink(
            colloquy_tests::root().join(folder),
            image.path().join(folder),
        )?;
    }
    std::fs::create_dir(image.path().join("etc"))?;
    // What other tests compiled, for those that have a place of their own for it.
    let compiled = default_cache().context("no home folder")?;
    std::fs::create_dir_all(&compiled)?;
    symlink(&compiled, image.path().join("compiled"))?;
    for folder in FOLDERS {
        let text = text(folder)?;
        let place = if folder == "systemd" { "etc/" } else { "" };
        let placed = image.path().join(format!("{place}colloquy.toml"));
        let moved = text.replace(PLACE, &format!("{}/", image.path().display()));
        std::fs::write(&placed, moved)?;
        check(&placed, &variables(&text)).with_context(|| folder.to_owned())?;
        let parsed: Table = text.parse()?;
        for (_, bucket) in parsed["keyvalue"].as_table().into_iter().flatten() {
            if let Some(variable) = bucket.get("credentials").and_then(|it| it["env"].as_str()) {
                let refused = check(&placed, &BTreeSet::new());
                let why = format!("{:#}", refused.err().context("no credentials, no refusal")?);
                ensure!(why.contains(variable), "{why}");
            }
        }
    }
    // Neither the health check of the image nor Kubernetes' probes could ask a host whose only address is behind TLS.
    let tls = "\n[server.tls]\ncertificate = 'a.pem'\nkey = 'b.pem'\n";
    for (folder, is_warned_of) in [("container", true), ("kubernetes", false)] {
        let text = text(folder)?;
        let placed = image.path().join("colloquy.toml");
        std::fs::write(&placed, format!("{text}{tls}"))?;
        let said = check(&placed, &variables(&text))?;
        let warned = said.lines().any(|line| line.starts_with("warning server"));
        ensure!(warned == is_warned_of, "{folder}: {said}");
    }
    // The paths of systemd's are absolute, and compiled code is elsewhere.
    let beside = std::fs::read_dir(image.path().join("etc"))?.count();
    ensure!(
        beside == 1,
        "something is written where the configuration is"
    );
    Ok(())
}

fn check(configuration: &Path, variables: &BTreeSet<&str>) -> Result<String> {
    let mut command = Command::new(colloquy_tests::root().join("dist/colloquy"));
    command.arg("--config").arg(configuration).arg("check");
    for variable in variables {
        command.env(variable, "id:secret");
    }
    output(&mut command)
}

fn bounded() -> Result<()> {
    for (folder, file, before) in [
        ("systemd", "systemd/colloquy.service", "\nMemoryMax="),
        ("container", "../docs/deploy.md", " --memory "),
        ("compose", "compose/compose.yaml", " mem_limit: "),
        (
            "kubernetes",
            "kubernetes/colloquy.yaml",
            " limits:\n              memory: ",
        ),
    ] {
        let given = std::fs::read_to_string(deploy().join(file))?;
        let (_, given) = given
            .split_once(before)
            .with_context(|| format!("no{before} in {file}"))?;
        let (gib, unit) = given.split_at(1);
        ensure!(unit.to_lowercase().starts_with('g'), "{file}: {unit}");
        let gib: i64 = gib.parse()?;

        let config: Table = text(folder)?.parse()?;
        let number = |section: &str, key: &str| config.get(section)?.get(key)?.as_integer();
        let requests = number("server", "max_concurrent_requests").unwrap_or(32);
        let each = number("edge", "memory_mib").unwrap_or(256);
        ensure!(
            requests * each + STAGES_MIB <= gib << 10,
            "{file}: {requests} requests of {each} MiB and stages do not fit into {gib} GiB"
        );
        audio_fits(&config).with_context(|| folder.to_owned())?;
    }
    let all = std::fs::read_to_string(colloquy_tests::root().join("colloquy.toml"))?;
    audio_fits(&all.parse()?).context("colloquy.toml")
}

/// The gateway gives up the oldest audio before the bucket would, and uses what it has.
fn audio_fits(config: &Table) -> Result<()> {
    let bytes = config["edge"]["environment"]["AUDIO_BYTES"].as_str();
    let bytes: i64 = bytes.context("AUDIO_BYTES")?.parse()?;
    let bucket = config["keyvalue"]["audio"]["max_mib"].as_integer();
    let bucket = bucket.context("max_mib")? << 20;
    ensure!(
        (bucket / 2..bucket).contains(&bytes),
        "{bytes} of audio in a bucket of {bucket}"
    );
    Ok(())
}

fn same_stages() -> Result<()> {
    let stages = |folder: &str| -> Result<Value> {
        let config: Table = text(folder)?.replace(PLACE, "").parse()?;
        config.get("stage").cloned().context("no stages")
    };
    let image = stages("container")?;
    for folder in FOLDERS {
        ensure!(stages(folder)? == image, "{folder} has other stages");
    }
    Ok(())
}
