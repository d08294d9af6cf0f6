//! `http` and `https` URLs. Their text never becomes part of a message: it may hold a password or a token.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::limits::URL_MAX;

/// Why a text is not a URL we can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlError {
    /// Longer than 8 KiB.
    TooLong,
    /// Neither `http://` nor `https://`.
    Scheme,
    /// A user name or a password before the host.
    Userinfo,
    /// No host, or none that can be looked up.
    Host,
    /// A host outside ASCII.
    InternationalHost,
    /// An IPv6 zone.
    Zone,
    /// Not a number from 1 to 65535.
    Port,
    /// A character, counted from 1, that must be percent-encoded.
    Character(usize),
    /// A `%`, counted from 1, without two hexadecimal digits.
    Percent(usize),
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {URL_MAX} bytes; shorten it"),
            Self::Scheme => f.write_str("needs a scheme and a host; begin it with https:// or http://"),
            Self::Userinfo => f.write_str("holds a user name or a password before the host; remove it"),
            Self::Host => f.write_str("needs a valid host; write a name, an IPv4 address or an [IPv6 address]"),
            Self::InternationalHost => f.write_str("has a host outside ASCII; write its xn-- form"),
            Self::Zone => f.write_str("has an IPv6 zone, which is not supported; write an address without %"),
            Self::Port => f.write_str("has an invalid port; write a number from 1 to 65535"),
            Self::Character(position) => {
                write!(f, "has an invalid character at position {position}; percent-encode it")
            }
            Self::Percent(position) => write!(
                f,
                "has a % at position {position} without two hexadecimal digits; write it as %25"
            ),
        }
    }
}

impl std::error::Error for UrlError {}

/// A checked `http` or `https` URL without userinfo, query kept, fragment dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    /// True for `https`.
    pub tls: bool,
    /// Host name, or IP literal without brackets; lower case.
    pub host: String,
    /// Port, the scheme's default when none was written.
    pub port: u16,
    /// True when the port was written in the URL and is not the scheme's default (decides the Host header).
    pub explicit_port: bool,
    /// Path and query as sent, at least `/`.
    pub path_and_query: String,
}

impl HttpUrl {
    /// Reads an absolute URL.
    ///
    /// # Errors
    ///
    /// The text is none that a request could be sent to as it stands; see [`UrlError`].
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > URL_MAX {
            return Err(UrlError::TooLong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let tls = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ => return Err(UrlError::Scheme),
        };
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(authority_end);
        if authority.contains('@') {
            return Err(UrlError::Userinfo);
        }
        let (host, port) = split_port(authority)?;
        let default_port = if tls { 443 } else { 80 };
        let port = parse_port(port)?.unwrap_or(default_port);
        let tail = tail.split_once('#').map_or(tail, |(before, _)| before);
        check_path_and_query(tail, text.len() - rest.len() + authority_end)?;
        Ok(Self {
            tls,
            host: parse_host(host)?,
            port,
            explicit_port: port != default_port,
            path_and_query: if tail.starts_with('/') {
                tail.to_owned()
            } else {
                format!("/{tail}")
            },
        })
    }

    /// Host and port as in a `Host` header: the port only when it is not the scheme's own, brackets around IPv6.
    #[must_use]
    pub fn authority(&self) -> String {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        let host = &self.host;
        if self.explicit_port {
            format!("{open}{host}{close}:{}", self.port)
        } else {
            format!("{open}{host}{close}")
        }
    }

    /// Scheme and authority: what messages and logs may show of a URL.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }

    /// Whether what is sent stays on this machine, as far as the name tells.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

pub(in crate::config) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || host.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback())
}

impl fmt::Debug for HttpUrl {
    /// The origin only: a path or a query can hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpUrl({})", self.origin())
    }
}

/// Host without brackets, and the text after its colon.
fn split_port(authority: &str) -> Result<(Host<'_>, Option<&str>), UrlError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(UrlError::Host)?;
        let port = match after {
            "" => None,
            _ => Some(after.strip_prefix(':').ok_or(UrlError::Host)?),
        };
        return Ok((Host::Bracketed(address), port));
    }
    match authority.split_once(':') {
        Some((host, port)) => Ok((Host::Plain(host), Some(port))),
        None => Ok((Host::Plain(authority), None)),
    }
}

enum Host<'a> {
    Bracketed(&'a str),
    Plain(&'a str),
}

/// `None` when nothing follows the colon, which means the scheme's port.
fn parse_port(port: Option<&str>) -> Result<Option<u16>, UrlError> {
    match port {
        None | Some("") => Ok(None),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .map(Some)
            .ok_or(UrlError::Port),
        Some(_) => Err(UrlError::Port),
    }
}

fn parse_host(host: Host<'_>) -> Result<String, UrlError> {
    match host {
        Host::Bracketed(address) if address.contains('%') => Err(UrlError::Zone),
        Host::Bracketed(address) => address
            .parse::<Ipv6Addr>()
            .map(|address| address.to_string())
            .map_err(|_| UrlError::Host),
        Host::Plain(name) if !name.is_ascii() => Err(UrlError::InternationalHost),
        Host::Plain(name) if is_host_name(name) => Ok(name.to_ascii_lowercase()),
        Host::Plain(_) => Err(UrlError::Host),
    }
}

/// A DNS name or an IPv4 address. A name that ends in a number is refused unless it is a plain IPv4 address: resolvers
/// read `0x7f.1` and `127.1` as addresses, and a policy that compares names would be led astray.
fn is_host_name(name: &str) -> bool {
    let labels = name.strip_suffix('.').unwrap_or(name);
    let valid = labels.len() <= 253
        && labels.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        });
    let last = labels.rsplit('.').next().unwrap_or(labels);
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X");
    valid && (!numeric || name.parse::<Ipv4Addr>().is_ok())
}

/// `before` is how many bytes of the URL stand before `text`.
fn check_path_and_query(text: &str, before: usize) -> Result<(), UrlError> {
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'%' => {
                let digits = bytes.get(index + 1..index + 3).unwrap_or_default();
                if digits.len() != 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(UrlError::Percent(before + index + 1));
                }
            }
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'}' => {
                return Err(UrlError::Character(before + index + 1));
            }
            0x21..=0x7e => {}
            _ => return Err(UrlError::Character(before + index + 1)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::str::FromStr;

    use super::*;

    #[test]
    fn parts_are_taken_apart_and_defaults_filled_in() {
        for (text, tls, host, port, explicit, path) in [
            ("https://api.example.com", true, "api.example.com", 443, false, "/"),
            (
                "HTTPS://API.Example.COM:443/v1",
                true,
                "api.example.com",
                443,
                false,
                "/v1",
            ),
            (
                "http://localhost:3000/mcp?a=1&b=%2F#top",
                false,
                "localhost",
                3000,
                true,
                "/mcp?a=1&b=%2F",
            ),
            ("http://[::1]:8080?x", false, "::1", 8080, true, "/?x"),
            ("https://[2001:DB8::1]", true, "2001:db8::1", 443, false, "/"),
            ("http://127.0.0.1:/", false, "127.0.0.1", 80, false, "/"),
            (
                "http://my_host-1.internal./a//b",
                false,
                "my_host-1.internal.",
                80,
                false,
                "/a//b",
            ),
            ("http://h/path@here?u=a@b", false, "h", 80, false, "/path@here?u=a@b"),
        ] {
            let url = HttpUrl::parse(text).unwrap();
            let parts = (
                url.tls,
                url.host.as_str(),
                url.port,
                url.explicit_port,
                url.path_and_query.as_str(),
            );
            assert_eq!(parts, (tls, host, port, explicit, path), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_requested_is_refused_with_its_reason() {
        use UrlError::{Character, Host, InternationalHost, Percent, Port, Scheme, Userinfo, Zone};
        for (text, error) in [
            ("", Scheme),
            ("api.example.com", Scheme),
            ("ftp://h/", Scheme),
            ("https:/h", Scheme),
            ("https://", Host),
            ("https:///path", Host),
            ("https://user@h/", Userinfo),
            ("https://user:pass@h/", Userinfo),
            ("https://h:0/", Port),
            ("https://h:65536/", Port),
            ("https://h:+1/", Port),
            ("https://h:8a/", Port),
            ("https://::1/", Port),
            ("https://[::1/", Host),
            ("https://[::1]x/", Host),
            ("https://[zz]/", Host),
            ("https://[fe80::1%25eth0]/", Zone),
            ("https://a..b/", Host),
            ("https://a b/", Host),
            ("https://a%2eb/", Host),
            ("https://ex\u{e4}mple/", InternationalHost),
            ("https://0x7f.1/", Host),
            ("https://127.1/", Host),
            ("https://256.0.0.1/", Host),
            ("https://h/a b", Character(12)),
            ("https://h/\u{e4}", Character(11)),
            ("https://h/a\nb", Character(12)),
            ("https://h/?{x}", Character(12)),
            ("https://h/%zz", Percent(11)),
            ("https://h/%2", Percent(11)),
        ] {
            assert_eq!(HttpUrl::parse(text), Err(error), "{text}");
        }
        assert_eq!(
            HttpUrl::parse(&format!("https://h/{}", "a".repeat(URL_MAX))),
            Err(UrlError::TooLong)
        );
    }

    #[test]
    fn an_accepted_path_is_one_that_the_http_library_accepts() {
        for byte in 0_u8..=0x7f {
            let text = format!("http://h/a{0}?b{0}", char::from(byte));
            if let Ok(url) = HttpUrl::parse(&text) {
                let path = http::uri::PathAndQuery::from_str(&url.path_and_query);
                assert_eq!(path.unwrap().as_str(), url.path_and_query, "{text:?}");
            }
        }
    }

    #[test]
    fn only_the_origin_is_shown() {
        let url = HttpUrl::parse("https://[::1]:8443/secret-path?token=abc").unwrap();
        assert_eq!(url.origin(), "https://[::1]:8443");
        assert_eq!(format!("{url:?}"), "HttpUrl(https://[::1]:8443)");
        assert_eq!(HttpUrl::parse("http://h:80/").unwrap().authority(), "h");
    }

    #[test]
    fn loopback_is_told_by_name_and_by_address() {
        for (text, loopback) in [
            ("http://localhost", true),
            ("http://127.9.9.9", true),
            ("http://[::1]", true),
        ] {
            assert_eq!(HttpUrl::parse(text).unwrap().is_loopback(), loopback, "{text}");
        }
        for text in ["http://localhost.example.com", "http://10.0.0.1", "http://[::2]"] {
            assert!(!HttpUrl::parse(text).unwrap().is_loopback(), "{text}");
        }
    }
}
