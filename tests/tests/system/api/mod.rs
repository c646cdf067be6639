//! `docs/api.md`: each request in it is made, and what is answered must still look like what it shows.
//!
//! `COLLOQUY_BLESS=1` writes the answers of this run into the file. Whatever is answered in JSON must also be as the OpenAPI document
//! says, with no member that it does not know; and every operation of that document must have a request in the file.

use std::{collections::BTreeSet, process::Command};

use anyhow::{Context, Result, bail, ensure};
use colloquy_tests::{host::Host, recordings, root};
use serde_json::Value;

use super::SharedCase;
use document::{Block, Document};

mod document;
mod schema;
mod shape;

pub(crate) const CASES: &[SharedCase] = &[(
    "api::every_request_of_the_document_is_answered_as_it_shows",
    every_request_of_the_document_is_answered_as_it_shows,
)];

/// Where the file says that the service is.
const BASE: &str = "http://127.0.0.1:8000";

/// What stands between the body and what curl tells of it.
const MARK: &str = "\n--colloquy--";

fn every_request_of_the_document_is_answered_as_it_shows(host: &Host) -> Result<()> {
    let path = root().canonicalize()?.join("docs/api.md");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let bless = std::env::var_os("COLLOQUY_BLESS").is_some();
    let openapi: Value = host.get_json("/openapi.json")?;
    let mut document = Document::parse(&text)?;
    let folder = tempfile::tempdir()?;
    std::fs::copy(recordings::jfk()?.path, folder.path().join("question.wav"))?;
    // Ids in the file, and those that they are now.
    let mut ids: Vec<(String, String)> = Vec::new();
    let mut asked = BTreeSet::new();
    for request in document.requests() {
        let mut command = request.command.clone();
        for (shown, real) in &ids {
            command = command.replace(shown, real);
        }
        let answer = run(&command.replace(BASE, &host.url), folder.path())
            .with_context(|| request.command.clone())?;
        let operation = schema::operation(&openapi, &answer.method, &answer.path)
            .with_context(|| request.command.clone())?;
        asked.insert(operation.name.clone());
        let failed = || {
            format!(
                "{}\nanswered {} {}",
                request.command, answer.status, answer.body
            )
        };
        operation
            .check(&openapi, answer.status, &answer.kind, &answer.body)
            .with_context(failed)?;
        let real = Block::of(&answer.kind, &answer.body).with_context(failed)?;
        shape::ids(&request.answer, &real, &mut ids);
        if bless {
            document.answer(request.index, &real);
        } else {
            shape::compare(&request.answer, &real).with_context(failed)?;
        }
    }
    if bless {
        std::fs::write(&path, document.written(&ids))?;
    }
    let missing: Vec<_> = schema::operations(&openapi)
        .filter(|name| !asked.contains(name))
        .collect();
    ensure!(
        missing.is_empty(),
        "docs/api.md has no request for {missing:?}"
    );
    Ok(())
}

/// An answer as curl tells it.
struct Answer {
    method: String,
    path: String,
    status: u16,
    kind: String,
    body: String,
}

/// Runs a command of the file, which is one curl.
fn run(command: &str, folder: &std::path::Path) -> Result<Answer> {
    let command = command.trim();
    ensure!(command.starts_with("curl "), "a request begins with curl");
    let mark = MARK.replace('\n', "\\n");
    let told = format!("{mark}%{{method}} %{{url}} %{{http_code}} %{{content_type}}");
    let script = format!("{command} -sS --max-time 120 -w '{told}'");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .output()
        .context("sh")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let Some((body, told)) = text.rsplit_once(MARK) else {
        bail!("curl told nothing: {text}");
    };
    let mut words = told.splitn(4, ' ');
    let mut word = || words.next().context("a word");
    let (method, url) = (word()?.to_owned(), word()?.to_owned());
    let status = word()?.parse()?;
    let kind = words.next().unwrap_or_default().to_owned();
    let path = url
        .splitn(4, '/')
        .nth(3)
        .unwrap_or_default()
        .split('?')
        .next()
        .unwrap_or_default();
    Ok(Answer {
        method,
        path: format!("/{path}"),
        status,
        kind,
        body: body.to_owned(),
    })
}
