//! The edge component's imports, satisfied: one typed proxy per stage, the event bus, and the key-value stores.
//!
//! A proxy forwards; it decides nothing. It turns faults of the host into the error of the contract, and never a broken stage into a
//! clean end. It knows the contracts and the stages, not HTTP.

pub(crate) mod asr;
pub(crate) mod content;
pub(crate) mod events;
pub(crate) mod ingest;
pub(crate) mod intent;
pub(crate) mod keyvalue;
pub(crate) mod llm;
mod plan;
pub(crate) mod tts;
pub(crate) mod vad;

pub(crate) use plan::Plan;
use tokio::runtime::Handle;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::EdgeHost;
use crate::config;
use crate::edge::Turn;
use crate::engine::Compiler;
use crate::metrics::Metrics;
use crate::outbound::Client;
use crate::stage::{Bound, Settings, Slot, Stage, Status, Version};

/// The stages of this host: those that the edge component does not have inside.
pub(crate) struct Stages {
    ingest: Option<Slot<ingest::Ingest>>,
    vad: Option<Slot<vad::Vad>>,
    asr: Option<Slot<asr::Asr>>,
    intent: Option<Slot<intent::Intent>>,
    llm: Option<Slot<llm::Llm>>,
    tts: Option<Slot<tts::Tts>>,
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

/// One stage at this moment.
pub(crate) struct Report {
    pub(crate) stage: &'static str,
    pub(crate) status: Status,
}

impl Stages {
    /// Starts the stages that have settings; they load in the background.
    pub(crate) fn start(
        compiler: &Compiler,
        settings: &config::Stages,
        runtime: &Handle,
        metrics: &Metrics,
    ) -> std::io::Result<Self> {
        fn slot<S: Stage>(
            compiler: &Compiler,
            settings: &Option<Settings>,
            runtime: &Handle,
            metrics: &Metrics,
            client: &Client,
        ) -> std::io::Result<Option<Slot<S>>> {
            let Some(settings) = settings.clone() else {
                return Ok(None);
            };
            let (metrics, client) = (metrics.clone(), client.clone());
            Version::start(compiler, settings, runtime.clone(), metrics, client)
                .map(|version| Some(Slot::new(version)))
        }
        let client = &Client::default();
        Ok(Self {
            ingest: slot(compiler, &settings.ingest, runtime, metrics, client)?,
            vad: slot(compiler, &settings.vad, runtime, metrics, client)?,
            asr: slot(compiler, &settings.asr, runtime, metrics, client)?,
            intent: slot(compiler, &settings.intent, runtime, metrics, client)?,
            llm: slot(compiler, &settings.llm, runtime, metrics, client)?,
            tts: slot(compiler, &settings.tts, runtime, metrics, client)?,
        })
    }

    /// All stages at this moment, in the order of a turn.
    pub(crate) fn report(&self) -> Vec<Report> {
        fn report<S: Stage>(slot: &Option<Slot<S>>) -> Option<Report> {
            Some(Report {
                stage: S::NAME,
                status: slot.as_ref()?.current().status(),
            })
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

    /// The versions for a turn that starts now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        fn bound<S: Stage>(slot: &Option<Slot<S>>) -> Bound<S> {
            Bound::new(slot.as_ref().map(Slot::current))
        }
        Snapshot {
            ingest: bound(&self.ingest),
            vad: bound(&self.vad),
            asr: bound(&self.asr),
            intent: bound(&self.intent),
            llm: bound(&self.llm),
            tts: bound(&self.tts),
        }
    }
}

/// Adds all imports of the edge component that are ours to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<Turn>) -> wasmtime::Result<()> {
    EdgeHost::add_to_linker::<_, HasSelf<Turn>>(linker, |turn| turn)
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

/// What `describe` answered, for the loader: a fault and an error of the stage are both reasons not to join.
fn described<I, E>(
    answer: Result<Result<I, E>, crate::stage::Fault>,
) -> Result<crate::stage::Description, String>
where
    I: Into<crate::stage::Description>,
    E: std::fmt::Display,
{
    match answer {
        Ok(Ok(info)) => Ok(info.into()),
        Ok(Err(error)) => Err(format!("describe failed: {error}")),
        Err(fault) => Err(format!("describe failed: {fault}")),
    }
}
