//! `Retry-After` (RFC 9110, section 10.2.3): seconds, or an HTTP date.

use std::time::{Duration, SystemTime};

use crate::limits::RETRY_AFTER_MAX;

/// How long to wait, at most [`RETRY_AFTER_MAX`]. Negative, unparsable and past values give `None`.
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // A number too large for 64 bits still means "long".
        return Some(
            value
                .parse()
                .map_or(RETRY_AFTER_MAX, Duration::from_secs)
                .min(RETRY_AFTER_MAX),
        );
    }
    let at = httpdate::parse_http_date(value).ok()?;
    at.duration_since(now).ok().map(|d| d.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn seconds_and_dates_are_honoured_up_to_the_cap() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let at = |v| parse(v, now);
        assert_eq!(at("3"), Some(Duration::from_secs(3)));
        assert_eq!(at(" 0 "), Some(Duration::ZERO));
        assert_eq!(at("61"), Some(RETRY_AFTER_MAX));
        assert_eq!(at("99999999999999999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(at("Sun, 06 Nov 1994 08:49:40 GMT"), Some(Duration::from_secs(3)));
        assert_eq!(at("Mon, 06 Nov 1995 08:49:40 GMT"), Some(RETRY_AFTER_MAX));
    }

    #[test]
    fn nonsense_and_the_past_are_ignored() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for v in ["", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:30 GMT"] {
            assert_eq!(parse(v, now), None, "{v}");
        }
    }
}
