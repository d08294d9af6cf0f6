//! URLs of settings and of proxies (`src/config/values/url.rs`, `src/config/checked/proxy/parse.rs`). Oracle: the crate `url`. What is accepted means
//! the same there, what is refused is refused for the reason given, and no error shows a part of the URL.

use secrecy::ExposeSecret as _;
use tunnel_client::config::{HttpUrl, UrlError};
use tunnel_client::fuzzing::settings;
use tunnel_client::limits::URL_MAX;
use url::Url;

use crate::support::planted::Secret;
use crate::support::text::assert_line;

/// Feeds `data` as a URL, and as the parts of one that holds a secret.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let theirs = Url::parse(text);
    match HttpUrl::parse(text) {
        Ok(ours) => {
            assert_line(&ours.origin(), 300);
            assert!(text.len() <= URL_MAX);
            same(text, &ours, &theirs);
            // What is shown leads to the same peer.
            let again = HttpUrl::parse(&format!("{}{}", ours.origin(), ours.path_and_query));
            assert_eq!(again.as_ref(), Ok(&ours), "{text:?}");
        }
        Err(error) => {
            assert_line(&error.to_string(), 120);
            reason(text, error);
        }
    }
    if let Ok(theirs) = theirs {
        normalized(&theirs);
    }
    hides(&Secret::of(data), text);
    proxy(text);
}

fn same(text: &str, ours: &HttpUrl, theirs: &Result<Url, url::ParseError>) {
    let theirs = match theirs {
        Ok(theirs) => theirs,
        // Names in Unicode are written as they are sent; whether they mean something is for the resolver.
        Err(_) if ours.host.contains("xn--") => return,
        Err(error) => panic!("{text:?} is accepted, and it is none: {error}"),
    };
    assert_eq!(theirs.scheme(), if ours.tls { "https" } else { "http" }, "{text:?}");
    let host = theirs.host_str().unwrap_or_default();
    assert_eq!(host.trim_matches(['[', ']']), ours.host, "{text:?}");
    assert_eq!(theirs.port_or_known_default(), Some(ours.port), "{text:?}");
    assert_eq!(theirs.port().is_some(), ours.explicit_port, "{text:?}");
    assert_eq!((theirs.username(), theirs.password()), ("", None), "{text:?}");
    let (path, query) = match ours.path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (ours.path_and_query.as_str(), None),
    };
    // The crate resolves `.` and `..`; here the path goes as it was written.
    if !path.split('/').any(is_dots) {
        assert_eq!(theirs.path(), path, "{text:?}");
    }
    assert_eq!(
        theirs.query(),
        query.map(|query| query.replace('\'', "%27")).as_deref(),
        "{text:?}"
    );
}

fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

/// The reason of a refusal is true of the text.
fn reason(text: &str, error: UrlError) {
    let authority = text.split_once("://").map_or("", |(_, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        &rest[..end]
    });
    match error {
        UrlError::TooLong => assert!(text.len() > URL_MAX),
        UrlError::Scheme => {
            let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            assert!(!matches!(scheme.as_deref(), Some("http" | "https")), "{text:?}");
        }
        UrlError::Userinfo => assert!(authority.contains('@'), "{text:?}"),
        UrlError::Zone => assert!(authority.contains('%'), "{text:?}"),
        UrlError::InternationalHost => assert!(!authority.is_ascii(), "{text:?}"),
        UrlError::Port => assert!(authority.contains(':'), "{text:?}"),
        UrlError::Host => {}
        UrlError::Percent(at) => {
            assert_eq!(text.as_bytes()[at - 1], b'%', "{text:?}");
            let digits = text.as_bytes().get(at..at + 2).unwrap_or_default();
            assert!(
                digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit),
                "{text:?}"
            );
        }
        UrlError::Character(at) => {
            let byte = text.as_bytes()[at - 1];
            let is_allowed = byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=|%".contains(&byte);
            assert!(!is_allowed, "{text:?} at {at}");
        }
    }
}

/// What the crate writes is accepted, unless it holds what this reader refuses on purpose.
fn normalized(theirs: &Url) {
    let text = theirs.as_str();
    let host = theirs.host_str().unwrap_or_default();
    let is_name = |host: &str| {
        let labels = host.strip_suffix('.').unwrap_or(host);
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        // `0x7f` is an address for resolvers; what begins like that is refused.
        let is_number = labels.rsplit('.').next().is_some_and(|last| last.starts_with("0x"));
        labels.len() <= 253 && labels.split('.').all(is_label) && !is_number
    };
    let is_expected = matches!(theirs.scheme(), "http" | "https")
        && (host.starts_with('[') || is_name(host))
        && theirs.port() != Some(0)
        && theirs.username().is_empty()
        && theirs.password().is_none()
        && text.len() <= URL_MAX
        && !theirs.path().contains(['"', '<', '>', '\\', '^', '`', '{', '}'])
        && !theirs
            .query()
            .unwrap_or_default()
            .contains(['"', '<', '>', '\\', '^', '`', '{', '}'])
        && !has_stray_percent(&text[..theirs.as_str().find('#').unwrap_or(text.len())]);
    if is_expected {
        let ours = HttpUrl::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        same(text, &ours, &Ok(theirs.clone()));
    }
}

fn has_stray_percent(text: &str) -> bool {
    let parts = text.split('%').skip(1);
    parts.into_iter().any(|rest| {
        let digits = rest.as_bytes().get(..2).unwrap_or_default();
        digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit)
    })
}

/// A secret in a place where URLs hold them is in no error, whatever stands around it.
fn hides(secret: &Secret, text: &str) {
    let planted = secret.expose();
    for url in [
        format!("https://u:{planted}@{text}"),
        format!("https://{planted}@{text}"),
        format!("{text}?token={planted}"),
        format!("https://h/{planted}{text}"),
        format!("https://h/?{text}{planted}#{planted}"),
        format!("http://h:{planted}{text}"),
    ] {
        match HttpUrl::parse(&url) {
            Ok(url) => secret.assert_absent(&format!("{url:?} {} {}", url.origin(), url.authority())),
            Err(error) => secret.assert_absent(&format!("{error} {error:?}")),
        }
        match settings::proxy(&url) {
            Ok(proxy) if !proxy.host.contains(planted) => secret.assert_absent(&format!("{proxy:?} {}", proxy.name())),
            Ok(_) => {}
            Err(error) => secret.assert_absent(&error),
        }
    }
}

/// The URL of a proxy: its credentials are those that the crate finds, decoded.
fn proxy(text: &str) {
    let Ok(ours) = settings::proxy(text) else { return };
    let Some(rest) = text.split_once("://").map(|(_, rest)| rest) else {
        panic!("{text:?} has no scheme");
    };
    assert_line(&ours.name(), 340);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let credentials = ours.credentials.as_ref().map(|secret| secret.expose_secret());
    assert_eq!(credentials.is_some(), has_credentials(authority), "{text:?}");
    if credentials.is_some_and(|credentials| credentials.chars().any(char::is_control)) {
        panic!("{text:?}: credentials with control characters");
    }
    // The crate drops tabs and line ends, and takes a backslash for a slash.
    if authority.contains(['\t', '\r', '\n', '\\']) || !ours.host.is_ascii() || ours.host.contains("xn--") {
        return;
    }
    let scheme = if ours.tls { "https" } else { "http" };
    let theirs = Url::parse(&format!("{scheme}://{authority}")).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let host = theirs
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    assert_eq!(
        (host.as_str(), theirs.port_or_known_default()),
        (ours.host.as_str(), Some(ours.port)),
        "{text:?}"
    );
    let Some(credentials) = credentials else { return };
    let user = percent_decoded(theirs.username());
    let password = percent_decoded(theirs.password().unwrap_or_default());
    let is_split = authority
        .rsplit_once('@')
        .is_some_and(|(userinfo, _)| userinfo.contains(':'));
    // Without a colon there is no password, unless one was encoded.
    let separator: &[u8] = if is_split || !user.contains(&b':') { b":" } else { b"" };
    assert_eq!(
        credentials.as_bytes(),
        [&user, separator, &password].concat(),
        "{text:?}"
    );
}

fn has_credentials(authority: &str) -> bool {
    authority
        .rsplit_once('@')
        .is_some_and(|(userinfo, _)| !matches!(userinfo, "" | ":" | "%3a" | "%3A"))
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let number = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        match (byte, after.get(..2).and_then(number)) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            _ => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    decoded
}
