//! What only Spin can show: what it denies a stage, that a stage at work does not hold up everybody else, and keys in a folder that it mounts.
//!
//! The requests that every runtime answers alike are in `runtimes`. Without a `spin` the cases are skipped, and say so.
#![allow(
    clippy::indexing_slicing,
    reason = "a wrong index in test code is a failed test"
)]
#![expect(
    clippy::print_stderr,
    reason = "why a case is skipped is part of the result"
)]

mod application;
mod keys;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Trial};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use toml::Table;

use application::Application;

/// How long a request may take at most: the first one may have to load everything.
const REQUEST_LIMIT: Duration = Duration::from_secs(300);

/// A name and what it does.
type Case = (&'static str, fn() -> Result<()>);

const CASES: &[Case] = &[
    (
        "a_stage_gets_nothing_that_it_does_not_inherit",
        a_stage_gets_nothing_that_it_does_not_inherit,
    ),
    (
        "stages_at_work_let_others_through",
        stages_at_work_let_others_through,
    ),
    ("keys_open_the_door", keys::keys_open_the_door),
];

fn main() {
    let mut arguments = Arguments::from_args();
    // Each case starts a server that uses every core.
    arguments.test_threads = Some(1);
    let missing = application::missing();
    if let Some(why) = &missing {
        eprintln!("skipped: every case: {why}");
    }
    let trials = CASES.iter().map(|(name, case)| {
        let run = move || case().map_err(|error| format!("{error:#}").into());
        Trial::test(*name, run).with_ignored_flag(missing.is_some())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// Puts stages that are not used, so that they need no models, in the place of the large ones: Spin compiles the whole application.
fn without_models(component: &mut Table) -> Result<()> {
    let dependencies = component
        .get_mut("dependencies")
        .and_then(toml::Value::as_table_mut)
        .context("no dependencies")?;
    for (name, file) in [("asr", "asr-whisper"), ("tts", "tts-piper")] {
        let path = format!("dist/components/{file}.wasm");
        dependencies[&format!("colloquy:{name}")]["path"] = path.into();
    }
    Ok(())
}

/// What an application puts in the place of its llm stage, with what that inherits.
fn thief(component: &mut Table, inherits: &[&str]) -> Result<()> {
    let dependencies = component
        .get_mut("dependencies")
        .and_then(toml::Value::as_table_mut)
        .context("no dependencies")?;
    let mut llm = Table::new();
    llm.insert("path".into(), "dist/tests/thief.wasm".into());
    if !inherits.is_empty() {
        let inherits: Vec<toml::Value> = inherits.iter().map(|&name| name.into()).collect();
        llm.insert("inherit_configuration".into(), inherits.into());
    }
    dependencies.insert("colloquy:llm".into(), llm.into());
    Ok(())
}

/// The stage asks for everything, by every interface that Spin offers, once with nothing inherited and once with everything.
fn a_stage_gets_nothing_that_it_does_not_inherit() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            answer(stream);
        }
    });
    let loot = |inherits: &[&str]| -> Result<Value> {
        let application = Application::configured(&[], |component, _| {
            // So that there is something to take.
            let files = r#"files = [{ source = "content", destination = "/content" }]"#;
            component.extend(files.parse::<Table>()?);
            let hosts: Vec<toml::Value> = vec![format!("*://{address}").into()];
            component.insert("allowed_outbound_hosts".into(), hosts.into());
            let variables = r#"variables = { secret = "x" }"#;
            component.extend(variables.parse::<Table>()?);
            without_models(component)?;
            thief(component, inherits)
        })?;
        let question = json!({"text": format!("What did she do at {address}?"), "speak": false});
        let request = client()?.post(format!("{}/process/text", application.url));
        let told: Value = request.json(&question).send()?.json()?;
        let loot = told["response"].as_str().context("no response")?;
        serde_json::from_str(loot).with_context(|| told.to_string())
    };

    let nothing = loot(&[])?;
    let expected = json!({
        "variables": [], "folders": [], "files": [], "sockets": false, "http": false, "keyvalue": [], "config": false,
    });
    for (what, expected) in expected.as_object().context("a table")? {
        ensure!(
            &nothing[what] == expected,
            "{what} of a stage that inherits nothing: {nothing}"
        );
    }

    // The same questions have answers when the manifest says so: the thief does know how to ask.
    let everything = loot(&[
        "environment",
        "files",
        "key_value_stores",
        "allowed_outbound_hosts",
        "variables",
    ])?;
    ensure!(everything["folders"] == json!(["/content"]), "{everything}");
    ensure!(everything["keyvalue"] == json!(["default"]), "{everything}");
    ensure!(everything["sockets"] == true, "{everything}");
    ensure!(everything["http"] == true, "{everything}");
    ensure!(everything["config"] == true, "{everything}");
    let variables = everything["variables"].as_array().context("variables")?;
    ensure!(variables.contains(&"KV_SESSIONS".into()), "{everything}");

    // Old drafts go past the denier (Spin 4.1), which is why `cargo xtask spin-build` refuses a stage that imports them. What leaks
    // there is what the manifest gives the application, and nothing of the machine.
    for name in nothing["draft_variables"].as_array().into_iter().flatten() {
        ensure!(variables.contains(name), "{nothing}");
    }
    let folders = everything["folders"].as_array().context("folders")?;
    for name in nothing["draft_folders"].as_array().into_iter().flatten() {
        ensure!(folders.contains(name), "{nothing}");
    }
    Ok(())
}

/// An answer to whatever is asked, if anything is.
fn answer(mut stream: TcpStream) {
    let asked = stream.read(&mut [0; 4096]).unwrap_or(0);
    if asked > 0 {
        let _gone = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    }
}

/// As many turns as there are cores are in flight; a request beside them is answered before the first of them is done.
fn stages_at_work_let_others_through() -> Result<()> {
    let application = Application::configured(&[], |_, _| Ok(()))?;
    let url = &application.url;
    let cores = std::thread::available_parallelism()?.get();
    let question = "What did she build at Harvard, what did she do in the navy, and what did she think of computers?";
    let turns: Vec<_> = (0..cores)
        .map(|_| {
            let request = client()?
                .post(format!("{url}/process/text"))
                .header("accept", "text/event-stream")
                .json(&json!({ "text": question }));
            Ok(BufReader::new(request.send()?).lines())
        })
        .collect::<Result<_>>()?;

    // Every turn has said what it is about to say and is speaking.
    let mut speaking = Vec::new();
    for mut lines in turns {
        loop {
            let line = lines.next().context("the stream ended early")??;
            if line == "event: sentence" {
                break;
            }
        }
        speaking.push(lines);
    }
    // Reads on, so that no turn waits for us, and notes when the first one is done.
    let (done, first_done) = std::sync::mpsc::channel();
    let readers: Vec<_> = speaking
        .into_iter()
        .map(|lines| {
            let done = done.clone();
            std::thread::spawn(move || {
                let ended = lines
                    .map_while(std::result::Result::ok)
                    .any(|line| line == "event: done");
                let _gone = done.send(ended);
            })
        })
        .collect();
    let beside = client()?.get(format!("{url}/content/types")).send()?;
    ensure!(beside.status() == 200, "{}", beside.status());
    ensure!(
        first_done.try_recv().is_err(),
        "a turn was done before a small request beside it was answered"
    );
    for reader in readers {
        reader.join().ok().context("a reader failed")?;
    }
    ensure!(
        first_done.try_iter().all(|done| done),
        "a turn ended without `done`"
    );
    Ok(())
}

fn client() -> Result<Client> {
    Ok(Client::builder().timeout(REQUEST_LIMIT).build()?)
}
