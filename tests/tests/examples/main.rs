//! The programs of `examples/`, run as their README files say: components of ours in hosts that are not.
//!
//! Cases run one after the other on purpose: each of them uses every core.
#![allow(
    clippy::indexing_slicing,
    reason = "a wrong index in test code is a failed test"
)]
#![expect(
    clippy::print_stderr,
    reason = "why a case is skipped is part of the result"
)]

mod browser;
mod pipeline;
mod transcribe;
mod workshop;

use libtest_mimic::{Arguments, Failed, Trial};

/// A case, and why it cannot run here.
type Case = (
    &'static str,
    fn() -> anyhow::Result<()>,
    fn() -> Option<String>,
);

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let cases = [transcribe::CASES, pipeline::CASES, browser::CASES].concat();
    let trials = cases.into_iter().map(|(name, case, missing)| {
        let missing = missing();
        if let Some(why) = &missing {
            eprintln!("skipped: {name}: {why}");
        }
        let run = move || case().map_err(|error| Failed::from(format!("{error:#}")));
        Trial::test(name, run).with_ignored_flag(missing.is_some())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// A case for every machine.
fn always() -> Option<String> {
    None
}
