//! wasmtime, configured: two engines, their clock, and compiled code kept on disk.
//!
//! It knows nothing about stages or HTTP. The edge engine creates an instance for every request, so it draws from a pool of
//! preallocated slots, unless the edge component has its stages inside; the stage engine creates few instances that live long and may
//! be large, so it maps memory on demand.
//! Invariant: every store made here yields to its caller at each tick of the clock, so that a deadline or a vanished client can stop it.

mod clock;
mod compiled;
mod memory;

use std::path::PathBuf;

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store,
};

pub(crate) use compiled::Compiler;
pub(crate) use memory::{Limited, MemoryLimit};

/// Native stack of a guest in bytes. Rust guests keep their large values in linear memory, so this is generous.
const WASM_STACK: usize = 1 << 20;
/// Room around it for the host functions that run on the same stack, in bytes.
const HOST_STACK: usize = 1 << 20;
/// Initial memory of a component is mapped copy-on-write up to this size even when its data is sparse, in bytes. A component with a
/// model baked in has tens to hundreds of mebibytes.
const DENSE_IMAGE: u64 = 512 << 20;
/// Core modules, memories and tables that one edge component may have of each; gateway and pipeline have one or two.
const PER_EDGE: u32 = 8;

/// Slots beyond the number of requests, for instances that are just being put away.
const SPARE: u32 = 4;

/// What the engines need to know.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where compiled code is kept; none compiles at every start.
    pub(crate) cache_dir: Option<PathBuf>,
    /// Requests inside the edge component at one time.
    pub(crate) edge_instances: u32,
    /// Memory of one edge instance in bytes.
    pub(crate) edge_memory: usize,
}

/// What is inside the edge component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    /// Gateway and pipeline.
    Thin,
    /// Stages too, so that it has any number of modules and memories, and far more to do for a request than to map them.
    Whole,
}

/// The engine of the stages and the engine of the edge component; one clock interrupts the guests of both.
pub(crate) struct Engines {
    pub(crate) stages: Compiler,
    pub(crate) edge: Compiler,
}

impl Engines {
    /// Creates both engines and starts the clock.
    pub(crate) fn new(settings: &Settings, edge: EdgeKind) -> wasmtime::Result<Self> {
        let stages = Engine::new(&common())?;
        let edge = Engine::new(common().allocation_strategy(match edge {
            EdgeKind::Thin => pool(settings),
            EdgeKind::Whole => InstanceAllocationStrategy::OnDemand,
        }))?;
        clock::start(vec![stages.weak(), edge.weak()])?;
        let folder = settings.cache_dir.as_deref();
        Ok(Self {
            stages: Compiler::new(stages, folder),
            edge: Compiler::new(edge, folder),
        })
    }
}

/// A store whose guest yields at every tick and cannot grow its memory past the limit held in `data`.
pub(crate) fn store<T: Limited>(engine: &Engine, data: T) -> Store<T> {
    let mut store = Store::new(engine, data);
    store.limiter(|data| data.memory());
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    store
}

fn common() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(true)
        .memory_init_cow(true)
        .memory_guaranteed_dense_image_size(DENSE_IMAGE)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WASM_STACK + HOST_STACK);
    config
}

fn pool(settings: &Settings) -> InstanceAllocationStrategy {
    let n = settings.edge_instances.saturating_add(SPARE);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(n)
        .total_core_instances(n.saturating_mul(PER_EDGE * 2))
        .total_memories(n.saturating_mul(PER_EDGE))
        .total_tables(n.saturating_mul(PER_EDGE))
        .total_stacks(n)
        .max_core_instances_per_component(PER_EDGE * 2)
        .max_memories_per_component(PER_EDGE)
        .max_tables_per_component(PER_EDGE)
        .max_memory_size(settings.edge_memory)
        .table_elements(100_000);
    InstanceAllocationStrategy::Pooling(pool)
}
