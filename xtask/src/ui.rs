//! What people see: one line per step on standard error, bars while something takes time.
//!
//! Standard output is left to results (a list, a transcript), so that it can be piped. On something that is not a terminal the bars
//! are silent and the lines remain.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A finished or started step: `   fetched silero-vad 6.2.3`, aligned as cargo does.
pub(crate) fn step(verb: &str, what: impl Display) {
    // Nothing useful can be done when standard error is closed.
    let _ = writeln!(
        std::io::stderr(),
        "{} {what}",
        coloured("32", &format!("{verb:>12}"))
    );
}

/// The line that explains why the command failed.
pub(crate) fn error(message: &str) {
    let _ = writeln!(std::io::stderr(), "{} {message}", coloured("31", "error:"));
}

/// A result, on standard output.
pub(crate) fn print(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Bold and in this ANSI colour where somebody looks at it.
fn coloured(colour: &str, text: &str) -> String {
    if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        return format!("\x1b[1;{colour}m{text}\x1b[0m");
    }
    text.to_owned()
}

/// A bar over `total` bytes.
pub(crate) fn bytes_bar(what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = "{prefix:>12.cyan.bold} {msg} [{bar:28}] {bytes}/{total_bytes} {eta}";
    bar.set_style(style(template).progress_chars("=> "));
    bar.set_prefix("Fetching");
    bar.set_message(what.to_owned());
    bar
}

/// A running clock for a step whose length is not known.
pub(crate) fn clock(verb: &str, what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(style("{prefix:>12.cyan.bold} {msg} {spinner} {elapsed}"));
    bar.set_prefix(verb.to_owned());
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// `70.7 MB`.
pub(crate) fn megabytes(n_bytes: u64) -> String {
    // Tenths in integers: exact for every size.
    let tenths = n_bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

fn style(template: &str) -> ProgressStyle {
    // The templates above are constants; a wrong one shows as a plain bar.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::megabytes;

    #[test]
    fn sizes_are_rounded_down_to_a_tenth() {
        assert_eq!(megabytes(70_653_446), "70.6 MB");
        assert_eq!(megabytes(99_999), "0.0 MB");
    }
}
