//! Our host on `dist/colloquy.wasm`: the stages are inside, an instance serves one request and loads what that needs.

use anyhow::Result;
use colloquy_tests::host::{Host, table};
use toml::Table;

use super::{Grants, Running, Runtime, component, never_missing};

/// What one instance needs at most: every model, and the working memory of all of them. No memory is given back.
const MEMORY_MIB: i64 = 2048;

pub(super) const RUNTIME: Runtime = Runtime {
    name: "host-composed",
    missing: never_missing,
    start,
    ignore: &[],
};

fn start() -> Result<Running> {
    let grants = Grants::read()?;
    let path = component("colloquy.wasm")?;
    let host = Host::configured(|config| {
        config.remove("stage");
        // One at a time; the instance before may still be put away.
        table(config, "server")?.insert("max_concurrent_requests".into(), 4.into());
        let edge = table(config, "edge")?;
        edge.insert("component".into(), path.display().to_string().into());
        edge.insert("memory_mib".into(), MEMORY_MIB.into());
        let mounts = grants.mounts.iter();
        let mounts: Table = mounts
            .map(|(inside, folder)| (inside.clone(), folder.display().to_string().into()))
            .collect();
        edge.insert("mounts".into(), mounts.into());
        let environment = grants.environment.iter();
        let environment: Table = environment
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        edge.insert("environment".into(), environment.into());
        Ok(())
    })?;
    Ok(Running::new(host.url.clone(), host))
}
