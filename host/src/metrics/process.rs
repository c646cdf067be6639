//! The process and the machine it has: memory, processor time, files, and what is free where data is kept. Linux tells it in `/proc`; what
//! cannot be read is left as it was.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;
use super::registering::plain;

/// Where Linux says how much memory this process may have, if not all there is: control groups, the second and the first version.
const MEMORY_LIMITS: [&str; 2] = [
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFolder {
    folder: String,
}

pub(super) struct Process {
    resident: Gauge,
    limit: Gauge,
    cpu: Counter<f64, AtomicU64>,
    files: Gauge,
    disk_free: Family<OfFolder, Gauge>,
    disk_size: Family<OfFolder, Gauge>,
    /// Processor time that `cpu` has, in ticks.
    ticks: AtomicU64,
}

impl Process {
    pub(super) fn register(registry: &mut Registry) -> Self {
        fn bytes<M: prometheus_client::registry::Metric + Clone>(
            registry: &mut Registry,
            name: &str,
            help: &str,
            metric: M,
        ) -> M {
            registry.register_with_unit(name, help, Unit::Bytes, metric.clone());
            metric
        }
        // These names are the same everywhere.
        let r = registry.sub_registry_with_prefix("process");
        let start: Gauge<f64, AtomicU64> = Gauge::default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        start.set(now.unwrap_or_default().as_secs_f64());
        r.register_with_unit(
            "start_time",
            "When it began, in seconds since 1970",
            Unit::Seconds,
            start,
        );
        let cpu: Counter<f64, AtomicU64> = Counter::default();
        r.register_with_unit("cpu", "Processor time", Unit::Seconds, Counter::clone(&cpu));
        let resident = bytes(r, "resident_memory", "Memory in use", Gauge::default());
        let files = plain(r, "open_fds", "Open file descriptors", Gauge::default());
        let r = registry.sub_registry_with_prefix("colloquy");
        Self {
            resident,
            limit: bytes(
                r,
                "memory_limit",
                "Memory that the process may have: of its control group, or all of the machine",
                Gauge::default(),
            ),
            cpu,
            files,
            disk_free: bytes(
                r,
                "disk_free",
                "Room left on the disk of a folder with data",
                Family::default(),
            ),
            disk_size: bytes(
                r,
                "disk_size",
                "Size of the disk of a folder with data",
                Family::default(),
            ),
            ticks: AtomicU64::new(0),
        }
    }
}

impl Metrics {
    /// The process as it is now, and the disks of these folders. Reads files: not for a thread that serves.
    pub(crate) fn process(&self, folders: &[impl AsRef<Path>]) {
        let process = &self.inner.process;
        if let Some(bytes) = resident() {
            process.resident.set(bytes);
        }
        if let Some(bytes) = memory_limit() {
            process.limit.set(bytes);
        }
        if let Some(ticks) = ticks() {
            let before = process.ticks.swap(ticks, Ordering::Relaxed);
            let rate = rustix::param::clock_ticks_per_second().max(1);
            let more = ticks.saturating_sub(before) as f64 / rate as f64;
            process.cpu.inc_by(more);
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            // One of them is the listing's own.
            process.files.set(open.count().saturating_sub(1) as i64);
        }
        for folder in folders {
            let Some((free, size)) = disk(folder.as_ref()) else {
                continue;
            };
            let of = OfFolder {
                folder: folder.as_ref().display().to_string(),
            };
            process.disk_free.get_or_create(&of).set(free);
            process.disk_size.get_or_create(&of).set(size);
        }
    }
}

fn resident() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * i64::try_from(rustix::param::page_size()).ok()?)
}

/// Time of all threads, in user and in kernel mode.
fn ticks() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may have anything in it.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, kernel): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + kernel)
}

fn memory_limit() -> Option<i64> {
    let total = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = total.lines().find_map(|line| {
        let kib = line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?;
        kib.trim().parse::<i64>().ok()
    })?;
    let total = total.saturating_mul(1024);
    // `max`, which is no number, is no limit.
    let limit = MEMORY_LIMITS.iter().find_map(|path| {
        std::fs::read_to_string(path)
            .ok()?
            .trim()
            .parse::<i64>()
            .ok()
    });
    Some(limit.map_or(total, |limit| limit.min(total)))
}

/// Bytes that are free for this process, and all there are.
fn disk(folder: &Path) -> Option<(i64, i64)> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| i64::try_from(blocks.saturating_mul(disk.f_frsize)).ok();
    Some((bytes(disk.f_bavail)?, bytes(disk.f_blocks)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> f64 {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
        value.unwrap_or_else(|| panic!("{name}: {text}"))
    }

    #[test]
    fn the_process_knows_itself() {
        let metrics = Metrics::new();
        let folder = tempfile::tempdir().unwrap();
        metrics.process(&[folder.path(), Path::new("/nothing/here")]);
        metrics.process(&[folder.path()]);
        let text = metrics.encode().unwrap();
        let resident = value(&text, "process_resident_memory_bytes ");
        let limit = value(&text, "colloquy_memory_limit_bytes ");
        assert!(
            (1e6..limit).contains(&resident),
            "{resident} of {limit}: {text}"
        );
        let (free, size) = (
            value(&text, "colloquy_disk_free_bytes{"),
            value(&text, "colloquy_disk_size_bytes{"),
        );
        assert!(0.0 < free && free <= size, "{free} of {size}");
        assert!(value(&text, "process_open_fds ") >= 3.0);
        assert!(value(&text, "process_cpu_seconds_total ") >= 0.0);
        assert!(value(&text, "process_start_time_seconds ") > 1.6e9);
        assert!(!text.contains("/nothing/here"));
    }
}
