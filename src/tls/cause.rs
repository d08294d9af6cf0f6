//! Why TLS failed, in words that tell an operator what to mend.

use std::fmt;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription as Alert, CertificateError, PeerIncompatible};

use super::facts::{CertFacts, date, shown};
use super::record::Record;
use crate::limits::CERTIFICATE_NAMES_MAX;

/// Why TLS failed. Texts of certificates are bounded and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The peer's certificate, or one above it, has expired.
    Expired {
        /// When.
        not_after: Option<SystemTime>,
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
    },
    /// The certificate is for other names.
    WrongName {
        /// Those names.
        presented: Vec<String>,
    },
    /// The certificate was revoked.
    Revoked,
    /// The certificate is none that a server may use.
    Unsuitable(Unsuitable),
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

/// Why no server may use a certificate, whoever issued it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsuitable {
    /// It is that of an authority.
    Authority,
    /// It is older than X.509 version 3.
    OldVersion,
    /// It is for another purpose than servers.
    Purpose,
    /// It is signed with an algorithm that is not accepted.
    Algorithm,
    /// A signature is not that of the authority whose name it bears.
    Signature,
}

impl Unsuitable {
    fn of(error: &CertificateError) -> Option<Self> {
        match error {
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Some(Self::Purpose),
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Some(Self::Algorithm),
            CertificateError::BadSignature => Some(Self::Signature),
            // The library below rustls has names for these, rustls has none; tests hold them.
            CertificateError::Other(error) => match error.to_string().as_str() {
                "CaUsedAsEndEntity" => Some(Self::Authority),
                "UnsupportedCertVersion" => Some(Self::OldVersion),
                _ => None,
            },
            _ => None,
        }
    }
}

impl fmt::Display for Unsuitable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authority => "it is that of an authority (CA:TRUE)",
            Self::OldVersion => "it is X.509 version 1 and bears no names",
            Self::Purpose => "it is not for TLS servers (extended key usage serverAuth)",
            Self::Algorithm => "it is signed with an algorithm that is not accepted, such as SHA-1",
            Self::Signature => "a signature does not fit: it may be from another authority of the same name",
        })
    }
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
    /// [`Cause::Unsuitable`].
    Unsuitable,
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
            Self::UnknownIssuer { .. } => Self::UnknownIssuer {
                issuer: seen.chain.last().map(|top| CertFacts::of(top).issuer),
            },
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
            Self::Unsuitable(_) => Fault::Unsuitable,
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
        match error {
            CertificateError::Expired => Self::Expired { not_after: None },
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired {
                not_after: moment(*not_after),
            },
            CertificateError::NotValidYet => Self::NotYetValid { not_before: None },
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid {
                not_before: moment(*not_before),
            },
            CertificateError::UnknownIssuer => Self::UnknownIssuer { issuer: None },
            CertificateError::NotValidForName => Self::WrongName { presented: Vec::new() },
            CertificateError::NotValidForNameContext { presented, .. } => Self::WrongName {
                presented: presented
                    .iter()
                    .take(CERTIFICATE_NAMES_MAX)
                    .map(|name| shown(plain_name(name)))
                    .collect(),
            },
            CertificateError::Revoked => Self::Revoked,
            other => match Unsuitable::of(other) {
                Some(why) => Self::Unsuitable(why),
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

/// webpki writes names as `DnsName("a.example")` and `IpAddress(192.0.2.1)`.
fn plain_name(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { not_after: Some(end) } => write!(f, "the certificate expired on {}", date(*end)),
            Self::NotYetValid {
                not_before: Some(start),
            } => write!(
                f,
                "the certificate is not valid before {}; is the clock of this host right?",
                date(*start)
            ),
            Self::UnknownIssuer { issuer: Some(issuer) } => {
                write!(f, "the certificate comes from an issuer that is not trusted: {issuer}")
            }
            Self::WrongName { presented } if !presented.is_empty() => write!(
                f,
                "the certificate is for another name; it is valid for {}",
                presented.join(", ")
            ),
            Self::Unsuitable(why) => write!(f, "the certificate cannot be a server's: {why}"),
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
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not valid yet; is the clock of this host right?",
            Self::UnknownIssuer => "the certificate comes from an issuer that is not trusted",
            Self::WrongName => "the certificate is for another name",
            Self::Revoked => "the certificate was revoked",
            Self::Unsuitable => "the certificate is none that a server may use",
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
    use rustls::pki_types::{CertificateDer, ServerName};

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
        assert_eq!(cause, Some(Cause::Unsuitable(Unsuitable::OldVersion)));
    }
}
