//! `NO_PROXY`: what is reached directly although the environment names a proxy, by the rules of Go's `net/http`.

use std::net::IpAddr;

use super::Cidr;
use crate::limits::NO_PROXY_MAX;

/// What is reached directly.
#[derive(Debug, Clone, Default)]
pub(in crate::config) struct NoProxy {
    everything: bool,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// Addresses whose first bits are these.
    Network(Cidr),
    /// One address, on one port or on all.
    Address { address: IpAddr, port: Option<u16> },
    /// The names below `suffix`, which begins with a dot; with `itself` the name without the dot too.
    Domain {
        suffix: String,
        itself: bool,
        port: Option<u16>,
    },
}

impl NoProxy {
    /// Reads a list with commas. Go ignores an entry that makes no sense, and so do we: the list belongs to all programs.
    pub(in crate::config) fn parse(text: &str) -> Self {
        let entries = text.split(',').map(|entry| entry.trim().to_ascii_lowercase());
        let mut parsed = Self::default();
        for entry in entries.filter(|entry| !entry.is_empty()).take(NO_PROXY_MAX) {
            if entry == "*" {
                parsed.everything = true;
            }
            parsed.rules.extend(Rule::parse(&entry));
        }
        parsed
    }

    /// Whether a host is reached directly: this machine always is.
    pub(in crate::config) fn is_direct(&self, host: &str, port: u16) -> bool {
        let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        self.everything
            || host == "localhost"
            || address.is_some_and(|address| address.is_loopback())
            || self.rules.iter().any(|rule| rule.holds(host, address, port))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        if let Some(network) = Cidr::parse(entry) {
            return Some(Self::Network(network));
        }
        let (host, port) = split_port(entry)?;
        if let Ok(address) = host.parse::<IpAddr>() {
            let address = address.to_canonical();
            return Some(Self::Address { address, port });
        }
        let host = host
            .strip_prefix('*')
            .filter(|rest| rest.starts_with('.'))
            .unwrap_or(host);
        let itself = !host.starts_with('.');
        let suffix = if itself { format!(".{host}") } else { host.to_owned() };
        (suffix.len() > 1).then_some(Self::Domain { suffix, itself, port })
    }

    fn holds(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        match self {
            Self::Network(network) => address.is_some_and(|address| network.contains(address)),
            Self::Address { address: own, port: on } => address == Some(*own) && on.is_none_or(|on| on == port),
            Self::Domain {
                suffix,
                itself,
                port: on,
            } => {
                let named = host.ends_with(suffix.as_str()) || *itself && suffix.strip_prefix('.') == Some(host);
                named && on.is_none_or(|on| on == port)
            }
        }
    }
}

/// The host without brackets, and the port if there is one; `None` when there is no host.
fn split_port(entry: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':')?)),
        // Several colons: an IPv6 address without brackets.
        None if entry.matches(':').count() > 1 => (entry, None),
        None => match entry.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (entry, None),
        },
    };
    let port = port.filter(|port| !port.is_empty()).map(str::parse).transpose().ok()?;
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_always_reached_directly() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(NoProxy::parse("").is_direct(host, 80), "{host}");
        }
        for host in ["h", "10.0.0.1", "localhost.example", "::2"] {
            assert!(!NoProxy::parse("").is_direct(host, 80), "{host}");
        }
    }

    #[test]
    fn names_addresses_networks_and_ports_are_told_apart() {
        for (list, host, port, direct) in [
            ("*", "h", 1, true),
            ("a, *", "h", 1, true),
            ("h", "h", 1, true),
            ("h", "sub.h", 1, true),
            ("h", "oh", 1, false),
            (".h", "h", 1, false),
            (".h", "sub.h", 1, true),
            ("*.h", "sub.h", 1, true),
            ("*.h", "h", 1, false),
            ("EXAMPLE.com", "example.com", 1, true),
            ("x,,example.com , y", "a.example.com", 1, true),
            ("h:8080", "h", 8080, true),
            ("h:8080", "h", 80, false),
            (".h:8080", "a.h", 8080, true),
            ("10.0.0.1", "10.0.0.1", 1, true),
            ("10.0.0.1", "10.0.0.10", 1, false),
            ("10.0.0.1:80", "10.0.0.1", 80, true),
            ("10.0.0.1:80", "10.0.0.1", 81, false),
            ("10.0.0.0/8", "10.9.9.9", 1, true),
            ("10.0.0.0/8", "11.0.0.1", 1, false),
            ("10.1.2.3/8", "10.9.9.9", 1, true),
            ("0.0.0.0/0", "8.8.8.8", 1, true),
            ("0.0.0.0/0", "2001:db8::1", 1, false),
            ("2001:db8::/32", "2001:db8:1::9", 1, true),
            ("2001:db8::/32", "2001:db9::1", 1, false),
            ("2001:db8::1", "2001:db8::1", 1, true),
            ("[2001:db8::1]:443", "2001:db8::1", 443, true),
            ("[2001:db8::1]:443", "2001:db8::1", 80, false),
            (
                "10.0.0.0/33,10.0.0.0/x,10.0.0.0/-1,:80,[::1,.,h:port",
                "10.0.0.1",
                1,
                false,
            ),
            ("10.0.0.0/8", "ten.example", 1, false),
            ("::ffff:10.0.0.1", "10.0.0.1", 1, true),
        ] {
            assert_eq!(
                NoProxy::parse(list).is_direct(host, port),
                direct,
                "{list} {host}:{port}"
            );
        }
    }
}
