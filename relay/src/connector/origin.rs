//! Host and Origin, against DNS rebinding: a web page whose name resolves to the relay's address still names itself
//! in both, so a caller must use one of the relay's names, and must not come from another site.

use std::net::{IpAddr, SocketAddr};

use http::header::{HOST, ORIGIN};
use http::request::Parts;

use crate::error::{Code, Refusal};
use crate::relay::Relay;

/// Refuses a request that names another host, or comes from another origin.
pub(crate) fn check(relay: &Relay, local: SocketAddr, head: &Parts) -> Result<(), Refusal> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(host_of),
        _ => None,
    };
    let host = host.ok_or_else(|| Refusal::new(Code::HostNotAllowed, "Host is missing or malformed").at("Host"))?;
    if !is_own(host, local.ip())
        && !relay
            .allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(host))
    {
        return Err(Refusal::new(
            Code::HostNotAllowed,
            "Host is not one of this relay's names; --allow-host adds one",
        )
        .at("Host"));
    }
    let mut origins = head.headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        // Not a browser.
        (None, _) => Ok(()),
        (Some(origin), None) if origin.to_str().is_ok_and(|origin| allows(relay, origin, host)) => Ok(()),
        _ => Err(Refusal::new(
            Code::OriginNotAllowed,
            "Origin is another site; --allow-origin adds one",
        )
        .at("Origin")),
    }
}

/// The relay's address itself cannot be rebound; `localhost` is it when it listens on loopback.
fn is_own(host: &str, local: IpAddr) -> bool {
    match address(host) {
        Some(address) => {
            address == local.to_canonical() || (address.is_loopback() && local.to_canonical().is_loopback())
        }
        None => host.eq_ignore_ascii_case("localhost") && local.to_canonical().is_loopback(),
    }
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

fn allows(relay: &Relay, origin: &str, host: &str) -> bool {
    if relay
        .allowed_origins
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(origin))
    {
        return true;
    }
    let rest = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    rest.and_then(host_of)
        .is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

/// The host of `host`, `host:port`, `[v6]`, `[v6]:port`; brackets stay.
fn host_of(authority: &str) -> Option<&str> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let port_ok = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let name_ok = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte));
    (port_ok && name_ok).then_some(host)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn hosts_are_read_with_and_without_ports() {
        for (text, host) in [
            ("a.b", "a.b"),
            ("a.b:80", "a.b"),
            ("[::1]", "[::1]"),
            ("[::1]:8443", "[::1]"),
            ("127.0.0.1:1", "127.0.0.1"),
        ] {
            assert_eq!(host_of(text), Some(host));
        }
        for text in ["", ":80", "a:b", "a/b", "user@a", "[::1", "[::1]x", "a:80:80"] {
            assert_eq!(host_of(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_address_listened_on_and_loopback_names_are_own() {
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let outside: IpAddr = "192.0.2.7".parse().unwrap();
        assert!(is_own("localhost", loopback) && is_own("127.0.0.1", loopback) && is_own("[::1]", loopback));
        assert!(is_own("127.0.0.1", "::ffff:127.0.0.1".parse().unwrap()));
        assert!(is_own("192.0.2.7", outside));
        assert!(!is_own("localhost", outside) && !is_own("127.0.0.1", outside) && !is_own("192.0.2.8", outside));
        assert!(!is_own("evil.example", loopback) && !is_own("localhost.evil.example", loopback));
    }
}
