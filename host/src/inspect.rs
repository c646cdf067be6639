//! What `colloquy check` and `colloquy components` find out: every stage is compiled and linked, and for the second also loaded; the edge
//! component is asked whether it can work.

use std::fmt::Write;

use tokio::runtime::Handle;

use crate::bind::{Plan, asr::Asr, ingest::Ingest, intent::Intent, llm::Llm, tts::Tts, vad::Vad};
use crate::config::Config;
use crate::edge::{self, Prepared};
use crate::engine::Engines;
use crate::metrics::Metrics;
use crate::stage::{self, Artifact, Examined, Settings, Stage};

/// What was found, for people.
#[derive(Debug)]
pub struct Inspection {
    /// Lines to print.
    pub text: String,
    /// Whether the host could serve like this.
    pub sound: bool,
}

/// What is done with a stage.
type Examine = fn(&Context<'_>, &Settings) -> Result<Examined, String>;

/// What stands for the imports of an edge component that cannot be read.
const EVERY: [&str; 6] = [
    "colloquy:ingest/",
    "colloquy:vad/",
    "colloquy:asr/",
    "colloquy:intent/",
    "colloquy:llm/",
    "colloquy:tts/",
];

struct Context<'a> {
    engines: &'a Engines,
    runtime: &'a Handle,
    metrics: Metrics,
}

/// Compiles every component and looks its functions up; loads no model.
#[must_use]
pub fn check(config: &Config, runtime: &Handle) -> Inspection {
    fn link<S: Stage>(context: &Context<'_>, settings: &Settings) -> Result<Examined, String> {
        stage::examine::<S>(
            &context.engines.stages,
            settings,
            context.runtime,
            &context.metrics,
            false,
        )
    }
    let examine: [Examine; 6] = [
        link::<Ingest>,
        link::<Vad>,
        link::<Asr>,
        link::<Intent>,
        link::<Llm>,
        link::<Tts>,
    ];
    inspect(config, runtime, examine, |text, name, found| match found {
        Ok(found) => writeln!(text, "ok      {name:<8} {}", found.artifact.path.display()),
        Err(why) => writeln!(text, "failed  {name:<8} {why}"),
    })
}

/// Loads one instance of every stage and lists what it says about itself.
#[must_use]
pub fn components(config: &Config, runtime: &Handle) -> Inspection {
    fn load<S: Stage>(context: &Context<'_>, settings: &Settings) -> Result<Examined, String> {
        stage::examine::<S>(
            &context.engines.stages,
            settings,
            context.runtime,
            &context.metrics,
            true,
        )
    }
    let examine: [Examine; 6] = [
        load::<Ingest>,
        load::<Vad>,
        load::<Asr>,
        load::<Intent>,
        load::<Llm>,
        load::<Tts>,
    ];
    let mut inspection = inspect(config, runtime, examine, |text, name, found| match found {
        Ok(Examined {
            artifact,
            description: Some(about),
            memory,
            instances,
        }) => writeln!(
            text,
            "{name:<8} {:<16} {:<8} {:<24} {:<12} {:>7} {:>7} {instances:>9}",
            about.name,
            about.version,
            about.model.as_deref().unwrap_or("-"),
            artifact.digest.get(..12).unwrap_or_default(),
            kib(artifact.len()),
            memory >> 20,
        ),
        Ok(found) => writeln!(text, "{name:<8} {}", found.artifact.path.display()),
        Err(why) => writeln!(text, "{name:<8} failed: {why}"),
    });
    let head = format!(
        "{:<8} {:<16} {:<8} {:<24} {:<12} {:>7} {:>7} {:>9}\n",
        "stage", "name", "version", "model", "sha256", "KiB", "MiB", "instances"
    );
    inspection.text.insert_str(0, &head);
    inspection
}

fn kib(bytes: usize) -> usize {
    bytes.div_ceil(1024)
}

fn inspect(
    config: &Config,
    runtime: &Handle,
    examine: [Examine; 6],
    line: impl Fn(&mut String, &str, Result<Examined, String>) -> std::fmt::Result,
) -> Inspection {
    let edge = Artifact::read(&config.edge.component);
    // Without an edge component, every stage that has a section is looked at.
    let every = || EVERY.map(str::to_owned).to_vec();
    let imports = edge
        .as_ref()
        .ok()
        .and_then(|artifact| artifact.imports().ok());
    let plan = Plan::new(&imports.unwrap_or_else(every), &config.stages);
    let engines = match Engines::new(&config.engine, plan.edge) {
        Ok(engines) => engines,
        Err(error) => {
            return Inspection {
                text: format!("cannot set up wasmtime: {error:#}"),
                sound: false,
            };
        }
    };
    let context = Context {
        engines: &engines,
        runtime,
        metrics: Metrics::new(),
    };
    let stages = &plan.stages;
    let settings = [
        &stages.ingest,
        &stages.vad,
        &stages.asr,
        &stages.intent,
        &stages.llm,
        &stages.tts,
    ];
    let names = [
        Ingest::NAME,
        Vad::NAME,
        Asr::NAME,
        Intent::NAME,
        Llm::NAME,
        Tts::NAME,
    ];
    let (mut text, mut sound) = (String::new(), true);
    for ((name, settings), examine) in names.into_iter().zip(settings).zip(examine) {
        let mut tell = |name: &str, found: Result<Examined, String>| {
            sound &= found.is_ok();
            // Writing to a string does not fail.
            let _infallible = line(&mut text, name, found);
        };
        if plan.missing.contains(&name) {
            let why = format!("the section [stage.{name}] is missing");
            tell(name, Err(why));
        }
        for (section, settings) in settings.members() {
            tell(section, examine(&context, settings));
        }
    }
    let found = edge
        .map_err(|error| format!("{error:#}"))
        .and_then(|artifact| check_edge(artifact, &engines, config, runtime));
    sound &= found.is_ok();
    let _infallible = line(&mut text, "edge", found);
    if let Some(warning) = config.server.warning() {
        let _infallible = writeln!(text, "warning server   {warning}");
    }
    for name in plan.unused {
        let _infallible = writeln!(
            text,
            "unused  {name:<8} the edge component does not import it"
        );
    }
    Inspection { text, sound }
}

fn check_edge(
    artifact: Artifact,
    engines: &Engines,
    config: &Config,
    runtime: &Handle,
) -> Result<Examined, String> {
    let prepared =
        Prepared::load(&engines.edge, &artifact).map_err(|error| format!("{error:#}"))?;
    let tried = runtime.block_on(edge::try_out(&prepared, &engines.stages, config));
    tried.map_err(|why| format!("{}: {why}", artifact.path.display()))?;
    Ok(Examined {
        artifact,
        description: None,
        memory: 0,
        instances: 0,
    })
}
