//! `vad-browser`: a component in a page, with a recording in place of the microphone.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::process::Server;
use colloquy_tests::speech::Wav;
use colloquy_tests::{browser, recordings, root};
use serde::Deserialize;

use crate::Case;
use crate::workshop::{Workshop, output};

pub(crate) const CASES: &[Case] = &[
    ("vad_browser_hears_speech", hears_speech, browser::missing),
    (
        "vad_browser_hears_no_speech_in_noise",
        hears_no_speech,
        browser::missing,
    ),
];

#[derive(Deserialize)]
struct Shown {
    events: Vec<Event>,
    state: String,
}

#[derive(Debug, Deserialize)]
struct Event {
    event: String,
    seconds: f64,
}

/// What the page shows after it has heard so many seconds of a recording.
fn listen(recording: &Path, seconds: f64) -> Result<Shown> {
    let chromium =
        browser::chromium().context("there is no Chromium, and with CI set there has to be one")?;
    let workshop = Workshop::build("vad-browser")?;
    let mut serve = Command::new("npm");
    serve
        .args(["start", "--", "0"])
        .current_dir(workshop.path());
    let log = workshop.path().join("serve.log");
    let url = |line: &str| line.starts_with("http://").then(|| line.to_owned());
    let (_server, url) = Server::start(&mut serve, log, url)?;
    let mut driver = Command::new("node");
    driver.arg(root().join("tests/tools/listen.mjs")).arg(url);
    driver.arg(chromium).arg(recording).arg(seconds.to_string());
    Ok(serde_json::from_str(&output(&mut driver)?)?)
}

fn hears_speech() -> Result<()> {
    // 11 s with pauses. The silence after the end of the recording ends the last stretch of speech.
    let shown = listen(&recordings::jfk()?.path, 13.0)?;
    let events = &shown.events;
    ensure!(
        events.len() >= 2 && events.len().is_multiple_of(2),
        "{events:?}"
    );
    for pair in events.chunks(2) {
        ensure!(
            pair[0].event == "speech-started" && pair[1].event == "speech-stopped",
            "{events:?}"
        );
        ensure!(pair[0].seconds < pair[1].seconds, "{events:?}");
    }
    // He speaks from the first second to the last; where the recording begins on the page's clock may differ by a little.
    ensure!(events[0].seconds < 2.0, "{events:?}");
    ensure!(events[events.len() - 1].seconds > 9.0, "{events:?}");
    ensure!(shown.state == "silence", "{}", shown.state);
    Ok(())
}

fn hears_no_speech() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("noise.wav");
    // Six seconds of faint noise, as an empty room has it: a linear congruential generator (Numerical Recipes), the highest bits.
    let mut state = 1_u32;
    let noise = (0..6 * 48_000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 25) as i16 - 64
    });
    let wav = Wav {
        sample_rate: 48_000,
        samples: noise.collect(),
    };
    std::fs::write(&file, wav.bytes()?)?;
    let shown = listen(&file, 6.0)?;
    ensure!(shown.events.is_empty(), "{:?}", shown.events);
    ensure!(shown.state == "silence", "{}", shown.state);
    Ok(())
}
