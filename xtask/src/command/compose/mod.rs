//! `compose`: fuses components into applications with wac-graph. Early binding.
//!
//! `recipe` says what goes into which file, `profile` which component is which stage, `fuse` wires the parts, `explain` shows what a
//! component imports and exports. What a recipe leaves open (WASI, and for some the stages or the store) stays an import of the result.

mod explain;
mod fuse;
mod limits;
mod profile;
mod recipe;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use self::fuse::{Fused, Shelf};
use self::profile::Profile;
use self::recipe::Recipe;
use crate::{paths, ui};

/// The profile that is used unless another one is named.
pub(crate) const DEFAULT_PROFILE: &str = "default";

/// How much to print.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// A line for each file.
    Files,
    /// What is plugged into what.
    Plugs,
    /// Imports, exports, digest and size of every component.
    Everything,
}

/// Composes every file of a profile and holds it to the profile's limits.
pub(crate) fn run(profile: &str, detail: Detail) -> Result<()> {
    let profile = profile::named(profile)?;
    let mut shelf = Shelf::new(paths::dist().join("components"));
    let mut made = Vec::new();
    for recipe in recipe::all(profile) {
        let fused = compose(&mut shelf, &recipe)?;
        let target = paths::dist().join(&recipe.file);
        write(&target, &fused.bytes)?;
        let size = ui::megabytes(fused.bytes.len() as u64);
        ui::step("Composed", format!("dist/{} ({size})", recipe.file));
        if detail == Detail::Plugs {
            table(&fused).into_iter().for_each(ui::print);
        }
        made.push(target);
    }
    if detail == Detail::Everything {
        everything(profile, &made)?.into_iter().for_each(ui::print);
    }
    limits::check(profile)
}

/// Wires the parts of a recipe and sees to it that nothing of ours is left open by mistake.
fn compose(shelf: &mut Shelf, recipe: &Recipe) -> Result<Fused> {
    let fused = shelf
        .fuse(&recipe.parts)
        .with_context(|| format!("dist/{} cannot be composed", recipe.file))?;
    for (part, import) in &fused.open {
        let expected = recipe.open.iter().any(|open| import.starts_with(open));
        ensure!(
            expected,
            "dist/{} cannot be composed: {part} imports {import}, and no part exports it",
            recipe.file
        );
    }
    Ok(fused)
}

/// Replaces a file in one step, so that a host that reads it is not disturbed.
fn write(target: &Path, bytes: &[u8]) -> Result<()> {
    let folder = target.parent().context("a target has a folder")?;
    std::fs::create_dir_all(folder)?;
    let scratch = tempfile::NamedTempFile::new_in(folder)?;
    std::fs::write(scratch.path(), bytes).with_context(|| scratch.path().display().to_string())?;
    // Readable for everybody, as compilers make their output; temporary files are not.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(scratch.path(), std::fs::Permissions::from_mode(0o644))?;
    }
    scratch
        .persist(target)
        .with_context(|| target.display().to_string())?;
    Ok(())
}

/// `    gateway  <- pipeline  colloquy:pipeline/listen@0.3.0`, aligned.
fn table(fused: &Fused) -> Vec<String> {
    let width = |of: fn(&fuse::Plug) -> &str| {
        let lengths = fused.plugs.iter().map(|plug| of(plug).len());
        lengths.max().unwrap_or_default()
    };
    let (users, providers) = (
        width(|plug| plug.user.as_str()),
        width(|plug| plug.provider.as_str()),
    );
    let line = |plug: &fuse::Plug| {
        format!(
            "    {:<users$} <- {:<providers$}  {}",
            plug.user, plug.provider, plug.interface
        )
    };
    fused.plugs.iter().map(line).collect()
}

fn everything(profile: &Profile, made: &[PathBuf]) -> Result<Vec<String>> {
    let components = paths::dist().join("components");
    let mut files: Vec<PathBuf> = if profile.name == DEFAULT_PROFILE {
        let entries = std::fs::read_dir(&components)?.collect::<Result<Vec<_>, _>>()?;
        entries.iter().map(|entry| entry.path()).collect()
    } else {
        let file = |name: &str| components.join(format!("{name}.wasm"));
        recipe::parts(profile)
            .iter()
            .map(|name| file(name))
            .collect()
    };
    files.retain(|file| file.extension().is_some_and(|it| it == "wasm"));
    files.sort();
    files.extend(made.iter().cloned());
    let mut lines = Vec::new();
    for file in files {
        lines.extend(explain::component(&file)?);
    }
    Ok(lines)
}

/// Reads a component that a build has to have made.
fn read(path: &Path) -> Result<Vec<u8>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "{} is not built yet: `cargo xtask build` makes it",
            path.strip_prefix(paths::root()).unwrap_or(path).display()
        ),
        read => read.with_context(|| path.display().to_string()),
    }
}
