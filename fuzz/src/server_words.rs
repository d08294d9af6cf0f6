//! Words of a server in what is no answer, as people see them (`src/wire/said.rs`, `src/wire/api_error.rs`). Oracle: one bounded line
//! that drives no terminal and holds no planted secret; what the body does not hold is not said.

use std::sync::Once;

use tunnel_client::limits::{API_ERROR_TEXT_MAX, SERVER_TEXT_MAX};
use tunnel_client::telemetry::redact;
use tunnel_client::wire::api_error::ApiError;
use tunnel_client::wire::said::Said;

use crate::support::pieces::inflated;

/// A secret that the client knows. The byte `01` stands for it.
const SECRET: &str = "planted-5ecret-0123456789";
const MEDIA_TYPES: [&str; 5] = [
    "application/json",
    "text/html; charset=utf-8",
    "text/plain",
    "",
    "image/png",
];

/// Feeds `data`: the media type, then the body.
pub fn check(data: &[u8]) {
    static PROTECTED: Once = Once::new();
    PROTECTED.call_once(|| redact::protect(SECRET));
    let Some((&choice, body)) = data.split_first() else {
        return;
    };
    // A part of the secret in the input is none.
    if String::from_utf8_lossy(body).contains("5ecret") {
        return;
    }
    let media_type = MEDIA_TYPES[usize::from(choice) % MEDIA_TYPES.len()];
    let mut text = Vec::new();
    for byte in inflated(body, SERVER_TEXT_MAX - 8) {
        match byte {
            1 => text.extend_from_slice(SECRET.as_bytes()),
            other => text.push(other),
        }
    }
    if let Some(said) = Said::of(media_type, &text, |text| redact::scrub(text).into_owned()) {
        let line = said.text();
        assert!(!line.is_empty() && line == line.trim());
        assert!(
            line.chars().count() <= SERVER_TEXT_MAX + 1,
            "{} characters",
            line.chars().count()
        );
        let drives = |char: char| {
            char.is_control() || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}')
        };
        assert!(!line.chars().any(drives), "{line:?} drives a terminal");
        is_clean(line);
    }
    let error = ApiError::parse(&text);
    for part in [&error.code, &error.kind, &error.message] {
        assert!(
            part.chars().count() <= API_ERROR_TEXT_MAX + 3,
            "{} characters",
            part.chars().count()
        );
        is_clean(part);
    }
    is_clean(&error.to_string());
}

/// Not one of the secret's longer parts is left of it.
fn is_clean(text: &str) {
    assert!(!text.contains("5ecret"), "a secret is shown: {text:?}");
}
