//! The system as its users see it: `dist/colloquy` as a process, real recordings, real HTTP.
//!
//! Most cases wait more than they work, so two of them run at a time; `--test-threads 1` has one after the other, and a larger number more.
//! Which ones may run together is said by the table that a case is in:
//!
//! * `CASES` ask the host that all of them share, one after the other and in the order of the tables. It is started before the first.
//! * `OWN_CASES` start hosts of their own and run beside anything but the next kind. They wait for events, never for a time.
//! * `ALONE_CASES` also do, and need the machine: they fill it, or what they check is whether something is done in time. They come last, one
//!   by one. Each says why.
//!
//! What servers of others leave behind goes with the case that started them, also when they are killed.
#![allow(
    clippy::indexing_slicing,
    reason = "a wrong index in test code is a failed test"
)]

mod abuse;
mod api;
mod breaker;
mod chains;
mod cleanup;
mod cluster;
mod codecs;
mod console;
mod edge_tts;
mod events;
mod faults;
mod hostile;
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
use colloquy_tests::places::{Needs, Places};
use libtest_mimic::{Arguments, Failed, Trial};

/// A case on the host that all of them share. It must leave the host as it found it.
type SharedCase = (&'static str, fn(&Host) -> anyhow::Result<()>);

/// A case that starts hosts of its own.
type OwnCase = (&'static str, fn() -> anyhow::Result<()>);

/// Cases that are at work at the same time, where the command line does not say another number.
const AT_A_TIME: usize = 2;

fn main() -> anyhow::Result<()> {
    let mut arguments = Arguments::from_args();
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
        cleanup::OWN_CASES,
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
    let alone = [abuse::ALONE_CASES, llm::ALONE_CASES].concat();

    let host = Arc::new(if arguments.list {
        None
    } else {
        Some(Host::start()?)
    });
    let places = Arc::new(Places::new(arguments.test_threads.unwrap_or(AT_A_TIME)));
    let mut trials = Vec::new();
    let mut add = |name: &str, needs, case: Box<dyn FnOnce() -> Outcome + Send>| {
        let (places, order) = (Arc::clone(&places), trials.len());
        trials.push(Trial::test(name, move || places.run(needs, order, case)));
    };
    for (name, case) in shared {
        let host = Arc::clone(&host);
        let on_host = move || match host.as_ref() {
            Some(host) => outcome(case(host)),
            None => Err("there is no host".into()),
        };
        add(name, Needs::Shared, Box::new(on_host));
    }
    for (name, case) in own {
        add(name, Needs::Own, Box::new(move || outcome(case())));
    }
    for (name, case) in alone {
        add(name, Needs::Alone, Box::new(move || outcome(case())));
    }
    // Every case waits for its place.
    arguments.test_threads = Some(trials.len().max(1));
    let conclusion = libtest_mimic::run(&arguments, trials);
    // `exit` runs no destructors, and the host must not outlive its tests.
    drop(host);
    conclusion.exit()
}

type Outcome = Result<(), Failed>;

fn outcome(result: anyhow::Result<()>) -> Outcome {
    result.map_err(|error| Failed::from(format!("{error:#}")))
}
