//! What this program is to the component: two folders, and somebody who takes events.

use wasmtime::Result;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};

use bindings::colloquy::events::events;

pub(crate) mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::restriction,
        reason = "generated"
    )]
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package example:embedded;
            world turn {
                import colloquy:events/events@0.3.0;
                export colloquy:pipeline/listen@0.3.0;
                export colloquy:pipeline/respond@0.3.0;
            }
        ",
    });
}

/// The data of the store.
pub(crate) struct Guest {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl Guest {
    /// May read these folders, each at its second name, and nothing else.
    pub(crate) fn new(folders: &[(&str, &str)]) -> Result<Self> {
        let mut wasi = WasiCtx::builder();
        for (folder, inside) in folders {
            wasi.preopened_dir(folder, inside, FsPerms::ReadOnly)?;
        }
        Ok(Self {
            wasi: wasi.build(),
            table: ResourceTable::new(),
        })
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// What happens in a turn, for whoever counts it. The texts themselves are never in here.
impl events::Host for Guest {
    fn publish(&mut self, event: events::Event) {
        match event {
            events::Event::TurnStarted(turn) => {
                eprintln!("event: turn {} started", turn.request_id)
            }
            events::Event::TranscriptReady(it) => {
                eprintln!("event: {} characters heard", it.n_characters)
            }
            events::Event::AudioProcessed(it) => eprintln!("event: {} ms of speech", it.speech_ms),
            events::Event::ResponseGenerated(it) => eprintln!("event: {} items shown", it.n_items),
            events::Event::StageDegraded(it) => eprintln!("event: without {}", it.stage),
            events::Event::SessionEnded(it) => {
                eprintln!("event: session of {} turns ended", it.n_turns)
            }
            events::Event::BreakerChanged(it) => {
                eprintln!("event: {} after {} failures", it.upstream, it.n_failures)
            }
            // Of the gateway, which is not here.
            events::Event::AudioStored(_)
            | events::Event::AudioRemoved(_)
            | events::Event::Swept(_) => {}
        }
    }
}
