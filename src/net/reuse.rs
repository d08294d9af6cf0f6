//! How long a connection may be used again after an answer (RFC 9112, section 9.3).
//!
//! A server closes kept connections when it likes, and a request that meets the close cannot be repeated unless it changes nothing.
//! So the pool goes by what servers say, and for the rest by how soon the earliest of them close.

use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderMap, HeaderName, Version};

use super::pool::Patience;
use crate::limits::KEEP_ALIVE_MARGIN;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Connections that a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Every kept one: the sender repeats the request if it must.
    Any,
    /// Only one that its peer certainly still keeps, or a new one.
    Recent,
    /// A new one.
    Never,
}

/// Ages up to which an idle connection may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ages {
    /// At all.
    pub(super) keep: Duration,
    /// For requests that must not meet its end.
    pub(super) recent: Duration,
}

impl Ages {
    /// After an answer with this head; `None` when the connection ends with it. A forwarding proxy has to say that it keeps the
    /// connection. HTTP/1.1 lets it be silent about that; but tinyproxy closes after each answer without a word.
    pub(super) fn after(
        version: Version,
        headers: &HeaderMap,
        is_forwarded: bool,
        patience: &Patience,
    ) -> Option<Self> {
        let says = |word: &str| tokens(headers, &CONNECTION).any(|token| token.eq_ignore_ascii_case(word));
        let must_say = is_forwarded || version < Version::HTTP_11;
        if says("close") || (must_say && !says("keep-alive")) {
            return None;
        }
        let (mut timeout, mut is_last) = (None, false);
        for token in tokens(headers, &KEEP_ALIVE) {
            let Some((name, value)) = token.split_once('=') else {
                continue;
            };
            let Some(number) = number(value) else { continue };
            if name.trim().eq_ignore_ascii_case("timeout") {
                timeout = Some(timeout.map_or(number, |least: u64| least.min(number)));
            } else if name.trim().eq_ignore_ascii_case("max") {
                is_last |= number == 0;
            }
        }
        let Some(timeout) = timeout.map(Duration::from_secs) else {
            return (!is_last).then_some(Self {
                keep: patience.keep,
                recent: patience.recent,
            });
        };
        // Its clock started before ours, and ends while a request is under way.
        let usable = timeout - KEEP_ALIVE_MARGIN.min(timeout / 2);
        let keep = usable.min(patience.keep);
        (!is_last && !keep.is_zero()).then_some(Self { keep, recent: keep })
    }
}

/// The elements of a header's list.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// The whole seconds or requests that a parameter names. One that is too large for 64 bits still means "many".
fn number(value: &str) -> Option<u64> {
    let value = value.trim().trim_matches('"');
    let digits = value.split('.').next().unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use http::HeaderValue;

    use super::*;

    const PATIENCE: Patience = Patience {
        recent: Duration::from_secs(1),
        ..Patience::keeping(Duration::from_secs(4))
    };

    /// Milliseconds for all requests and for those that must not fail; zeros when the connection ends.
    fn ages(version: Version, headers: &[(&'static str, &'static str)], is_forwarded: bool) -> (u128, u128) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Ages::after(version, &map, is_forwarded, &PATIENCE)
            .map_or((0, 0), |ages| (ages.keep.as_millis(), ages.recent.as_millis()))
    }

    #[test]
    fn a_hint_bounds_the_age_with_a_margin() {
        for (hint, expected) in [
            ("timeout=1", 500),
            ("timeout=2", 1000),
            ("Timeout = 3", 2000),
            ("timeout=5, max=100", 4000),
            ("max=100,timeout=5", 4000),
            ("timeout=\"2\"", 1000),
            ("timeout=1.9", 500),
            ("timeout=5, timeout=2", 1000),
            ("timeout=75", 4000),
            ("timeout=99999999999999999999999", 4000),
            ("timeout=0", 0),
            ("timeout=5, max=0", 0),
        ] {
            let one = [("keep-alive", hint)];
            assert_eq!(ages(Version::HTTP_11, &one, false), (expected, expected), "{hint}");
        }
        let two = [("keep-alive", "timeout=5"), ("keep-alive", "timeout=2")];
        assert_eq!(ages(Version::HTTP_11, &two, false), (1000, 1000));
    }

    #[test]
    fn without_a_hint_only_a_young_connection_is_safe() {
        for hint in [
            "",
            "timeout",
            "timeout=",
            "timeout=soon",
            "timeout=-5",
            "max=5",
            "max=x",
            "a=0",
            ",,=,",
        ] {
            assert_eq!(
                ages(Version::HTTP_11, &[("keep-alive", hint)], false),
                (4000, 1000),
                "{hint}"
            );
        }
        assert_eq!(ages(Version::HTTP_11, &[], false), (4000, 1000));
    }

    #[test]
    fn connections_that_end_are_not_kept() {
        let keep_alive = [("connection", "Keep-Alive")];
        for (version, headers, is_forwarded, is_kept) in [
            (Version::HTTP_11, &[("connection", "close")][..], false, false),
            (
                Version::HTTP_11,
                &[("connection", "x, Close"), ("keep-alive", "timeout=5")],
                false,
                false,
            ),
            (Version::HTTP_10, &[], false, false),
            (Version::HTTP_10, &[("keep-alive", "timeout=5")], false, false),
            (Version::HTTP_10, &keep_alive, false, true),
            (Version::HTTP_11, &[], true, false),
            (Version::HTTP_11, &keep_alive, true, true),
        ] {
            assert_eq!(
                ages(version, headers, is_forwarded).0 > 0,
                is_kept,
                "{version:?} {headers:?}"
            );
        }
    }
}
