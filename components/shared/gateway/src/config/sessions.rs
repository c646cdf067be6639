//! The settings of sessions and their audio, besides how long they live.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `SESSION_TURNS` | 20 | turns that a session keeps |
//! | `SESSION_BYTES` | 65536 | most bytes of text in them |
//! | `CONTEXT_TURNS` | 6 | turns that a question is answered with |
//! | `CONTEXT_BYTES` | 8192 | most bytes of text in them |
//! | `SESSION_WAIT_MS` | 0 | how long a turn waits for another one of its session; 0 refuses it at once |
//! | `SESSION_LEASE_MS` | 75000 | how long a turn may be silent before its session is taken for free: a call of a stage, or a client that pauses |
//! | `SESSION_AUDIO_BYTES` | 67108864 | most bytes of audio of one session; the oldest goes first |
//! | `AUDIO_BYTES` | 100663296 | most bytes of audio in all |
//! | `SWEEP_EVERY_MS` | 60000 | least time between two sweeps |

use super::ConfigError;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// Turns that a session keeps.
    pub turns: usize,
    /// Most bytes of text in them.
    pub bytes: usize,
    /// Turns that a question is answered with.
    pub context_turns: usize,
    /// Most bytes of text in them.
    pub context_bytes: usize,
    /// How long a turn waits for another one of its session.
    pub wait_ms: u64,
    /// How long a turn may be silent before its session is taken for free.
    pub lease_ms: u64,
    /// Most bytes of audio of one session.
    pub audio_bytes_each: u64,
    /// Most bytes of audio in all.
    pub audio_bytes: u64,
    /// Least time between two sweeps.
    pub sweep_every_ms: u64,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            turns: 20,
            bytes: 65_536,
            context_turns: 6,
            context_bytes: 8_192,
            wait_ms: 0,
            // The longest call of a stage (60 s for asr in colloquy.toml, and 5 s until there is an instance), and the tenth after which a turn
            // shows that it is alive.
            lease_ms: 75_000,
            audio_bytes_each: 64 << 20,
            audio_bytes: 96 << 20,
            sweep_every_ms: 60_000,
        }
    }
}

impl Sessions {
    /// Reads the settings; `number` reads a variable with its default, minimum and maximum.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub(super) fn read(
        number: impl Fn(&'static str, u64, u64, u64) -> Result<u64, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let own = Self::default();
        // Every maximum below fits the type that takes it.
        let count = |name, default: usize, min, max| {
            number(name, default as u64, min, max).map(|n| usize::try_from(n).unwrap_or(default))
        };
        Ok(Self {
            turns: count("SESSION_TURNS", own.turns, 1, 1_000)?,
            bytes: count("SESSION_BYTES", own.bytes, 1_024, 1 << 20)?,
            // The pipeline uses no more than six.
            context_turns: count("CONTEXT_TURNS", own.context_turns, 0, 6)?,
            context_bytes: count("CONTEXT_BYTES", own.context_bytes, 0, 1 << 20)?,
            wait_ms: number("SESSION_WAIT_MS", own.wait_ms, 0, 60_000)?,
            lease_ms: number("SESSION_LEASE_MS", own.lease_ms, 1_000, 600_000)?,
            audio_bytes_each: number("SESSION_AUDIO_BYTES", own.audio_bytes_each, 1, 1 << 40)?,
            audio_bytes: number("AUDIO_BYTES", own.audio_bytes, 1, 1 << 50)?,
            sweep_every_ms: number("SWEEP_EVERY_MS", own.sweep_every_ms, 100, 86_400_000)?,
        })
    }
}
