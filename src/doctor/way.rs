//! The way to one peer, as it was walked, and what an operator can do about the step that failed.

use std::time::SystemTime;

use crate::config::Proxy;
use crate::limits::DOCTOR_EXPIRY_WARNING;
use crate::net::{Cause, Connector, Hop, HopError, Step};
use crate::telemetry::utc::Utc;
use crate::tls::{self, AnchorSource, CertFacts, TlsFacts};

/// Every step that was taken, and the one that failed.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) hops: Vec<Hop>,
    pub(super) error: Option<HopError>,
}

/// Who is at the end of the way, in the words of the configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer<'a> {
    /// Where its address is set.
    pub(super) address: &'a str,
    /// Where the client certificate for it is set.
    pub(super) identity: &'a str,
    /// `host:port`.
    pub(super) authority: &'a str,
    /// The proxy on the way.
    pub(super) proxy: Option<&'a Proxy>,
    /// Sources of names that this binary does not ask.
    pub(super) unseen_names: &'a [String],
}

impl Way {
    /// Takes the steps that every connection of `run` to this peer takes.
    pub(super) async fn walk(connector: &Connector) -> Self {
        let mut hops = Vec::new();
        let error = connector.walk(&mut |hop| hops.push(hop)).await.err();
        Self { hops, error }
    }

    /// One line for each step.
    pub(super) fn evidence(&self) -> Vec<String> {
        self.hops.iter().flat_map(describe).collect()
    }

    /// The step that failed.
    pub(super) fn failed_at(&self) -> Option<Step> {
        self.error.as_ref().map(|error| error.step)
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

/// A proxy as it may be shown: without its credentials.
pub(super) fn proxy_name(proxy: &Proxy) -> String {
    let scheme = if proxy.tls { "https" } else { "http" };
    let host = match proxy.host.contains(':') {
        true => format!("[{}]", proxy.host),
        false => proxy.host.clone(),
    };
    format!("{scheme}://{host}:{} ({})", proxy.port, proxy.source)
}

/// In a few words: version, certificate, root.
pub(super) fn tls_summary(facts: &TlsFacts) -> String {
    let certificate = match facts.chain.first() {
        Some(first) => format!("{} until {}", first.subject, first.expiry()),
        None => "no certificate".to_owned(),
    };
    let anchor = facts.anchor.as_deref().unwrap_or("unknown");
    let from = match facts.anchor_from {
        Some(AnchorSource::BuiltIn) => "built in",
        Some(AnchorSource::Bundle) => "from ca_bundle",
        None => "of unknown origin",
    };
    format!("{}: {certificate}; root {anchor}, {from}", facts.version)
}

/// What to do about the step that failed.
pub(super) fn advice(error: &HopError, peer: &Peer<'_>) -> Vec<String> {
    let whom = if error.at_proxy { "the proxy" } else { "the server" };
    let setting = match peer.proxy {
        Some(proxy) if error.at_proxy => proxy.source.as_str(),
        _ => peer.address,
    };
    match &error.cause {
        Cause::NoAddress => unknown_name(error, setting, peer),
        Cause::Timeout if error.step == Step::Resolve => {
            vec![
                "the name servers in /etc/resolv.conf do not answer: check that they are reachable from here"
                    .to_owned(),
            ]
        }
        Cause::Timeout if error.step == Step::Tunnel => vec![
            "the proxy accepted the connection and then stayed silent: check its load and its log".to_owned(),
            format!("or that {setting} names an HTTP proxy and not another kind of service"),
        ],
        Cause::Timeout if matches!(error.step, Step::Tls | Step::ProxyTls) => vec![
            format!(
                "{whom} took the connection and never answered the handshake: check that {setting} names a TLS port"
            ),
            "a firewall that inspects TLS can also swallow it".to_owned(),
        ],
        Cause::Timeout => vec![
            format!("a firewall may drop packets: allow outgoing TCP to {}", error.with),
            "or set http_proxy (HTTPS_PROXY, --http-proxy) if connections must go through a proxy".to_owned(),
        ],
        Cause::Io(std::io::ErrorKind::ConnectionRefused) => vec![format!(
            "start {whom}, or correct the address in {setting}: nothing listens at {}",
            error.with
        )],
        Cause::Io(std::io::ErrorKind::NotFound) => vec![format!("start the server, or correct the path in {setting}")],
        Cause::Io(_) => vec![format!("check the network between this host and {}", error.with)],
        Cause::ProxyStatus(401 | 407) => vec![format!(
            "write user and password into the proxy's URL in {setting}, before the host and an @"
        )],
        Cause::ProxyStatus(_) => vec![format!("ask who runs the proxy to allow CONNECT to {}", peer.authority)],
        Cause::ProxyClosed | Cause::NotHttp => vec![format!(
            "check that {setting} names an HTTP proxy, with the right scheme and port"
        )],
        Cause::Tls(cause) => tls_advice(cause, whom, setting, peer),
    }
}

fn unknown_name(error: &HopError, setting: &str, peer: &Peer<'_>) -> Vec<String> {
    let host = error.with.rsplit_once(':').map_or(&*error.with, |(host, _)| host);
    let mut steps = vec![
        format!("check the spelling in {setting}"),
        format!("ask the name servers of this host: getent hosts {host}"),
    ];
    if !peer.unseen_names.is_empty() {
        let sources = peer.unseen_names.join(", ");
        steps.push(format!(
            "if getent finds it: this static binary does not ask {sources}; put the name into DNS or /etc/hosts"
        ));
    }
    if peer.proxy.is_none() {
        steps.push("if only a proxy can resolve it, set http_proxy (HTTPS_PROXY, --http-proxy)".to_owned());
    }
    steps
}

fn tls_advice(cause: &tls::Cause, whom: &str, setting: &str, peer: &Peer<'_>) -> Vec<String> {
    let clock = || {
        format!(
            "check the clock of this host, which says {}: date -u",
            Utc::of(SystemTime::now())
        )
    };
    match cause {
        tls::Cause::Expired { .. } => vec![format!("have the certificate of {whom} renewed"), clock()],
        tls::Cause::NotYetValid { .. } => vec![clock(), format!("or wait until the certificate of {whom} is valid")],
        tls::Cause::UnknownIssuer { .. } => vec![
            "set ca_bundle (CA_BUNDLE, --ca-bundle) to a PEM file that holds the root certificate of that issuer"
                .to_owned(),
            "behind a proxy that inspects TLS, that is the proxy's own root certificate".to_owned(),
        ],
        tls::Cause::WrongName { .. } => vec![format!(
            "use one of the certificate's names in {setting}, or have a certificate issued for the name that is used"
        )],
        tls::Cause::Revoked => vec![format!("have the certificate of {whom} replaced")],
        tls::Cause::ClientCertificateRequired => {
            vec![format!("set {} to the certificate that {whom} expects", peer.identity)]
        }
        tls::Cause::ClientCertificateRefused(_) => vec![format!(
            "have the certificate in {} issued by an authority that {whom} trusts, and check that it has not expired",
            peer.identity
        )],
        tls::Cause::NotTls => vec![format!(
            "{whom} does not speak TLS on this port: correct scheme or port in {setting}"
        )],
        tls::Cause::NoCommonVersion => vec![format!("let {whom} offer TLS 1.2 or 1.3 with current cipher suites")],
        _ => vec![
            format!("look into the log of {whom}: it ended the handshake"),
            format!("look at it from here: openssl s_client -connect {}", peer.authority),
        ],
    }
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
        Hop::ProxyEncrypted(facts) => encrypted("TLS with the proxy", facts),
        Hop::Tunnelled { status } => vec![format!("the proxy opened the tunnel with status {status}")],
        Hop::Encrypted(facts) => encrypted("TLS", facts),
    }
}

fn encrypted(what: &str, facts: &TlsFacts) -> Vec<String> {
    let mut lines = vec![format!("{what}: {}, {}", facts.version, facts.cipher)];
    for (certificate, number) in facts.chain.iter().zip(1..) {
        lines.push(format!(
            "certificate {number}: {}, issued by {}, until {}",
            certificate.subject,
            certificate.issuer,
            certificate.expiry()
        ));
    }
    if let Some(anchor) = &facts.anchor {
        let from = match facts.anchor_from {
            Some(AnchorSource::Bundle) => "ca_bundle",
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
