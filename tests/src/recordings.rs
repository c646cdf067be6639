//! Real speech with its reference text. `cargo xtask test` fetches it by pinned hash and sets `COLLOQUY_TEST_DATA`.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// A recording and what is said in it.
pub struct Recording {
    /// The file.
    pub path: PathBuf,
    /// Reference words, in any case and with any punctuation.
    pub text: String,
}

/// The folder of everything that is fetched or made once and kept.
pub fn cache() -> Result<PathBuf> {
    let recordings = std::env::var_os("COLLOQUY_TEST_DATA")
        .context("COLLOQUY_TEST_DATA is not set: run `cargo xtask test`")?;
    let folder = std::path::absolute(recordings)?;
    Ok(folder.parent().context("no folder above")?.to_owned())
}

/// A file of the fetched test data, such as `pywhispercpp/jfk.wav`.
pub fn file(name: &str) -> Result<PathBuf> {
    let folder = std::env::var_os("COLLOQUY_TEST_DATA")
        .context("COLLOQUY_TEST_DATA is not set: run `cargo xtask test`")?;
    let path = PathBuf::from(folder).join(name);
    path.metadata()
        .with_context(|| path.display().to_string())?;
    Ok(path)
}

/// President Kennedy, 11 s, public domain.
pub fn jfk() -> Result<Recording> {
    let text = "And so my fellow Americans, ask not what your country can do for you, ask what you can do for your country.";
    Ok(Recording {
        path: file("pywhispercpp/jfk.wav")?,
        text: text.into(),
    })
}

/// Five sentences of Sense and Sensibility (LibriVox), with the reader's slips as spoken.
pub fn librivox() -> Result<Vec<Recording>> {
    let transcription = std::fs::read_to_string(file("pocketsphinx/librivox/transcription")?)?;
    transcription
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(librivox_line)
        .collect()
}

/// `<s> words </s> (file)`.
fn librivox_line(line: &str) -> Result<Recording> {
    let (text, name) = line.rsplit_once('(').with_context(|| line.to_owned())?;
    let name = name.trim_end().trim_end_matches(')');
    let text = text.replace("<s>", "").replace("</s>", "");
    Ok(Recording {
        path: file(&format!("pocketsphinx/librivox/{name}.wav"))?,
        text,
    })
}

/// A short reading of Beckett.
pub fn beckett() -> Result<Recording> {
    let text = "Ever tried, ever failed. No matter. Try again. Fail again. Fail better.";
    Ok(Recording {
        path: file("moonshine/beckett.wav")?,
        text: text.into(),
    })
}
