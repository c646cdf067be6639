//! More turns than the host takes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::{recordings, until};

use super::server;

/// Far more turns at a time than the host takes: the others are told when to come back, and nothing is kept of them.
pub(super) fn overload_is_shed_and_memory_stays() -> Result<()> {
    let host = Host::configured(|config| server(config, &[("max_concurrent_requests", 2)]))?;
    let wav = std::fs::read(recordings::jfk()?.path)?;
    let (warm, served, shed) = load(&host, &wav)?;
    ensure!(served > 0 && shed > 0, "{served} served, {shed} shed");
    let mut after = warm;
    for _ in 0..2 {
        let (memory, served, shed) = load(&host, &wav)?;
        ensure!(served > 0 && shed > 0, "{served} served, {shed} shed");
        after = memory;
    }
    // What allocators and caches keep comes with the first round.
    ensure!(
        after < warm + (96 << 10),
        "{warm} KiB after the first round, {after} KiB after the third"
    );
    until("a turn is served as before", || {
        Ok(host.upload("jfk.wav", wav.clone(), None)?.status() == 200)
    })
}

/// Six clients, each until it was served. Gives the memory of the host in KiB, answers, and refusals.
fn load(host: &Host, wav: &[u8]) -> Result<(u64, usize, usize)> {
    let counts = Mutex::new((0, 0));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                if let Err(error) = client(host, wav, &counts) {
                    lock(&failures).push(format!("{error:#}"));
                }
            });
        }
    });
    let failures = failures.into_inner()?;
    ensure!(failures.is_empty(), "{failures:?}");
    let (served, shed) = counts.into_inner()?;
    Ok((resident_kib(host.pid())?, served, shed))
}

fn client(host: &Host, wav: &[u8], counts: &Mutex<(usize, usize)>) -> Result<()> {
    let since = Instant::now();
    let mut left = 1;
    while left > 0 {
        ensure!(since.elapsed() < Duration::from_secs(600), "never served");
        let answer = host.upload("jfk.wav", wav.to_vec(), None)?;
        match answer.status().as_u16() {
            200 => {
                answer.bytes()?;
                lock(counts).0 += 1;
                left -= 1;
            }
            503 => {
                let wait = answer
                    .headers()
                    .get("retry-after")
                    .context("503 without Retry-After")?;
                let seconds: u64 = wait.to_str()?.parse()?;
                ensure!((1..=60).contains(&seconds), "Retry-After: {seconds}");
                ensure!(answer.text()?.contains("OVERLOADED"), "another 503");
                lock(counts).1 += 1;
                // Ruder than it was asked to be.
                std::thread::sleep(Duration::from_millis(100));
            }
            other => bail!("{other}: {}", answer.text()?),
        }
    }
    Ok(())
}

/// Resident memory of a process.
fn resident_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .context("VmRSS")?;
    Ok(kib.parse()?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
