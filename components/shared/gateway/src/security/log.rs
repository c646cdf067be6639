//! Lines for the operator, on standard error: one line each, whatever is in it.

use std::{fmt, io::Write as _};

/// Tells the operator.
pub(crate) fn tell(text: fmt::Arguments<'_>) {
    let _nobody_listens = writeln!(
        std::io::stderr(),
        "gateway: {}",
        one_line(&text.to_string())
    );
}

/// Control characters, line ends among them, as escapes.
fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_stays_one() {
        assert_eq!(
            super::one_line("a\nERROR b\r\u{1b}[31m ü"),
            "a\\nERROR b\\r\\u{1b}[31m ü"
        );
    }
}
