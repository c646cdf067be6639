//! The edge component's imports, satisfied: one typed proxy per stage, the event bus, and the key-value stores.
//!
//! A proxy forwards; those of asr, llm and tts ask one member of a chain after the other, until one has begun to answer. It turns faults of
//! the host into the error of the contract, and never a broken stage into a clean end. It knows the contracts and the stages, not HTTP.

pub(crate) mod asr;
pub(crate) mod content;
pub(crate) mod events;
pub(crate) mod ingest;
pub(crate) mod intent;
pub(crate) mod keyvalue;
pub(crate) mod llm;
mod plan;
mod status;
pub(crate) mod tts;
pub(crate) mod vad;

pub(crate) use plan::Plan;
use tokio::runtime::Handle;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::colloquy as contracts;
use crate::config;
use crate::edge::Turn;
use crate::engine::Compiler;
use crate::metrics::Metrics;
use crate::stage::{
    Bound, Chain, Description, Guest, Pass, Passing, Reach, Settings, Slot, Stage, Status, Version,
};
use crate::telemetry::Trace;

/// The stages of this host: those that the edge component does not have inside.
pub(crate) struct Stages {
    ingest: Chain<Slot<ingest::Ingest>>,
    vad: Chain<Slot<vad::Vad>>,
    asr: Chain<Slot<asr::Asr>>,
    intent: Chain<Slot<intent::Intent>>,
    llm: Chain<Slot<llm::Llm>>,
    tts: Chain<Slot<tts::Tts>>,
}

/// The versions that one turn uses from its start to its end.
pub(crate) struct Snapshot {
    pub(crate) ingest: Bound<ingest::Ingest>,
    pub(crate) vad: Bound<vad::Vad>,
    pub(crate) asr: Bound<asr::Asr>,
    pub(crate) intent: Bound<intent::Intent>,
    pub(crate) llm: Bound<llm::Llm>,
    pub(crate) tts: Bound<tts::Tts>,
}

/// One implementation of a stage at this moment.
pub(crate) struct Report {
    pub(crate) stage: &'static str,
    /// Its section of the configuration.
    pub(crate) section: String,
    pub(crate) status: Status,
    /// What it says about itself, once it was ready.
    pub(crate) description: Option<Description>,
    /// SHA-256 of the component, once it was read.
    pub(crate) digest: Option<String>,
}

impl Stages {
    /// Starts the stages that have settings; they load in the background.
    pub(crate) fn start(
        compiler: &Compiler,
        settings: &config::Stages,
        runtime: &Handle,
        metrics: &Metrics,
        reach: &Reach,
    ) -> std::io::Result<Self> {
        fn slots<S: Stage>(
            compiler: &Compiler,
            settings: &Chain<Settings>,
            runtime: &Handle,
            metrics: &Metrics,
            reach: &Reach,
        ) -> std::io::Result<Chain<Slot<S>>> {
            settings.try_map(|section, settings| {
                let (metrics, reach) = (metrics.clone(), reach.clone());
                let (settings, runtime) = (settings.clone(), runtime.clone());
                Version::start(compiler, section, settings, runtime, metrics, reach).map(Slot::new)
            })
        }
        Ok(Self {
            ingest: slots(compiler, &settings.ingest, runtime, metrics, reach)?,
            vad: slots(compiler, &settings.vad, runtime, metrics, reach)?,
            asr: slots(compiler, &settings.asr, runtime, metrics, reach)?,
            intent: slots(compiler, &settings.intent, runtime, metrics, reach)?,
            llm: slots(compiler, &settings.llm, runtime, metrics, reach)?,
            tts: slots(compiler, &settings.tts, runtime, metrics, reach)?,
        })
    }

    /// All stages at this moment, in the order of a turn.
    pub(crate) fn report(&self) -> Vec<Report> {
        fn report<S: Stage>(slots: &Chain<Slot<S>>) -> Vec<Report> {
            let members = slots.members();
            members
                .map(|(section, slot)| {
                    let version = slot.current();
                    let (description, digest) = version.identity();
                    Report {
                        stage: S::NAME,
                        section: section.to_owned(),
                        status: version.status(),
                        description,
                        digest,
                    }
                })
                .collect()
        }
        [
            report(&self.ingest),
            report(&self.vad),
            report(&self.asr),
            report(&self.intent),
            report(&self.llm),
            report(&self.tts),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The versions for a turn of this trace that starts now.
    pub(crate) fn snapshot(&self, trace: &Trace) -> Snapshot {
        fn bound<S: Stage>(slots: &Chain<Slot<S>>, trace: &Trace) -> Bound<S> {
            Bound::new(slots.map(Slot::current), trace)
        }
        Snapshot {
            ingest: bound(&self.ingest, trace),
            vad: bound(&self.vad, trace),
            asr: bound(&self.asr, trace),
            intent: bound(&self.intent, trace),
            llm: bound(&self.llm, trace),
            tts: bound(&self.tts, trace),
        }
    }
}

/// Adds all imports of the edge component that are ours to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<Turn>) -> wasmtime::Result<()> {
    type Data = HasSelf<Turn>;
    fn same(turn: &mut Turn) -> &mut Turn {
        turn
    }
    contracts::ingest::ingest::add_to_linker::<_, Data>(linker, same)?;
    contracts::vad::vad::add_to_linker::<_, Data>(linker, same)?;
    contracts::asr::asr::add_to_linker::<_, Data>(linker, same)?;
    contracts::intent::intent::add_to_linker::<_, Data>(linker, same)?;
    contracts::content::content::add_to_linker::<_, Data>(linker, same)?;
    contracts::llm::llm::add_to_linker::<_, Data>(linker, same)?;
    contracts::tts::tts::add_to_linker::<_, Data>(linker, same)?;
    contracts::events::events::add_to_linker::<_, Data>(linker, same)?;
    contracts::host::status::add_to_linker::<_, Data>(linker, same)?;
    keyvalue::add_to_linker(linker)
}

/// Adds what a stage may import beside WASI: the bus, and buckets, which are refused when it opens one that is not its.
pub(crate) fn add_to_stage_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    contracts::events::events::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    keyvalue::add_to_stage_linker(linker)
}

/// Makes the error variant of a contract from a fault of the host, and a description from its `info` record.
macro_rules! contract {
    ($package:ident) => {
        impl From<crate::stage::Fault> for $package::Error {
            fn from(fault: crate::stage::Fault) -> Self {
                use crate::stage::Fault;
                match fault {
                    Fault::Busy(retry_ms) => Self::Busy(Some(retry_ms)),
                    Fault::Deadline => Self::Deadline,
                    Fault::Unavailable(why) => Self::Unavailable(why),
                    Fault::Internal(what) => Self::Internal(what),
                }
            }
        }

        impl crate::stage::Passing for $package::Error {
            fn pass(&self) -> Option<crate::stage::Pass> {
                use crate::stage::Pass;
                Some(match self {
                    Self::InvalidInput(_) => return None,
                    Self::Unsupported(_) => Pass::Lacks,
                    Self::Busy(_) => Pass::Down("is busy".to_owned()),
                    Self::Deadline => Pass::Down("took too long".to_owned()),
                    Self::Unavailable(why) => Pass::Down(format!("is not available: {why}")),
                    Self::Internal(_) => Pass::Down("failed".to_owned()),
                })
            }

            fn label(&self) -> &'static str {
                match self {
                    Self::InvalidInput(_) => "invalid-input",
                    Self::Unsupported(_) => "unsupported",
                    Self::Busy(_) => "busy",
                    Self::Deadline => "deadline",
                    Self::Unavailable(_) => "unavailable",
                    Self::Internal(_) => "internal",
                }
            }
        }

        impl From<$package::Info> for crate::stage::Description {
            fn from(info: $package::Info) -> Self {
                let $package::Info {
                    name,
                    version,
                    model,
                    languages,
                    needs,
                } = info;
                Self {
                    name,
                    version,
                    model,
                    languages,
                    needs,
                }
            }
        }

        impl From<crate::stage::Description> for $package::Info {
            fn from(description: crate::stage::Description) -> Self {
                let crate::stage::Description {
                    name,
                    version,
                    model,
                    languages,
                    needs,
                } = description;
                Self {
                    name,
                    version,
                    model,
                    languages,
                    needs,
                }
            }
        }
    };
}
use contract;

/// The strategy of a contract that has one.
macro_rules! strategy {
    ($package:ident) => {
        impl From<$package::Strategy> for crate::stage::Strategy {
            fn from(strategy: $package::Strategy) -> Self {
                match strategy {
                    $package::Strategy::Fast => Self::Fast,
                    $package::Strategy::Balanced => Self::Balanced,
                    $package::Strategy::High => Self::High,
                }
            }
        }
    };
}
use strategy;

/// What `describe` answered, for the loader: a fault and an error of the stage are both reasons not to join.
fn described<I, E>(
    answer: Result<Result<I, E>, crate::stage::Fault>,
) -> Result<crate::stage::Description, String>
where
    I: Into<crate::stage::Description>,
    E: Passing + std::fmt::Display,
{
    match answer {
        Ok(Ok(info)) => Ok(info.into()),
        Ok(Err(error)) => Err(match error.pass() {
            // A model or a file that is missing, a setting that is wrong: for whoever reads the log, in the stage's own words.
            Some(Pass::Down(why)) if error.label() == "unavailable" => format!("the stage {why}"),
            _ => format!("describe failed: {error}"),
        }),
        Err(fault) => Err(format!("describe failed: {fault}")),
    }
}
