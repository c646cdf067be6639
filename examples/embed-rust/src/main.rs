//! Transcribes a 16 kHz mono 16-bit WAV file with the component asr-whisper alone: no server, no other stage.
//!
//! `embed-rust FILE.wav [COMPONENT] [FOLDER OF A MODEL]`. The component sees that folder and one variable, nothing else.
#![allow(clippy::print_stdout, reason = "the text is what this program is for")]

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::error::Context;
use wasmtime::{Cache, CacheConfig, Config, Engine, Result, Store, ensure};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};

use bindings::exports::colloquy::asr::asr::Options;

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::restriction,
        reason = "generated"
    )]
    wasmtime::component::bindgen!({ path: "../../wit", world: "colloquy:worlds/asr-stage" });
}

/// What the component may touch.
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

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .context("usage: embed-rust FILE.wav [COMPONENT] [FOLDER OF A MODEL]")?;
    let component = arguments
        .next()
        .unwrap_or("dist/components/asr-whisper.wasm".into());
    let model = arguments.next().unwrap_or("models/whisper-tiny.en".into());
    let samples = samples(&file).context(file)?;

    // Compiling takes half a minute; the code is kept in the user's cache folder.
    let engine = Engine::new(Config::new().cache(Some(Cache::new(CacheConfig::new())?)))?;
    let component = Component::from_file(&engine, &component)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    let mut wasi = WasiCtx::builder();
    wasi.env("ASR_MODEL", "speech")
        .preopened_dir(&model, "/models/speech", FsPerms::ReadOnly)
        .with_context(|| model)?;
    let mut store = Store::new(
        &engine,
        Guest {
            wasi: wasi.build(),
            table: ResourceTable::new(),
        },
    );

    let stage = bindings::AsrStage::instantiate(&mut store, &component, &linker)?;
    let asr = stage.colloquy_asr_asr();
    let options = Options {
        language: None,
        prompt: None,
        temperature: 0.0,
        max_tokens: None,
    };
    // The outer error is a trap, the inner one an answer of the component. No spans: hear everything.
    let transcription = asr.call_transcribe(&mut store, &samples, &[], &options)??;
    while let Some(segment) = asr.transcription().call_next(&mut store, transcription)?? {
        println!("{}", segment.text);
    }
    transcription.resource_drop(&mut store)?;
    Ok(())
}

/// The samples of a file that is what the contract asks for.
fn samples(file: &str) -> Result<Vec<i16>> {
    let reader = hound::WavReader::open(file)?;
    let spec = reader.spec();
    let right = spec.sample_rate == 16_000 && spec.channels == 1 && spec.bits_per_sample == 16;
    ensure!(right, "16 kHz mono 16-bit is needed, this is {spec:?}");
    Ok(reader.into_samples::<i16>().collect::<Result<_, _>>()?)
}
