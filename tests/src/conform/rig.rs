//! The component under test: compiled once, run in instances with a memory limit, a deadline for each call, and what was granted.
//!
//! It has no network: HTTP requests are refused, sockets are not there. One instance is shared by the checks until one of them breaks it
//! or asks for a fresh one. A call that traps, or does not return in time, is a broken promise of its check, never an end of the tool.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;
use wasmtime::component::{
    Component, ComponentNamedList, Instance, InstancePre, Lift, Linker, Lower, ResourceAny,
    ResourceTable,
};
use wasmtime::{Cache, CacheConfig, Config, Engine, OptLevel, ResourceLimiter, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::surroundings;
use super::verdict::{Answer, Asked, Refusal, Unmet};

/// How often a running guest looks up.
const TICK: Duration = Duration::from_millis(10);
/// As in the host.
const WASM_STACK: usize = 1 << 20;
const DENSE_IMAGE: u64 = 512 << 20;

/// What is tested, and what it may use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The component's file.
    pub component: PathBuf,
    /// Folder in the guest to folder here, read-only.
    pub mounts: BTreeMap<String, PathBuf>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Most linear memory of one instance, in bytes.
    pub memory: usize,
    /// How long one call may take.
    pub deadline: Duration,
    /// The recordings of `cargo xtask recordings`, if they are there.
    pub recordings: Option<PathBuf>,
    /// Where compiled code is kept; none compiles again.
    pub cache: Option<PathBuf>,
}

/// The component, ready to be called.
pub struct Rig {
    runtime: Runtime,
    component: Component,
    linked: InstancePre<Guest>,
    settings: Settings,
    live: Option<(Store<Guest>, Instance)>,
    // The clock holds it weakly.
    engine: Engine,
}

impl Rig {
    /// Compiles the component and finds everything that it imports.
    ///
    /// # Errors
    /// The file is not a component, or imports what no host of stages has.
    pub fn open(settings: Settings) -> anyhow::Result<Self> {
        let engine = engine(&settings)?;
        let file = settings.component.display().to_string();
        let component = Component::from_file(&engine, &settings.component)
            .map_err(anyhow::Error::from)
            .with_context(|| format!("{file} is not a component"))?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        surroundings::add_to_linker(&mut linker)?;
        let linked = linker
            .instantiate_pre(&component)
            .map_err(anyhow::Error::from)
            .with_context(|| format!("{file} imports what a stage does not get"))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            component,
            linked,
            settings,
            live: None,
            engine,
        })
    }

    /// What it was opened with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the component has this export.
    #[must_use]
    pub fn exports(&self, interface: &str) -> bool {
        self.component.get_export_index(None, interface).is_some()
    }

    /// Names of everything that it imports.
    #[must_use]
    pub fn imports(&self) -> Vec<String> {
        let own = self.component.component_type();
        own.imports(&self.engine)
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// The next call is the first one of a new instance.
    pub fn fresh(&mut self) {
        self.live = None;
    }

    /// Calls a function that may answer with an error of its contract.
    pub fn ask<E, T, P>(&mut self, interface: &str, function: &'static str, params: P) -> Asked<T>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        T: Lift + Send + Sync + 'static,
        E: Lift + Into<Refusal> + Send + Sync + 'static,
    {
        let result = self.call::<Result<T, E>, P>(interface, function, params)?;
        Ok(Answer {
            function: shown(function),
            result: result.map_err(Into::into),
        })
    }

    /// Calls a function that has no error.
    pub fn call<R, P>(
        &mut self,
        interface: &str,
        function: &'static str,
        params: P,
    ) -> Result<R, Unmet>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: Lift + Send + Sync + 'static,
    {
        let name = shown(function);
        let missing = || {
            Unmet::failed(
                format!("{interface} has `{name}` as the contract writes it"),
                "nothing of that name",
            )
        };
        let outer = self
            .component
            .get_export_index(None, interface)
            .ok_or_else(missing)?;
        let inner = self
            .component
            .get_export_index(Some(&outer), function)
            .ok_or_else(missing)?;
        let (mut store, instance) = self.instance()?;
        let typed = instance
            .get_func(&mut store, inner)
            .ok_or_else(missing)?
            .typed::<P, (R,)>(&store);
        let typed = typed.map_err(|mismatch| {
            Unmet::failed(
                format!("`{name}` has the types of the contract"),
                format!("{mismatch:#}"),
            )
        })?;
        let deadline = self.settings.deadline;
        let call =
            async { tokio::time::timeout(deadline, typed.call_async(&mut store, params)).await };
        match self.runtime.block_on(call) {
            Ok(Ok((answer,))) => {
                self.live = Some((store, instance));
                Ok(answer)
            }
            Ok(Err(trap)) => Err(self.trapped(name, &store, &trap)),
            Err(_) => Err(Unmet::failed(
                format!("`{name}` returns within {} s", deadline.as_secs_f32()),
                "it was still running",
            )),
        }
    }

    /// Drops a resource, as a caller does that has had enough.
    pub fn close(&mut self, resource: ResourceAny) -> Result<(), Unmet> {
        let (mut store, instance) = self.instance()?;
        let deadline = self.settings.deadline;
        let close = async {
            tokio::time::timeout(deadline, resource.resource_drop_async(&mut store)).await
        };
        match self.runtime.block_on(close) {
            Ok(Ok(())) => {
                self.live = Some((store, instance));
                Ok(())
            }
            Ok(Err(trap)) => Err(self.trapped("drop", &store, &trap)),
            Err(_) => Err(Unmet::failed(
                "dropping a resource returns",
                "it was still running",
            )),
        }
    }

    /// The live instance, taken out: what does not come back is broken and never entered again.
    fn instance(&mut self) -> Result<(Store<Guest>, Instance), Unmet> {
        if let Some(live) = self.live.take() {
            return Ok(live);
        }
        let guest = self
            .guest()
            .map_err(|error| Unmet::failed("its folders can be mounted", format!("{error:#}")))?;
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.memory);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let deadline = self.settings.deadline;
        let start = async {
            tokio::time::timeout(deadline, self.linked.instantiate_async(&mut store)).await
        };
        match self.runtime.block_on(start) {
            Ok(Ok(instance)) => Ok((store, instance)),
            Ok(Err(trap)) => Err(self.trapped("instantiation", &store, &trap)),
            Err(_) => Err(Unmet::failed("an instance starts", "it was still starting")),
        }
    }

    fn guest(&self) -> anyhow::Result<Guest> {
        let mut wasi = WasiCtx::builder();
        wasi.allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        wasi.allow_blocking_current_thread(true).inherit_stderr();
        for (name, value) in &self.settings.environment {
            wasi.env(name, value);
        }
        for (inside, folder) in &self.settings.mounts {
            wasi.preopened_dir(folder, inside, FsPerms::ReadOnly)
                .map_err(anyhow::Error::from)
                .with_context(|| format!("{} at {inside}", folder.display()))?;
        }
        Ok(Guest {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            closed: Closed,
            table: ResourceTable::new(),
            memory: Memory {
                limit: self.settings.memory,
                used: 0,
                exceeded: false,
            },
        })
    }

    fn trapped(&self, function: &str, store: &Store<Guest>, trap: &wasmtime::Error) -> Unmet {
        let memory = match store.data().memory.exceeded {
            true => format!(
                " (it asked for more than {} MiB of memory)",
                self.settings.memory >> 20
            ),
            false => String::new(),
        };
        Unmet::failed(
            format!("`{function}` never traps"),
            format!("{}{memory}", trap.root_cause()),
        )
    }
}

/// A function's name as the contract writes it.
fn shown(function: &'static str) -> &'static str {
    function.strip_prefix("[method]").unwrap_or(function)
}

fn engine(settings: &Settings) -> anyhow::Result<Engine> {
    let cache = settings.cache.as_ref().map(|folder| {
        let mut config = CacheConfig::new();
        config.with_directory(folder);
        Cache::new(config)
    });
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(true)
        .memory_init_cow(true)
        .memory_guaranteed_dense_image_size(DENSE_IMAGE)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(2 * WASM_STACK)
        .cache(cache.transpose()?);
    let engine = Engine::new(&config)?;
    let clock = engine.weak();
    std::thread::Builder::new()
        .name("clock".into())
        .spawn(move || {
            while let Some(engine) = clock.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })?;
    Ok(engine)
}

/// The data of an instance's store.
pub(super) struct Guest {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    closed: Closed,
    table: ResourceTable,
    memory: Memory,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.closed,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// The way out: there is none.
struct Closed;

type Sent = Result<
    (
        http::Response<WasiBody>,
        Box<dyn Future<Output = Result<(), Error>> + Send>,
    ),
    Error,
>;

impl WasiHttpHooks for Closed {
    fn send_request(
        &mut self,
        _request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

/// All linear memories of a store together.
struct Memory {
    limit: usize,
    used: usize,
    exceeded: bool,
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        self.exceeded |= used > self.limit;
        if used <= self.limit {
            self.used = used;
        }
        Ok(used <= self.limit)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= 100_000)
    }
}

/// Where compiled code goes when nothing else is said: next to the host's.
#[must_use]
pub fn default_cache() -> Option<PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let home =
            || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/colloquy"));
        let cache = std::env::var_os("COLLOQUY_CACHE")
            .map(PathBuf::from)
            .or_else(home)?;
        Some(std::path::absolute(cache).ok()?.join("compiled"))
    };
    FOLDER.get_or_init(find).clone()
}
