//! Speech synthesis by the service that Microsoft Edge reads pages aloud with: a WebSocket for each request.
//!
//! The service is not offered to other programs, and what it asks of a client changes about once a year. So everything that changed
//! before is configuration ([`config`], [`endpoint`], [`token`]), and what never did is code: [`ssml`] is what is sent, [`message`] what
//! is in the frames, [`mod@format`] the audio, [`opening`] the handshake, [`session`] one request, [`speech`] a call, [`voices`] what an
//! operator lists. How bytes travel is a [`link`]; in a component that is `wasi`, over sockets and the host's TLS.
//!
//! Written from observed facts of the protocol (addresses, headers, framing), not from any client's source.

pub mod config;
pub mod endpoint;
pub mod format;
pub mod link;
pub mod message;
pub mod opening;
pub mod session;
pub mod speech;
pub mod ssml;
pub mod token;
pub mod voices;

#[cfg(target_family = "wasm")]
mod component;
#[cfg(target_family = "wasm")]
mod wasi;

/// A line for the operator.
#[expect(
    clippy::print_stderr,
    reason = "standard error is a component's log; the host marks it with the stage"
)]
fn log(line: &str) {
    let line: String = line.chars().take(300).collect();
    eprintln!("{}", line.replace(char::is_control, " "));
}
