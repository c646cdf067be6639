//! Tests of the whole crate on real and on hostile recordings, in one binary.
//!
//! Files in every format are encoded at test time by `tests/tools/encode_fixtures.py`, which needs the Python named in `COLLOQUY_PYTHON`.
//! `cargo xtask test` sets it; without it the tests that need it print so and pass.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may fail in any way it likes"
)]

mod formats;
mod hostile;
mod support;
mod wav;
