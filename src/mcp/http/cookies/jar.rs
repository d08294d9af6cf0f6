//! The cookies of one session of a caller.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretSlice};
use tokio::time::Instant;

use super::set_cookie::SetCookie;
use crate::limits::{COOKIE_JAR_BYTES, COOKIE_JAR_MAX, COOKIE_OVERHEAD};

/// Cookies of one origin, in the order in which they were first set.
#[derive(Debug, Default)]
pub(super) struct Jar(Vec<Cookie>);

/// A cookie is wiped when it is dropped.
#[derive(Debug)]
struct Cookie {
    name: Box<[u8]>,
    path: Box<[u8]>,
    value: SecretSlice<u8>,
    /// When it stops being valid; `None` is the end of the session.
    until: Option<Instant>,
}

impl Cookie {
    fn size(&self) -> usize {
        self.name.len() + self.path.len() + self.value.expose_secret().len() + COOKIE_OVERHEAD
    }

    fn is_valid(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Jar {
    /// Stores a cookie that came with the answer to a request of `path`, or removes the one that it replaces (RFC 6265, section 5.3).
    /// It is for the origin that sent it, whatever parent domain it names.
    pub(super) fn set(&mut self, cookie: &SetCookie<'_>, path: &str, now: Instant) {
        let scope = cookie.path.unwrap_or_else(|| default_path(path).as_bytes());
        let until = cookie.lifetime.map(|lifetime| now.checked_add(lifetime).unwrap_or(now));
        let new = Cookie {
            name: cookie.name.into(),
            path: scope.into(),
            value: cookie.value.to_vec().into(),
            until,
        };
        let same = self
            .0
            .iter()
            .position(|old| old.name == new.name && old.path == new.path);
        match (
            same.and_then(|at| self.0.get_mut(at)),
            cookie.lifetime == Some(Duration::ZERO),
        ) {
            (Some(old), false) => *old = new,
            (None, false) => self.0.push(new),
            (_, true) => self.0.retain(|old| old.name != new.name || old.path != new.path),
        }
        self.expire(now);
        while self.0.len() > COOKIE_JAR_MAX || self.size() > COOKIE_JAR_BYTES {
            self.0.remove(0);
        }
    }

    /// Drops cookies that are no longer valid.
    pub(super) fn expire(&mut self, now: Instant) {
        self.0.retain(|cookie| cookie.is_valid(now));
    }

    /// Appends the cookies for a request of `path` to those that the operator configured, whose names they do not repeat.
    pub(super) fn write(&self, path: &str, now: Instant, header: &mut Vec<u8>) {
        let configured: Vec<Box<[u8]>> = names(header).map(Box::from).collect();
        let is_free = |name: &[u8]| !configured.iter().any(|known| **known == *name);
        let mut cookies: Vec<&Cookie> = self.0.iter().collect();
        cookies.retain(|cookie| cookie.is_valid(now) && is_in(path, &cookie.path) && is_free(&cookie.name));
        // Longer paths first; of the same length the older one.
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        for cookie in cookies {
            if !header.is_empty() {
                header.extend_from_slice(b"; ");
            }
            header.extend_from_slice(&cookie.name);
            header.push(b'=');
            header.extend_from_slice(cookie.value.expose_secret());
        }
    }

    /// Bytes that it takes.
    pub(super) fn size(&self) -> usize {
        self.0.iter().map(Cookie::size).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Names in a `Cookie` header.
fn names(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let pairs = header.split(|byte| *byte == b';');
    pairs.filter_map(|pair| pair.split(|byte| *byte == b'=').next().map(<[u8]>::trim_ascii))
}

/// The path of a cookie that names none (RFC 6265, section 5.1.4).
fn default_path(request: &str) -> &str {
    match request.rfind('/') {
        Some(0) | None => "/",
        Some(end) => request.get(..end).unwrap_or("/"),
    }
}

/// Whether a request is within the path of a cookie.
fn is_in(request: &str, path: &[u8]) -> bool {
    let rest = request.as_bytes().strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || path.ends_with(b"/") || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::SystemTime;

    use super::*;

    fn set(jar: &mut Jar, header: &str, path: &str) {
        let cookie = SetCookie::parse(header.as_bytes(), SystemTime::now()).unwrap();
        jar.set(&cookie, path, Instant::now());
    }

    fn sent(jar: &Jar, path: &str, later: u64) -> String {
        let mut header = Vec::new();
        jar.write(path, Instant::now() + Duration::from_secs(later), &mut header);
        String::from_utf8(header).unwrap()
    }

    #[test]
    fn a_cookie_replaces_the_one_of_its_name_and_path_and_can_delete_it() {
        let mut jar = Jar::default();
        for header in ["a=1; Path=/", "b=1; Path=/", "a=2; Path=/", "a=3; Path=/mcp"] {
            set(&mut jar, header, "/mcp");
        }
        assert_eq!(sent(&jar, "/mcp", 0), "a=3; a=2; b=1");
        set(&mut jar, "a=; Path=/; Max-Age=0", "/mcp");
        set(&mut jar, "b=x; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/mcp");
        set(&mut jar, "never=x; Max-Age=-5", "/mcp");
        assert_eq!(sent(&jar, "/mcp", 0), "a=3");
    }

    #[test]
    fn paths_limit_where_a_cookie_goes() {
        let mut jar = Jar::default();
        for header in [
            "own",
            "root; Path=/",
            "deep; Path=/a/b",
            "slash; Path=/a/",
            "bad; Path=b",
        ] {
            let (name, attributes) = header.split_once(';').unwrap_or((header, ""));
            set(&mut jar, &format!("{name}=1;{attributes}"), "/a/mcp");
        }
        assert_eq!(sent(&jar, "/a/mcp", 0), "slash=1; own=1; bad=1; root=1");
        assert_eq!(sent(&jar, "/a/b", 0), "deep=1; slash=1; own=1; bad=1; root=1");
        assert_eq!(sent(&jar, "/a", 0), "own=1; bad=1; root=1");
        assert_eq!(sent(&jar, "/ab", 0), "root=1");
        assert_eq!(
            (default_path("/mcp"), default_path("/"), default_path("")),
            ("/", "/", "/")
        );
    }

    #[test]
    fn a_cookie_ends_with_its_lifetime() {
        let mut jar = Jar::default();
        set(&mut jar, "short=1; Max-Age=60", "/");
        set(&mut jar, "long=1", "/");
        assert_eq!(
            (sent(&jar, "/", 30), sent(&jar, "/", 61)),
            ("short=1; long=1".into(), "long=1".into())
        );
        jar.expire(Instant::now() + Duration::from_secs(61));
        assert_eq!(jar.0.len(), 1);
    }

    #[test]
    fn a_jar_is_bounded_in_count_and_bytes() {
        let mut jar = Jar::default();
        for number in 0..COOKIE_JAR_MAX * 2 {
            set(&mut jar, &format!("c{number}=1"), "/");
        }
        assert_eq!(jar.0.len(), COOKIE_JAR_MAX);
        assert!(sent(&jar, "/", 0).ends_with(&format!("c{}=1", COOKIE_JAR_MAX * 2 - 1)));
        for number in 0..100 {
            set(&mut jar, &format!("large{number}={}", "x".repeat(4000)), "/");
            assert!(jar.size() <= COOKIE_JAR_BYTES);
        }
        assert!(sent(&jar, "/", 0).contains("large99="));
    }

    #[test]
    fn configured_cookies_are_kept_and_not_contradicted() {
        let mut jar = Jar::default();
        set(&mut jar, "tenant=other", "/");
        set(&mut jar, "LB=1", "/");
        let mut header = b"tenant=blue; a=1".to_vec();
        jar.write("/", Instant::now(), &mut header);
        assert_eq!(header, b"tenant=blue; a=1; LB=1");
    }

    #[test]
    fn values_are_not_shown() {
        let mut jar = Jar::default();
        set(&mut jar, "a=secret-4711", "/");
        assert!(!format!("{jar:?}").contains("4711"));
    }
}
