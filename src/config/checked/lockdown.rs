//! Rules that connections keep, whatever else the configuration says: the checked type.

use std::net::IpAddr;

use super::{Proxy, UserName};
use crate::config::values::{Cidr, HttpUrl};
use crate::secrets::Accepted;

/// Rules that connections keep.
#[derive(Debug, Clone, Default)]
pub struct Lockdown {
    /// Nothing leaves this host but through a proxy.
    pub require_proxy: bool,
    /// Nothing but `ca_bundle` is trusted.
    pub require_bundle_trust: bool,
    /// The control plane is shown a client certificate.
    pub require_client_cert: bool,
    /// Where MCP servers may be; empty: anywhere.
    pub allowed_networks: Vec<Cidr>,
    /// Names of MCP servers that may be behind a proxy, lower case; empty: any.
    pub allowed_hosts: Vec<String>,
}

impl Lockdown {
    /// Whether any rule is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        let Self {
            require_proxy,
            require_bundle_trust,
            require_client_cert,
            allowed_networks,
            allowed_hosts,
        } = self;
        let has_list = !allowed_networks.is_empty() || !allowed_hosts.is_empty();
        *require_proxy || *require_bundle_trust || *require_client_cert || has_list
    }

    /// What may keep others from a secret that its mode lets them read; `server_user` is the user of stdio servers, if it is another
    /// one than the client's.
    #[must_use]
    pub fn accepted(&self, server_user: Option<&UserName>) -> Accepted {
        match (self.is_set(), server_user) {
            (true, _) => Accepted::Nothing,
            (false, Some(_)) => Accepted::Directory,
            (false, None) => Accepted::Both,
        }
    }

    /// Whether an MCP server may be spoken to directly at this address.
    #[must_use]
    pub fn allows_direct(&self, address: IpAddr) -> bool {
        match self.allowed_networks.as_slice() {
            [] => !self.require_proxy || address.to_canonical().is_loopback(),
            networks => networks.iter().any(|network| network.contains(address)),
        }
    }

    /// Whether an MCP server of this name may be spoken to directly, as far as that can be told before its name is resolved: where
    /// only this host will do, not even the question for a name should leave it.
    #[must_use]
    pub fn may_be_direct(&self, host: &str) -> bool {
        match host.parse::<IpAddr>() {
            Ok(address) => self.allows_direct(address),
            Err(_) => !self.require_proxy || !self.allowed_networks.is_empty() || is_here(host),
        }
    }

    /// Whether an MCP server of this name may be behind a proxy, where its address is not known.
    #[must_use]
    pub fn may_be_behind_proxy(&self, host: &str) -> bool {
        let any = self.allowed_hosts.is_empty() && self.allowed_networks.is_empty();
        any || self.allowed_hosts.iter().any(|allowed| allowed == host)
    }

    /// Why an MCP server may not be reached as configured; `None` when it may, or when only its address will tell.
    #[must_use]
    pub fn objection(&self, url: &HttpUrl, proxy: Option<&Proxy>) -> Option<String> {
        let host = url.host.as_str();
        match (proxy, self.allowed_networks.is_empty()) {
            (Some(_), _) if self.may_be_behind_proxy(host) => None,
            (None, _) if self.may_be_direct(host) => None,
            (Some(_), _) => Some(format!(
                "{host} is behind a proxy, where its address is not known, and not a lockdown.allowed-host; add it there"
            )),
            (None, true) => Some(format!(
                "{host} is not on this host and lockdown.require-proxy is set; give it a proxy, \
                 name its network as lockdown.allowed-network, or write its loopback address"
            )),
            (None, false) => Some(format!(
                "{host} is not in a lockdown.allowed-network; add its network there"
            )),
        }
    }
}

/// The name of this host that no name server is asked for (RFC 6761, section 6.3). Names below it are asked for by some C
/// libraries.
fn is_here(host: &str) -> bool {
    host == "localhost"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn lockdown(require_proxy: bool, networks: &[&str], hosts: &[&str]) -> Lockdown {
        Lockdown {
            require_proxy,
            allowed_networks: networks.iter().map(|text| text.parse::<Cidr>().unwrap()).collect(),
            allowed_hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
            ..Lockdown::default()
        }
    }

    #[test]
    fn direct_connections_stay_where_the_rules_say() {
        for (require_proxy, networks, address, allowed) in [
            (false, &[][..], "203.0.113.1", true),
            (true, &[][..], "203.0.113.1", false),
            (true, &[][..], "127.0.0.1", true),
            (true, &[][..], "::ffff:127.0.0.1", true),
            (true, &["10.0.0.0/8"][..], "10.1.1.1", true),
            (true, &["10.0.0.0/8"][..], "127.0.0.1", false),
            (false, &["10.0.0.0/8", "::1"][..], "::1", true),
            (false, &["10.0.0.0/8"][..], "192.0.2.1", false),
        ] {
            let rules = lockdown(require_proxy, networks, &[]);
            assert_eq!(
                rules.allows_direct(address.parse().unwrap()),
                allowed,
                "{networks:?} {address}"
            );
        }
    }

    #[test]
    fn a_server_behind_a_proxy_needs_its_exact_name() {
        let proxy = Proxy::parse("http://p", "http-proxy").unwrap();
        let url = HttpUrl::parse("https://tools.example/mcp").unwrap();
        let objection = |rules: &Lockdown| rules.objection(&url, Some(&proxy));
        assert_eq!(objection(&lockdown(true, &[], &[])), None);
        assert_eq!(objection(&lockdown(true, &["10.0.0.0/8"], &["tools.example"])), None);
        for hosts in [&[][..], &["example"], &["x.tools.example"]] {
            assert!(
                objection(&lockdown(true, &["10.0.0.0/8"], hosts)).is_some(),
                "{hosts:?}"
            );
        }
        assert!(objection(&lockdown(false, &[], &["other.example"])).is_some());
    }
}
