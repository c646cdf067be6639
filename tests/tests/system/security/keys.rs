//! API keys: who gets in, and to what.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use colloquy_tests::host::{Host, environment_of_edge, expect_json, expect_problem, table};
use colloquy_tests::root;
use reqwest::blocking::Response;
use serde_json::json;

/// The folder of keys of a host, mounted for its gateway.
pub(crate) fn mount_keys(config: &mut toml::Table, folder: &Path) -> Result<()> {
    let mounts =
        toml::Table::from_iter([("/keys".to_owned(), folder.display().to_string().into())]);
    table(config, "edge")?.insert("mounts".into(), mounts.into());
    environment_of_edge(config)?.insert("KEYS_FILE".into(), "/keys/keys.toml".into());
    Ok(())
}

/// A key for that name: the key, and its lines for the file.
pub(crate) fn new_key(name: &str) -> Result<(String, String)> {
    let output = Command::new(root().join("dist/colloquy"))
        .args(["keys", "new", name])
        .output()?;
    let told = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{told}");
    let key = told
        .split_whitespace()
        .find(|word| word.starts_with("cq_"))
        .context("a key")?;
    Ok((key.to_owned(), String::from_utf8(output.stdout)?))
}

/// As an operator should: whole or not at all.
pub(crate) fn write(folder: &Path, text: &str) -> Result<()> {
    let new = folder.join("keys.toml.new");
    std::fs::write(&new, text)?;
    Ok(std::fs::rename(new, folder.join("keys.toml"))?)
}

pub(super) fn keys_open_the_door_and_change_while_it_is_used() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ((one, lines_one), (two, lines_two)) = (new_key("kiosk")?, new_key("kiosk")?);
    write(folder.path(), &lines_one)?;
    let host = Host::configured(|config| mount_keys(config, folder.path()))?;
    let get = |path: &str, key: &str| -> Result<Response> {
        let request = host.client.get(format!("{}{path}", host.url));
        Ok(request.bearer_auth(key).send()?)
    };
    for path in [
        "/content/types",
        "/session/12345678",
        "/audio/x",
        "/health/detailed",
        "/nothing",
    ] {
        let answer = host.get(path)?;
        ensure!(
            answer.headers()["www-authenticate"]
                .to_str()?
                .starts_with("Bearer"),
            "{path}"
        );
        expect_problem(answer, 401, "UNAUTHORIZED").with_context(|| path.to_owned())?;
    }
    expect_problem(host.post_text("Hello", None)?, 401, "UNAUTHORIZED")?;
    let models = host.get("/v1/models")?;
    ensure!(
        models.status() == 401
            && models.json::<serde_json::Value>()?["error"]["message"].is_string(),
        "/v1/models"
    );
    let health = expect_json(host.get("/health")?)?;
    ensure!(
        health.get("stages").is_none(),
        "a stranger is told what runs: {health}"
    );
    ensure!(
        get("/content/types", &one)?.status() == 200,
        "the key does not open"
    );
    expect_problem(get("/content/types", &two)?, 401, "UNAUTHORIZED")?;
    expect_problem(
        get("/content/types", &format!("{one}x"))?,
        401,
        "UNAUTHORIZED",
    )?;
    // Both for a while, as in a rotation; then only the new one. No request waits for a restart.
    write(folder.path(), &format!("{lines_one}\n{lines_two}"))?;
    for key in [&one, &two] {
        ensure!(
            get("/content/types", key)?.status() == 200,
            "both keys are in the file"
        );
    }
    write(folder.path(), &lines_two)?;
    expect_problem(get("/content/types", &one)?, 401, "UNAUTHORIZED")?;
    ensure!(
        get("/content/types", &two)?.status() == 200,
        "the new key does not open"
    );
    // A broken file lets nobody in, and the log says why, without what is in it.
    write(
        folder.path(),
        &format!("{lines_two}\n[[key]]\nname = \"{two}\"\n"),
    )?;
    expect_problem(get("/content/types", &two)?, 503, "STAGE_UNAVAILABLE")?;
    std::fs::remove_file(folder.path().join("keys.toml"))?;
    expect_problem(get("/content/types", &two)?, 503, "STAGE_UNAVAILABLE")?;
    let log = host.log()?;
    ensure!(
        log.contains("KEYS_FILE"),
        "nothing of the file in the log:\n{log}"
    );
    let hash = lines_two.split('"').nth(3).context("the hash")?;
    for secret in [one.as_str(), two.as_str(), hash] {
        ensure!(!log.contains(secret), "a secret is in the log");
    }
    write(folder.path(), &lines_two)?;
    ensure!(
        get("/content/types", &two)?.status() == 200,
        "the file is whole again"
    );
    Ok(())
}

pub(super) fn what_belongs_to_another_key_is_not_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ((one, lines_one), (two, lines_two)) = (new_key("kiosk")?, new_key("phone")?);
    write(folder.path(), &format!("{lines_one}\n{lines_two}"))?;
    let host = Host::configured(|config| mount_keys(config, folder.path()))?;
    let get = |path: &str, key: &str| -> Result<Response> {
        let request = host.client.get(format!("{}{path}", host.url));
        Ok(request.header("x-api-key", key).send()?)
    };
    let ask = |key: &str, session: Option<&str>| -> Result<Response> {
        let request = host
            .client
            .post(format!("{}/process/text", host.url))
            .bearer_auth(key);
        Ok(request
            .json(&json!({ "text": "What did she do at Harvard?", "session_id": session }))
            .send()?)
    };
    let answer = expect_json(ask(&one, None)?)?;
    let (session, audio) = (
        answer["session_id"].as_str().context("session")?,
        answer["audio_file"].as_str().context("audio")?,
    );
    for path in [format!("/session/{session}"), format!("/audio/{audio}")] {
        ensure!(
            get(&path, &one)?.status() == 200,
            "{path} is not there for its owner"
        );
        ensure!(
            get(&path, &two)?.status() == 404,
            "{path} is there for somebody else"
        );
    }
    expect_problem(ask(&two, Some(session))?, 404, "SESSION_NOT_FOUND")?;
    let end = |key: &str| {
        host.client
            .delete(format!("{}/session/{session}", host.url))
            .bearer_auth(key)
            .send()
    };
    expect_problem(end(&two)?, 404, "SESSION_NOT_FOUND")?;
    ensure!(end(&one)?.status() == 200, "the owner cannot end it");
    Ok(())
}
