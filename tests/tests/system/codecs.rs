//! Every container and codec, encoded by FFmpeg's libraries from the same recording.

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::Host;
use colloquy_tests::speech::word_error_rate;
use colloquy_tests::{python, recordings};

use super::SharedCase;

pub(crate) const CASES: &[SharedCase] = &[
    (
        "codecs::every_format_is_understood",
        every_format_is_understood,
    ),
    (
        "codecs::the_name_of_a_file_means_nothing",
        the_name_of_a_file_means_nothing,
    ),
];

fn every_format_is_understood(host: &Host) -> Result<()> {
    let jfk = recordings::jfk()?;
    let (_folder, files) = python::encoded(&jfk.path)?;
    let extensions: std::collections::BTreeSet<_> = files
        .iter()
        .filter_map(|file| file.extension())
        .map(|extension| extension.to_string_lossy().into_owned())
        .collect();
    for needed in ["flac", "m4a", "mp3", "ogg", "wav", "webm"] {
        ensure!(extensions.contains(needed), "no {needed} among {files:?}");
    }
    for file in files {
        let name = file.file_name().context("name")?.to_string_lossy();
        let heard = host
            .hear(&name, std::fs::read(&file)?)
            .with_context(|| file.display().to_string())?;
        let heard = heard["transcription"].as_str().context("transcription")?;
        ensure!(
            word_error_rate(&jfk.text, heard) <= 0.1,
            "{}: heard {heard:?}",
            file.display()
        );
    }
    Ok(())
}

fn the_name_of_a_file_means_nothing(host: &Host) -> Result<()> {
    let mp3 = std::fs::read(recordings::file("pywhispercpp/jfk.mp3")?)?;
    let jfk = recordings::jfk()?;
    for name in ["jfk.wav", "../../../etc/passwd", "noname", "a\"b.txt"] {
        let answer = host.hear(name, mp3.clone())?;
        let heard = answer["transcription"].as_str().context("transcription")?;
        ensure!(
            word_error_rate(&jfk.text, heard) <= 0.1,
            "{name}: heard {heard:?}"
        );
    }
    Ok(())
}
