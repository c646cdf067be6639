//! The little HTTP that talking to a host takes: wait until it is ready, post a recording, fetch the answer.

use std::net::{TcpListener, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;

/// A client that gives up on a single request after two minutes, and takes error answers as answers.
pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(120)))
        .build()
        .into()
}

/// Whether a host at this base URL says that it is ready.
pub(crate) fn is_ready(base: &str) -> bool {
    let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(2)));
    Agent::from(config.build())
        .get(format!("{base}/readyz"))
        .call()
        .is_ok()
}

/// Waits until the host is ready, as long as `go_on` says so.
pub(crate) fn wait_ready(
    base: &str,
    limit: Duration,
    mut go_on: impl FnMut() -> Result<()>,
) -> Result<()> {
    let started = Instant::now();
    while !is_ready(base) {
        go_on()?;
        if started.elapsed() > limit {
            bail!("{base} is not ready after {} s", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// `address` with names and port 0 resolved, as the host wants it. One line of error when it is none, or somebody listens there.
pub(crate) fn usable(address: &str) -> Result<String> {
    let resolved: Vec<_> = address
        .to_socket_addrs()
        .with_context(|| format!("`{address}` is not an address like 127.0.0.1:8000"))?
        .collect();
    let listener = TcpListener::bind(resolved.as_slice())
        .with_context(|| format!("{address} cannot be used; choose another with --listen"))?;
    Ok(listener.local_addr()?.to_string())
}

/// Posts a recording and returns the answer of the turn. A problem document becomes the error.
pub(crate) fn ask(agent: &Agent, base: &str, recording: &Path) -> Result<Value> {
    let audio = std::fs::read(recording).with_context(|| recording.display().to_string())?;
    let name = recording
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .replace(['"', '\r', '\n'], "_");
    // Long and fixed: it does not occur in audio.
    let boundary = "colloquy-xtask-7d0f3a5be1c94f0a8b6d";
    let mut body = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"audio_file\"; filename=\"{name}\"\r\ncontent-type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend(audio);
    body.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
    let mut response = agent
        .post(format!("{base}/process"))
        .header("accept", "application/json")
        .header(
            "content-type",
            format!("multipart/form-data; boundary={boundary}"),
        )
        .send(&body[..])
        .with_context(|| format!("{base} does not answer"))?;
    let status = response.status();
    let text = response.body_mut().read_to_string()?;
    let answer: Value =
        serde_json::from_str(&text).with_context(|| format!("{status}, and not JSON: {text}"))?;
    if !status.is_success() {
        let told = answer
            .get("detail")
            .or_else(|| answer.get("title"))
            .and_then(Value::as_str)
            .unwrap_or(&text);
        bail!("the host says {status}: {told}");
    }
    Ok(answer)
}

/// The bytes at a URL.
pub(crate) fn get(agent: &Agent, url: &str) -> Result<Vec<u8>> {
    let mut response = agent.get(url).call().with_context(|| url.to_owned())?;
    if !response.status().is_success() {
        bail!("{url} answers {}", response.status());
    }
    Ok(response
        .body_mut()
        .with_config()
        .limit(100_000_000)
        .read_to_vec()?)
}

#[cfg(test)]
mod tests {
    use super::usable;

    #[test]
    fn a_taken_address_and_a_wrong_one_are_told_apart() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        assert!(usable(&taken).is_ok(), "free again");
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let told = format!(
            "{:#}",
            usable(&held.local_addr().unwrap().to_string()).unwrap_err()
        );
        assert!(told.contains("--listen"), "{told}");
        assert!(
            usable("8000")
                .unwrap_err()
                .to_string()
                .contains("not an address")
        );
        assert!(!usable("127.0.0.1:0").unwrap().ends_with(":0"));
    }
}
