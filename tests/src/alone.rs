//! One component, run by wasmtime as it comes: none of our host in between. Values are dynamic, so any contract can be called.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable, Val};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};

/// A compiled component.
pub struct Alone {
    engine: Engine,
    component: Component,
    linked: InstancePre<Guest>,
}

/// A fresh instance of it.
pub struct Instance {
    store: Store<Guest>,
    component: Component,
    instance: wasmtime::component::Instance,
}

impl Alone {
    /// Compiles a component, or takes it from `cache`, and links it to WASI.
    pub fn open(component: &Path, cache: &Path) -> Result<Self> {
        let mut kept = CacheConfig::new();
        kept.with_directory(cache);
        let mut config = Config::new();
        config.cache(Some(Cache::new(kept)?));
        // As the host does: a model may leave holes in the memory that it starts with.
        config.memory_guaranteed_dense_image_size(512 << 20);
        let engine = Engine::new(&config)?;
        let component = Component::from_file(&engine, component)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
        let linked = linker.instantiate_pre(&component)?;
        Ok(Self {
            engine,
            component,
            linked,
        })
    }

    /// Starts an instance that sees these folders (path in the guest, folder here), read-only, and nothing else.
    pub fn start(&self, mounts: &[(String, String)]) -> Result<Instance> {
        let mut wasi = WasiCtx::builder();
        for (inside, folder) in mounts {
            wasi.preopened_dir(folder, inside, FsPerms::ReadOnly)
                .map_err(anyhow::Error::from)
                .with_context(|| folder.clone())?;
        }
        let guest = Guest {
            wasi: wasi.build(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, guest);
        let instance = self.linked.instantiate(&mut store)?;
        Ok(Instance {
            store,
            component: self.component.clone(),
            instance,
        })
    }
}

impl Instance {
    /// Calls a function of an exported interface. The answer of one that can fail is what it gives when it does not.
    pub fn call(&mut self, interface: &str, function: &str, params: &[Val]) -> Result<Val> {
        let lost = || format!("{interface} {function}");
        let outer = self.component.get_export_index(None, interface);
        let index = outer
            .and_then(|outer| self.component.get_export_index(Some(&outer), function))
            .with_context(lost)?;
        let function = self.instance.get_func(&mut self.store, index);
        let mut results = [Val::Bool(false)];
        function
            .with_context(lost)?
            .call(&mut self.store, params, &mut results)
            .map_err(anyhow::Error::from)
            .with_context(lost)?;
        match results {
            [Val::Result(Ok(value))] => value
                .map(|value| *value)
                .ok_or_else(|| anyhow!("{} gives nothing", lost())),
            [Val::Result(Err(error))] => bail!("{}: {error:?}", lost()),
            [value] => Ok(value),
        }
    }
}

struct Guest {
    wasi: WasiCtx,
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

/// Audio as the contracts take it.
#[must_use]
pub fn samples(samples: &[i16]) -> Val {
    Val::List(samples.iter().map(|sample| Val::S16(*sample)).collect())
}

/// A record.
#[must_use]
pub fn record<const N: usize>(fields: [(&str, Val); N]) -> Val {
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Val::Record(fields.into())
}

/// The speech probabilities that a `vad` gives for a recording.
pub fn probabilities(vad: &mut Instance, audio: &[i16]) -> Result<Val> {
    const VAD: &str = "colloquy:vad/vad@0.1.0";
    let options = record([
        ("threshold", Val::Float32(0.5)),
        ("neg-threshold", Val::Option(None)),
        ("min-speech-ms", Val::U32(250)),
        ("min-silence-ms", Val::U32(100)),
        ("speech-pad-ms", Val::U32(30)),
        ("max-speech-ms", Val::Option(None)),
    ]);
    let stream = vad.call(VAD, "open", &[options])?;
    vad.call(
        VAD,
        "[method]detector.push",
        &[stream.clone(), samples(audio)],
    )?;
    vad.call(
        VAD,
        "[method]detector.finish",
        std::slice::from_ref(&stream),
    )?;
    vad.call(VAD, "[method]detector.take-probabilities", &[stream])
}

/// The segments that an `asr` hears in a recording, tokens and probabilities included.
pub fn segments(asr: &mut Instance, audio: &[i16]) -> Result<Vec<Val>> {
    const ASR: &str = "colloquy:asr/asr@0.2.0";
    let options = record([
        ("language", Val::Option(None)),
        ("prompt", Val::Option(None)),
        ("temperature", Val::Float32(0.0)),
        ("max-tokens", Val::Option(None)),
        ("strategy", Val::Enum("balanced".into())),
    ]);
    let params = [samples(audio), Val::List(Vec::new()), options];
    let work = asr.call(ASR, "transcribe", &params)?;
    all(asr, ASR, "[method]transcription.next", &work)
}

/// The chunks of audio in which a `tts` speaks a text.
pub fn speech(tts: &mut Instance, text: &str) -> Result<Vec<Val>> {
    const TTS: &str = "colloquy:tts/tts@0.2.0";
    let options = record([("voice", Val::Option(None)), ("rate", Val::Float32(1.0))]);
    let work = tts.call(TTS, "synthesize", &[Val::String(text.into()), options])?;
    all(tts, TTS, "[method]speech.next", &work)
}

/// Everything that a pull resource has.
fn all(stage: &mut Instance, interface: &str, next: &str, work: &Val) -> Result<Vec<Val>> {
    let mut found = Vec::new();
    loop {
        match stage.call(interface, next, std::slice::from_ref(work))? {
            Val::Option(Some(value)) => found.push(*value),
            Val::Option(None) => return Ok(found),
            other => bail!("{next} gives {other:?}"),
        }
    }
}

/// What `describe` of an interface says under this name.
pub fn described(stage: &mut Instance, interface: &str, field: &str) -> Result<Val> {
    let Val::Record(fields) = stage.call(interface, "describe", &[])? else {
        bail!("{interface} describes itself without a record")
    };
    let found = fields.into_iter().find(|(name, _)| name == field);
    found
        .map(|(_, value)| value)
        .with_context(|| field.to_owned())
}
