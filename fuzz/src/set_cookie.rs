//! `Set-Cookie` of MCP servers and the jar (`src/mcp/http/cookies/`). Oracle: RFC 6265, section 5, once more, with a jar that is a
//! plain list.

use std::time::{Duration, Instant, SystemTime};

use tunnel_client::fuzzing::messages::http::cookies::{self, Cookie, Jar};
use tunnel_client::limits::{
    COOKIE_ATTRIBUTE_MAX, COOKIE_JAR_BYTES, COOKIE_JAR_MAX, COOKIE_LIFETIME_MAX, COOKIE_MAX, COOKIE_OVERHEAD,
};

use crate::support::http_date;
use crate::support::pieces::inflated;

/// Sun, 06 Nov 1994 08:49:37 GMT.
const NOW: u64 = 784_111_777;
/// Requests that answers come to, and that cookies are sent with.
const PATHS: [&str; 6] = ["/mcp", "/", "/a/b/mcp", "/a/b", "/ab", "/a/"];

/// Feeds `data`: a header a line. The first character of a line chooses the request's path, and sometimes lets a minute pass.
pub fn check(data: &[u8]) {
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let began = Instant::now();
    let mut passed = 0;
    let mut jar = Jar::default();
    let mut kept: Vec<Kept> = Vec::new();
    for line in data.split(|byte| *byte == b'\n').take(80) {
        let Some((choice, header)) = line.split_first() else {
            continue;
        };
        // What http lets through as the value of a header.
        let header = inflated(header, COOKIE_ATTRIBUTE_MAX);
        let header: Vec<u8> = header
            .into_iter()
            .filter(|b| *b == b'\t' || *b >= b' ' && *b != 0x7f)
            .collect();
        let path = PATHS[usize::from(*choice) % PATHS.len()];
        if choice % 16 == 15 {
            passed += 60;
        }
        let cookie = cookies::parse(&header, date);
        assert_eq!(cookie, parse(&header), "{:?}", String::from_utf8_lossy(&header));
        hosts(&header, cookie.as_ref(), date);
        let was_set = jar.set(&header, path, began + Duration::from_secs(passed), date);
        assert_eq!(was_set, cookie.is_some());
        if let Some(cookie) = cookie {
            set(&mut kept, cookie, path, passed);
        }
        assert!(jar.size() <= COOKIE_JAR_BYTES, "{} bytes in a jar", jar.size());
        for path in PATHS {
            let mut sent = b"tenant=blue".to_vec();
            jar.write(path, began + Duration::from_secs(passed), &mut sent);
            let expected = header_of(&kept, path, passed);
            assert_eq!(
                String::from_utf8_lossy(&sent),
                String::from_utf8_lossy(&expected),
                "cookies for {path}"
            );
            assert!(
                !sent.iter().any(|byte| byte.is_ascii_control()),
                "a header that ends early"
            );
        }
    }
}

/// The rules of section 5.2, with the client's bounds and RFC 6265bis' prefixes.
fn parse(header: &[u8]) -> Option<Cookie> {
    let mut parts = header.split(|byte| *byte == b';');
    let (name, value) = pair(parts.next()?)?;
    let is_clean = |text: &[u8]| text.iter().all(|byte| *byte >= b' ' && *byte != 0x7f);
    if name.is_empty() || !is_clean(&name) || !is_clean(&value) || name.len() + value.len() > COOKIE_MAX {
        return None;
    }
    let mut cookie = Cookie {
        name,
        value,
        lifetime: None,
        domain: None,
        path: None,
        secure: false,
    };
    let (mut max_age, mut expires) = (None, None);
    for part in parts {
        let (name, value) = pair(part).unwrap_or_else(|| (part.trim_ascii().to_vec(), Vec::new()));
        if value.len() > COOKIE_ATTRIBUTE_MAX {
            continue;
        }
        match &name.to_ascii_lowercase()[..] {
            b"max-age" => max_age = seconds(&value).or(max_age),
            b"expires" => expires = until(&value).or(expires),
            b"domain" => {
                let domain = value.strip_prefix(b".").unwrap_or(&value);
                cookie.domain = (!domain.is_empty()).then(|| domain.to_vec());
            }
            b"path" => cookie.path = value.starts_with(b"/").then_some(value),
            b"secure" => cookie.secure = true,
            _ => {}
        }
    }
    cookie.lifetime = max_age.or(expires);
    let lower = cookie.name.to_ascii_lowercase();
    let is_of_host = cookie.secure && cookie.domain.is_none() && cookie.path.as_deref() == Some(b"/");
    let is_kept = !(lower.starts_with(b"__secure-") && !cookie.secure || lower.starts_with(b"__host-") && !is_of_host);
    is_kept.then_some(cookie)
}

fn pair(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut parts = text.splitn(2, |byte| *byte == b'=');
    let (name, value) = (parts.next()?, parts.next()?);
    Some((name.trim_ascii().to_vec(), value.trim_ascii().to_vec()))
}

fn seconds(value: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = if text.starts_with('-') {
        0
    } else {
        digits.parse().unwrap_or(u64::MAX)
    };
    Some(Duration::from_secs(seconds).min(COOKIE_LIFETIME_MAX))
}

/// Dates of HTTP are computed here; for others the reader of dates is believed, as far as it agrees with those.
fn until(value: &[u8]) -> Option<Duration> {
    let ours = cookies::date(value);
    let date = match std::str::from_utf8(value).ok().and_then(http_date::parse) {
        Some(date) => date,
        None => ours?,
    };
    assert_eq!(ours, Some(date), "{:?} as a date", String::from_utf8_lossy(value));
    let left = u64::try_from(date).unwrap_or(0).saturating_sub(NOW);
    Some(Duration::from_secs(left).min(COOKIE_LIFETIME_MAX))
}

/// A cookie is of this host and its parents only, and of an address only by name.
fn hosts(header: &[u8], cookie: Option<&Cookie>, date: SystemTime) {
    for host in ["mcp.example.com", "10.1.2.3", "::1", "localhost"] {
        let Some(cookie) = cookie else { continue };
        let domain = cookie
            .domain
            .as_deref()
            .map(|domain| String::from_utf8_lossy(domain).to_ascii_lowercase());
        let is_name = host.parse::<std::net::IpAddr>().is_err();
        let expected = domain.is_none_or(|domain| host == domain || is_name && host.ends_with(&format!(".{domain}")));
        assert_eq!(
            cookies::is_of(header, date, host),
            Some(expected),
            "{cookie:?} of {host}"
        );
    }
}

struct Kept {
    name: Vec<u8>,
    path: Vec<u8>,
    value: Vec<u8>,
    ends: Option<u64>,
}

fn set(kept: &mut Vec<Kept>, cookie: Cookie, request: &str, passed: u64) {
    let directory = match request.rfind('/') {
        Some(end) if end > 0 => &request[..end],
        _ => "/",
    };
    let path = cookie.path.unwrap_or_else(|| directory.as_bytes().to_vec());
    let place = kept.iter().position(|old| old.name == cookie.name && old.path == path);
    let ends = cookie.lifetime.map(|lifetime| passed + lifetime.as_secs());
    let new = Kept {
        name: cookie.name,
        path,
        value: cookie.value,
        ends,
    };
    match place {
        Some(place) => kept[place] = new,
        None => kept.push(new),
    }
    kept.retain(|cookie| cookie.ends.is_none_or(|ends| passed < ends));
    let size = |kept: &[Kept]| -> usize {
        kept.iter()
            .map(|cookie| cookie.name.len() + cookie.path.len() + cookie.value.len() + COOKIE_OVERHEAD)
            .sum()
    };
    while kept.len() > COOKIE_JAR_MAX || size(kept) > COOKIE_JAR_BYTES {
        kept.remove(0);
    }
}

/// The header for a request, after the cookie that the operator configured.
fn header_of(kept: &[Kept], path: &str, passed: u64) -> Vec<u8> {
    let is_within = |cookie: &Kept| {
        let scope = String::from_utf8_lossy(&cookie.path).into_owned();
        path == scope || path.starts_with(&scope) && (scope.ends_with('/') || path[scope.len()..].starts_with('/'))
    };
    let is_valid = |cookie: &&Kept| cookie.ends.is_none_or(|ends| passed < ends) && is_within(cookie);
    let mut sent: Vec<&Kept> = kept
        .iter()
        .filter(is_valid)
        .filter(|cookie| cookie.name != b"tenant")
        .collect();
    sent.sort_by(|left, right| right.path.len().cmp(&left.path.len()));
    let mut header = b"tenant=blue".to_vec();
    for cookie in sent {
        header.extend_from_slice(b"; ");
        header.extend_from_slice(&[&cookie.name[..], b"=", &cookie.value[..]].concat());
    }
    header
}
