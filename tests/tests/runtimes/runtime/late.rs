//! Our host as it is delivered: `dist/edge-host.wasm`, every stage bound late in a pool of its own.

use colloquy_tests::host::Host;

use super::{Running, Runtime, never_missing};

pub(super) const RUNTIME: Runtime = Runtime {
    name: "host",
    missing: never_missing,
    start: || {
        let host = Host::start()?;
        Ok(Running::new(host.url.clone(), host))
    },
    ignore: &[],
};
