//! What a guest prints, as lines in the log.
//!
//! Written where the guest runs, so that a line carries the span, and with it the request id, of the call that printed it. Lines are
//! cut at a fixed length, and control characters never reach the log.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Longest line in bytes; the rest of a longer one is left out.
const LINE: usize = 2048;
/// Most bytes taken in one write.
const WRITE: usize = 64 * 1024;

/// How lines of this stream are logged.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Severity {
    Info,
    Warning,
}

/// Standard output or error of one guest.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    guest: &'static str,
    severity: Severity,
    line: Arc<Mutex<Vec<u8>>>,
}

impl Output {
    pub(crate) fn new(guest: &'static str, severity: Severity) -> Self {
        Self {
            guest,
            severity,
            line: Arc::default(),
        }
    }

    fn take(&self, bytes: &[u8]) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        for &byte in bytes {
            if byte == b'\n' {
                self.log(&line);
                line.clear();
            } else if line.len() < LINE {
                line.push(byte);
            }
        }
    }

    fn log(&self, line: &[u8]) {
        let text: String = String::from_utf8_lossy(line)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        match self.severity {
            Severity::Info => tracing::info!(target: "guest", guest = self.guest, "{text}"),
            Severity::Warning => tracing::warn!(target: "guest", guest = self.guest, "{text}"),
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
