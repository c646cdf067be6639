//! The web console: a page, its style and its script, all in one answer.
//!
//! The policy lets the page run this very script and talk to where it comes from, and nothing else.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, header};
use sha2::{Digest as _, Sha256};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("console.css");
const SCRIPT: &str = include_str!("console.js");

/// The console.
pub(super) fn page() -> Response {
    static WHOLE: LazyLock<String> =
        LazyLock::new(|| PAGE.replace("{style}", STYLE).replace("{script}", SCRIPT));
    static POLICY: LazyLock<Option<HeaderValue>> =
        LazyLock::new(|| HeaderValue::try_from(policy()).ok());
    let mut response = Html(WHOLE.as_str()).into_response();
    if let Some(policy) = &*POLICY {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    response
}

fn policy() -> String {
    format!(
        "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        source(STYLE),
        source(SCRIPT)
    )
}

/// As a policy names an inline text (CSP level 3).
fn source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_what_is_in_the_page() {
        let response = page();
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.contains(&source(SCRIPT)) && policy.contains(&source(STYLE)));
        let page = PAGE.replace("{style}", STYLE).replace("{script}", SCRIPT);
        for (tag, text) in [("style", STYLE), ("script", SCRIPT)] {
            // A browser takes the digest of exactly what stands between the tags.
            assert!(page.contains(&format!("<{tag}>{text}</{tag}>")), "{tag}");
            assert!(!text.contains("</"), "{tag} would end early");
        }
        // Nothing is fetched from elsewhere, and no attribute runs anything.
        assert!(!page.contains("://") && !page.contains(" onclick"));
    }
}
