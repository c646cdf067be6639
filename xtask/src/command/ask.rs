//! `ask`: one recorded question to a host, and its answer for a person.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::serve;
use crate::{http, paths, run, ui};

/// Players that people have, with what keeps them from talking.
const PLAYERS: [(&str, &[&str]); 5] = [
    ("pw-play", &[]),
    ("paplay", &[]),
    ("aplay", &["-q"]),
    ("afplay", &[]),
    ("ffplay", &["-nodisp", "-autoexit", "-loglevel", "quiet"]),
];

/// Asks, prints, keeps and plays.
pub(crate) fn run(file: &Path, url: Option<&str>, out: &Path, quiet: bool) -> Result<()> {
    ensure!(file.is_file(), "there is no recording {}", file.display());
    let (base, _host) = host(url)?;
    let agent = http::agent();
    let answer = http::ask(&agent, &base, file)?;
    for line in readable(&answer) {
        ui::print(line);
    }
    let Some(id) = answer.get("audio_file").and_then(Value::as_str) else {
        ui::print("(no audio: the answer is text only)");
        return Ok(());
    };
    let audio = http::get(&agent, &format!("{base}/audio/{id}"))?;
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(out, &audio).with_context(|| out.display().to_string())?;
    ui::step("Wrote", out.display());
    if !quiet {
        play(out);
    }
    Ok(())
}

/// A host started for one question; it ends with this value.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The base URL to use: the one given, the one on the usual port, or a new host's.
fn host(url: Option<&str>) -> Result<(String, Option<Started>)> {
    if let Some(url) = url {
        return Ok((url.trim_end_matches('/').to_owned(), None));
    }
    let usual = format!("http://{}", serve::DEFAULT_ADDRESS);
    if http::is_ready(&usual) {
        return Ok((usual, None));
    }
    serve::prepare()?;
    let address = http::usable("127.0.0.1:0")?;
    ui::step("Starting", "a host for this question");
    let log = std::fs::File::create(paths::dist().join("ask.log"))?;
    let mut command = Command::new(serve::host());
    command
        .args(["serve", "--config", "colloquy.toml", "--listen", &address])
        .current_dir(paths::root());
    let child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("the host could not be started")?;
    let mut started = Started(child);
    let base = format!("http://{address}");
    let clock = ui::clock(
        "Starting",
        "the first start compiles the components, about a minute",
    );
    http::wait_ready(&base, serve::START_LIMIT, || {
        match started.0.try_wait()? {
            Some(status) => bail!("the host ended with {status}; see dist/ask.log"),
            None => Ok(()),
        }
    })?;
    clock.finish_and_clear();
    Ok((base, Some(started)))
}

/// What a person wants to know of an answer, line by line.
fn readable(answer: &Value) -> Vec<String> {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![
        format!(
            "heard:    {}",
            if text("transcription").is_empty() {
                "(no speech)"
            } else {
                text("transcription")
            }
        ),
        format!("answer:   {}", text("response")),
    ];
    for item in answer
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let part = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        lines.push(format!("card:     [{}] {}", part("type"), part("title")));
    }
    if let Some(stages) = answer
        .get("degraded")
        .and_then(Value::as_array)
        .filter(|stages| !stages.is_empty())
    {
        let names: Vec<_> = stages.iter().filter_map(Value::as_str).collect();
        lines.push(format!("degraded: {}", names.join(", ")));
    }
    let timing = |key: &str| {
        answer
            .get("timing")
            .and_then(|timing| timing.get(key))
            .and_then(Value::as_f64)
    };
    if let Some(total) = timing("total_ms") {
        let first = timing("first_audio_ms")
            .map(|first| format!(", first audio after {first:.0} ms"))
            .unwrap_or_default();
        lines.push(format!("time:     {total:.0} ms{first}"));
    }
    lines
}

/// Plays with the first player that takes the file; without one the file is all there is.
fn play(file: &Path) {
    for (player, options) in PLAYERS {
        let mut arguments = options.to_vec();
        let name = file.to_string_lossy();
        arguments.push(&name);
        if run::works(player, &arguments) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn an_answer_is_readable() {
        let answer = json!({
            "transcription": "What did she build?", "response": "I built a compiler.", "degraded": ["tts"],
            "items": [{ "type": "project", "title": "A-0" }], "timing": { "total_ms": 812.4, "first_audio_ms": 400.0 },
        });
        let lines = super::readable(&answer);
        assert_eq!(lines[0], "heard:    What did she build?");
        assert_eq!(lines[2], "card:     [project] A-0");
        assert_eq!(lines[3], "degraded: tts");
        assert_eq!(lines[4], "time:     812 ms, first audio after 400 ms");
    }

    #[test]
    fn silence_is_said_to_be_silence() {
        assert_eq!(
            super::readable(&json!({ "transcription": "", "response": "Pardon?" }))[0],
            "heard:    (no speech)"
        );
    }
}
