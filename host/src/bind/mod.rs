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
pub(crate) mod tts;
pub(crate) mod vad;

use std::sync::Arc;

use tokio::runtime::Handle;
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::EdgeHost;
use crate::config;
use crate::edge::Turn;
use crate::metrics::Metrics;
use crate::outbound::Client;
use crate::stage::{Settings, Slot, Stage, Status, Version};

/// The stages of this host.
pub(crate) struct Stages {
    pub(crate) ingest: Slot<ingest::Ingest>,
    pub(crate) vad: Slot<vad::Vad>,
    pub(crate) asr: Slot<asr::Asr>,
    pub(crate) intent: Slot<intent::Intent>,
    pub(crate) llm: Slot<llm::Llm>,
    pub(crate) tts: Slot<tts::Tts>,
}

/// The versions that one turn uses from its start to its end.
pub(crate) struct Snapshot {
    pub(crate) ingest: Arc<Version<ingest::Ingest>>,
    pub(crate) vad: Arc<Version<vad::Vad>>,
    pub(crate) asr: Arc<Version<asr::Asr>>,
    pub(crate) intent: Arc<Version<intent::Intent>>,
    pub(crate) llm: Arc<Version<llm::Llm>>,
    pub(crate) tts: Arc<Version<tts::Tts>>,
}

/// One stage at this moment.
pub(crate) struct Report {
    pub(crate) stage: &'static str,
    pub(crate) status: Status,
}

impl Stages {
    /// Starts all stages, which load in the background.
    pub(crate) fn start(
        engine: &Engine,
        settings: &config::Stages,
        runtime: &Handle,
        metrics: &Metrics,
    ) -> std::io::Result<Self> {
        fn slot<S: Stage>(
            engine: &Engine,
            settings: &Settings,
            runtime: &Handle,
            metrics: &Metrics,
            client: &Client,
        ) -> std::io::Result<Slot<S>> {
            let (settings, runtime) = (settings.clone(), runtime.clone());
            Version::start(engine, settings, runtime, metrics.clone(), client.clone())
                .map(Slot::new)
        }
        let client = &Client::default();
        Ok(Self {
            ingest: slot(engine, &settings.ingest, runtime, metrics, client)?,
            vad: slot(engine, &settings.vad, runtime, metrics, client)?,
            asr: slot(engine, &settings.asr, runtime, metrics, client)?,
            intent: slot(engine, &settings.intent, runtime, metrics, client)?,
            llm: slot(engine, &settings.llm, runtime, metrics, client)?,
            tts: slot(engine, &settings.tts, runtime, metrics, client)?,
        })
    }

    /// All stages at this moment, in the order of a turn.
    pub(crate) fn report(&self) -> [Report; 6] {
        fn report<S: Stage>(slot: &Slot<S>) -> Report {
            Report {
                stage: S::NAME,
                status: slot.current().status(),
            }
        }
        [
            report(&self.ingest),
            report(&self.vad),
            report(&self.asr),
            report(&self.intent),
            report(&self.llm),
            report(&self.tts),
        ]
    }

    /// The versions for a turn that starts now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            ingest: self.ingest.current(),
            vad: self.vad.current(),
            asr: self.asr.current(),
            intent: self.intent.current(),
            llm: self.llm.current(),
            tts: self.tts.current(),
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
