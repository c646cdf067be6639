//! Sends the request of a step.

use anyhow::{Context, Result, bail};
use colloquy_tests::recordings;
use colloquy_tests::speech::Wav;
use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder, Response, multipart};

use super::case::{Saved, Step, Upload};

/// Sends it with this request id; `saved` has the values for the placeholders of its path and headers.
pub(crate) fn send(
    client: &Client,
    url: &str,
    step: &Step,
    id: &str,
    saved: &Saved,
) -> Result<Response> {
    let (method, path) = step
        .request
        .split_once(' ')
        .with_context(|| format!("`{}` is not a method and a path", step.request))?;
    let method: Method = method.parse()?;
    let mut request = client
        .request(method, format!("{url}{}", saved.fill(path)))
        .header("x-request-id", id);
    for (name, value) in &step.headers {
        request = request.header(name, saved.fill(value));
    }
    Ok(with_body(request, step)?.send()?)
}

fn with_body(request: RequestBuilder, step: &Step) -> Result<RequestBuilder> {
    Ok(match (&step.json, &step.text, step.letters, &step.upload) {
        (None, None, None, None) => request,
        (Some(json), None, None, None) => request.json(json),
        (None, Some(text), None, None) => request.body(text.clone()),
        (None, None, Some(n), None) => request.json(&serde_json::json!({ "text": "a".repeat(n) })),
        (None, None, None, Some(upload)) => request.multipart(form(upload)?),
        _ => bail!("`{}` has more than one body", step.request),
    })
}

fn form(upload: &Upload) -> Result<multipart::Form> {
    let (name, bytes) = match (&upload.recording, upload.silence_ms, &upload.text) {
        (Some(name), None, None) => ("recording.wav", std::fs::read(recordings::file(name)?)?),
        (None, Some(ms), None) => ("silence.wav", silence(ms)?),
        (None, None, Some(text)) => ("notes.txt", text.clone().into_bytes()),
        _ => bail!("an upload is one of `recording`, `silence_ms` and `text`"),
    };
    let mut form = multipart::Form::new();
    for (name, value) in &upload.fields {
        form = form.text(name.clone(), value.clone());
    }
    Ok(form.part("audio_file", multipart::Part::bytes(bytes).file_name(name)))
}

fn silence(ms: u32) -> Result<Vec<u8>> {
    Wav {
        sample_rate: 16_000,
        samples: vec![0; ms as usize * 16],
    }
    .bytes()
}
