//! Independent tools that live in Python: codecs, another speech engine. Their packages are pinned in `tests/requirements.txt`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// `tests/tools/<script>`, to be run as the caller likes.
pub fn command(script: &str) -> Result<Command> {
    let mut command = Command::new(interpreter()?);
    command.arg(crate::root().join("tests/tools").join(script));
    Ok(command)
}

/// Runs `tests/tools/<script>` with these arguments.
pub fn run<S: AsRef<std::ffi::OsStr>>(
    script: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Result<()> {
    let path = crate::root().join("tests/tools").join(script);
    let output = Command::new(interpreter()?)
        .arg(&path)
        .args(arguments)
        .output()?;
    ensure!(
        output.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// The value of an expression, as a text.
pub fn evaluate(expression: &str) -> Result<String> {
    let output = Command::new(interpreter()?)
        .args(["-c", &format!("print({expression}, end='')")])
        .output()?;
    ensure!(
        output.status.success(),
        "{expression}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn interpreter() -> Result<OsString> {
    std::env::var_os("COLLOQUY_PYTHON")
        .context("COLLOQUY_PYTHON is not set: run `cargo xtask test`")
}

/// The Python with the packages of `tests/requirements-<name>.txt`, which need 3.`minor`; an error that says so where there is none.
pub fn newer(name: &str, minor: u8) -> Result<OsString> {
    let variable = format!("COLLOQUY_{}_PYTHON", name.to_uppercase());
    std::env::var_os(&variable).with_context(|| {
        format!(
            "{variable} is not set; `cargo xtask test` sets it where Python is 3.{minor} or newer"
        )
    })
}

/// The same; none, with the reason printed, where Python may be too old. Continuous integration has to have one that will do.
#[expect(clippy::print_stderr, reason = "a case that is skipped says why")]
pub fn optional(name: &str, minor: u8) -> Result<Option<OsString>> {
    match newer(name, minor) {
        Ok(python) => Ok(Some(python)),
        Err(missing) if crate::is_ci() => Err(missing),
        Err(missing) => {
            eprintln!("skipped: {missing}");
            Ok(None)
        }
    }
}

/// A recording in every container and codec, encoded by FFmpeg's libraries.
pub fn encoded(recording: &Path) -> Result<(TempDir, Vec<PathBuf>)> {
    let folder = tempfile::tempdir()?;
    run("encode_fixtures.py", [recording, folder.path()])?;
    let mut files: Vec<_> = std::fs::read_dir(folder.path())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension != "json")
    });
    files.sort();
    Ok((folder, files))
}

/// These sentences as WAV files (`0.wav`, `1.wav`, ...), spoken by another engine: onnxruntime with espeak's phonemes.
pub fn spoken<S: AsRef<str>>(sentences: &[S]) -> Result<(TempDir, Vec<PathBuf>)> {
    let folder = tempfile::tempdir()?;
    let list = folder.path().join("sentences.txt");
    std::fs::write(
        &list,
        sentences
            .iter()
            .map(|s| format!("{}\n", s.as_ref()))
            .collect::<String>(),
    )?;
    run("speak.py", [list.as_path(), folder.path()])?;
    let files = (0..sentences.len())
        .map(|index| folder.path().join(format!("{index}.wav")))
        .collect();
    Ok((folder, files))
}
