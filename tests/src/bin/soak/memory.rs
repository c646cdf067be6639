//! The memory of a process over time: what is resident, and in no file.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

const EVERY: Duration = Duration::from_secs(2);

/// A process that is being watched.
pub(crate) struct Memory {
    stop: mpsc::Sender<()>,
    watching: JoinHandle<Result<Vec<Sample>>>,
    warm_up: Duration,
}

struct Sample {
    at: Duration,
    mib: f64,
}

/// What was seen.
pub(crate) struct Seen {
    samples: Vec<Sample>,
}

impl Memory {
    /// Watches a process; what is before `warm_up` does not count.
    pub(crate) fn watch(pid: u32, warm_up: Duration) -> Self {
        let (stop, stopped) = mpsc::channel();
        let watching = thread::spawn(move || {
            let started = Instant::now();
            let mut samples = Vec::new();
            loop {
                let mib = anonymous_mib(pid)?;
                samples.push(Sample {
                    at: started.elapsed(),
                    mib,
                });
                if stopped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                    return Ok(samples);
                }
            }
        });
        Self {
            stop,
            watching,
            warm_up,
        }
    }

    pub(crate) fn stop(self) -> Result<Seen> {
        let _it_listens = self.stop.send(());
        let samples = self
            .watching
            .join()
            .map_err(|_| anyhow!("the watcher failed"))??;
        let warm_up = self.warm_up;
        let samples: Vec<_> = samples
            .into_iter()
            .filter(|sample| sample.at >= warm_up)
            .collect();
        (samples.len() >= 3)
            .then_some(Seen { samples })
            .context("too short: nothing is left after the first minute")
    }
}

impl Seen {
    /// How far the median of the last third is above that of the first, as a share of it.
    pub(crate) fn growth(&self) -> f64 {
        let [first, _, last] = self.thirds();
        last / first - 1.0
    }

    pub(crate) fn print(&self) {
        let [first, second, third] = self.thirds();
        let most = self
            .samples
            .iter()
            .map(|sample| sample.mib)
            .fold(0.0, f64::max);
        println!(
            "memory:    {first:.0}, {second:.0}, {third:.0} MiB (medians of the thirds), at most {most:.0}; {:+.1} %",
            self.growth() * 100.0
        );
    }

    fn thirds(&self) -> [f64; 3] {
        let third = self.samples.len().div_ceil(3).max(1);
        let mut medians = self.samples.chunks(third).map(|part| {
            let mut values: Vec<_> = part.iter().map(|sample| sample.mib).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        });
        [(); 3].map(|()| medians.next().unwrap_or(f64::NAN))
    }
}

/// `RssAnon` of Linux: the heap and the memories of guests, without code that is mapped from files.
fn anonymous_mib(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .context("the host is gone, or this is not Linux")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .context("RssAnon")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
