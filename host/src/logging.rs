//! Where log lines go: to standard error, as text or as JSON. Standard output belongs to the commands' results.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use self::json::Flat;
use self::one_line::OneLine;
use crate::config::{Config, Format};

mod json;
mod one_line;

/// Starts logging as configured. Does nothing when it has been started before.
///
/// # Errors
/// When the configured level is not a filter.
pub fn start(config: &Config) -> Result<(), ParseError> {
    let mut filter: EnvFilter = config.log_level.parse()?;
    // It tells of every attempt to connect; `events::nats` tells of an absence once.
    if !config.log_level.contains("async_nats") {
        filter = filter.add_directive("async_nats=error".parse()?);
    }
    let colours = config.log_format == Format::Text && std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(OneLine::new(colours, config.keys()));
    let _already = match config.log_format {
        Format::Text => lines.with_ansi(colours).try_init(),
        Format::Json => lines.json().event_format(Flat).try_init(),
    };
    Ok(())
}
