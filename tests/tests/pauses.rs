//! A server that falls silent in the middle of its answer, and who ends the wait: the stage, which knows what it waited for. A host that
//! ends it first may leave no reason (wasmtime's `http-error-code` does not), so that the answer would look as if it was cut short.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use colloquy_tests::conform::rig::default_cache;
use colloquy_tests::conform::surroundings;
use colloquy_tests::root;
use colloquy_tests::upstream::{Reply, Upstream, Way};
use http_body_util::BodyExt;
use wasmtime::component::{Component, Linker, ResourceTable, Val};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

const TTS: &str = "colloquy:tts/tts@0.2.0";
/// How long the stage may wait for each piece. Long enough for a busy machine to send the first ones.
const TIMEOUT: Duration = Duration::from_secs(4);

#[test]
fn a_stage_that_waits_for_a_silent_server_ends_the_wait_itself() -> Result<()> {
    // Two seconds are promised, and the server goes on holding the connection after the first tenth of one.
    let sound = Reply::ok("audio/pcm", vec![1; 96_000], Way::StopsAfter(4_800));
    let server = Upstream::start(move |_| sound.clone())?;
    let asked = Asked::default();
    let mut stage = Stage::start(&server.url, &asked)?;
    let options = vec![
        ("voice".to_owned(), Val::Option(None)),
        ("rate".to_owned(), Val::Float32(1.0)),
    ];
    let text = Val::String("She worked on the Mark I.".into());
    let speech = stage.call("synthesize", &[text, Val::Record(options)])?;
    let speech = speech.map_err(|why| anyhow::anyhow!("no speech: {why}"))?;
    let mut n_pieces = 0;
    let why = loop {
        match stage.call("[method]speech.next", std::slice::from_ref(&speech))? {
            Ok(Val::Option(Some(_))) => n_pieces += 1,
            Ok(other) => anyhow::bail!("it ended well: {other:?}"),
            Err(why) => break why,
        }
    };
    ensure!(n_pieces > 0, "nothing was said before the silence");
    ensure!(why == "deadline", "{why}");

    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    let [options] = asked.as_slice() else {
        anyhow::bail!("{} requests", asked.len());
    };
    // Not the same time: whoever looks at the clock first would win.
    let pause = options.between_bytes_timeout.context("no limit")?;
    ensure!(
        pause > TIMEOUT,
        "the host is to give up after {pause:?}, and the stage after {TIMEOUT:?}"
    );
    Ok(())
}

/// What the stage has asked of the host.
type Asked = Arc<Mutex<Vec<RequestOptions>>>;

/// The stage that asks a speech server, in wasmtime as it is.
struct Stage {
    store: Store<Guest>,
    component: Component,
    instance: wasmtime::component::Instance,
}

impl Stage {
    fn start(server: &str, asked: &Asked) -> Result<Self> {
        let mut config = Config::new();
        if let Some(folder) = default_cache() {
            let mut kept = CacheConfig::new();
            kept.with_directory(folder);
            config.cache(Some(Cache::new(kept)?));
        }
        let engine = Engine::new(&config)?;
        let file = root().join("dist/components/tts-openai.wasm");
        let component = Component::from_file(&engine, file)
            .map_err(anyhow::Error::from)
            .context("run `cargo xtask test`")?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
        surroundings::add_to_linker(&mut linker)?;
        let mut wasi = WasiCtx::builder();
        wasi.inherit_stderr()
            .env("TTS_BASE_URL", server)
            .env("TTS_TIMEOUT_MS", TIMEOUT.as_millis().to_string())
            .env("TTS_RETRIES", "0");
        let guest = Guest {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            out: Out {
                asked: Arc::clone(asked),
                client: reqwest::Client::new(),
            },
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&engine, guest);
        let instance = linker.instantiate(&mut store, &component)?;
        Ok(Self {
            store,
            component,
            instance,
        })
    }

    /// What a function gives, or the name of its error.
    fn call(&mut self, name: &str, params: &[Val]) -> Result<Result<Val, String>> {
        let outer = self.component.get_export_index(None, TTS);
        let index = outer.and_then(|outer| self.component.get_export_index(Some(&outer), name));
        let index = index.with_context(|| name.to_owned())?;
        let function = self.instance.get_func(&mut self.store, index);
        let mut results = [Val::Bool(false)];
        let function = function.with_context(|| name.to_owned())?;
        function.call(&mut self.store, params, &mut results)?;
        match results {
            [Val::Result(Ok(Some(value)))] => Ok(Ok(*value)),
            [Val::Result(Err(Some(error)))] => match *error {
                Val::Variant(case, _) => Ok(Err(case)),
                other => anyhow::bail!("{other:?}"),
            },
            other => anyhow::bail!("{other:?}"),
        }
    }
}

struct Guest {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    out: Out,
    table: ResourceTable,
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
            hooks: &mut self.out,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// A way out that notes the limits of a request and keeps none of them: only the stage can end the wait.
struct Out {
    asked: Asked,
    client: reqwest::Client,
}

type Sent = Result<
    (
        http::Response<WasiBody>,
        Box<dyn Future<Output = Result<(), Error>> + Send>,
    ),
    Error,
>;

impl WasiHttpHooks for Out {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.extend(options);
        let client = self.client.clone();
        Box::new(async move {
            let lost = |_| Error::ConnectionTerminated;
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let request = http::Request::from_parts(head, body);
            let request = reqwest::Request::try_from(request).map_err(lost)?;
            let response = client.execute(request).await.map_err(lost)?;
            let response = http::Response::<reqwest::Body>::from(response);
            let done: Box<dyn Future<Output = _> + Send> = Box::new(async { Ok(()) });
            Ok((response.map(|body| body.map_err(lost).boxed_unsync()), done))
        })
    }
}
