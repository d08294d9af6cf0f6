//! `Set-Cookie` as RFC 6265, section 5.2, has user agents read it, with the bounds and prefixes of its successor (RFC 6265bis).
//!
//! The parsers at hand bring calendars and public suffix lists that a client of one origin has no use for; this one has two pages.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::date;
use crate::limits::{COOKIE_ATTRIBUTE_MAX, COOKIE_LIFETIME_MAX, COOKIE_MAX};

/// One cookie as its server wrote it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SetCookie<'a> {
    /// Not empty.
    pub(super) name: &'a [u8],
    /// May hold credentials.
    pub(super) value: &'a [u8],
    /// How long it is valid: zero deletes it, `None` is as long as the session.
    pub(super) lifetime: Option<Duration>,
    /// Hosts that it is for, without a leading dot; `None` is the host that sent it.
    pub(super) domain: Option<&'a [u8]>,
    /// Begins with `/`; `None` is derived from the request.
    pub(super) path: Option<&'a [u8]>,
    /// Only for encrypted connections.
    pub(super) secure: bool,
}

/// Shows no value.
impl fmt::Debug for SetCookie<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookie")
            .field("name", &String::from_utf8_lossy(self.name))
            .field("lifetime", &self.lifetime)
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}

impl<'a> SetCookie<'a> {
    /// Reads one header value. `None` for what is no cookie, is too long, or contradicts the prefix of its name.
    pub(super) fn parse(header: &'a [u8], now: SystemTime) -> Option<Self> {
        let mut parts = header.split(|byte| *byte == b';');
        let (name, value) = pair(parts.next()?)?;
        // Some servers would read control characters as the end of a line.
        let is_clean = |text: &[u8]| !text.iter().any(u8::is_ascii_control);
        if name.is_empty() || name.len() + value.len() > COOKIE_MAX || !is_clean(name) || !is_clean(value) {
            return None;
        }
        let mut cookie = Self {
            name,
            value,
            lifetime: None,
            domain: None,
            path: None,
            secure: false,
        };
        let mut max_age = None;
        for part in parts {
            let (attribute, value) = pair(part).unwrap_or((part.trim_ascii(), b""));
            if value.len() > COOKIE_ATTRIBUTE_MAX {
                continue;
            }
            // The last of several counts, and what cannot be read counts for nothing.
            if attribute.eq_ignore_ascii_case(b"max-age") {
                max_age = max_age_of(value).or(max_age);
            } else if attribute.eq_ignore_ascii_case(b"expires") {
                cookie.lifetime = lifetime_until(value, now).or(cookie.lifetime);
            } else if attribute.eq_ignore_ascii_case(b"domain") {
                let domain = value.strip_prefix(b".").unwrap_or(value);
                cookie.domain = Some(domain).filter(|domain| !domain.is_empty());
            } else if attribute.eq_ignore_ascii_case(b"path") {
                cookie.path = Some(value).filter(|path| path.starts_with(b"/"));
            } else if attribute.eq_ignore_ascii_case(b"secure") {
                cookie.secure = true;
            }
        }
        cookie.lifetime = max_age.or(cookie.lifetime);
        cookie.keeps_its_promise().then_some(cookie)
    }

    /// Whether the cookie is what the prefix of its name says (RFC 6265bis, section 4.1.3).
    fn keeps_its_promise(&self) -> bool {
        let begins = |prefix: &[u8]| {
            self.name
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let is_of_host = self.secure && self.domain.is_none() && self.path == Some(b"/");
        (self.secure || !begins(b"__Secure-")) && (is_of_host || !begins(b"__Host-"))
    }

    /// Whether a host may set this cookie: it names no other host than this one or one of its parents (RFC 6265, section 5.1.3).
    pub(super) fn is_of(&self, host: &str) -> bool {
        let Some(domain) = self.domain else { return true };
        let host = host.as_bytes();
        let is_address = host.contains(&b':') || host.rsplit(|byte| *byte == b'.').next().is_some_and(is_number);
        let is_parent = || {
            let (above, end) = host.split_at_checked(host.len().checked_sub(domain.len())?)?;
            Some(!is_address && above.ends_with(b".") && end.eq_ignore_ascii_case(domain))
        };
        host.eq_ignore_ascii_case(domain) || is_parent() == Some(true)
    }
}

/// A name and the text after its `=`, without the white space around them.
fn pair(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'=', text)?;
    let (name, value) = text.split_at_checked(at)?;
    Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
}

/// Whether this label ends an IPv4 address.
fn is_number(label: &[u8]) -> bool {
    !label.is_empty() && label.iter().all(u8::is_ascii_digit)
}

fn max_age_of(text: &[u8]) -> Option<Duration> {
    let (is_past, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if !is_number(digits) {
        return None;
    }
    if is_past {
        return Some(Duration::ZERO);
    }
    // A number too large for 64 bits still means "long".
    let seconds = std::str::from_utf8(digits)
        .ok()?
        .parse()
        .map_or(COOKIE_LIFETIME_MAX, Duration::from_secs);
    Some(seconds.min(COOKIE_LIFETIME_MAX))
}

fn lifetime_until(date: &[u8], now: SystemTime) -> Option<Duration> {
    let at = date::parse(date)?;
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = u64::try_from(at).map_or(Duration::ZERO, Duration::from_secs);
    Some(at.saturating_sub(now).min(COOKIE_LIFETIME_MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn parse(text: &str) -> Option<SetCookie<'_>> {
        // Sun, 06 Nov 1994 08:49:37 GMT.
        SetCookie::parse(
            text.as_bytes(),
            SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777),
        )
    }

    #[test]
    fn name_value_and_attributes_are_read_as_browsers_do() {
        let cookie =
            parse(" LB = a=b \"c\" ; PATH=/mcp ;secure;HttpOnly; SameSite=None; Domain=.Example.com;x;;").unwrap();
        assert_eq!((cookie.name, cookie.value), (&b"LB"[..], &b"a=b \"c\""[..]));
        assert_eq!((cookie.path, cookie.secure), (Some(&b"/mcp"[..]), true));
        assert_eq!(cookie.domain, Some(&b"Example.com"[..]));
        assert_eq!(cookie.lifetime, None);
        let plain = parse("a=").unwrap();
        assert_eq!(
            (plain.value, plain.path, plain.domain, plain.secure),
            (&b""[..], None, None, false)
        );
    }

    #[test]
    fn what_is_no_cookie_is_ignored() {
        for text in ["", "a", ";a=b", "=b", " = b", "a\tb=c", "a=b\tc"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        assert!(parse(&format!("a={}", "x".repeat(COOKIE_MAX - 1))).is_some());
        assert_eq!(parse(&format!("a={}", "x".repeat(COOKIE_MAX))), None);
        let long = format!("a=b; Path=/{}", "x".repeat(COOKIE_ATTRIBUTE_MAX));
        assert_eq!(parse(&long).unwrap().path, None);
    }

    #[test]
    fn lifetimes_are_those_of_max_age_or_else_expires() {
        let seconds = |text: &str| {
            parse(&format!("a=b; {text}"))
                .unwrap()
                .lifetime
                .map(|life| life.as_secs())
        };
        for (text, expected) in [
            ("Max-Age=60", Some(60)),
            ("max-age=0", Some(0)),
            ("Max-Age=-1", Some(0)),
            ("Max-Age=-", None),
            ("Max-Age=", None),
            ("Max-Age=1.5", None),
            ("Max-Age=60; Max-Age=soon", Some(60)),
            ("Max-Age=60; Max-Age=5", Some(5)),
            ("Max-Age=99999999999999999999999", Some(COOKIE_LIFETIME_MAX.as_secs())),
            ("Expires=Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Expires=Sun, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Expires=Mon, 01 Jan 1601 00:00:00 GMT", Some(0)),
            (
                "Expires=Fri, 31 Dec 9999 23:59:59 GMT",
                Some(COOKIE_LIFETIME_MAX.as_secs()),
            ),
            ("Expires=0", None),
            ("Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some(60)),
            ("Expires=Sun, 06 Nov 1994 08:50:37 GMT; Max-Age=0", Some(0)),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn a_cookie_of_another_host_is_none_of_ours() {
        let is_of = |domain: &str, host| parse(&format!("a=b; Domain={domain}")).unwrap().is_of(host);
        for domain in ["mcp.example.com", ".MCP.example.com", "example.com", "com", "", "."] {
            assert!(is_of(domain, "mcp.example.com"), "{domain}");
        }
        for domain in [
            "other.example.com",
            "a.mcp.example.com",
            "ample.com",
            "cp.example.com",
            "mcp.example.com.",
            "e.com",
        ] {
            assert!(!is_of(domain, "mcp.example.com"), "{domain}");
        }
        assert!(is_of("127.0.0.1", "127.0.0.1") && !is_of("0.0.1", "127.0.0.1") && !is_of("1", "127.0.0.1"));
        assert!(is_of("::1", "::1") && !is_of("1", "::1"));
    }

    #[test]
    fn prefixes_of_names_are_kept() {
        for (text, is_kept) in [
            ("__Secure-a=b", false),
            ("__secure-a=b", false),
            ("__Secure-a=b; Secure", true),
            ("__Host-a=b; Secure; Path=/", true),
            ("__Host-a=b; Secure", false),
            ("__host-a=b; Path=/", false),
            ("__Host-a=b; Secure; Path=/; Domain=a", false),
        ] {
            assert_eq!(parse(text).is_some(), is_kept, "{text}");
        }
    }

    #[test]
    fn no_text_makes_the_reader_fail() {
        let pieces = [
            "a", "=", ";", " ", "Max-Age", "Expires", "Domain", "Path=/", "-", "9", ":", "Nov", ".", "\u{e9}",
        ];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    for fourth in pieces {
                        if let Some(cookie) = parse(&format!("{first}{second}{third}{fourth};{second}{third}{fourth}"))
                        {
                            cookie.is_of("a");
                        }
                    }
                }
            }
        }
    }
}
