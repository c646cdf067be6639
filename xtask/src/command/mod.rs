//! The commands, one file each.

mod ask;
mod bench;
mod build;
mod ci;
mod compose;
mod conform;
mod eval;
mod fuzz;
mod licences;
mod models;
mod preinit;
mod python_stage;
mod recordings;
mod serve;
mod setup;
mod spin_build;
mod test;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The host's configuration.
const CONFIG: &str = "colloquy.toml";

/// Set up, build, serve and test Colloquy.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub(crate) struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check that the machine has what a build needs; add the WebAssembly target when it is missing
    Setup,
    /// Fetch, verify and convert the models; does nothing when they are there
    Models {
        /// Show every model with its licence and size, and fetch nothing
        #[arg(long)]
        list: bool,
        /// Also make this optional model (repeatable)
        #[arg(long, value_name = "NAME")]
        with: Vec<String>,
    },
    /// Fetch the recordings that the tests use; does nothing when they are there
    Recordings,
    /// Build the components and the host into dist/
    Build {
        /// Also make components with their models inside, in dist/preinit/
        #[arg(long)]
        preinit: bool,
    },
    /// Fuse the components of dist/components/ into applications, and print what is plugged into what (part of `build`)
    Compose {
        /// Which stages: `default`, or `edge` for hosted edges with small limits, which are checked
        #[arg(long, value_name = "NAME", default_value = compose::DEFAULT_PROFILE)]
        profile: String,
        /// Print imports, exports, digest and size of every component instead
        #[arg(long)]
        explain: bool,
    },
    /// Do all of the above that is needed, then serve
    Serve {
        /// Address and port; port 0 takes a free one
        #[arg(long, value_name = "ADDRESS", default_value = serve::DEFAULT_ADDRESS)]
        listen: String,
        /// The host's configuration
        #[arg(long, value_name = "FILE", default_value = CONFIG)]
        config: PathBuf,
        /// With models inside the components: ready at once, and one copy of a model serves every instance
        #[arg(long)]
        preinit: bool,
    },
    /// Do all of the above that is needed for `spin up`, and check what the stages import (run by `spin build`)
    SpinBuild {
        /// The manifest
        #[arg(value_name = "FILE", default_value = spin_build::MANIFEST)]
        manifest: PathBuf,
    },
    /// Ask a recorded question; print transcript, answer and cards, and play the spoken answer
    Ask {
        /// A recording: wav, mp3, flac, ogg, webm or m4a
        file: PathBuf,
        /// A running host; otherwise the one on the usual port is used, or one is started for this question
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// Where the spoken answer goes
        #[arg(long, value_name = "FILE", default_value = "dist/answer.wav")]
        out: PathBuf,
        /// Do not play it
        #[arg(long)]
        quiet: bool,
    },
    /// Run every test, fetching and building what they need first
    Test {
        /// Passed to the test programs, such as a part of a test's name
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Everything a change has to pass: format, licences, lints, documentation, tests
    Ci,
    /// Check whether a component keeps the contract of a stage: `conform vad my.wasm`; `conform --help` for options
    #[command(disable_help_flag = true)]
    Conform {
        /// Passed to the suite
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        args: Vec<String>,
    },
    /// Measure how good a stage is: `eval intent --split development --failures`; `eval intent --help` for options
    #[command(disable_help_flag = true)]
    Eval {
        /// What is evaluated
        what: eval::What,
        /// `--stage rules` chooses the component `intent-rules`; the others are passed on
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure on this machine
    Bench {
        /// `turns` against the usual Python stack, components with models inside (`preinit`) against those that read them, or a host under
        /// load for ten minutes (`soak`)
        #[arg(value_name = "WHAT", default_value = "turns")]
        what: bench::What,
        /// Passed to the benchmark
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Give what reads bytes from outside random ones (part of `test`)
    Fuzz {
        /// One of the targets in tests/fuzz; all of them unless named
        #[arg(value_name = "TARGET")]
        target: Option<String>,
        /// How long each is tried
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
    },
    /// Check the licence and origin of every dependency against deny.toml
    Licences,
    /// Wait until a host is ready and print how to try it (used by `serve`)
    #[command(hide = true)]
    Announce { address: String },
}

impl Xtask {
    /// Does what the command line asks for.
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::Setup => setup::run(),
            Command::Models { list: true, .. } => models::list(),
            Command::Models { list: false, with } => models::run(&with),
            Command::Recordings => recordings::run(&[]),
            Command::Build { preinit: false } => build::run(),
            Command::Build { preinit: true } => preinit::prepare(Path::new(CONFIG)),
            Command::Compose { profile, explain } => compose::run(
                &profile,
                if explain {
                    compose::Detail::Everything
                } else {
                    compose::Detail::Plugs
                },
            ),
            Command::Serve {
                listen,
                config,
                preinit,
            } => serve::run(&listen, &config, preinit),
            Command::SpinBuild { manifest } => spin_build::run(&manifest),
            Command::Ask {
                file,
                url,
                out,
                quiet,
            } => ask::run(&file, url.as_deref(), &out, quiet),
            Command::Test { args } => test::run(&args),
            Command::Ci => ci::run(),
            Command::Conform { args } => conform::run(&args),
            Command::Eval { what, args } => eval::run(what, &args),
            Command::Bench { what, args } => bench::run(what, &args),
            Command::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
            Command::Licences => licences::run(),
            Command::Announce { address } => serve::announce(&address),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Xtask::command().debug_assert();
    }
}
