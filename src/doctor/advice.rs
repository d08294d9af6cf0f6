//! What an operator can do about the step of a way that failed.

use std::io::ErrorKind;

use super::certificate;
use super::report::shell_word;
use crate::config::{Proxy, TlsVersion, Trust};
use crate::net::{Cause, Demand, HopError, Step, Unresolved, bound};
use crate::telemetry::utc::{ForPeople, Utc};
use crate::tls::{self, Unsuitable};

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
    /// What is trusted.
    pub(super) trust: &'a Trust,
    /// Sources of names that this binary does not ask.
    pub(super) unseen_names: &'a [String],
}

/// What to do about the step that failed.
pub(super) fn advice(error: &HopError, peer: &Peer<'_>) -> Vec<String> {
    let whom = if error.at_proxy { "the proxy" } else { "the server" };
    let setting = match peer.proxy {
        Some(proxy) if error.at_proxy => proxy.source.as_str(),
        _ => peer.address,
    };
    match &error.cause {
        Cause::Unresolved(why) => unresolved(*why, error, setting, peer),
        Cause::Timeout if error.step == Step::Resolve => unresolved(Unresolved::Silent, error, setting, peer),
        Cause::Timeout if error.step == Step::Tunnel => vec![
            "the proxy accepted the connection and then stayed silent: check its load and its log".to_owned(),
            format!("or that {setting} names an HTTP proxy and not another kind of service"),
            format!("if it needs longer, raise {}", bound(error.step)),
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
        Cause::NotListed => vec![format!(
            "add {} to lockdown.allowed_hosts, if it is meant to be reached",
            host_of(error)
        )],
        Cause::Forbidden => vec![
            "name the network of that address in lockdown.allowed_networks, if it is meant to be reached directly"
                .to_owned(),
            format!(
                "or give {} a proxy (http_proxy, mcp.http_proxy, or http_proxy of the channel)",
                peer.authority
            ),
        ],
        Cause::Io(ErrorKind::ConnectionRefused) => vec![format!(
            "start {whom}, or correct the address in {setting}: nothing listens at {}",
            error.with
        )],
        Cause::Io(ErrorKind::NotFound) => vec![format!("start the server, or correct the path in {setting}")],
        Cause::Io(ErrorKind::PermissionDenied) if error.with.starts_with('/') => vec![format!(
            "let this user write the socket and enter every directory on its path: ls -l {0}; namei -l {0}",
            shell_word(&error.with)
        )],
        Cause::Io(_) if matches!(error.step, Step::Tls | Step::ProxyTls) => vec![
            format!(
                "check that {setting} names a TLS port, and look into the log of {whom}: it hung up in the handshake"
            ),
            format!(
                "a firewall that knows the name {} and does not allow it also hangs up here",
                host_of(error)
            ),
        ],
        Cause::Io(_) => vec![format!("check the network between this host and {}", error.with)],
        Cause::ProxyDemand(demand) => proxy_credentials(*demand, peer.proxy, peer.authority),
        Cause::ProxyStatus(403) => vec![format!("ask who runs the proxy to allow CONNECT to {}", peer.authority)],
        // What common proxies say when a name has no address, or nobody answers there (tinyproxy and squid: 500, 503).
        Cause::ProxyStatus(500 | 502..=504) => vec![
            format!(
                "check the host and port in {}: it is the proxy that looks the name up and connects",
                peer.address
            ),
            format!(
                "ask who runs the proxy whether it reaches {}, and allows CONNECT to it",
                peer.authority
            ),
        ],
        Cause::ProxyStatus(_) => vec![
            format!("check that {setting} names an HTTP proxy: a web server answers CONNECT so"),
            format!("or ask who runs the proxy to allow CONNECT to {}", peer.authority),
        ],
        Cause::ProxyClosed | Cause::NotHttp => vec![format!(
            "check that {setting} names an HTTP proxy, with the right scheme and port"
        )],
        Cause::Tls(cause) => {
            let end = TlsEnd {
                whom,
                setting,
                identity: match error.at_proxy {
                    true => "proxy.client_cert and proxy.client_key",
                    false => peer.identity,
                },
                bundle: match error.at_proxy && peer.trust.proxy_bundle.is_some() {
                    true => "proxy.ca_bundle (PROXY_CA_BUNDLE, --proxy.ca-bundle)",
                    false => "ca_bundle (CA_BUNDLE, --ca-bundle)",
                },
                min_version: peer.trust.min_version,
                with: &error.with,
                behind: peer.proxy.filter(|_| !error.at_proxy),
            };
            tls_advice(cause, &end)
        }
    }
}

/// What to do when a proxy wants a user, or another one, or another proof than a password.
pub(super) fn proxy_credentials(demand: Demand, proxy: Option<&Proxy>, authority: &str) -> Vec<String> {
    let source = proxy.map_or("the setting of the proxy", |proxy| &*proxy.source);
    match (demand.takes_password(), demand.sent) {
        (true, true) => vec![
            format!(
                "correct user and password in the proxy's URL in {source}; percent-encode special characters, as in %40 for @"
            ),
            "several tries with a wrong password lock an account: ask whether it is locked before you try again"
                .to_owned(),
        ],
        (true, false) => vec![format!(
            "write user and password into the proxy's URL in {source}, before the host and an @"
        )],
        (false, _) => vec![
            format!(
                "run a forwarder on this host that speaks {} with the proxy, such as px or cntlm, and name it in {source}: http://127.0.0.1:3128",
                demand.schemes
            ),
            format!(
                "or ask who runs the proxy to let this host reach {authority} without a user, or to offer Basic as well"
            ),
            "a user and password in the proxy's URL are of no use with these schemes".to_owned(),
        ],
    }
}

fn host_of(error: &HopError) -> &str {
    error.with.rsplit_once(':').map_or(&*error.with, |(host, _)| host)
}

/// What to do about a name that has no address; who is at fault decides.
fn unresolved(why: Unresolved, error: &HopError, setting: &str, peer: &Peer<'_>) -> Vec<String> {
    let host = host_of(error);
    let ask = format!("ask the name servers of this host: getent hosts {host}");
    let mut steps = match why {
        Unresolved::Unknown | Unresolved::Nothing => vec![format!("check the spelling in {setting}"), ask],
        Unresolved::Silent => vec![
            "the name servers in /etc/resolv.conf do not answer: check that they are reachable from here, port 53 of UDP and TCP"
                .to_owned(),
            ask,
        ],
        Unresolved::Failing => vec![
            format!("ask who runs the name servers in /etc/resolv.conf why they refuse {host} or cannot find it out"),
            ask,
        ],
        Unresolved::NoServers => vec![
            "write a line nameserver ADDRESS into /etc/resolv.conf, or let the container have one (docker run --dns)"
                .to_owned(),
            format!("or put {host} into /etc/hosts"),
        ],
        Unresolved::Busy | Unresolved::System => vec![ask],
    };
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

/// Who is at the other end of a handshake, and which settings are about it.
struct TlsEnd<'a> {
    whom: &'a str,
    setting: &'a str,
    /// Where the client certificate for it is set.
    identity: &'a str,
    /// Where the authorities that are trusted of it are set.
    bundle: &'a str,
    min_version: TlsVersion,
    /// Where the handshake was to happen.
    with: &'a str,
    /// The proxy that led there.
    behind: Option<&'a Proxy>,
}

fn tls_advice(cause: &tls::Cause, end: &TlsEnd<'_>) -> Vec<String> {
    let TlsEnd {
        whom,
        setting,
        identity,
        bundle,
        with,
        behind,
        ..
    } = end;
    let look = || format!("look at it from here: openssl s_client -showcerts -connect {with}");
    let clock = || {
        format!(
            "check the clock of this host, which says {}: date -u",
            ForPeople(Utc::now())
        )
    };
    match cause {
        tls::Cause::Expired { issuer: Some(_), .. } => vec![
            format!("have the authority's own certificate renewed, and let {whom} send the new one"),
            clock(),
        ],
        tls::Cause::Expired { .. } => vec![format!("have the certificate of {whom} renewed"), clock()],
        tls::Cause::NotYetValid { .. } => vec![clock(), format!("or wait until the certificate of {whom} is valid")],
        tls::Cause::UnknownIssuer {
            self_signed: true,
            faults,
            ..
        } => match faults.is_empty() {
            true => vec![
                format!("put that certificate itself into the file of {bundle}, if it is the one of {whom}"),
                format!(
                    "compare it first: openssl s_client -connect {with} </dev/null | openssl x509 -noout -fingerprint -sha256"
                ),
            ],
            false => new_certificate(end),
        },
        tls::Cause::UnknownIssuer { .. } => vec![
            format!("set {bundle} to a PEM file that holds the root certificate of that issuer"),
            "behind a proxy that inspects TLS, that is the proxy's own root certificate".to_owned(),
            format!(
                "if that root is there: {whom} must send its intermediate certificates too, or add them to that file"
            ),
        ],
        tls::Cause::WrongName { .. } => {
            let other =
                format!("use one of the certificate's names in {setting}, or a certificate for the name that is used");
            std::iter::once(other).chain(new_certificate(end)).collect()
        }
        tls::Cause::Revoked => vec![format!("have the certificate of {whom} replaced")],
        tls::Cause::ClientCertificateRequired => {
            vec![format!("set {identity} to the certificate that {whom} expects")]
        }
        tls::Cause::ClientCertificateRefused(_) => {
            let own = format!(
                "have the certificate in {identity} issued by an authority that {whom} trusts, for clients, and check that it has not expired"
            );
            std::iter::once(own).chain(certificate::of_client()).collect()
        }
        tls::Cause::Unsuitable { why, issuer } => {
            let mut steps = unsuitable(why, issuer.is_some(), end);
            steps.push(look());
            steps
        }
        tls::Cause::NotTls => {
            let own = format!("{whom} does not speak TLS on this port: correct scheme or port in {setting}");
            let between = behind.map(|proxy| {
                let proxy = proxy.name();
                format!("or the proxy {proxy} answered in its place, as login pages and filters do: look into its log")
            });
            std::iter::once(own).chain(between).collect()
        }
        tls::Cause::Alert("handshake_failure") => vec![
            format!("look into the log of {whom}: it found no cipher suite or no kind of key that both ends take"),
            "its key must be RSA (2048 to 8192 bits), ECDSA P-256 or P-384, or Ed25519; P-521 and Ed448 are not taken"
                .to_owned(),
            look(),
        ],
        tls::Cause::Alert("unrecognized_name") => vec![
            format!("{whom} has no certificate for this name: check the host in {setting}"),
            look(),
        ],
        tls::Cause::NoCommonVersion if end.min_version == TlsVersion::V1_3 => vec![
            format!("let {whom} offer TLS 1.3"),
            "or set tls.min_version to 1.2, which is safe as well".to_owned(),
        ],
        tls::Cause::NoCommonVersion => vec![format!("let {whom} offer TLS 1.2 or 1.3 with current cipher suites")],
        tls::Cause::Alert(_) => vec![format!("look into the log of {whom}: it ended the handshake"), look()],
        _ => vec![look()],
    }
}

/// What to do about certificates that fail whoever trusts them.
fn unsuitable(why: &[Unsuitable], of_issuer: bool, end: &TlsEnd<'_>) -> Vec<String> {
    let TlsEnd { whom, bundle, .. } = end;
    let first = match why.first() {
        Some(Unsuitable::Signature) => Some(format!(
            "compare the authority in {bundle} with the one that issued the certificate of {whom}: same name, another key"
        )),
        Some(Unsuitable::NameConstraints) => Some(format!(
            "use a name that the authority may issue for, or have another authority issue the certificate of {whom}"
        )),
        Some(Unsuitable::PathLength) => Some(format!(
            "have the certificate of {whom} issued by the authority that has the pathlen, or that authority's without it"
        )),
        Some(Unsuitable::Chain) => {
            return vec![format!(
                "let {whom} send only its certificate and those of its issuers, in this order"
            )];
        }
        _ => None,
    };
    let above = of_issuer
        || matches!(
            why.first(),
            Some(
                Unsuitable::Signature
                    | Unsuitable::NameConstraints
                    | Unsuitable::BrokenConstraint
                    | Unsuitable::PathLength
                    | Unsuitable::IssuerIsNone
            )
        );
    let made = match above {
        true => new_authority(end),
        false => new_certificate(end),
    };
    // One in the bundle is trusted as it is, for its names.
    let as_it_is = (why == [Unsuitable::Authority])
        .then(|| format!("or put that very certificate into the file of {bundle}, if it is the one of {whom}"));
    first.into_iter().chain(made).chain(as_it_is).collect()
}

/// How to come to a certificate that has all that is looked at.
fn new_certificate(end: &TlsEnd<'_>) -> Vec<String> {
    let TlsEnd { whom, bundle, with, .. } = end;
    let [request, sign] = certificate::of_server(host_in(with));
    let host = host_in(with);
    vec![
        format!(
            "give {whom} a certificate for {host} with subjectAltName, extendedKeyUsage serverAuth and CA:FALSE, \
             signed with SHA-256 or better; these make one:"
        ),
        request,
        sign,
        format!("give {whom} server.pem and server.key, and put server.pem into the file of {bundle}"),
        "if an authority of yours is to sign it: -CA ca.pem -CAkey ca.key -CAcreateserial in place of -signkey server.key"
            .to_owned(),
    ]
}

fn new_authority(end: &TlsEnd<'_>) -> Vec<String> {
    let TlsEnd { whom, bundle, with, .. } = end;
    let mut steps = certificate::of_authority_and_server(host_in(with)).to_vec();
    steps.push(format!(
        "give {whom} server.pem and server.key, and put ca.pem into the file of {bundle}; keep ca.key safe"
    ));
    steps
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host_in(authority: &str) -> &str {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetError;

    fn advised(step: Step, with: &str, kind: ErrorKind) -> String {
        let error = HopError {
            step,
            with: with.to_owned(),
            at_proxy: false,
            error: NetError::Dial,
            cause: Cause::Io(kind),
        };
        let peer = Peer {
            address: "ADDRESS",
            identity: "IDENTITY",
            authority: "h:443",
            proxy: None,
            trust: &Trust::default(),
            unseen_names: &[],
        };
        advice(&error, &peer).join("\n")
    }

    #[test]
    fn a_socket_that_this_user_may_not_write_is_not_a_matter_of_the_network() {
        let said = advised(Step::Connect, "/run/my mcp.sock", ErrorKind::PermissionDenied);
        assert!(
            said.contains("ls -l '/run/my mcp.sock'") && !said.contains("network"),
            "{said}"
        );
        let said = advised(Step::Connect, "h:443", ErrorKind::PermissionDenied);
        assert!(said.contains("network"), "{said}");
    }

    #[test]
    fn a_peer_that_hangs_up_in_the_handshake_may_be_a_filter() {
        for kind in [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset] {
            let said = advised(Step::Tls, "h:443", kind);
            assert!(
                said.contains("names a TLS port") && said.contains("the name h "),
                "{said}"
            );
        }
    }
}
