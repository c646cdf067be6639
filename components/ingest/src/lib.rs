//! Audio bytes of any supported format to mono, 16-bit PCM at 16 kHz.
//!
//! The bytes of one recording go into a [`Recording`], samples come out of it chunk by chunk. On the way the format is recognised by
//! its content ([`magic`]), the container is opened ([`container`]), packets are decoded ([`codec`]), channels are averaged and the
//! result is resampled (`colloquy-resample`).
//!
//! This crate reads no file, opens no connection and asks for no time: bytes in, samples out. It does not look for speech.
//!
//! Invariants: no input makes it panic or loop without end; every allocation is bounded by the bytes that were pushed or by a
//! constant, never by what a header claims; output is produced only as it is pulled, so a small file that decodes to hours stops at
//! the duration limit with the memory of a few packets.

#[cfg(target_family = "wasm")]
mod component;

pub mod codec;
pub mod container;
pub mod fault;
pub mod limits;
pub mod magic;
pub mod recording;

pub use fault::{Fault, Rejection};
pub use limits::Limits;
pub use recording::{Format, Recording};
