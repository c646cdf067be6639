//! A whole turn without HTTP: a question, spoken or typed, goes in; the events of the pipeline come out, one a line.
//!
//! `pipeline-rust "What did she build?" [ANSWER.wav]` or `pipeline-rust QUESTION.ogg [ANSWER.wav]`, in the root of the checkout. Events of
//! the turn are on standard output, what happened to the system (the `events` interface) on standard error.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the events are what this program is for"
)]

mod guest;

use std::path::Path;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::error::Context;
use wasmtime::{Cache, CacheConfig, Config, Engine, Result, Store, bail};

use guest::bindings::exports::colloquy::pipeline::{listen, respond};
use guest::{Guest, bindings};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let question = arguments
        .next()
        .context("usage: pipeline-rust \"QUESTION\" | FILE [ANSWER.wav]")?;
    let answer = arguments.next();

    // Compiling takes a minute or two; the code is kept in the user's cache folder.
    let engine = Engine::new(Config::new().cache(Some(Cache::new(CacheConfig::new())?)))?;
    let component = Component::from_file(&engine, "dist/pipeline.wasm")?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    bindings::colloquy::events::events::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)?;
    let guest = Guest::new(&[("models", "/models"), ("content", "/content")])?;
    let mut store = Store::new(&engine, guest);
    let pipeline = bindings::Turn::instantiate(&mut store, &component, &linker)?;

    let text = if Path::new(&question).is_file() {
        hear(&pipeline, &mut store, &std::fs::read(&question)?)?
    } else {
        question
    };
    let (rate, samples) = reply(&pipeline, &mut store, text)?;
    if let Some(file) = answer {
        write(&file, rate, &samples).context(file)?;
    }
    Ok(())
}

/// Audio in, text out.
fn hear(pipeline: &bindings::Turn, store: &mut Store<Guest>, audio: &[u8]) -> Result<String> {
    let options = listen::Options {
        session_id: "example".into(),
        request_id: "1".into(),
        language: None,
        prompt: None,
        max_bytes: 25 << 20,
        min_duration_ms: 100,
        max_duration_ms: 30_000,
        strategy: listen::Strategy::Balanced,
        temperature: 0.0,
    };
    let listen = pipeline.colloquy_pipeline_listen();
    let utterance = listen.call_open(&mut *store, &options)??;
    let mut text = String::new();
    // As it would come over a network. The first events may be there before the last bytes are.
    for bytes in audio.chunks(16 << 10) {
        listen
            .utterance()
            .call_push(&mut *store, utterance, bytes)??;
    }
    listen.utterance().call_finish(&mut *store, utterance)??;
    loop {
        match listen.utterance().call_next(&mut *store, utterance)?? {
            Some(listen::Event::SpeechStarted(ms)) => println!("speech-started {ms} ms"),
            Some(listen::Event::SpeechStopped(ms)) => println!("speech-stopped {ms} ms"),
            Some(listen::Event::Partial(text)) => println!("partial        {text}"),
            Some(listen::Event::Degraded(it)) => {
                println!("degraded       {}: {}", it.stage, it.reason)
            }
            Some(listen::Event::Transcript(heard)) => {
                println!("transcript     {}", heard.text);
                text = heard.text;
            }
            Some(listen::Event::Done(report)) => {
                println!(
                    "done           heard {} in {} ms",
                    report.format, report.asr_ms
                );
                break;
            }
            None => bail!("the utterance just stopped"),
        }
    }
    utterance.resource_drop(&mut *store)?;
    Ok(text)
}

/// Text in; words, cards and sound out. Returns the rate and the samples of the whole answer.
fn reply(
    pipeline: &bindings::Turn,
    store: &mut Store<Guest>,
    text: String,
) -> Result<(u32, Vec<i16>)> {
    let request = respond::Request {
        session_id: "example".into(),
        request_id: "1".into(),
        text,
        language: "en".into(),
        history: Vec::new(),
        max_items: 4,
        speak: true,
        voice: None,
        rate: 1.0,
        strategy: respond::Strategy::Balanced,
    };
    let respond = pipeline.colloquy_pipeline_respond();
    let answer = respond.call_start(&mut *store, &request)??;
    let (mut rate, mut samples) = (0, Vec::new());
    loop {
        match respond.answer().call_next(&mut *store, answer)?? {
            Some(respond::Event::Intent(it)) => println!("intent         {}", it.intent),
            Some(respond::Event::Items(items)) => {
                for card in items.cards {
                    println!("item           {} {:.2}", card.id, card.score.total);
                }
            }
            Some(respond::Event::Token(_)) => {}
            Some(respond::Event::Sentence(it)) => println!("sentence       {}", it.text),
            Some(respond::Event::Audio(it)) => {
                println!("audio          {} samples", it.samples.len());
                rate = it.sample_rate_hz;
                samples.extend(it.samples);
            }
            Some(respond::Event::Degraded(it)) => {
                println!("degraded       {}: {}", it.stage, it.reason)
            }
            Some(respond::Event::Mentioned(ids)) => println!("mentioned      {}", ids.join(" ")),
            Some(respond::Event::Done(report)) => {
                println!("done           answered in {} ms", report.total_ms);
                break;
            }
            None => bail!("the answer just stopped"),
        }
    }
    // Dropping an answer before `done` cancels what is left of it.
    answer.resource_drop(&mut *store)?;
    Ok((rate, samples))
}

fn write(file: &str, sample_rate: u32, samples: &[i16]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, spec)?;
    for &sample in samples {
        wav.write_sample(sample)?;
    }
    Ok(wav.finalize()?)
}
