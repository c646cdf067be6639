//! Independent tools that live in Python: codecs, another speech engine. Their packages are pinned in `tests/requirements.txt`.

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

fn interpreter() -> Result<std::ffi::OsString> {
    std::env::var_os("COLLOQUY_PYTHON")
        .context("COLLOQUY_PYTHON is not set: run `cargo xtask test`")
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
