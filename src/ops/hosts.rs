//! Host names that requests to the health listener may use. A web page whose name resolves to the listener's address (DNS
//! rebinding) still sends its own name as `Host`, and must not read metrics and states.

use std::fs;
use std::net::IpAddr;

use http::header::HOST;
use http::request::Parts;
use http::{StatusCode, Version};

use crate::config::HttpUrl;

/// This host's name in the kernel.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// Accepted names. IP addresses and `localhost` are always accepted: they cannot be made to resolve elsewhere.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    /// The configured names, and this host's own, which agents on the network use.
    pub(super) fn new(configured: &[String]) -> Self {
        let mut names: Vec<String> = configured.to_vec();
        names.extend(fs::read_to_string(HOSTNAME).ok().and_then(|name| host(name.trim())));
        Self(names)
    }

    /// Checks the host that a request names.
    ///
    /// # Errors
    /// The status and the text of the refusal: 400 where `Host` is missing, repeated or malformed (RFC 9112, section 3.2),
    /// 421 for another name.
    pub(super) fn check(&self, request: &Parts) -> Result<(), (StatusCode, &'static str)> {
        let mut hosts = request.headers.get_all(HOST).iter();
        let written = match (hosts.next(), hosts.next()) {
            (Some(host), None) => Some(host.to_str().map_err(|_| MALFORMED)?),
            (Some(_), Some(_)) => return Err(MALFORMED),
            (None, _) if request.version >= Version::HTTP_11 => return Err(MALFORMED),
            (None, _) => None,
        };
        // A target in absolute form names the host, whatever `Host` says (RFC 9112, section 3.2.2).
        let target = request.uri.authority().map(http::uri::Authority::as_str);
        for name in written.into_iter().chain(target) {
            let name = host(name).ok_or(MALFORMED)?;
            if !self.accepts(&name) {
                return Err(MISDIRECTED);
            }
        }
        Ok(())
    }

    fn accepts(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name);
        name.parse::<IpAddr>().is_ok()
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.0.iter().any(|known| known.trim_end_matches('.') == name)
    }
}

const MALFORMED: (StatusCode, &str) = (
    StatusCode::BAD_REQUEST,
    "Host is missing, repeated or malformed; send one host, as in Host: localhost",
);
const MISDIRECTED: (StatusCode, &str) = (
    StatusCode::MISDIRECTED_REQUEST,
    "Host is not a name of this listener; ask by IP address, or add the name to health.allowed_hosts",
);

/// The host of `host` or `host:port`, as in a URL: lower-case, without brackets.
fn host(authority: &str) -> Option<String> {
    if authority.contains(['/', '?', '#']) {
        return None;
    }
    HttpUrl::parse(&format!("http://{authority}/")).ok().map(|url| url.host)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn status(version: Version, target: &str, hosts: &[&str]) -> u16 {
        let mut request = http::Request::builder().version(version).uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let known = Hosts(vec!["node-7.example".to_owned()]);
        let refused = known.check(&request.body(()).unwrap().into_parts().0).err();
        refused.map_or(200, |(status, _)| status.as_u16())
    }

    #[test]
    fn addresses_localhost_and_known_names_are_accepted_with_any_port() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "10.2.3.4:9",
            "[::1]",
            "[fd00::7]:8080",
            "localhost",
            "LocalHost:1",
            "localhost.",
            "x.localhost:8080",
            "node-7.example",
            "NODE-7.example.:8080",
        ] {
            assert_eq!(status(Version::HTTP_11, "/metrics", &[host]), 200, "{host}");
        }
        assert_eq!(status(Version::HTTP_10, "/metrics", &[]), 200);
    }

    #[test]
    fn other_names_are_misdirected_wherever_they_stand() {
        for host in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "node-7.example.evil",
            "xlocalhost",
        ] {
            assert_eq!(status(Version::HTTP_11, "/metrics", &[host]), 421, "{host}");
            assert_eq!(status(Version::HTTP_10, "/metrics", &[host]), 421, "{host}");
            let absolute = format!("http://{host}/metrics");
            assert_eq!(status(Version::HTTP_11, &absolute, &["localhost"]), 421, "{host}");
        }
    }

    #[test]
    fn what_is_no_single_host_is_a_bad_request() {
        for hosts in [
            &[][..],
            &["localhost", "localhost"],
            &[""],
            &["user@localhost"],
            &["localhost/x"],
            &["0x7f000001"],
            &["localhost:x"],
            &["[::1"],
        ] {
            assert_eq!(status(Version::HTTP_11, "/metrics", hosts), 400, "{hosts:?}");
        }
    }
}
