//! Reads each line of the standard input aloud into a wav file, and says how it was pronounced and how long it took.
//!
//! `cargo run --release -p tts-piper --example speak -- models/piper-en_US-joe-medium OUT_DIR < lines.txt`
//!
//! Prints tab-separated: file, seconds of audio, milliseconds to the first chunk, milliseconds in all, symbols. Loading goes to the standard error.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool"
)]

use std::{
    error::Error,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use tts_piper::speech::Synthesizer;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(model), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: speak MODEL_DIR OUT_DIR < lines".into());
    };
    std::fs::create_dir_all(&out)?;
    let begin = Instant::now();
    let synthesizer = Arc::new(Synthesizer::open(&model)?);
    eprintln!("loaded in {:.0} ms", milliseconds(begin));
    for (number, line) in std::io::stdin().lines().enumerate() {
        let line = line?;
        let begin = Instant::now();
        let mut speech = synthesizer.speak(&line, None, 1.0)?;
        let mut samples = Vec::new();
        let mut first = None;
        while let Some(chunk) = speech.next()? {
            first.get_or_insert_with(|| milliseconds(begin));
            samples.extend(chunk);
        }
        let all = milliseconds(begin);
        let path = out.join(format!("{number:03}.wav"));
        write_wav(&path, speech.sample_rate_hz(), &samples)?;
        #[expect(clippy::cast_precision_loss, reason = "seconds of audio")]
        let seconds = samples.len() as f64 / f64::from(speech.sample_rate_hz());
        let symbols = synthesizer.symbols(&line).join(" | ");
        println!(
            "{}\t{seconds:.2}\t{:.0}\t{all:.0}\t{symbols}",
            path.display(),
            first.unwrap_or_default()
        );
    }
    Ok(())
}

fn milliseconds(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3
}

/// Mono, 16 bits.
fn write_wav(path: &Path, rate: u32, samples: &[i16]) -> Result<(), Box<dyn Error>> {
    let size = u32::try_from(samples.len() * 2)?;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    file.write_all(b"RIFF")?;
    file.write_all(&(36 + size).to_le_bytes())?;
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0")?;
    file.write_all(&rate.to_le_bytes())?;
    file.write_all(&(rate * 2).to_le_bytes())?;
    file.write_all(b"\x02\0\x10\0data")?;
    file.write_all(&size.to_le_bytes())?;
    for sample in samples {
        file.write_all(&sample.to_le_bytes())?;
    }
    Ok(file.flush()?)
}
