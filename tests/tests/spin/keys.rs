//! API keys as docs/spin.md mounts them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use toml::Table;

use super::application::Application;
use super::client;

/// A key as an operator makes it, and its lines for the file.
fn new_key(name: &str) -> Result<(String, String)> {
    let output = Command::new(colloquy_tests::root().join("dist/colloquy"))
        .args(["keys", "new", name])
        .output()?;
    let told = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{told}");
    let key = told.split_whitespace().find(|word| word.starts_with("cq_"));
    Ok((
        key.context("a key")?.to_owned(),
        String::from_utf8(output.stdout)?,
    ))
}

/// Whole or not at all.
fn write(folder: &Path, text: &str) -> Result<()> {
    let new = folder.join("keys.toml.new");
    std::fs::write(&new, text)?;
    Ok(std::fs::rename(new, folder.join("keys.toml"))?)
}

/// Without a key, with one that is not in the file, and with one that is; and that one when it is in the file no more.
pub(super) fn keys_open_the_door() -> Result<()> {
    let ((one, lines_one), (other, lines_other)) = (new_key("kiosk")?, new_key("kiosk")?);
    let application = Application::configured(&[], |component, folder| {
        let keys = folder.join("keys");
        std::fs::create_dir(&keys)?;
        write(&keys, &lines_one)?;
        let files = r#"files = [{ source = "keys", destination = "/keys" }]"#;
        component.extend(files.parse::<Table>()?);
        let environment = component
            .get_mut("environment")
            .and_then(toml::Value::as_table_mut);
        environment
            .context("no environment")?
            .insert("KEYS_FILE".into(), "/keys/keys.toml".into());
        super::without_models(component)
    })?;
    let client = client()?;
    let asked = |key: Option<&str>| -> Result<(u16, String)> {
        let mut request = client.get(format!("{}/content/types", application.url));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let answer = request.send()?;
        Ok((answer.status().as_u16(), answer.text()?))
    };
    let shut = |what: &str, key: Option<&str>| -> Result<()> {
        let (status, text) = asked(key)?;
        ensure!(
            status == 401 && text.contains("UNAUTHORIZED"),
            "{what}: {status} {text}"
        );
        Ok(())
    };
    let open = |what: &str, key: &str| -> Result<()> {
        let (status, text) = asked(Some(key))?;
        ensure!(
            status == 200 && text.contains("\"project\""),
            "{what}: {status} {text}"
        );
        Ok(())
    };
    shut("no key", None)?;
    shut("a key that is not in the file", Some(&other))?;
    shut("a key with more behind it", Some(&format!("{one}x")))?;
    open("the key", &one)?;
    let health = client.get(format!("{}/health", application.url)).send()?;
    ensure!(health.status() != 401, "health needs a key");

    // With the folder mounted directly, the file is read at each request.
    write(&application.folder().join("keys"), &lines_other)?;
    shut("a key that was taken away", Some(&one))?;
    open("the new key", &other)
}
