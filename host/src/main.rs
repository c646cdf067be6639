//! The `colloquy` command: arguments, results, exit codes. What it does is in the library.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use colloquy_host::config::Config;
use colloquy_host::host::Host;
use colloquy_host::{inspect, logging};
use tokio::signal::unix::{SignalKind, signal};

/// Voice conversations at the edge: runs the turn and its stages.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The configuration file.
    #[arg(long, global = true, default_value = "colloquy.toml")]
    config: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until SIGTERM or SIGINT, then finishes what runs.
    Serve {
        /// Listens here instead of where the configuration says; port 0 takes any free one.
        #[arg(long)]
        listen: Option<SocketAddr>,
    },
    /// Checks the configuration, the files it names, and that each component is what its stage needs.
    Check,
    /// Loads every stage once and lists what is really there.
    Components,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            let _closed = writeln!(std::io::stderr(), "colloquy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut config = Config::read(&arguments.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match arguments.command {
        Command::Serve { listen } => {
            logging::start(&config).context("log.level")?;
            config.listen = listen.unwrap_or(config.listen);
            runtime.block_on(serve(&config))?;
            // A stage that ran out of its grace may still be at work, and its thread needs the runtime; both end with the process.
            std::mem::forget(runtime);
            Ok(ExitCode::SUCCESS)
        }
        Command::Check => report(inspect::check(&config, runtime.handle())),
        Command::Components => report(inspect::components(&config, runtime.handle())),
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let (mut terminated, mut interrupted) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let host = Host::start(config).await?;
    writeln!(std::io::stdout(), "listening on http://{}", host.address()?)?;
    host.run(async {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
    .await;
    Ok(())
}

/// Prints a report and turns it into an exit code.
fn report(inspection: inspect::Inspection) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stdout(), "{}", inspection.text.trim_end())?;
    Ok(if inspection.sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
