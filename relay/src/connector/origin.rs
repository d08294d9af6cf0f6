//! Host and Origin, against DNS rebinding: a web page whose name resolves to the relay's address still names itself
//! in both, so a caller must use one of the relay's names, and must not come from another site.

use std::net::IpAddr;

use http::HeaderValue;
use http::header::{HOST, ORIGIN};
use http::request::Parts;

use crate::error::{Code, Refusal};
use crate::relay::Relay;
use crate::server::Ends;

#[cfg(fuzzing)]
pub(super) mod fuzzing {
    //! Origins of callers.

    use std::net::SocketAddr;

    use crate::server::Ends;

    /// Host and port of an authority.
    #[must_use]
    pub fn authority(text: &str) -> Option<(&str, Option<u16>)> {
        super::parts(text)
    }

    /// Whether an origin is the place that `Host` names, for a relay that listens here.
    #[must_use]
    pub fn is_same_origin(origin: &str, host: &str, address: SocketAddr, tls: bool) -> Option<bool> {
        let local = Ends {
            address,
            tls,
            peer: address,
        };
        Some(super::is_same_origin(origin, super::parts(host)?, local))
    }
}

/// Refuses a request that names another host, or comes from another origin. Returns the origin that may call, if a
/// browser sent the request.
pub(crate) fn check(relay: &Relay, local: Ends, head: &Parts) -> Result<Option<HeaderValue>, Refusal> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(parts),
        _ => None,
    };
    let authority =
        host.ok_or_else(|| Refusal::new(Code::HostNotAllowed, "Host is missing or malformed").at("Host"))?;
    let host = authority.0;
    if !is_own(host, local.address.ip())
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
        (None, _) => Ok(None),
        (Some(origin), None)
            if origin
                .to_str()
                .is_ok_and(|origin| allows(relay, origin, authority, local)) =>
        {
            Ok(Some(origin.clone()))
        }
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

fn allows(relay: &Relay, origin: &str, host: (&str, Option<u16>), local: Ends) -> bool {
    relay
        .allowed_origins
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(origin))
        || is_same_origin(origin, host, local)
}

/// Whether an origin is where `Host` says that the request went: same host, same port, and the listener's scheme. On
/// loopback either scheme will do: a forwarder there may have put TLS on or taken it off.
fn is_same_origin(origin: &str, host: (&str, Option<u16>), local: Ends) -> bool {
    let (rest, tls) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => (rest, false),
        (None, None) => return false,
    };
    // A port that is not written is the scheme's own.
    let port = |port: Option<u16>| port.unwrap_or(if tls { 443 } else { 80 });
    let scheme_ok = tls == local.tls || local.address.ip().to_canonical().is_loopback();
    scheme_ok
        && parts(rest).is_some_and(|origin| origin.0.eq_ignore_ascii_case(host.0) && port(origin.1) == port(host.1))
}

/// The host and the port of `host`, `host:port`, `[v6]`, `[v6]:port`; brackets stay.
fn parts(authority: &str) -> Option<(&str, Option<u16>)> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let port = match port {
        "" => None,
        port => Some(number(port.strip_prefix(':')?)?),
    };
    let name_ok = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte));
    name_ok.then_some((host, port))
}

/// Digits alone; `u16` would read a sign as well.
fn number(port: &str) -> Option<u16> {
    let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| port.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn hosts_are_read_with_and_without_ports() {
        for (text, host) in [
            ("a.b", ("a.b", None)),
            ("a.b:80", ("a.b", Some(80))),
            ("[::1]", ("[::1]", None)),
            ("[::1]:8443", ("[::1]", Some(8443))),
            ("127.0.0.1:1", ("127.0.0.1", Some(1))),
        ] {
            assert_eq!(parts(text), Some(host));
        }
        for text in [
            "", ":80", "a:b", "a/b", "user@a", "[::1", "[::1]x", "a:80:80", "a:+80", "a:", "a:65536",
        ] {
            assert_eq!(parts(text), None, "{text}");
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

    #[test]
    fn an_origin_is_own_by_host_port_and_scheme() {
        let local = |address: &str, tls| Ends {
            address: address.parse().unwrap(),
            tls,
            peer: "192.0.2.9:1".parse().unwrap(),
        };
        let same = |origin, host, local| is_same_origin(origin, parts(host).unwrap(), local);
        let outside = local("192.0.2.7:8443", true);
        assert!(same("https://192.0.2.7:8443", "192.0.2.7:8443", outside));
        assert!(same("https://relay.example", "Relay.example:443", outside));
        assert!(same("https://relay.example:443", "relay.example", outside));
        for (origin, host) in [
            ("http://192.0.2.7:8443", "192.0.2.7:8443"),
            ("https://192.0.2.7:8444", "192.0.2.7:8443"),
            ("https://192.0.2.7", "192.0.2.7:8443"),
            ("http://relay.example", "relay.example"),
            ("https://relay.example", "relay.example:80"),
            ("null", "relay.example"),
            ("ftp://relay.example", "relay.example"),
        ] {
            assert!(!same(origin, host, outside), "{origin} {host}");
        }
        // Behind a forwarder on the same machine.
        let loopback = local("127.0.0.1:8443", true);
        assert!(same("http://127.0.0.1:5000", "127.0.0.1:5000", loopback));
        assert!(!same("http://127.0.0.1:5001", "127.0.0.1:5000", loopback));
    }
}
