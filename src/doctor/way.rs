//! The way to one peer, as it was walked.

use std::time::SystemTime;

use crate::limits::DOCTOR_EXPIRY_WARNING;
use crate::net::{Connector, Hop, HopError, Step};
use crate::tls::{AnchorSource, CertFacts, TlsFacts};

/// Every step that was taken, and the one that failed.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) hops: Vec<Hop>,
    pub(super) error: Option<HopError>,
    /// There is a client certificate for the peer.
    shows: bool,
}

/// The peer asked for a client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// It got ours.
    AndGot,
    /// We had none.
    InVain,
}

impl Way {
    /// Takes the steps that every connection of `run` to this peer takes.
    pub(super) async fn walk(connector: &Connector) -> Self {
        let mut hops = Vec::new();
        let error = connector.walk(&mut |hop| hops.push(hop)).await.err();
        let shows = connector.shows_certificate();
        Self { hops, error, shows }
    }

    /// Whether TLS stands, and the peer did not ask for the certificate that there is for it.
    pub(super) fn is_unasked(&self) -> bool {
        let mut peers = self.hops.iter().filter_map(|hop| match hop {
            Hop::Encrypted(facts) => Some(facts),
            _ => None,
        });
        self.shows && peers.any(|facts| !facts.client_certificate_asked)
    }

    /// One line for each step.
    pub(super) fn evidence(&self) -> Vec<String> {
        self.hops.iter().flat_map(describe).collect()
    }

    /// The step that failed.
    pub(super) fn failed_at(&self) -> Option<Step> {
        self.error.as_ref().map(|error| error.step)
    }

    /// Whether the peer asked for a client certificate, and got one.
    pub(super) fn certificate_asked(&self) -> Option<Asked> {
        self.hops.iter().find_map(|hop| match hop {
            Hop::Encrypted(facts) if facts.client_certificate_asked => Some(match facts.client_certificate_sent {
                true => Asked::AndGot,
                false => Asked::InVain,
            }),
            _ => None,
        })
    }

    /// A certificate of the peer or its proxy that ends soon.
    pub(super) fn expiring(&self) -> Option<String> {
        let chains = self.hops.iter().filter_map(|hop| match hop {
            Hop::Encrypted(facts) | Hop::ProxyEncrypted(facts) => Some(&facts.chain),
            _ => None,
        });
        chains.flatten().find_map(expires_soon)
    }
}

/// What is worth a word although TLS stands, and what to do about it. `identity`: where the client certificate is set.
pub(super) fn worries(way: &Way, identity: &str) -> Vec<(String, Vec<String>)> {
    let soon = way
        .expiring()
        .map(|soon| (soon, vec!["have it renewed before that day".to_owned()]));
    let unasked = way.is_unasked().then(|| {
        let said = format!("the peer did not ask for the client certificate in {identity}");
        let steps = vec![
            "a proxy that inspects TLS cannot pass a client certificate on: if the server's certificate comes from the proxy's \
             authority, have this host exempted from inspection"
                .to_owned(),
            format!("if the server wants none, unset {identity}; if it is to want one, set it up to ask (nginx: ssl_verify_client)"),
        ];
        (said, steps)
    });
    soon.into_iter().chain(unasked).collect()
}

/// A sentence about a certificate that ends soon.
pub(super) fn expires_soon(certificate: &CertFacts) -> Option<String> {
    let end = certificate.not_after?;
    let left = end.duration_since(SystemTime::now()).ok()?;
    (left < DOCTOR_EXPIRY_WARNING).then(|| {
        format!(
            "the certificate of {} ends on {}",
            certificate.subject,
            certificate.expiry()
        )
    })
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Peer,
    Proxy,
}

/// In a few words: version, certificate, root.
pub(super) fn tls_summary(facts: &TlsFacts, whose: Whose) -> String {
    let certificate = match facts.chain.first() {
        Some(first) => format!("{} until {}", first.subject, first.expiry()),
        None => "no certificate".to_owned(),
    };
    let anchor = facts.anchor.as_deref().unwrap_or("unknown");
    let from = match facts.anchor_from {
        Some(AnchorSource::BuiltIn) => "built in",
        Some(AnchorSource::System) => "from the system's store",
        Some(AnchorSource::Bundle) if whose == Whose::Proxy => "from the bundle for proxies",
        Some(AnchorSource::Bundle) => "from ca_bundle",
        None => "of unknown origin",
    };
    format!("{}: {certificate}; root {anchor}, {from}", facts.version)
}

fn describe(hop: &Hop) -> Vec<String> {
    match hop {
        Hop::Resolved { host, addresses } => {
            let addresses: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            match addresses.as_slice() {
                [only] if only == host => Vec::new(),
                _ => vec![format!("{host} has the addresses {}", addresses.join(", "))],
            }
        }
        Hop::Connected { peer } => vec![format!("connected to {peer}")],
        Hop::ProxyEncrypted(facts) => encrypted("TLS with the proxy", facts, Whose::Proxy),
        Hop::Tunnelled { status } => vec![format!("the proxy opened the tunnel with status {status}")],
        Hop::Encrypted(facts) => encrypted("TLS", facts, Whose::Peer),
        Hop::Presented(chain) => {
            let mut lines: Vec<String> = certificates(chain).collect();
            let faults = chain.first().map(|own| own.defects.as_slice()).unwrap_or_default();
            lines.extend(faults.iter().map(|fault| format!("certificate 1: {fault}")));
            lines
        }
    }
}

fn encrypted(what: &str, facts: &TlsFacts, whose: Whose) -> Vec<String> {
    let mut lines = vec![format!("{what}: {}, {}", facts.version, facts.cipher)];
    lines.extend(certificates(&facts.chain));
    if let Some(anchor) = &facts.anchor {
        let from = match facts.anchor_from {
            Some(AnchorSource::Bundle) if whose == Whose::Proxy => "the bundle for proxies",
            Some(AnchorSource::Bundle) => "ca_bundle",
            Some(AnchorSource::System) => "the system's store",
            _ => "the built-in set",
        };
        lines.push(format!("root: {anchor}, from {from}"));
    }
    if facts.client_certificate_asked {
        let sent = if facts.client_certificate_sent {
            "one was shown"
        } else {
            "none was shown"
        };
        lines.push(format!("the peer asked for a client certificate, {sent}"));
    }
    lines
}

fn certificates(chain: &[CertFacts]) -> impl Iterator<Item = String> {
    chain.iter().zip(1..).map(|(certificate, number)| {
        format!(
            "certificate {number}: {}, issued by {}, until {}",
            certificate.subject,
            certificate.issuer,
            certificate.expiry()
        )
    })
}
