//! Doors to the reader of `Set-Cookie` and the jar.

use std::time::{Duration, Instant, SystemTime};

use super::date;
use super::jar;
use super::set_cookie::SetCookie;

/// One cookie as its server wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// How long it is valid.
    pub lifetime: Option<Duration>,
    /// Hosts that it is for.
    pub domain: Option<Vec<u8>>,
    /// Where it goes.
    pub path: Option<Vec<u8>>,
    /// Only for encrypted connections.
    pub secure: bool,
}

/// Reads one header value.
pub fn parse(header: &[u8], now: SystemTime) -> Option<Cookie> {
    SetCookie::parse(header, now).map(|cookie| Cookie {
        name: cookie.name.to_vec(),
        value: cookie.value.to_vec(),
        lifetime: cookie.lifetime,
        domain: cookie.domain.map(<[u8]>::to_vec),
        path: cookie.path.map(<[u8]>::to_vec),
        secure: cookie.secure,
    })
}

/// Whether a host may set the cookie of this header.
pub fn is_of(header: &[u8], now: SystemTime, host: &str) -> Option<bool> {
    SetCookie::parse(header, now).map(|cookie| cookie.is_of(host))
}

/// Seconds since 1970 of a date in `Expires`.
pub fn date(text: &[u8]) -> Option<i64> {
    date::parse(text)
}

/// Cookies of one session.
#[derive(Debug, Default)]
pub struct Jar(jar::Jar);

impl Jar {
    /// Stores the cookie of a header that came with the answer to a request of `path`. False when it is none.
    pub fn set(&mut self, header: &[u8], path: &str, now: Instant, date: SystemTime) -> bool {
        let cookie = SetCookie::parse(header, date);
        cookie.inspect(|cookie| self.0.set(cookie, path, now.into())).is_some()
    }

    /// Appends the cookies for a request of `path`.
    pub fn write(&self, path: &str, now: Instant, header: &mut Vec<u8>) {
        self.0.write(path, now.into(), header);
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        self.0.size()
    }
}
