//! `cargo xtask bench preinit`: components with their models inside against the same ones that read their files, in turns, as ratios.
//!
//! Two questions. What does one fresh instance cost, as Spin and `wasmtime serve` make one for every request? And what does our host,
//! which keeps instances, take to start and to hold with 1, 4 and 8 of each stage? The tables are Markdown, for `docs/performance.md`.
#![expect(
    clippy::print_stdout,
    reason = "the tables on the terminal are the purpose"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use colloquy_tests::alone::{Alone, Instance, probabilities, segments, speech};
use colloquy_tests::host::{Host, stage};
use colloquy_tests::preinit::{self, Pair};
use colloquy_tests::recordings;

/// Measurements of each, alternating; one more comes first and is not counted.
const ROUNDS: usize = 7;
/// Starts of each host for one number of instances.
const STARTS: usize = 3;
/// Instances of each stage in the host.
const INSTANCES: [u32; 3] = [1, 4, 8];

fn main() -> Result<()> {
    println!(
        "| a fresh instance | files | instantiate, ms | first call, ms | both, preinit / plain (min .. max) |"
    );
    println!("|---|---|---:|---:|---:|");
    let mut reader = hound::WavReader::open(recordings::jfk()?.path)?;
    let audio = reader.samples::<i16>().collect::<Result<Vec<_>, _>>()?;
    let (second, three) = (
        audio.get(..16_000).context("a second")?,
        audio.get(..48_000).context("three seconds")?,
    );
    fresh("vad, 1 s of audio", "vad", &|vad| {
        probabilities(vad, second).map(drop)
    })?;
    fresh("asr, 3 s of speech", "asr", &|asr| {
        segments(asr, three).map(drop)
    })?;
    fresh("tts, `Yes.`", "tts", &|tts| speech(tts, "Yes.").map(drop))?;
    println!();
    println!(
        "| instances of each stage | files | ready after, s | RSS, MiB | PSS, MiB | of that private, MiB |"
    );
    println!("|---:|---|---:|---:|---:|---:|");
    for instances in INSTANCES {
        hosts(instances)?;
    }
    Ok(())
}

/// Times of one fresh instance.
struct Fresh {
    instantiate: f64,
    first_call: f64,
}

fn fresh(what: &str, name: &str, call: &dyn Fn(&mut Instance) -> Result<()>) -> Result<()> {
    let pair = Pair::open(name)?;
    let once = |component: &Alone, mounts: &[(String, String)]| -> Result<Fresh> {
        let started = Instant::now();
        let mut instance = component.start(mounts)?;
        let instantiate = milliseconds(started.elapsed());
        let started = Instant::now();
        call(&mut instance)?;
        Ok(Fresh {
            instantiate,
            first_call: milliseconds(started.elapsed()),
        })
    };
    let (mut plain, mut preinit) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (a, b) = (once(&pair.plain, &pair.mounts)?, once(&pair.preinit, &[])?);
        if round > 0 {
            plain.push(a);
            preinit.push(b);
        }
    }
    let of = |all: &[Fresh], pick: fn(&Fresh) -> f64| median(all.iter().map(pick).collect());
    let both = |fresh: &Fresh| fresh.instantiate + fresh.first_call;
    let mut ratios: Vec<_> = plain
        .iter()
        .zip(&preinit)
        .map(|(a, b)| both(b) / both(a))
        .collect();
    ratios.sort_by(f64::total_cmp);
    for (files, all) in [("read", &plain), ("inside", &preinit)] {
        let ratio = match (files, ratios.first(), ratios.last()) {
            ("inside", Some(least), Some(most)) => {
                format!("{:.3} ({least:.3} .. {most:.3})", median(ratios.clone()))
            }
            _ => String::new(),
        };
        println!(
            "| {what} | {files} | {:.2} | {:.0} | {ratio} |",
            of(all, |fresh| fresh.instantiate),
            of(all, |fresh| fresh.first_call)
        );
    }
    Ok(())
}

/// What a host takes.
#[derive(Clone, Copy)]
struct Held {
    ready: f64,
    rss: f64,
    pss: f64,
    private: f64,
}

fn hosts(instances: u32) -> Result<()> {
    // One start of each that is not counted: it compiles, and brings the files into the system's cache.
    let (mut plain, mut preinit) = (Vec::new(), Vec::new());
    for round in 0..=STARTS {
        let (a, b) = (host(instances, false)?, host(instances, true)?);
        if round > 0 {
            plain.push(a);
            preinit.push(b);
        }
    }
    let of = |all: &[Held], pick: fn(&Held) -> f64| median(all.iter().map(pick).collect());
    let row = |files: &str, all: &[Held]| {
        println!(
            "| {instances} | {files} | {:.2} | {:.0} | {:.0} | {:.0} |",
            of(all, |held| held.ready),
            of(all, |held| held.rss),
            of(all, |held| held.pss),
            of(all, |held| held.private)
        );
    };
    row("read", &plain);
    row("inside", &preinit);
    let ratio = |pick: fn(&Held) -> f64| of(&preinit, pick) / of(&plain, pick);
    println!(
        "| {instances} | inside / read | {:.2} | {:.2} | {:.2} | {:.2} |",
        ratio(|held| held.ready),
        ratio(|held| held.rss),
        ratio(|held| held.pss),
        ratio(|held| held.private)
    );
    Ok(())
}

/// Starts a host with so many instances of each stage that has files, has every one of them work, and looks at the process.
fn host(instances: u32, preinit: bool) -> Result<Held> {
    let started = Instant::now();
    let host = Host::configured(|config| {
        for name in preinit::STAGES {
            let stage = stage(config, name)?;
            stage.insert("instances".into(), i64::from(instances).into());
            stage.insert("queue".into(), 64.into());
            stage.insert("queue_timeout_ms".into(), 100_000.into());
        }
        if preinit {
            preinit::configure(config)?;
        }
        Ok(())
    })?;
    // Ready means one instance of each; this waits for all.
    let loaded = preinit::STAGES.len() * instances as usize;
    while ready(&host)? < loaded {
        std::thread::sleep(Duration::from_millis(5));
    }
    let ready = started.elapsed().as_secs_f64();
    // As many at once as there are instances, so that each gets one.
    let question = recordings::librivox()?.swap_remove(0).path;
    std::thread::scope(|scope| {
        let turns: Vec<_> = (0..instances)
            .map(|_| scope.spawn(|| host.ask_aloud(&question, None)))
            .collect();
        for turn in turns {
            let turn = turn
                .join()
                .map_err(|_| anyhow::anyhow!("a turn panicked"))?;
            ensure!(
                turn?
                    .get("degraded")
                    .and_then(serde_json::Value::as_array)
                    .is_some_and(Vec::is_empty),
                "a turn was degraded"
            );
        }
        Ok(())
    })?;
    let path = format!("/proc/{}/smaps_rollup", host.pid());
    let memory = std::fs::read_to_string(Path::new(&path)).context("Linux only")?;
    let mebibytes = |names: &[&str]| -> f64 {
        let lines = memory.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(name, _)| names.contains(name))
            .filter_map(|(_, value)| value.split_whitespace().next()?.parse::<f64>().ok())
            .sum::<f64>()
            / 1024.0
    };
    Ok(Held {
        ready,
        rss: mebibytes(&["Rss"]),
        pss: mebibytes(&["Pss"]),
        private: mebibytes(&["Private_Clean", "Private_Dirty"]),
    })
}

/// Instances with files that are loaded.
fn ready(host: &Host) -> Result<usize> {
    let log = host.log()?;
    let lines = log.lines().filter(|line| line.contains("instance ready"));
    Ok(lines
        .filter(|line| !line.contains("stage=\"ingest\""))
        .count())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
