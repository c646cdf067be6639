//! Runs other programs: with their output passed through, or kept and shown only when they fail.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// How many lines of a failed program's output are shown.
const TAIL: usize = 30;

/// Runs with everything passed through, and fails when the program does.
pub(crate) fn shown(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| started(command))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs silently. The end of the program's output is part of the error when it fails.
pub(crate) fn quiet(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| started(command))?;
    if !output.status.success() {
        bail!(
            "`{}` ended with {}\n{}",
            line(command),
            output.status,
            tail(&output)
        );
    }
    Ok(output)
}

/// Standard output of a program, trimmed.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    let output = quiet(command)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program starts at all and is content with these arguments.
pub(crate) fn works(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn started(command: &Command) -> String {
    format!(
        "`{}` could not be started",
        command.get_program().to_string_lossy()
    )
}

/// The command as a person would type it, cut where it gets long.
fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        if line.len() > 200 {
            line.push_str(" ...");
            break;
        }
        let _ = write!(line, " {}", argument.to_string_lossy());
    }
    line
}

fn tail(output: &Output) -> String {
    let all = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let lines: Vec<_> = all.lines().filter(|line| !line.trim().is_empty()).collect();
    lines
        .get(lines.len().saturating_sub(TAIL)..)
        .unwrap_or_default()
        .join("\n")
}
