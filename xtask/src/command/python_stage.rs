//! The stage in Python, `examples/intent-python`, as `dist/examples/intent-python.wasm`: for the tests, in the words of
//! `docs/write-your-own-stage.md`.

use anyhow::{Context, Result};

use crate::{paths, python, run, ui};

/// Makes the component anew; it takes seconds.
pub(crate) fn build() -> Result<()> {
    // The command that the package installs lies next to the interpreter.
    let interpreter = python::environment("guests")?;
    let componentize = interpreter.with_file_name(paths::program("componentize-py"));
    let folder = paths::dist().join("examples");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let target = folder.join("intent-python.wasm");
    let mut command = std::process::Command::new(componentize);
    command
        .current_dir(paths::root())
        .args(["-d", "wit", "-w", "colloquy:worlds/intent-stage"])
        .args(["componentize", "stage", "-p", "examples/intent-python"])
        .arg("-o")
        .arg(&target);
    let clock = ui::clock("Building", "dist/examples/intent-python.wasm");
    run::quiet(&mut command).context("componentize-py failed")?;
    clock.finish_and_clear();
    ui::step("Built", "dist/examples/intent-python.wasm");
    Ok(())
}
