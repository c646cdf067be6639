//! What a stage may find beside WASI, in its emptiest form: events that nobody takes, and a store that has no bucket.

use wasmtime::component::{Linker, ResourceType, Val};

const EVENTS: &str = "colloquy:events/events@0.3.0";
const STORE: &str = "wasi:keyvalue/store@0.2.0-draft2";
const ATOMICS: &str = "wasi:keyvalue/atomics@0.2.0-draft2";

/// What a bucket can do; nobody gets one here.
const UNREACHABLE: [(&str, &[&str]); 2] = [
    (
        STORE,
        &[
            "[method]bucket.get",
            "[method]bucket.set",
            "[method]bucket.delete",
            "[method]bucket.exists",
            "[method]bucket.list-keys",
        ],
    ),
    (
        ATOMICS,
        &[
            "[static]cas.new",
            "[method]cas.current",
            "increment",
            "swap",
        ],
    ),
];

struct Nothing;

/// Adds them to what a stage of any host is linked to.
pub fn add_to_linker<T: 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    linker
        .instance(EVENTS)?
        .func_new("publish", |_, _, _, _| Ok(()))?;
    let mut store = linker.instance(STORE)?;
    store.resource("bucket", ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
    store.func_new("open", |_, _, _, answers| {
        let none = Val::Variant("no-such-store".into(), None);
        if let [answer] = answers {
            *answer = Val::Result(Err(Some(Box::new(none))));
        }
        Ok(())
    })?;
    linker
        .instance(ATOMICS)?
        .resource("cas", ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
    for (interface, functions) in UNREACHABLE {
        let mut interface = linker.instance(interface)?;
        for name in functions {
            interface.func_new(name, |_, _, _, _| wasmtime::bail!("there is no bucket"))?;
        }
    }
    Ok(())
}
