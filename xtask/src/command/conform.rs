//! `conform`: the contract suite of one stage against a component. The suite is a program of the test crate; its options go there.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::test;
use crate::cargo;

/// Builds the suite and runs it where the command was given, so that relative paths mean what they say there.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let program = cargo::test_program("conform")?;
    let mut suite = Command::new(&program);
    let status = test::environment(suite.args(args))?
        .status()
        .with_context(|| program.display().to_string())?;
    if !status.success() {
        // What is wrong has been said line by line, or is the help text.
        bail!("the component does not conform, or could not be tried");
    }
    Ok(())
}
