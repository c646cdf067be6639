//! The `colloquy` command: arguments, results, exit codes. What it does is in the library.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use colloquy_host::config::Config;
use colloquy_host::host::Host;
use colloquy_host::{inspect, keys, logging, preinit, ready};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Exit code after a second signal, as shells report an interrupted command.
const IMPATIENT: i32 = 130;

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
        /// Listens here instead of where the configuration says, such as 127.0.0.1:8000; port 0 takes any free one.
        #[arg(long)]
        listen: Option<SocketAddr>,
    },
    /// Checks the configuration, the files it names, and that each component is what its stage needs.
    Check,
    /// Loads every stage once and lists what is really there.
    Components,
    /// Asks the host that runs with this configuration on this machine whether it is ready; 1 when it is not.
    Ready {
        /// Where it listens, if not where the configuration says.
        #[arg(long)]
        listen: Option<SocketAddr>,
    },
    /// API keys of the gateway.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Writes a component with its model inside, which no host has to load.
    Preinit {
        /// A component that exports `colloquy:preload`, such as dist/components/asr-whisper.wasm.
        component: PathBuf,
        /// The folder that it would read at run time. The folder's name becomes the name of the model.
        #[arg(long, value_name = "FOLDER")]
        model: PathBuf,
        /// Where the result goes.
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Prints a new key, which is not kept anywhere, and the lines for the file of keys.
    New {
        /// Whose key it is. Keys of one name are one tenant: they share sessions, audio and limits.
        name: String,
    },
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if let Command::Preinit {
        component,
        model,
        out,
    } = &arguments.command
    {
        let made = runtime.block_on(preinit::run(component, model, out))?;
        let mib = |n_bytes: u64| n_bytes as f64 / f64::from(1 << 20);
        writeln!(
            std::io::stdout(),
            "{}: {:.1} MiB ({:.1} of them the component; the files had {:.1})",
            out.display(),
            mib(made.result),
            mib(made.component),
            mib(made.files)
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Command::Keys {
        command: KeysCommand::New { name },
    } = &arguments.command
    {
        let made = keys::new(name)?;
        // The lines alone go to standard output, so that they can be appended to the file.
        writeln!(
            std::io::stderr(),
            "The key, shown only here: {}\n",
            made.key
        )?;
        write!(std::io::stdout(), "{}", made.lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut config = Config::read(&arguments.config)?;
    match arguments.command {
        Command::Serve { listen } => {
            logging::start(&config).context("log.level")?;
            config.listen = listen.unwrap_or(config.listen);
            runtime.block_on(serve(&config))?;
            // A stage that ran out of its grace may still be at work, and its thread needs the runtime; both end with the process.
            std::mem::forget(runtime);
            Ok(ExitCode::SUCCESS)
        }
        Command::Check => {
            // What the edge component says of its settings.
            logging::start(&config).context("log.level")?;
            report(inspect::check(&config, runtime.handle()))
        }
        Command::Ready { listen } => {
            ready::ask(listen.unwrap_or_else(|| config.watched_at()))?;
            writeln!(std::io::stdout(), "ready")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Components => report(inspect::components(&config, runtime.handle())),
        // Done above: it needs no configuration.
        Command::Preinit { .. } | Command::Keys { .. } => Ok(ExitCode::SUCCESS),
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let (stop, stopped) = oneshot::channel();
    let mut asked = Asked::new()?;
    tokio::spawn(async move {
        asked.again().await;
        let _ended_already = stop.send(());
        // Whoever asks twice does not want to wait.
        asked.again().await;
        std::process::exit(IMPATIENT);
    });
    let host = Host::start(config).await?;
    writeln!(
        std::io::stdout(),
        "listening on {}://{}",
        host.scheme(),
        host.address()?
    )?;
    host.run(async {
        let _sent = stopped.await;
    })
    .await;
    Ok(())
}

/// The signals that ask for an end.
struct Asked {
    terminate: Signal,
    interrupt: Signal,
}

impl Asked {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next of them.
    async fn again(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
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
