//! `build --preinit`: components with their models inside, into `dist/preinit/`.
//!
//! What goes into which component is what the host's configuration mounts for it, so there is no second list. A component is made again
//! when it or one of the files has changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use toml::Table;

use super::serve;
use crate::{digest, paths, run, ui};

/// Every component that can be given files exports this.
const CONTRACT: &[u8] = b"colloquy:preload/preload@";
/// Changes when the way of making changes.
const METHOD: &[u8] = b"1";
/// The end of the file beside a component that says what it was made of.
const STAMP: &str = "stamp";

/// A stage of a configuration whose component can be given the one folder that is mounted for it.
struct Stage {
    name: String,
    component: PathBuf,
    folder: PathBuf,
}

/// Models, components, and [`run`].
pub(crate) fn prepare(config: &Path) -> Result<()> {
    serve::prepare()?;
    run(&paths::root().join(config))
}

/// Makes what is not up to date. Components and models have to be there.
pub(crate) fn run(config: &Path) -> Result<()> {
    for stage in stages(config, &read(config)?)? {
        make(&stage).with_context(|| format!("stage {}", stage.name))?;
    }
    Ok(())
}

/// Writes a configuration that is the same but for running what [`run`] made, beside the original, because paths in it are relative.
pub(crate) fn configured(config: &Path) -> Result<PathBuf> {
    let mut table = read(config)?;
    for stage in stages(config, &table)? {
        let section = table
            .get_mut("stage")
            .and_then(|all| all.get_mut(&stage.name))
            .and_then(toml::Value::as_table_mut)
            .context("a stage is a table")?;
        let component = std::path::absolute(target(&stage)?)?;
        section.insert("component".into(), component.display().to_string().into());
        section.remove("mounts");
    }
    let path = config.with_extension("preinit.toml");
    let text = toml::to_string(&table)?;
    let origin = config.display();
    std::fs::write(
        &path,
        format!("# Made of {origin} by `cargo xtask serve --preinit`, every time.\n\n{text}"),
    )
    .with_context(|| path.display().to_string())?;
    Ok(path)
}

fn read(config: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(config).with_context(|| config.display().to_string())?;
    text.parse().with_context(|| config.display().to_string())
}

fn stages(config: &Path, table: &Table) -> Result<Vec<Stage>> {
    // Paths are relative to the file.
    let beside = std::path::absolute(config)?;
    let beside = beside.parent().context("a file is in a folder")?;
    let mut found = Vec::new();
    for (name, stage) in table
        .get("stage")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten()
    {
        let mounts = stage.get("mounts").and_then(toml::Value::as_table);
        let mut folders = mounts
            .into_iter()
            .flatten()
            .map(|(_, folder)| folder.as_str());
        let (Some(Some(folder)), None) = (folders.next(), folders.next()) else {
            continue;
        };
        let component = stage.get("component").and_then(toml::Value::as_str);
        let component = beside.join(component.with_context(|| format!("stage.{name}.component"))?);
        let bytes = std::fs::read(&component).with_context(|| component.display().to_string())?;
        if bytes
            .windows(CONTRACT.len())
            .any(|window| window == CONTRACT)
        {
            found.push(Stage {
                name: name.clone(),
                component,
                folder: beside.join(folder),
            });
        }
    }
    ensure!(
        !found.is_empty(),
        "{} has no stage whose component can be given files",
        config.display()
    );
    Ok(found)
}

fn target(stage: &Stage) -> Result<PathBuf> {
    let file = stage
        .component
        .file_name()
        .context("a component is a file")?;
    Ok(paths::dist().join("preinit").join(file))
}

fn make(stage: &Stage) -> Result<()> {
    let (target, key) = (target(stage)?, key(stage)?);
    let stamp = target.with_extension(STAMP);
    if target.exists() && std::fs::read_to_string(&stamp).is_ok_and(|made| made == key) {
        return Ok(());
    }
    let name = stage
        .folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let clock = ui::clock("Loading", &format!("{name} into {}", target.display()));
    let mut command = Command::new(serve::host());
    command.arg("preinit").arg(&stage.component);
    command
        .arg("--model")
        .arg(&stage.folder)
        .arg("--out")
        .arg(&target);
    run::quiet(&mut command)?;
    clock.finish_and_clear();
    std::fs::write(&stamp, key)?;
    let shown = target
        .strip_prefix(paths::root())
        .unwrap_or(&target)
        .display();
    ui::step(
        "Made",
        format!("{shown} ({})", ui::megabytes(target.metadata()?.len())),
    );
    Ok(())
}

/// Changes whenever the result could.
fn key(stage: &Stage) -> Result<String> {
    let mut parts = vec![
        METHOD.to_vec(),
        digest::file(&stage.component)?.into_bytes(),
    ];
    // The name of the folder becomes the name of the model.
    let folder =
        std::fs::canonicalize(&stage.folder).with_context(|| stage.folder.display().to_string())?;
    parts.extend(
        folder
            .file_name()
            .map(|name| name.as_encoded_bytes().to_vec()),
    );
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    for file in files {
        parts.extend(
            file.file_name()
                .map(|name| name.as_encoded_bytes().to_vec()),
        );
        parts.push(digest::file(&file)?.into_bytes());
    }
    Ok(digest::parts(parts.iter().map(Vec::as_slice)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_with_one_folder_and_the_contract_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("c.toml");
        std::fs::write(
            folder.path().join("a.wasm"),
            "..colloquy:preload/preload@0.1.0..",
        )
        .unwrap();
        std::fs::write(folder.path().join("b.wasm"), "something else").unwrap();
        let text = r#"
            [stage.one]
            component = "a.wasm"
            mounts = { "/models/m" = "m" }
            [stage.two]
            component = "b.wasm"
            mounts = { "/models/m" = "m" }
            [stage.three]
            component = "a.wasm"
        "#;
        let found = stages(&config, &text.parse().unwrap()).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|stage| (stage.name.as_str(), &stage.folder))
            .collect();
        assert_eq!(found, [("one", &folder.path().join("m"))]);
    }

    #[test]
    fn a_changed_file_changes_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("m");
        std::fs::create_dir(&model).unwrap();
        std::fs::write(folder.path().join("a.wasm"), "a").unwrap();
        let stage = Stage {
            name: "one".into(),
            component: folder.path().join("a.wasm"),
            folder: model.clone(),
        };
        let mut keys = Vec::new();
        for (name, content) in [("x", "1"), ("x", "2"), ("y", "2")] {
            std::fs::write(model.join(name), content).unwrap();
            keys.push(key(&stage).unwrap());
        }
        keys.push(key(&stage).unwrap());
        assert_eq!(keys.pop(), keys.last().cloned());
        keys.dedup();
        assert_eq!(keys.len(), 3);
    }
}
