//! The configurations that are shipped: the host reads them, and finds what they name where an image has it.

use std::os::unix::fs::symlink;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Case, always, deploy, output};

pub(super) const CASES: &[Case] = &[("the_host_accepts_every_configuration", accepted, always)];

fn accepted() -> Result<()> {
    let root = colloquy_tests::root();
    let image = tempfile::tempdir()?;
    for folder in ["dist", "models", "content"] {
        symlink(root.join(folder), image.path().join(folder))?;
    }
    let mut found = 0;
    for folder in std::fs::read_dir(deploy())? {
        let file = folder?.path().join("colloquy.toml");
        if !file.is_file() {
            continue;
        }
        let placed = image.path().join("colloquy.toml");
        std::fs::copy(&file, &placed)?;
        let checked = output(
            Command::new(root.join("dist/colloquy"))
                .arg("--config")
                .arg(&placed)
                .arg("check")
                .env("COLLOQUY_CACHE", image.path().join("cache")),
        );
        checked.with_context(|| file.display().to_string())?;
        found += 1;
    }
    ensure!(
        found >= 2,
        "only {found} configurations in {}",
        deploy().display()
    );
    Ok(())
}
