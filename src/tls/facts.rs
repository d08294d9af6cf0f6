//! What is known of a TLS connection and of certificates, for people.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use rustls::ClientConnection;
use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

use super::record::Record;
use super::roots::Roots;
use super::unsuitable::Unsuitable;
use crate::limits::{CERTIFICATE_NAMES_MAX, CERTIFICATE_TEXT_MAX};
use crate::telemetry::is_unsafe;
use crate::telemetry::utc::{ForPeople, Utc};

/// A TLS connection.
#[derive(Debug, Clone)]
pub struct TlsFacts {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// Name of the cipher suite, as rustls has it.
    pub cipher: String,
    /// The peer's certificates, its own first.
    pub chain: Vec<CertFacts>,
    /// Subject of the trust anchor that the chain leads to.
    pub anchor: Option<String>,
    /// Where that anchor comes from.
    pub anchor_from: Option<AnchorSource>,
    /// The peer asked for a client certificate.
    pub client_certificate_asked: bool,
    /// We showed one.
    pub client_certificate_sent: bool,
}

/// Where a trust anchor comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorSource {
    /// The public set that is built in.
    BuiltIn,
    /// The store of the system.
    System,
    /// `ca_bundle`, or `proxy.ca_bundle` for a proxy.
    Bundle,
}

/// One certificate. Its texts come from outside: they are bounded and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertFacts {
    /// Distinguished name (RFC 4514), or that it could not be read.
    pub subject: String,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// First moment of validity; `None` when it could not be read.
    pub not_before: Option<SystemTime>,
    /// Last moment of validity; `None` when it could not be read.
    pub not_after: Option<SystemTime>,
    /// DNS names and IP addresses that it is valid for, at most [`CERTIFICATE_NAMES_MAX`].
    pub names: Vec<String>,
    /// What it may be used for.
    pub purposes: Purposes,
    /// It may issue others.
    pub is_authority: bool,
    /// Everything that keeps a server from using it.
    pub defects: Vec<Unsuitable>,
}

/// What a certificate may be used for (RFC 5280, section 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purposes {
    /// Servers.
    pub server: bool,
    /// Clients.
    pub client: bool,
}

/// Where a moment lies in a certificate's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Within it, or nothing is known.
    Valid,
    /// After `not_after`.
    Expired,
    /// Before `not_before`.
    NotYetValid,
}

impl CertFacts {
    pub(super) fn of(der: &CertificateDer<'_>) -> Self {
        match Certificate::from_der(der) {
            Ok(certificate) => Self::read(&certificate),
            Err(_) => Self {
                subject: "(a certificate that cannot be read)".to_owned(),
                issuer: "(unknown)".to_owned(),
                not_before: None,
                not_after: None,
                names: Vec::new(),
                purposes: Purposes::NONE,
                is_authority: false,
                defects: vec![Unsuitable::Encoding],
            },
        }
    }

    /// Whether it belongs to an authority that is valid at this moment. A store holds many: their names are not turned into texts.
    pub(super) fn is_authority_at(der: &CertificateDer<'_>, now: SystemTime) -> bool {
        Certificate::from_der(der).is_ok_and(|certificate| {
            let validity = certificate.tbs_certificate().validity();
            let life = validity.not_before.to_system_time()..=validity.not_after.to_system_time();
            is_authority(&certificate) && life.contains(&now)
        })
    }

    fn read(certificate: &Certificate) -> Self {
        let tbs = certificate.tbs_certificate();
        Self {
            subject: shown(&tbs.subject().to_string()),
            issuer: shown(&tbs.issuer().to_string()),
            not_before: Some(tbs.validity().not_before.to_system_time()),
            not_after: Some(tbs.validity().not_after.to_system_time()),
            names: names(certificate),
            purposes: Purposes::of(certificate),
            is_authority: is_authority(certificate),
            defects: Unsuitable::of_server(certificate),
        }
    }

    /// Where `now` lies in its life.
    #[must_use]
    pub fn validity(&self, now: SystemTime) -> Validity {
        if self.not_after.is_some_and(|end| now > end) {
            Validity::Expired
        } else if self.not_before.is_some_and(|start| now < start) {
            Validity::NotYetValid
        } else {
            Validity::Valid
        }
    }

    /// Whether it ends before `other`; one without a date never ends.
    #[must_use]
    pub fn ends_before(&self, other: &Self) -> bool {
        match (self.not_after, other.not_after) {
            (Some(end), Some(other)) => end < other,
            (end, _) => end.is_some(),
        }
    }

    /// [`Self::not_after`] for people: `2026-11-23 01:02:03 UTC`.
    #[must_use]
    pub fn expiry(&self) -> String {
        self.not_after.map_or_else(|| "an unknown date".to_owned(), date)
    }
}

impl Purposes {
    /// A certificate that names none may be used for all.
    const ANY: Self = Self {
        server: true,
        client: true,
    };
    const NONE: Self = Self {
        server: false,
        client: false,
    };

    pub(super) fn of(certificate: &Certificate) -> Self {
        const ANY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
        const SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
        const CLIENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
        match certificate.tbs_certificate().get_extension() {
            Ok(Some((_, ExtendedKeyUsage(purposes)))) => Self {
                server: purposes.iter().any(|purpose| [ANY, SERVER].contains(purpose)),
                client: purposes.iter().any(|purpose| [ANY, CLIENT].contains(purpose)),
            },
            Ok(None) => Self::ANY,
            // It says something, and nobody knows what.
            Err(_) => Self::NONE,
        }
    }
}

/// Whether it may issue others (RFC 5280, sections 4.2.1.9 and 4.2.1.3): it says so, or is older than the field that says so.
pub(super) fn is_authority(certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    if tbs.version() != Version::V3 {
        return true;
    }
    let may_issue = matches!(tbs.get_extension(), Ok(Some((_, BasicConstraints { ca: true, .. }))));
    let may_sign = match tbs.get_extension::<KeyUsage>() {
        Ok(None) => true,
        Ok(Some((_, usage))) => usage.key_cert_sign(),
        Err(_) => false,
    };
    may_issue && may_sign
}

/// Why a certificate may not issue others; `None` when it may.
pub(super) fn why_no_authority(der: &CertificateDer<'_>) -> Option<&'static str> {
    let certificate = Certificate::from_der(der).ok()?;
    if is_authority(&certificate) {
        return None;
    }
    let constraints = certificate.tbs_certificate().get_extension();
    Some(match constraints {
        Ok(Some((_, BasicConstraints { ca: true, .. }))) => "its keyUsage lacks keyCertSign",
        _ => "basicConstraints CA:TRUE is missing",
    })
}

/// A moment for people: `2026-11-23 01:02:03 UTC`.
pub(super) fn date(moment: SystemTime) -> String {
    ForPeople(Utc::of(moment)).to_string()
}

/// Text of a certificate as a message may show it: it drives no terminal and ends no line.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(CERTIFICATE_TEXT_MAX)
        .map(|c| if is_unsafe(c) { '\u{fffd}' } else { c })
        .collect();
    if short.len() < text.len() && text.chars().count() > CERTIFICATE_TEXT_MAX {
        short.push_str("...");
    }
    if short.is_empty() {
        short.push_str("(no name)");
    }
    short
}

/// What is known of an established connection.
pub(super) fn gather(connection: &ClientConnection, record: &Record, roots: &Roots) -> TlsFacts {
    let seen = record.seen();
    let anchor = anchor(&seen.chain, roots);
    TlsFacts {
        version: match connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        },
        cipher: connection
            .negotiated_cipher_suite()
            .map(|suite| format!("{:?}", suite.suite()))
            .unwrap_or_default(),
        chain: seen.chain.iter().map(CertFacts::of).collect(),
        anchor: anchor.as_ref().map(|(name, _)| name.clone()),
        anchor_from: anchor.map(|(_, source)| source),
        client_certificate_asked: seen.asked,
        client_certificate_sent: seen.sent,
    }
}

/// The first anchor up the chain that bears the name of an issuer: the order in which webpki looks for one. A server whose own
/// certificate stands in the bundle is its own anchor.
fn anchor(chain: &[CertificateDer<'static>], roots: &Roots) -> Option<(String, AnchorSource)> {
    if let Some(server) = chain.first().filter(|own| roots.bundle().servers.contains(own)) {
        return Some((CertFacts::of(server).subject, AnchorSource::Bundle));
    }
    chain.iter().find_map(|der| {
        let certificate = Certificate::from_der(der).ok()?;
        let issuer = certificate.tbs_certificate().issuer();
        let (_, source) = roots.anchor(&issuer.to_der().ok()?)?;
        Some((shown(&issuer.to_string()), source))
    })
}

pub(super) fn names(certificate: &Certificate) -> Vec<String> {
    let Ok(Some((_, SubjectAltName(names)))) = certificate.tbs_certificate().get_extension() else {
        return Vec::new();
    };
    names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(shown(name.as_str())),
            GeneralName::IpAddress(octets) => address(octets.as_bytes()),
            _ => None,
        })
        .take(CERTIFICATE_NAMES_MAX)
        .collect()
}

fn address(octets: &[u8]) -> Option<String> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(|o| Ipv4Addr::from(o).to_string()),
        16 => <[u8; 16]>::try_from(octets).ok().map(|o| Ipv6Addr::from(o).to_string()),
        _ => None,
    }
}
