//! Holds an application to the limits of the place where it is to run.
//!
//! **Application**: the sum of all files that are uploaded: components, and the files that they read.
//!
//! **Memory**: the sum of the linear memory of all components, because a host that runs them as one application counts them together, and
//! linear memory is never given back. A profile states the most that each component needs in a turn at the gateway's default limits (30 s
//! of audio), and the sum has to fit. A component that starts with more than is stated is refused here. Whether a turn gets by with it is
//! seen in our host, which stops a component at the `memory_mib` of its section.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use wasmparser::{Parser, Payload};

use super::profile::{Limits, Profile};
use super::recipe;
use crate::{paths, ui};

const MIB: u64 = 1 << 20;

/// Fails when an application of this profile is larger than its limits; prints the sums otherwise.
pub(super) fn check(profile: &Profile) -> Result<()> {
    let Some(limits) = &profile.limits else {
        return Ok(());
    };
    let mut components = 0;
    for name in recipe::parts(profile) {
        let bytes = super::read(&file(name))?;
        let needed = limits
            .needs
            .iter()
            .find(|(component, _)| *component == name);
        let (_, needed) = needed.with_context(|| format!("what does {name} need?"))?;
        starts_within(name, &bytes, *needed)?;
        components += bytes.len() as u64;
    }
    let files = files(profile)?;
    ui::print(format!(
        "    application  {} of {} MiB: components {}, files {}",
        mib(components + files),
        limits.application_mib,
        mib(components),
        mib(files)
    ));
    ui::print(format!(
        "    memory       {} of {} MiB: {}",
        memory(limits),
        limits.memory_mib,
        listed(limits)
    ));
    hold(limits, profile.name, components + files)
}

/// The two sums against the limits.
pub(super) fn hold(limits: &Limits, profile: &str, application: u64) -> Result<()> {
    ensure!(
        application <= limits.application_mib * MIB,
        "the application of profile `{profile}` has {} MiB, where {} are allowed",
        mib(application),
        limits.application_mib
    );
    ensure!(
        memory(limits) <= limits.memory_mib,
        "the application of profile `{profile}` needs {} MiB of memory, where {} are allowed: {}",
        memory(limits),
        limits.memory_mib,
        listed(limits)
    );
    Ok(())
}

/// Refuses a component that is larger than what is stated before it has done anything.
pub(super) fn starts_within(name: &str, component: &[u8], needed: u64) -> Result<()> {
    let initial = initial_memory(component)
        .with_context(|| format!("{name} cannot be read"))?
        .div_ceil(MIB);
    if initial > needed {
        bail!("{name} starts with {initial} MiB of memory; its profile states {needed}");
    }
    Ok(())
}

/// Bytes of all linear memories that a component defines, before any has grown.
pub(super) fn initial_memory(component: &[u8]) -> Result<u64> {
    let mut sum = 0_u64;
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::MemorySection(memories) = payload? {
            for memory in memories {
                let memory = memory?;
                let page = 1_u64 << memory.page_size_log2.unwrap_or(16).min(16);
                sum = sum.saturating_add(memory.initial.saturating_mul(page));
            }
        }
    }
    Ok(sum)
}

fn memory(limits: &Limits) -> u64 {
    limits.needs.iter().map(|(_, mib)| mib).sum()
}

fn listed(limits: &Limits) -> String {
    let needs = limits.needs.iter();
    let needs: Vec<_> = needs.map(|(name, mib)| format!("{name} {mib}")).collect();
    needs.join(", ")
}

fn mib(n_bytes: u64) -> String {
    // Rounded up to a tenth: what is over a limit should look like it.
    let tenths = (n_bytes * 10).div_ceil(MIB);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn file(name: &str) -> PathBuf {
    paths::dist().join(format!("components/{name}.wasm"))
}

fn files(profile: &Profile) -> Result<u64> {
    let folders = profile.stages.iter().flat_map(|stage| stage.files);
    let mut folders: Vec<&str> = folders.copied().collect();
    // One that several stages read is uploaded once.
    folders.sort_unstable();
    folders.dedup();
    let mut sum = 0;
    for folder in folders {
        let size = size_of(&paths::root().join(folder));
        sum += size.with_context(|| format!("{folder}; `cargo xtask models` makes models"))?;
    }
    Ok(sum)
}

fn size_of(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        sum += if about.is_dir() {
            size_of(&entry.path())?
        } else {
            about.len()
        };
    }
    Ok(sum)
}
