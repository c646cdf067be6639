//! The system as its users see it: `dist/colloquy` as a process, real recordings, real HTTP.
//!
//! Cases run one after the other on purpose: a host uses every core, and several of them would only measure the machine.
#![allow(
    clippy::indexing_slicing,
    reason = "a wrong index in test code is a failed test"
)]

mod abuse;
mod api;
mod breaker;
mod chains;
mod cluster;
mod codecs;
mod console;
mod edge_tts;
mod events;
mod faults;
mod hostile;
mod idle;
mod llm;
mod observe;
mod openai;
mod operation;
mod preinit;
mod questions;
mod remote;
mod retries;
mod security;
mod sessions;
mod sharing;
mod speech;
mod stores;
mod turn;
mod voices;

use std::sync::Arc;

use colloquy_tests::host::Host;
use libtest_mimic::{Arguments, Failed, Trial};

/// A case on the host that all of them share. It must leave the host as it found it.
type SharedCase = (&'static str, fn(&Host) -> anyhow::Result<()>);

/// A case that starts hosts of its own.
type OwnCase = (&'static str, fn() -> anyhow::Result<()>);

fn main() -> anyhow::Result<()> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let shared = [
        turn::CASES,
        api::CASES,
        openai::CASES,
        codecs::CASES,
        hostile::CASES,
        abuse::CASES,
        security::CASES,
        questions::CASES,
        console::CASES,
        sessions::CASES,
        speech::CASES,
        operation::CASES,
        observe::CASES,
        preinit::CASES,
    ]
    .concat();
    let own = [
        sessions::OWN_CASES,
        sharing::OWN_CASES,
        idle::OWN_CASES,
        abuse::OWN_CASES,
        security::OWN_CASES,
        events::OWN_CASES,
        faults::OWN_CASES,
        operation::OWN_CASES,
        observe::OWN_CASES,
        preinit::OWN_CASES,
        chains::OWN_CASES,
        remote::OWN_CASES,
        edge_tts::OWN_CASES,
        retries::OWN_CASES,
        breaker::OWN_CASES,
        voices::OWN_CASES,
        llm::OWN_CASES,
        openai::OWN_CASES,
        stores::OWN_CASES,
        cluster::OWN_CASES,
    ]
    .concat();

    let host = Arc::new(if arguments.list {
        None
    } else {
        Some(Host::start()?)
    });
    let mut trials = Vec::new();
    for (name, case) in shared {
        let host = Arc::clone(&host);
        trials.push(Trial::test(name, move || match host.as_ref() {
            Some(host) => outcome(case(host)),
            None => Err("there is no host".into()),
        }));
    }
    trials.extend(
        own.into_iter()
            .map(|(name, case)| Trial::test(name, move || outcome(case()))),
    );
    let conclusion = libtest_mimic::run(&arguments, trials);
    // `exit` runs no destructors, and the host must not outlive its tests.
    drop(host);
    conclusion.exit()
}

fn outcome(result: anyhow::Result<()>) -> Result<(), Failed> {
    result.map_err(|error| Failed::from(format!("{error:#}")))
}
