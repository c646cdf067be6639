//! The same requests on every runtime: our host with stages bound late, our host on the composed component, `wasmtime serve`, Node
//! through jco, and Spin where there is one. The cases are data, in `tests/conformance`; every runtime has to give the same events.
//!
//! Cases run one after the other on purpose, and at most one runtime runs at a time: each uses every core.
#![allow(
    clippy::indexing_slicing,
    reason = "a wrong index in test code is a failed test"
)]
#![expect(
    clippy::print_stderr,
    reason = "why a case is skipped is part of the result"
)]

mod answer;
mod case;
mod request;
mod runtime;
mod verdict;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use libtest_mimic::{Arguments, Trial};
use reqwest::blocking::Client;
use serde_json::Value;

use answer::{Answer, Names};
use case::{Case, Saved};
use runtime::{Running, Runtime};

/// How long a request may take at most; the first one of a runtime may have to compile and load everything.
const REQUEST_LIMIT: Duration = Duration::from_secs(300);

/// The name of the runtime that was started last, and what became of that.
type Current = Arc<Mutex<Option<(&'static str, Result<Running, String>)>>>;

fn main() -> Result<()> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let bless = std::env::var_os("COLLOQUY_BLESS").is_some();
    let current = Current::default();
    let mut trials = Vec::new();
    for (index, runtime) in runtime::ALL.into_iter().enumerate() {
        let missing = (runtime.missing)();
        if let Some(why) = &missing {
            eprintln!("skipped: every case on {}: {why}", runtime.name);
        }
        let runtime = Arc::new(runtime);
        for case in case::all()? {
            let known = runtime.ignore.iter().find(|(name, _)| *name == case.name);
            if let Some((name, why)) = known {
                eprintln!("skipped: {name} on {}: {why}", runtime.name);
            }
            let skipped = missing.is_some() || known.is_some();
            let name = format!("{}::{}", runtime.name, case.name);
            let (runtime, current) = (Arc::clone(&runtime), Arc::clone(&current));
            let trial = Trial::test(name, move || {
                let url = on(&runtime, &current).map_err(|error| format!("{error:#}"))?;
                let outcome = run(&case, &url).and_then(|answers| {
                    if bless && index == 0 {
                        verdict::bless(&case, &answers)?;
                    }
                    verdict::golden(&case, &answers)
                });
                Ok(outcome.map_err(|error| format!("{error:#}\n{}", last_words(&current)))?)
            });
            trials.push(trial.with_ignored_flag(skipped));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // `exit` runs no destructors, and no runtime must outlive its tests.
    current
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    conclusion.exit()
}

/// The address of this runtime, which is started, and another one ended, if need be.
fn on(runtime: &Runtime, current: &Current) -> Result<String> {
    let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
    if current
        .as_ref()
        .is_none_or(|(name, _)| *name != runtime.name)
    {
        // The one before ends first.
        *current = None;
        let started = (runtime.start)();
        *current = Some((runtime.name, started.map_err(|error| format!("{error:#}"))));
    }
    match &*current {
        Some((_, Ok(running))) => Ok(running.url.clone()),
        Some((_, Err(error))) => bail!("{} does not start: {error}", runtime.name),
        None => bail!("{} was not started", runtime.name),
    }
}

fn last_words(current: &Current) -> String {
    let current = current.lock().unwrap_or_else(PoisonError::into_inner);
    match &*current {
        Some((_, Ok(running))) => running.last_words(),
        _ => String::new(),
    }
}

/// Sends the requests of a case, checks what is known of the answers, and returns them in their comparable form.
fn run(case: &Case, url: &str) -> Result<Vec<Value>> {
    let client = Client::builder().timeout(REQUEST_LIMIT).build()?;
    let (mut saved, mut names) = (Saved::default(), Names::default());
    let mut answers = Vec::new();
    for (index, step) in case.steps.iter().enumerate() {
        let place = || format!("step {}, {}", index + 1, step.request);
        let id = format!("conformance-{}-{}", case.name, index + 1);
        let response = request::send(&client, url, step, &id, &saved).with_context(place)?;
        let answer = Answer::read(response, &id).with_context(place)?;
        verdict::expected(&answer, &step.expect, &saved).with_context(place)?;
        for (name, pointer) in &step.save {
            let value = answer
                .document()
                .and_then(|document| document.pointer(pointer)?.as_str())
                .with_context(|| format!("nothing at {pointer}"))
                .with_context(place)?;
            saved.0.insert(name.clone(), value.to_owned());
        }
        answers.push(answer.normal(&mut names).with_context(place)?);
    }
    Ok(answers)
}
