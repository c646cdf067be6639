//! `[log]`: whether its level is one, which is known before anything is logged.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use super::{Mistake, Reader};

/// A word alone that is no level would be taken for a part of the program, and all others would be silent.
pub(super) fn check(reader: &Reader<'_>, level: &str) -> Result<(), Mistake> {
    let is_word = !level.contains(['=', ',']);
    let is_filter = level.parse::<EnvFilter>().is_ok();
    if is_filter && (!is_word || level.parse::<LevelFilter>().is_ok()) {
        return Ok(());
    }
    Err(reader.about(
        "log.level",
        "must be error, warn, info, debug or trace, or a filter such as `info,guest=debug`",
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn a_level_is_one_or_a_filter() {
        let read = |level: &str| {
            Config::parse(
                Path::new("/etc/colloquy.toml"),
                &format!("[log]\nlevel = '{level}'"),
            )
        };
        for level in ["warn", "off", "info,guest=debug", "guest=trace"] {
            assert!(read(level).is_ok(), "{level}");
        }
        for level in ["loud", "info,guest=loud", "in fo"] {
            let told = read(level).unwrap_err().to_string();
            assert!(
                told.starts_with("/etc/colloquy.toml, line 2: log.level must be error, "),
                "{level}: {told}"
            );
        }
    }
}
