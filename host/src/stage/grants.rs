//! What a guest may reach: read-only folders, environment variables, destinations and key-value buckets that configuration names,
//! and nothing else.
//!
//! Invariant: no sockets but to listed destinations, no writable folder, no standard input. Clocks and random numbers come with WASI.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::error::Context;
use wasmtime_wasi::{FsPerms, WasiCtx};

use crate::outbound::{Destinations, Sockets};

use super::output::{Output, Severity};

/// The grants of one guest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grants {
    /// Guest path to host folder.
    pub(crate) mounts: BTreeMap<String, PathBuf>,
    /// Environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where it may send HTTP requests, and connect to.
    pub(crate) outbound: Destinations,
    /// Key-value buckets that it may open.
    pub(crate) buckets: Arc<BTreeSet<String>>,
    /// Whether the guest has a thread of its own, which file operations may block.
    pub(crate) own_thread: bool,
}

impl Grants {
    /// A WASI context with these grants; `guest` names the guest in the log. Fails when a folder cannot be opened.
    pub(crate) fn context(
        &self,
        guest: &'static str,
        sockets: &Sockets,
    ) -> wasmtime::Result<WasiCtx> {
        let mut wasi = WasiCtx::builder();
        sockets.grant(&mut wasi);
        wasi.allow_blocking_current_thread(self.own_thread);
        wasi.stdout(Output::new(guest, Severity::Info))
            .stderr(Output::new(guest, Severity::Warning));
        for (name, value) in &self.environment {
            wasi.env(name, value);
        }
        for (inside, folder) in &self.mounts {
            wasi.preopened_dir(folder, inside, FsPerms::ReadOnly)
                .with_context(|| format!("cannot mount {} at {inside}", folder.display()))?;
        }
        Ok(wasi.build())
    }
}
