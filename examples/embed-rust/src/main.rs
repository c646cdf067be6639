//! Transcribes a 16 kHz mono 16-bit WAV file with the component asr-whisper alone: no server, no other stage.
//!
//! `embed-rust FILE.wav [COMPONENT] [FOLDER OF A MODEL]`. The component sees that folder and one variable, nothing else.
#![allow(missing_docs, unreachable_pub, reason = "bindings are generated")]
#![allow(clippy::all, clippy::restriction, reason = "as above")]

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Cache, CacheConfig, Config, Engine, Result, Store, ensure, error::Context};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};

wasmtime::component::bindgen!({ path: "../../wit", world: "colloquy:worlds/asr-stage" });
use exports::colloquy::asr::asr::{Options, Strategy};

/// What the component may touch.
struct Guest(WasiCtx, ResourceTable);

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let (ctx, table) = (&mut self.0, &mut self.1);
        WasiCtxView { ctx, table }
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: embed-rust FILE.wav [COMPONENT] [FOLDER OF A MODEL]";
    let file = arguments.next().context(usage)?;
    let mut or = |usual: &str| arguments.next().unwrap_or(usual.into());
    let component = or("dist/components/asr-whisper.wasm");
    let model = or("models/whisper-tiny.en");
    let wav = hound::WavReader::open(&file).context(file)?;
    let spec = wav.spec();
    let right = spec.sample_rate == 16_000 && spec.channels == 1 && spec.bits_per_sample == 16;
    ensure!(right, "16 kHz mono 16-bit is needed, this is {spec:?}");
    let samples: Vec<i16> = wav.into_samples().collect::<Result<_, _>>()?;

    // Compiling takes half a minute; the code is kept in the user's cache folder.
    let engine = Engine::new(Config::new().cache(Some(Cache::new(CacheConfig::new())?)))?;
    let component = Component::from_file(&engine, &component)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    let mut wasi = WasiCtx::builder();
    wasi.env("ASR_MODEL", "speech");
    let opened = wasi.preopened_dir(&model, "/models/speech", FsPerms::ReadOnly);
    opened.with_context(|| model)?;
    let mut store = Store::new(&engine, Guest(wasi.build(), ResourceTable::new()));

    let stage = AsrStage::instantiate(&mut store, &component, &linker)?;
    let asr = stage.colloquy_asr_asr();
    let (language, prompt, temperature, max_tokens) = (None, None, 0.0, None);
    let strategy = Strategy::Balanced;
    #[rustfmt::skip]
    let options = Options { language, prompt, temperature, max_tokens, strategy };
    // The outer error is a trap, the inner one an answer of the component. No spans: hear everything.
    let transcription = asr.call_transcribe(&mut store, &samples, &[], &options)??;
    while let Some(segment) = asr.transcription().call_next(&mut store, transcription)?? {
        println!("{}", segment.text);
    }
    Ok(transcription.resource_drop(&mut store)?)
}
