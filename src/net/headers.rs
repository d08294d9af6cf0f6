//! Headers of the configuration as requests carry them.

use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use crate::config::Header;

/// A header value of the configuration cannot be sent.
#[derive(Debug)]
pub struct BadHeader(pub &'static str);

impl fmt::Display for BadHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be sent as an HTTP header", self.0)
    }
}

impl std::error::Error for BadHeader {}

/// The headers that `setting` holds. Their values are marked sensitive: `Debug` does not show them.
///
/// # Errors
/// [`BadHeader`] for a name or a value that HTTP does not allow; neither is repeated.
pub fn configured(setting: &'static str, headers: &[Header]) -> Result<HeaderMap, BadHeader> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| BadHeader(setting))?;
        let mut value =
            HeaderValue::from_bytes(header.value.expose_secret().as_bytes()).map_err(|_| BadHeader(setting))?;
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn header(name: &str, value: &str) -> Header {
        Header {
            name: name.to_owned(),
            value: value.into(),
            referenced: false,
        }
    }

    #[test]
    fn values_are_sent_and_not_shown() {
        let map = configured("x", &[header("X-Team", "blue-4711"), header("x-note", "a\tü")]).unwrap();
        assert_eq!(
            (map["x-team"].as_bytes(), map["x-note"].as_bytes()),
            (&b"blue-4711"[..], "a\tü".as_bytes())
        );
        assert!(!format!("{map:?}").contains("4711"));
    }

    #[test]
    fn a_bad_value_is_not_repeated() {
        let error = configured("mcp.extra_headers", &[header("X-Team", "blue\r\n4711")]).unwrap_err();
        assert_eq!(error.to_string(), "mcp.extra_headers cannot be sent as an HTTP header");
    }
}
