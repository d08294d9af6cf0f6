//! Egress under `lockdown.require_proxy`: the connector refuses direct connections, and the kernel, as far as it goes, refuses
//! them to code that is not the connector.
//!
//! Landlock (ABI 4, Linux 6.7) allows TCP connections to the ports that the configuration names and to no others. It knows no
//! addresses: behind a proxy the control plane's port is not among them, but the proxy's port is open towards any host. Which
//! addresses may be reached is up to the unit (`IPAddressAllow=`) or a firewall. What slips past rules about ports is refused by
//! seccomp (`sockets.rs`).

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use landlock::{AccessNet, CompatLevel, Compatible as _, NetPort, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _};

use super::sockets;
use crate::config::{Config, HttpUrl, Proxy, Target};

/// Names are resolved over TCP when an answer is too long for a datagram (RFC 7766).
const DNS: u16 = 53;

/// Where a process may connect to, as far as the kernel can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    ports: BTreeSet<u16>,
    /// There are names to resolve.
    names: bool,
}

/// The kernel does not enforce it.
#[derive(Debug)]
pub enum NotEnforced {
    /// Landlock is missing, switched off, or too old.
    Ports(landlock::RulesetError),
    /// seccomp is missing, or the filter does not fit this machine.
    Sockets(sockets::Error),
}

impl fmt::Display for NotEnforced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ports(error) => write!(f, "landlock rules for TCP ports (Linux 6.7): {error}"),
            Self::Sockets(error) => write!(f, "a seccomp filter: {error}"),
        }
    }
}

impl std::error::Error for NotEnforced {}

impl Egress {
    /// That of a configuration; `None` when it asks for no limits.
    ///
    /// Also `None` when a channel has a command: its process inherits what is forbidden here, and has connections of its own to
    /// make.
    #[must_use]
    pub fn of(config: &Config) -> Option<Self> {
        let control = &config.control_plane;
        let has_children = config.served().any(|binding| binding.is_stdio());
        if !config.lockdown.require_proxy || has_children {
            return None;
        }
        let mut egress = Self {
            ports: BTreeSet::new(),
            names: false,
        };
        egress.allow(&control.base_url, control.proxy.as_ref());
        for binding in config.served() {
            if let Target::Http {
                url,
                unix_socket: None,
                proxy,
                ..
            } = &binding.target
            {
                egress.allow(url, proxy.as_deref());
            }
        }
        if egress.names {
            egress.ports.insert(DNS);
        }
        Some(egress)
    }

    fn allow(&mut self, url: &HttpUrl, proxy: Option<&Proxy>) {
        let (host, port) = match proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&url.host, url.port),
        };
        self.ports.insert(port);
        self.names |= host.parse::<IpAddr>().is_err();
    }

    /// The ports, for people.
    #[must_use]
    pub fn ports(&self) -> String {
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        ports.join(", ")
    }

    /// What becomes of datagrams, for people.
    #[must_use]
    pub fn udp(&self) -> &'static str {
        match self.names {
            true => "open, for name servers",
            false => "closed",
        }
    }

    /// Limits TCP connections of this thread, and of those that it creates from now on, to the ports.
    ///
    /// # Errors
    /// The kernel cannot.
    pub fn limit_ports(&self) -> Result<(), NotEnforced> {
        self.landlock().map_err(NotEnforced::Ports)
    }

    fn landlock(&self) -> Result<(), landlock::RulesetError> {
        let rules = self
            .ports
            .iter()
            .map(|port| Ok::<_, landlock::RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp)));
        Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessNet::ConnectTcp)?
            .create()?
            .add_rules(rules)?
            .restrict_self()
            .map(drop)
    }

    /// Forbids all threads of this process the sockets that rules about ports do not see.
    ///
    /// # Errors
    /// The kernel cannot.
    pub fn limit_sockets(&self) -> Result<(), NotEnforced> {
        sockets::Filter::new(self.names)
            .and_then(|filter| filter.apply_to_all_threads())
            .map_err(NotEnforced::Sockets)
    }

    /// The same for this thread alone.
    ///
    /// # Errors
    /// The kernel cannot.
    pub fn limit_sockets_of_thread(&self) -> Result<(), NotEnforced> {
        sockets::Filter::new(self.names)
            .and_then(|filter| filter.apply())
            .map_err(NotEnforced::Sockets)
    }
}
