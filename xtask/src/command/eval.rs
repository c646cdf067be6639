//! `eval`: how good a stage is, in figures over labelled sets. The measuring is a program of the test crate; its options go there.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::{build, models, test};
use crate::{cargo, paths};

/// What is evaluated.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// Intents and cards.
    Intent,
}

/// The options of this command itself, taken out of those of the program.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    stage: String,
    rest: Vec<String>,
}

/// The package of a stage's component: `--stage rules` is `intent-rules`.
fn options(args: &[String]) -> Result<Options> {
    let mut options = Options {
        stage: "rules".to_owned(),
        rest: Vec::new(),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.split_once('=').unwrap_or((arg, "")) {
            ("--stage", "") => options.stage = args.next().context("--stage NAME")?.clone(),
            ("--stage", name) => options.stage = name.to_owned(),
            _ => options.rest.push(arg.clone()),
        }
    }
    Ok(options)
}

/// Builds the component and the program, and runs it where the command was given. With `--component FILE` nothing but the program is built.
pub(crate) fn run(what: What, args: &[String]) -> Result<()> {
    let What::Intent = what;
    let Options { stage, rest } = options(args)?;
    let program = cargo::test_program("eval-intent")?;
    let mut evaluation = Command::new(&program);
    evaluation.args(&rest);
    let is_own = |arg: &String| arg == "--component" || arg.starts_with("--component=");
    if !rest.iter().any(|arg| is_own(arg) || arg == "--help") {
        let package = format!("intent-{stage}");
        build::component(&package)?;
        let file = paths::dist().join(format!("components/{package}.wasm"));
        evaluation.arg("--component").arg(file);
        let mounted = rest
            .iter()
            .any(|arg| arg == "--mount" || arg.starts_with("--mount="));
        if stage == "semantic" && !mounted {
            // It is not in the configuration, and needs a model that is not fetched unasked.
            const MODEL: &str = "all-minilm-l6-v2";
            models::run(&[MODEL.to_owned()])?;
            let model = paths::models().join(MODEL);
            for (inside, folder) in [
                ("content".to_owned(), paths::root().join("content")),
                (format!("models/{MODEL}"), model),
            ] {
                let mount = format!("{inside}={}", folder.display());
                evaluation.args(["--mount", &mount]);
            }
        }
    }
    let status = test::environment(&mut evaluation)?
        .status()
        .with_context(|| program.display().to_string())?;
    if !status.success() {
        // The report or the error has been printed.
        bail!("a target is missed, or the stage could not be measured");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Options, options};

    #[test]
    fn the_stage_is_ours_and_everything_else_is_passed_on() {
        let parse = |text: &str| {
            let args: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            options(&args)
        };
        let found = parse("--split development --stage semantic --failures").unwrap();
        assert_eq!(
            found,
            Options {
                stage: "semantic".to_owned(),
                rest: ["--split", "development", "--failures"]
                    .map(str::to_owned)
                    .into(),
            }
        );
        assert_eq!(parse("--stage=semantic").unwrap().stage, "semantic");
        assert_eq!(parse("").unwrap().stage, "rules");
        assert!(parse("--stage").is_err());
    }
}
