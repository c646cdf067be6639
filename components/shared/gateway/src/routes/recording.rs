//! Recordings: how large they may be, and how one is heard.

use bytes::Bytes;
use http::{HeaderMap, header};

use crate::{app::App, config::Config, contract::listen, ports::Utterance, problem::Problem};

/// Where a body is cut off: room for twice the longest recording, so that somewhat too long a one can be read to its end and refused in
/// a way that its sender understands.
pub(super) fn max_body_bytes(config: &Config) -> usize {
    usize::try_from(
        config
            .max_upload_bytes
            .saturating_mul(2)
            .saturating_add(1 << 16),
    )
    .unwrap_or(usize::MAX)
}

/// Refuses a body by its declared length alone, when that is past any reason.
pub(super) fn check_declared_length(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match declared.and_then(|length| usize::try_from(length).ok()) {
        Some(length) if length > max_body_bytes(&app.config) => Err(too_large(app)),
        _ => Ok(()),
    }
}

pub(super) fn too_large(app: &App) -> Problem {
    Problem::too_large(format!(
        "a recording may have {} bytes",
        app.config.max_upload_bytes
    ))
}

/// How a recording is to be heard, as far as the configuration says.
pub(super) fn options(app: &App, session_id: &str, request_id: &str) -> listen::Options {
    let config = &app.config;
    listen::Options {
        session_id: session_id.to_owned(),
        request_id: request_id.to_owned(),
        language: None,
        prompt: None,
        max_bytes: config.max_upload_bytes,
        min_duration_ms: config.min_audio_ms,
        max_duration_ms: config.max_audio_ms,
        strategy: config.strategy,
        temperature: 0.0,
    }
}

/// A recording that arrives. It is kept until all of it is there: no stage works on the beginning of one, and an instance that waited for the
/// rest would be kept from others by whoever stops sending.
#[derive(Default)]
pub(super) struct Recording {
    chunks: Vec<Bytes>,
    n_bytes: u64,
}

impl Recording {
    pub(super) fn push(&mut self, app: &App, chunk: Bytes) -> Result<(), Problem> {
        self.n_bytes = self.n_bytes.saturating_add(chunk.len() as u64);
        if self.n_bytes > app.config.max_upload_bytes {
            return Err(too_large(app));
        }
        self.chunks.push(chunk);
        Ok(())
    }

    /// The end of it: it goes to the pipeline.
    pub(super) fn finish(
        self,
        app: &App,
        options: listen::Options,
    ) -> Result<Box<dyn Utterance>, Problem> {
        let opened = app.ports.listen(options);
        let mut utterance =
            opened.map_err(|error| Problem::of_stage(error, Some("ingest".to_owned()), None))?;
        let mut chunks = self.chunks.into_iter();
        let pushed = chunks.try_for_each(|chunk| utterance.push(&chunk));
        match pushed.and_then(|()| utterance.finish()) {
            Ok(()) => Ok(utterance),
            Err(error) => Err(Problem::of_stage(
                error,
                utterance.failed_stage(),
                utterance.rejection(),
            )),
        }
    }
}
