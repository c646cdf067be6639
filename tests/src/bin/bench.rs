//! `cargo xtask bench`: our host against the usual Python stack, in turns, on the same recordings, as ratios.
//!
//! Single times mean nothing on a shared machine; a ratio of two measurements made side by side does. Each round asks both sides the same
//! thing; the table gives median and spread of the ratio ours / peer over all rounds, below 1 where we are faster.
#![expect(
    clippy::print_stdout,
    reason = "the table on the terminal is the purpose"
)]
#![allow(
    clippy::indexing_slicing,
    reason = "a missing key is null, and told so"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::{recordings, root};
use serde_json::{Value, json};

const ROUNDS: usize = 7;

fn main() -> Result<()> {
    let host = Host::start()?;
    let mut peer = Peer::start()?;
    let mut listen = Ratio::new("listen: audio to text", "silero + faster-whisper int8");
    let mut first = Ratio::new("speak: first audio", "piper-tts on onnxruntime");
    let mut speak = Ratio::new("speak: whole answer", "piper-tts on onnxruntime");
    let mut turn = Ratio::new("turn: upload to answer", "the two one after the other");
    let question = recordings::librivox()?.swap_remove(0).path;
    for round in 0..=ROUNDS {
        let started = Instant::now();
        let answer = host.ask_aloud(&question, None)?;
        let whole = started.elapsed().as_secs_f64() * 1000.0;
        let heard = peer.ask(&json!({ "listen": question }))?;
        let text = answer["response"].as_str().context("response")?;
        let spoken = peer.ask(&json!({ "speak": text }))?;
        if round == 0 {
            continue;
        }
        let ours = |name: &str| {
            answer["timing"][name]
                .as_f64()
                .with_context(|| format!("timing.{name}"))
        };
        listen.add(
            ours("ingest_ms")? + ours("vad_ms")? + ours("asr_ms")?,
            number(&heard, "ms")?,
        );
        speak.add(ours("tts_ms")?, number(&spoken, "ms")?);
        let before_speech = ours("intent_ms")? + ours("llm_first_token_ms").unwrap_or(0.0);
        first.add(
            ours("first_audio_ms")? - before_speech,
            number(&spoken, "first_ms")?,
        );
        turn.add(whole, number(&heard, "ms")? + number(&spoken, "ms")?);
    }
    println!(
        "{:<24} {:<30} {:>9} {:>9} {:>8} {:>15}",
        "what", "against", "ours ms", "peer ms", "ratio", "min .. max"
    );
    for ratio in [listen, first, speak, turn] {
        ratio.print();
    }
    Ok(())
}

fn number(answer: &Value, name: &str) -> Result<f64> {
    answer[name]
        .as_f64()
        .with_context(|| format!("{name} in {answer}"))
}

/// Pairs of measurements of the same thing.
struct Ratio {
    what: &'static str,
    against: &'static str,
    pairs: Vec<(f64, f64)>,
}

impl Ratio {
    fn new(what: &'static str, against: &'static str) -> Self {
        Self {
            what,
            against,
            pairs: Vec::new(),
        }
    }

    fn add(&mut self, ours: f64, peer: f64) {
        self.pairs.push((ours, peer));
    }

    fn print(&self) {
        let sorted = |value: fn(&(f64, f64)) -> f64| {
            let mut values: Vec<_> = self.pairs.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let (ours, peers, ratios) = (
            sorted(|p| p.0),
            sorted(|p| p.1),
            sorted(|p| p.0 / p.1.max(0.001)),
        );
        let median = |values: &[f64]| values.get(values.len() / 2).copied().unwrap_or(f64::NAN);
        let spread = format!(
            "{:.2} .. {:.2}",
            ratios.first().unwrap_or(&f64::NAN),
            ratios.last().unwrap_or(&f64::NAN)
        );
        let (ours, peer, ratio) = (median(&ours), median(&peers), median(&ratios));
        println!(
            "{:<24} {:<30} {ours:>9.0} {peer:>9.0} {ratio:>8.2} {spread:>15}",
            self.what, self.against
        );
    }
}

/// `tests/tools/peer.py` as a process: a line in, a line out.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start() -> Result<Self> {
        let variable = |name: &str| -> Result<PathBuf> {
            Ok(std::env::var_os(name)
                .with_context(|| format!("{name} is not set: run `cargo xtask bench`"))?
                .into())
        };
        let mut child = Command::new(variable("COLLOQUY_PYTHON")?)
            .arg(root().join("tests/tools/peer.py"))
            .args([
                variable("COLLOQUY_WHISPER")?,
                variable("COLLOQUY_SILERO")?,
                variable("COLLOQUY_VOICE")?,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().context("stdin")?;
        let output = BufReader::new(child.stdout.take().context("stdout")?);
        let mut peer = Self {
            child,
            input,
            output,
        };
        ensure!(peer.answer()?["ready"] == true, "the peer is not ready");
        Ok(peer)
    }

    fn ask(&mut self, job: &Value) -> Result<Value> {
        writeln!(self.input, "{job}")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        ensure!(self.output.read_line(&mut line)? > 0, "the peer has ended");
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
