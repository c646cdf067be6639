//! `cargo xtask bench soak`: a host at half of what it can do, for ten minutes. Says whether a turn failed and whether memory stayed flat.
//!
//! First it is found out what the host can do: clients that ask again as soon as they are answered. Then turns start at half that rate,
//! whether earlier ones are over or not, as they do in life. Turns are mixed: recordings and text, with and without speech, as one document
//! and as a stream; sessions of some turns, whose audio is fetched, some ended by the client and some left to expire.
#![expect(
    clippy::print_stdout,
    reason = "the report on the terminal is the purpose"
)]
#![allow(
    clippy::indexing_slicing,
    reason = "a missing key is null, and told so"
)]

mod memory;
mod turns;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use colloquy_tests::host::{Host, table};

use memory::Memory;
use turns::{Caller, Outcome};

/// A host at half of what it can do: does a turn fail, does memory grow?
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench soak --")]
struct Arguments {
    /// How long.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Part of the most that the host can do.
    #[arg(long, default_value_t = 0.5)]
    load: f64,
}

/// Turns that may be under way at one time; more than that means that the host has fallen behind for good.
const MOST_UNDER_WAY: usize = 64;
/// Clients that find out what the host can do: as many as there are instances of a stage.
const CLIENTS: usize = 2;
const FINDING_OUT: Duration = Duration::from_secs(40);
/// Caches and pools fill first; memory is judged from then on.
const WARM_UP: Duration = Duration::from_secs(60);
/// How far the last part of the time may be above the first: noise of an allocator, not growth.
const SLACK: f64 = 0.05;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let host = Host::configured(|config| {
        // One client stands for many here, and is no abuse.
        let edge = table(table(config, "edge")?, "environment")?;
        for limit in ["RATE_TURNS", "RATE_SYNTHESES", "RATE_QUERIES"] {
            edge.insert(limit.into(), "0".into());
        }
        // Short, so that what is left behind is swept within the time.
        edge.insert("SESSION_TTL_S".into(), "120".into());
        edge.insert("AUDIO_TTL_S".into(), "60".into());
        Ok(())
    })?;
    let caller = Arc::new(Caller::new(&host)?);

    let per_second = capacity(&caller)?;
    println!(
        "the most:  {:.1} turns a minute with {CLIENTS} clients",
        per_second * 60.0
    );
    let memory = Memory::watch(host.pid(), WARM_UP);
    let time = Duration::from_secs_f64(arguments.minutes * 60.0);
    let (outcomes, late) = soak(&caller, per_second * arguments.load, time)?;
    let memory = memory.stop()?;

    report(&outcomes, time);
    memory.print();
    let failures: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.result.as_ref().err())
        .collect();
    for failure in failures.iter().take(10) {
        println!("failed:    {failure}");
    }
    ensure!(failures.is_empty(), "{} turns failed", failures.len());
    ensure!(
        late == 0,
        "{late} turns could not even start: the host had fallen behind"
    );
    ensure!(
        memory.growth() <= SLACK,
        "memory grew by {:.1} %",
        memory.growth() * 100.0
    );
    Ok(())
}

/// Turns in a second when there is always somebody who asks.
fn capacity(caller: &Arc<Caller>) -> Result<f64> {
    let answered = AtomicUsize::new(0);
    let started = Instant::now();
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (answered, failure) = (&answered, &failure);
            scope.spawn(move || {
                for n in 0.. {
                    if started.elapsed() >= FINDING_OUT {
                        break;
                    }
                    match caller.turn(client + n * CLIENTS).result {
                        Ok(()) => {
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(why) => {
                            *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                            break;
                        }
                    }
                }
            });
        }
    });
    if let Some(why) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        anyhow::bail!("a turn failed before the load began: {why}");
    }
    Ok(answered.into_inner() as f64 / started.elapsed().as_secs_f64())
}

/// Starts turns at a rate; gives what became of them, and how many could not start.
fn soak(caller: &Arc<Caller>, per_second: f64, time: Duration) -> Result<(Vec<Outcome>, usize)> {
    let pause = Duration::from_secs_f64(1.0 / per_second.max(0.01));
    let (done, outcomes) = mpsc::channel();
    let under_way = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut late = 0;
    for n in 0.. {
        let at = started + pause * n;
        if at >= started + time {
            break;
        }
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if under_way.load(Ordering::SeqCst) >= MOST_UNDER_WAY {
            late += 1;
            continue;
        }
        under_way.fetch_add(1, Ordering::SeqCst);
        let (caller, under_way, done) = (Arc::clone(caller), Arc::clone(&under_way), done.clone());
        let number = usize::try_from(n).context("too many turns")?;
        thread::spawn(move || {
            let _receiver_waits = done.send(caller.turn(number));
            under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }
    drop(done);
    Ok((outcomes.into_iter().collect(), late))
}

fn report(outcomes: &[Outcome], time: Duration) {
    println!(
        "load:      {} turns in {:.1} minutes ({:.1} a minute)",
        outcomes.len(),
        time.as_secs_f64() / 60.0,
        outcomes.len() as f64 * 60.0 / time.as_secs_f64(),
    );
    println!(
        "{:<28} {:>6} {:>6} {:>9} {:>9}",
        "turns", "done", "failed", "median ms", "95 % ms"
    );
    for kind in turns::Kind::ALL {
        let of_kind: Vec<_> = outcomes
            .iter()
            .filter(|outcome| outcome.kind == kind)
            .collect();
        let mut times: Vec<_> = of_kind
            .iter()
            .filter(|outcome| outcome.result.is_ok())
            .map(|outcome| outcome.took.as_secs_f64() * 1000.0)
            .collect();
        times.sort_by(f64::total_cmp);
        let part = |share: f64| {
            let at = (times.len() as f64 * share) as usize;
            times.get(at).copied().unwrap_or(f64::NAN)
        };
        println!(
            "{:<28} {:>6} {:>6} {:>9.0} {:>9.0}",
            kind.name(),
            times.len(),
            of_kind.len() - times.len(),
            part(0.5),
            part(0.95),
        );
    }
}
