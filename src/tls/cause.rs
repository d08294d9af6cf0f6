//! Why TLS failed, in words that tell an operator what to mend.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription as Alert, CertificateError, PeerIncompatible};

use super::facts::{CertFacts, date, shown};
use super::record::Record;
use super::unsuitable::{Faults, Unsuitable, is_self_signed};
use crate::limits::CERTIFICATE_NAMES_MAX;

/// Why TLS failed. Texts of certificates are bounded and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The peer's certificate, or one above it, has expired.
    Expired {
        /// When.
        not_after: Option<SystemTime>,
        /// Subject of the certificate, when it is not the peer's own.
        issuer: Option<String>,
    },
    /// The peer's certificate, or one above it, is not valid yet.
    NotYetValid {
        /// When it will be.
        not_before: Option<SystemTime>,
    },
    /// The chain leads to no trust anchor.
    UnknownIssuer {
        /// The issuer that is not known, when the chain was recorded.
        issuer: Option<String>,
        /// The peer's certificate is its own issuer.
        self_signed: bool,
        /// What would keep a self-signed one from being trusted itself.
        faults: Vec<Unsuitable>,
    },
    /// The certificate is for other names.
    WrongName {
        /// Those names.
        presented: Vec<String>,
        /// Why one of them does not count.
        hint: Option<NameHint>,
    },
    /// The certificate was revoked.
    Revoked,
    /// The certificate is none that a server may use.
    Unsuitable {
        /// Every reason that is known, the verdict among them.
        why: Vec<Unsuitable>,
        /// Subject of the certificate, when it is not the peer's own.
        issuer: Option<String>,
    },
    /// The peer wants a client certificate and got none.
    ClientCertificateRequired,
    /// The peer does not accept our client certificate; its alert.
    ClientCertificateRefused(&'static str),
    /// The peer does not speak TLS.
    NotTls,
    /// No protocol version or cipher suite in common.
    NoCommonVersion,
    /// The peer ended the handshake, with an alert that says no more.
    Alert(&'static str),
    /// Something else, in the words of the TLS library.
    Other(String),
}

/// Why a name in a certificate does not count, where it looks as if it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameHint {
    /// The address is in it as a DNS name.
    AddressAsName,
    /// A wildcard stands for exactly one label (RFC 6125, section 6.4.3).
    WildcardDepth,
}

/// The same without texts: what fits into every error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// [`Cause::Expired`].
    Expired,
    /// [`Cause::NotYetValid`].
    NotYetValid,
    /// [`Cause::UnknownIssuer`].
    UnknownIssuer,
    /// [`Cause::WrongName`].
    WrongName,
    /// [`Cause::Revoked`].
    Revoked,
    /// [`Cause::Unsuitable`]: what is known of its faults.
    Unsuitable(Faults),
    /// [`Cause::ClientCertificateRequired`].
    ClientCertificateRequired,
    /// [`Cause::ClientCertificateRefused`].
    ClientCertificateRefused,
    /// [`Cause::NotTls`].
    NotTls,
    /// [`Cause::NoCommonVersion`].
    NoCommonVersion,
    /// Anything else.
    Other,
}

impl Cause {
    /// Of an error that a TLS stream gave, in the handshake or later: with TLS 1.3 the peer's verdict on a client
    /// certificate comes with the first read (RFC 8446, section 4.4.2.4). `None` when the transport failed, not TLS.
    ///
    /// `shows_certificate`: this hop has a client certificate, which tells "required" from "refused" where alerts do not.
    pub fn of(error: &io::Error, shows_certificate: bool) -> Option<Self> {
        Some(Self::of_rustls(of_tls(error)?, shows_certificate))
    }

    /// The same with what was recorded of the handshake.
    pub(crate) fn of_recorded(error: &io::Error, record: &Record) -> Option<Self> {
        let seen = record.seen();
        let cause = match Self::of(error, seen.sent)? {
            Self::UnknownIssuer { .. } => unknown_issuer(&seen.chain),
            Self::Expired { not_after, .. } => Self::Expired {
                issuer: above(&seen.chain, |facts| facts.not_after == not_after),
                not_after,
            },
            Self::Unsuitable { why, .. } => with_the_rest(why, &seen.chain),
            other if seen.asked => other.after_a_request(seen.sent),
            other => other,
        };
        Some(cause)
    }

    /// The same for a peer that asked for a client certificate: before TLS 1.3 there was no alert for one that is missing,
    /// and some servers still send a general one.
    pub(crate) fn after_a_request(self, sent: bool) -> Self {
        match self {
            Self::Alert("handshake_failure" | "access_denied") if !sent => Self::ClientCertificateRequired,
            Self::Alert(alert @ "access_denied") => Self::ClientCertificateRefused(alert),
            other => other,
        }
    }

    /// Without the texts.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Expired { .. } => Fault::Expired,
            Self::NotYetValid { .. } => Fault::NotYetValid,
            Self::UnknownIssuer { .. } => Fault::UnknownIssuer,
            Self::WrongName { .. } => Fault::WrongName,
            Self::Revoked => Fault::Revoked,
            Self::Unsuitable { why, .. } => Fault::Unsuitable(Faults::of(why)),
            Self::ClientCertificateRequired => Fault::ClientCertificateRequired,
            Self::ClientCertificateRefused(_) => Fault::ClientCertificateRefused,
            Self::NotTls => Fault::NotTls,
            Self::NoCommonVersion => Fault::NoCommonVersion,
            Self::Alert(_) | Self::Other(_) => Fault::Other,
        }
    }

    fn of_rustls(error: &rustls::Error, shows_certificate: bool) -> Self {
        match error {
            rustls::Error::InvalidCertificate(error) => Self::of_certificate(error),
            rustls::Error::AlertReceived(alert) => Self::of_alert(*alert, shows_certificate),
            rustls::Error::InvalidMessage(_) | rustls::Error::PeerSentOversizedRecord => Self::NotTls,
            rustls::Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::NoCipherSuitesInCommon
                | PeerIncompatible::NoKxGroupsInCommon
                | PeerIncompatible::NoSignatureSchemesInCommon,
            ) => Self::NoCommonVersion,
            other => Self::Other(shown(&other.to_string())),
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        let expired = |not_after| Self::Expired {
            not_after,
            issuer: None,
        };
        match error {
            CertificateError::Expired => expired(None),
            CertificateError::ExpiredContext { not_after, .. } => expired(moment(*not_after)),
            CertificateError::NotValidYet => Self::NotYetValid { not_before: None },
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid {
                not_before: moment(*not_before),
            },
            CertificateError::UnknownIssuer => Self::UnknownIssuer {
                issuer: None,
                self_signed: false,
                faults: Vec::new(),
            },
            CertificateError::NotValidForName => Self::WrongName {
                presented: Vec::new(),
                hint: None,
            },
            CertificateError::NotValidForNameContext { expected, presented } => wrong_name(expected, presented),
            CertificateError::Revoked => Self::Revoked,
            other => match Unsuitable::all_of(other) {
                Some(why) => Self::Unsuitable { why, issuer: None },
                None => Self::Other(shown(&rustls::Error::InvalidCertificate(other.clone()).to_string())),
            },
        }
    }

    fn of_alert(alert: Alert, shows_certificate: bool) -> Self {
        let word = match alert {
            Alert::CertificateRequired => return Self::ClientCertificateRequired,
            Alert::ProtocolVersion | Alert::InsufficientSecurity => return Self::NoCommonVersion,
            Alert::BadCertificate => "bad_certificate",
            Alert::NoCertificate => "no_certificate",
            Alert::UnsupportedCertificate => "unsupported_certificate",
            Alert::CertificateRevoked => "certificate_revoked",
            Alert::CertificateExpired => "certificate_expired",
            Alert::CertificateUnknown => "certificate_unknown",
            Alert::UnknownCA => "unknown_ca",
            Alert::HandshakeFailure => return Self::Alert("handshake_failure"),
            Alert::AccessDenied => return Self::Alert("access_denied"),
            Alert::UnrecognisedName => return Self::Alert("unrecognized_name"),
            Alert::InternalError => return Self::Alert("internal_error"),
            Alert::NoApplicationProtocol => return Self::Alert("no_application_protocol"),
            _ => return Self::Alert("an alert without a reason of its own"),
        };
        // The peer can only mean our certificate: these alerts are about what was received (RFC 8446, section 6.2).
        if shows_certificate {
            Self::ClientCertificateRefused(word)
        } else {
            Self::ClientCertificateRequired
        }
    }
}

/// TLS's own error inside of a stream's.
pub(super) fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn moment(time: UnixTime) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()))
}

/// A certificate that holds none of the names; one without any is no server's.
fn wrong_name(expected: &ServerName<'_>, presented: &[String]) -> Cause {
    let names: Vec<&str> = presented.iter().filter_map(|name| plain_name(name)).collect();
    if names.is_empty() {
        return Cause::Unsuitable {
            why: vec![Unsuitable::NoNames],
            issuer: None,
        };
    }
    let hint = match expected {
        // Were it there as an address, it would have fitted.
        ServerName::IpAddress(address) => names
            .iter()
            .any(|name| name.parse() == Ok(IpAddr::from(*address)))
            .then_some(NameHint::AddressAsName),
        ServerName::DnsName(name) => names
            .iter()
            .filter_map(|presented| presented.strip_prefix("*."))
            .any(|zone| {
                let name = name.as_ref().to_ascii_lowercase();
                let zone = zone.to_ascii_lowercase();
                name == zone || name.strip_suffix(&zone).is_some_and(|rest| rest.ends_with('.'))
            })
            .then_some(NameHint::WildcardDepth),
        _ => None,
    };
    Cause::WrongName {
        presented: names.into_iter().take(CERTIFICATE_NAMES_MAX).map(shown).collect(),
        hint,
    }
}

fn unknown_issuer(chain: &[CertificateDer<'_>]) -> Cause {
    let own = chain.first().filter(|own| is_self_signed(own));
    let self_signed = own.is_some();
    let mut faults = own.map(|own| CertFacts::of(own).defects).unwrap_or_default();
    // One that is an authority's as well is trusted all the same, once it is in the bundle.
    faults.retain(|fault| *fault != Unsuitable::Authority);
    Cause::UnknownIssuer {
        issuer: chain.last().map(|top| CertFacts::of(top).issuer),
        self_signed,
        faults,
    }
}

/// Subject of the first certificate of this kind, when it is not the peer's own.
fn above(chain: &[CertificateDer<'_>], is_it: impl Fn(&CertFacts) -> bool) -> Option<String> {
    let (own, issuers) = chain.split_first()?;
    if is_it(&CertFacts::of(own)) {
        return None;
    }
    issuers
        .iter()
        .map(CertFacts::of)
        .find(|facts| is_it(facts))
        .map(|facts| facts.subject)
}

/// A verdict, and what else is wrong with the same certificate: the next one must not fail for that.
fn with_the_rest(mut why: Vec<Unsuitable>, chain: &[CertificateDer<'_>]) -> Cause {
    let (Some(verdict), Some((own, issuers))) = (why.first().copied(), chain.split_first()) else {
        return Cause::Unsuitable { why, issuer: None };
    };
    let faults = CertFacts::of(own).defects;
    if !faults.iter().any(|fault| fault.is_like(&verdict))
        && let Some(issuer) = issuers.iter().find_map(|issuer| {
            let alike = Unsuitable::of_issuer(issuer)
                .into_iter()
                .find(|fault| fault.is_like(&verdict))?;
            why = vec![alike];
            Some(CertFacts::of(issuer).subject)
        })
    {
        let issuer = Some(issuer);
        return Cause::Unsuitable { why, issuer };
    }
    // The certificate itself says more of the same fault than the verdict, such as which extension it is.
    why.retain(|known| !faults.iter().any(|fault| fault.is_like(known)));
    why.extend(faults);
    Cause::Unsuitable { why, issuer: None }
}

/// webpki writes names as `DnsName("a.example")` and `IpAddress(192.0.2.1)`.
/// Others, such as `UniformResourceIdentifier("...")`, are no names of hosts.
fn plain_name(name: &str) -> Option<&str> {
    let (kind, rest) = name.split_once('(')?;
    let host = matches!(kind, "DnsName" | "IpAddress");
    host.then(|| rest.strip_suffix(')').unwrap_or(rest).trim_matches('"'))
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired {
                not_after: Some(end),
                issuer: None,
            } => write!(f, "the certificate expired on {}", date(*end)),
            Self::Expired {
                not_after: Some(end),
                issuer: Some(issuer),
            } => write!(f, "the certificate of the issuer {issuer} expired on {}", date(*end)),
            Self::NotYetValid {
                not_before: Some(start),
            } => write!(
                f,
                "the certificate is not valid before {}; is the clock of this host right?",
                date(*start)
            ),
            Self::UnknownIssuer {
                issuer: Some(issuer),
                self_signed: true,
                faults,
            } => {
                write!(f, "the certificate is self-signed, and not trusted itself: {issuer}")?;
                faults.iter().try_for_each(|fault| write!(f, "; {fault}"))
            }
            Self::UnknownIssuer {
                issuer: Some(issuer), ..
            } => {
                write!(f, "the certificate comes from an issuer that is not trusted: {issuer}")
            }
            Self::WrongName { presented, hint } if !presented.is_empty() => {
                let names = presented.join(", ");
                match hint {
                    None => write!(f, "the certificate is for another name; it is valid for {names}"),
                    Some(NameHint::AddressAsName) => write!(
                        f,
                        "the certificate holds the address as a DNS name, which does not count ({names}); it must be there as IP:"
                    ),
                    Some(NameHint::WildcardDepth) => write!(
                        f,
                        "the certificate is for another name; it is valid for {names}, where * stands for exactly one label"
                    ),
                }
            }
            Self::Unsuitable { why, issuer } => {
                match issuer {
                    None => f.write_str("the certificate cannot be a server's: ")?,
                    Some(issuer) => write!(f, "the certificate of the issuer {issuer} cannot be used: ")?,
                }
                for (at, why) in why.iter().enumerate() {
                    let separator = if at == 0 { "" } else { "; " };
                    write!(f, "{separator}{why}")?;
                }
                Ok(())
            }
            Self::ClientCertificateRefused(alert) => {
                write!(f, "the peer refused our client certificate ({alert})")
            }
            Self::Alert(alert) => write!(f, "the peer ended the TLS handshake ({alert})"),
            Self::Other(text) => write!(f, "the TLS handshake failed: {text}"),
            _ => self.fault().fmt(f),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsuitable(why) => return write!(f, "the certificate cannot be a server's: {why}"),
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not valid yet; is the clock of this host right?",
            Self::UnknownIssuer => "the certificate comes from an issuer that is not trusted",
            Self::WrongName => "the certificate is for another name",
            Self::Revoked => "the certificate was revoked",
            Self::ClientCertificateRequired => "the peer wants a client certificate",
            Self::ClientCertificateRefused => "the peer refused our client certificate",
            Self::NotTls => "the peer does not speak TLS",
            Self::NoCommonVersion => "no TLS version or cipher suite that both ends take",
            Self::Other => "the TLS handshake failed",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;
    use crate::tls::{Roots, provider};

    /// Other reasons are tried with servers, which do not start with a certificate of this version.
    #[test]
    fn a_certificate_of_version_1_is_called_that() {
        let old = CertificateDer::from_pem_slice(include_bytes!("../../tests/data/identity/ec.crt")).unwrap();
        let roots = Roots::load(
            &crate::config::Trust {
                webpki: true,
                ..Default::default()
            },
            &crate::secrets::Outsiders::default(),
        )
        .unwrap();
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.store(), provider::provider());
        let error = verifier
            .build()
            .unwrap()
            .verify_server_cert(&old, &[], &ServerName::try_from("h").unwrap(), &[], UnixTime::now())
            .unwrap_err();
        let cause = Cause::of(&io::Error::other(error), false);
        let why = vec![Unsuitable::OldVersion];
        assert_eq!(cause, Some(Cause::Unsuitable { why, issuer: None }));
    }

    #[test]
    fn a_name_that_looks_right_and_does_not_count_is_explained() {
        for (called, presented, expected) in [
            (
                "a.b.h.example",
                r#"DnsName("*.h.example")"#,
                Some(NameHint::WildcardDepth),
            ),
            ("h.example", r#"DnsName("*.H.example")"#, Some(NameHint::WildcardDepth)),
            ("xh.example", r#"DnsName("*.h.example")"#, None),
            ("192.0.2.1", r#"DnsName("192.0.2.1")"#, Some(NameHint::AddressAsName)),
            (
                "2001:db8::1",
                r#"DnsName("2001:db8:0::1")"#,
                Some(NameHint::AddressAsName),
            ),
            ("192.0.2.1", "IpAddress(192.0.2.2)", None),
        ] {
            let cause = wrong_name(&ServerName::try_from(called).unwrap(), &[presented.to_owned()]);
            assert!(
                matches!(&cause, Cause::WrongName { hint, .. } if *hint == expected),
                "{called}: {cause:?}"
            );
        }
        let named = ServerName::try_from("h").unwrap();
        for presented in [
            &[][..],
            &[
                r#"UniformResourceIdentifier("h")"#.to_owned(),
                "DirectoryName".to_owned(),
            ],
        ] {
            let cause = wrong_name(&named, presented);
            assert_eq!(cause.fault(), Fault::Unsuitable(Faults::of(&[Unsuitable::NoNames])));
        }
    }
}
