//! Why no server may use a certificate, whoever issued it.

use std::fmt;
use std::mem::discriminant;

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use webpki::Error as Verdict;
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{AnyRef, Decode, Encode, SliceReader};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::facts::{Purposes, is_authority, names};
use super::provider;
use crate::limits::{RSA_BITS_MAX, RSA_BITS_MIN};

/// Why no server may use a certificate, or why it may not have been issued by the one above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsuitable {
    /// It bears no DNS name and no IP address.
    NoNames,
    /// It is that of an authority.
    Authority,
    /// It is older than X.509 version 3.
    OldVersion,
    /// It is for another purpose than servers.
    Purpose,
    /// It ends before it begins.
    Validity,
    /// It is signed with an algorithm that is not accepted; which one.
    Algorithm(&'static str),
    /// Its key, or the key of the authority that signed it, is not accepted; why.
    Key(&'static str),
    /// A signature is not that of the authority whose name it bears.
    Signature,
    /// It names two algorithms for one signature.
    TwoAlgorithms,
    /// It has a critical extension that is not understood; which one, where that is known.
    CriticalExtension(Option<ObjectIdentifier>),
    /// Its issuer is limited to other names.
    NameConstraints,
    /// The limits of its issuer cannot be read.
    BrokenConstraint,
    /// Its issuer may issue certificates of servers only.
    PathLength,
    /// Its issuer is no authority.
    IssuerIsNone,
    /// A name in it is none.
    BadName,
    /// The chain is longer or has more branches than is looked at.
    Chain,
    /// It cannot be read.
    Encoding,
}

impl Unsuitable {
    /// Translates a verdict that is about the certificate itself; `None` for those with a cause of their own.
    pub(super) fn of(error: &CertificateError) -> Option<Self> {
        #[allow(deprecated, reason = "the library may still give the older one")]
        Some(match error {
            CertificateError::BadEncoding => Self::Encoding,
            CertificateError::UnhandledCriticalExtension => Self::CriticalExtension(None),
            CertificateError::BadSignature => Self::Signature,
            CertificateError::UnsupportedSignatureAlgorithm => Self::Algorithm(OTHER_ALGORITHM),
            CertificateError::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id, ..
            } => Self::Algorithm(algorithm_name(signature_algorithm_id)),
            CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                public_key_algorithm_id,
                ..
            } => Self::Key(key_name(public_key_algorithm_id)),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Self::Purpose,
            CertificateError::Other(error) => {
                return match error.0.downcast_ref::<Self>() {
                    Some(own) => Some(*own),
                    None => error.0.downcast_ref().and_then(Self::of_webpki),
                };
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
            | CertificateError::Revoked
            | CertificateError::UnknownIssuer
            | CertificateError::UnknownRevocationStatus
            | CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. }
            | CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. }
            | CertificateError::InvalidOcspResponse
            | CertificateError::ApplicationVerificationFailure => return None,
            // The enumeration may grow.
            _ => return None,
        })
    }

    /// Everything that a verdict says of the certificate itself.
    pub(super) fn all_of(error: &CertificateError) -> Option<Vec<Self>> {
        if let CertificateError::Other(error) = error
            && let Some(All(faults)) = error.0.downcast_ref()
        {
            return Some(faults.clone());
        }
        Self::of(error).map(|verdict| vec![verdict])
    }

    /// Translates the verdicts that rustls has no names for.
    fn of_webpki(error: &Verdict) -> Option<Self> {
        Some(match error {
            Verdict::CaUsedAsEndEntity => Self::Authority,
            Verdict::EndEntityUsedAsCa => Self::IssuerIsNone,
            Verdict::UnsupportedCertVersion => Self::OldVersion,
            Verdict::EmptyEkuExtension => Self::Purpose,
            Verdict::InvalidCertValidity => Self::Validity,
            Verdict::SignatureAlgorithmMismatch => Self::TwoAlgorithms,
            Verdict::UnsupportedCriticalExtension => Self::CriticalExtension(None),
            Verdict::NameConstraintViolation => Self::NameConstraints,
            Verdict::MalformedNameConstraint | Verdict::InvalidNetworkMaskConstraint => Self::BrokenConstraint,
            Verdict::PathLenConstraintViolated => Self::PathLength,
            Verdict::MalformedDnsIdentifier => Self::BadName,
            Verdict::MaximumNameConstraintComparisonsExceeded
            | Verdict::MaximumPathBuildCallsExceeded
            | Verdict::MaximumPathDepthExceeded
            | Verdict::MaximumSignatureChecksExceeded => Self::Chain,
            Verdict::BadDer
            | Verdict::BadDerTime
            | Verdict::ExtensionValueInvalid
            | Verdict::InvalidSerialNumber
            | Verdict::MalformedExtensions
            | Verdict::TrailingData(_) => Self::Encoding,
            // Those that rustls has names for, and those about lists of revoked certificates, which nobody gives it.
            _ => return None,
        })
    }

    /// Everything that keeps a server from using this certificate, as far as the certificate itself shows it.
    pub(super) fn of_server(certificate: &Certificate) -> Vec<Self> {
        let tbs = certificate.tbs_certificate();
        let validity = tbs.validity();
        let inverted = validity.not_before.to_system_time() > validity.not_after.to_system_time();
        let old = tbs.version() != Version::V3;
        let found = [
            (!bears_names(certificate)).then_some(Self::NoNames),
            (!old && is_authority(certificate)).then_some(Self::Authority),
            old.then_some(Self::OldVersion),
            (!Purposes::of(certificate).server).then_some(Self::Purpose),
            inverted.then_some(Self::Validity),
            refused_algorithm(certificate),
            refused_key(tbs.subject_public_key_info()),
            critical(certificate),
        ];
        found.into_iter().flatten().collect()
    }

    /// Everything that keeps this certificate from having issued another, as far as it shows it.
    pub(super) fn of_issuer(der: &CertificateDer<'_>) -> Vec<Self> {
        let Ok(certificate) = Certificate::from_der(der) else {
            return vec![Self::Encoding];
        };
        let tbs = certificate.tbs_certificate();
        let old = tbs.version() != Version::V3;
        let found = [
            (old).then_some(Self::OldVersion),
            (!is_authority(&certificate)).then_some(Self::IssuerIsNone),
            refused_algorithm(&certificate),
            refused_key(tbs.subject_public_key_info()),
            critical(&certificate),
        ];
        found.into_iter().flatten().collect()
    }

    /// The key of a certificate, where it is the reason why no signature of it is accepted.
    pub(super) fn key_of(der: &CertificateDer<'_>) -> Option<Self> {
        refused_key(
            Certificate::from_der(der)
                .ok()?
                .tbs_certificate()
                .subject_public_key_info(),
        )
    }

    /// The same of a key alone: the contents of a `SubjectPublicKeyInfo`.
    pub(super) fn key_of_anchor(contents: &[u8]) -> Option<Self> {
        let mut reader = SliceReader::new(contents).ok()?;
        let algorithm = AlgorithmIdentifierOwned::decode(&mut reader).ok()?;
        let subject_public_key = x509_cert::der::asn1::BitString::decode(&mut reader).ok()?;
        refused_key(&SubjectPublicKeyInfoOwned {
            algorithm,
            subject_public_key,
        })
    }

    /// Whether both are the same fault, whatever the detail.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        discriminant(self) == discriminant(other)
    }
}

/// All faults of one certificate, as the verdict of a verifier.
#[derive(Debug)]
pub(super) struct All(pub(super) Vec<Unsuitable>);

impl std::error::Error for All {}

impl fmt::Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Faults::of(&self.0).fmt(f)
    }
}

/// The faults of one certificate without allocation: all those that need no detail, and the first that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// A bit for each of [`PLAIN`].
    plain: u8,
    detailed: Option<Unsuitable>,
}

/// Faults that are the same whatever the certificate, in the order in which they are told.
const PLAIN: [Unsuitable; 5] = [
    Unsuitable::NoNames,
    Unsuitable::Authority,
    Unsuitable::OldVersion,
    Unsuitable::Purpose,
    Unsuitable::Validity,
];

impl Faults {
    /// Of a list; one without any is that of a certificate that cannot be read.
    pub(super) fn of(why: &[Unsuitable]) -> Self {
        let bits = PLAIN.iter().enumerate().filter(|(_, fault)| why.contains(fault));
        let plain = bits.fold(0, |bits, (at, _)| bits | 1 << at);
        let detailed = why.iter().find(|fault| !PLAIN.contains(fault)).copied();
        Self {
            plain,
            detailed: detailed.or((plain == 0).then_some(Unsuitable::Encoding)),
        }
    }

    fn iter(self) -> impl Iterator<Item = Unsuitable> {
        let plain = PLAIN.into_iter().enumerate();
        plain
            .filter_map(move |(at, fault)| (self.plain & 1 << at != 0).then_some(fault))
            .chain(self.detailed)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().enumerate().try_for_each(|(at, fault)| {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{fault}")
        })
    }
}

/// Whether a certificate is signed with its own key; one whose algorithm is not accepted is taken at its word.
pub(super) fn is_self_signed(der: &CertificateDer<'_>) -> bool {
    let Ok(certificate) = Certificate::from_der(der) else {
        return false;
    };
    let tbs = certificate.tbs_certificate();
    if tbs.subject() != tbs.issuer() {
        return false;
    }
    let own_key = tbs.subject_public_key_info();
    if refused_algorithm(&certificate).is_some() || refused_key(own_key).is_some() {
        return true;
    }
    let (Ok(signed), Some(signature)) = (tbs.to_der(), certificate.signature().as_bytes()) else {
        return false;
    };
    let known = provider::provider().signature_verification_algorithms;
    let mut fits = known.all.iter();
    fits.any(|one| {
        one.verify_signature(own_key.subject_public_key.raw_bytes(), &signed, signature)
            .is_ok()
    })
}

/// Any name that a connection could be compared with.
fn bears_names(certificate: &Certificate) -> bool {
    matches!(
        certificate.tbs_certificate().get_extension::<SubjectAltName>(),
        Ok(Some(_))
    ) && !names(certificate).is_empty()
}

/// Asks the cryptography itself what it verifies, so that there is no second list.
fn refused_algorithm(certificate: &Certificate) -> Option<Unsuitable> {
    let der = certificate.signature_algorithm().to_der().ok()?;
    let contents = AnyRef::from_der(&der).ok()?.value();
    let known = provider::provider().signature_verification_algorithms;
    let accepted = known.all.iter().any(|one| &*one.signature_alg_id() == contents);
    (!accepted).then(|| Unsuitable::Algorithm(algorithm_name(contents)))
}

fn refused_key(key: &SubjectPublicKeyInfoOwned) -> Option<Unsuitable> {
    const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
    let der = key.algorithm.to_der().ok()?;
    let contents = AnyRef::from_der(&der).ok()?.value();
    let known = provider::provider().signature_verification_algorithms;
    if !known.all.iter().any(|one| &*one.public_key_alg_id() == contents) {
        return Some(Unsuitable::Key(key_name(contents)));
    }
    if key.algorithm.oid != RSA {
        return None;
    }
    let bits = rsa_bits(key.subject_public_key.raw_bytes())?;
    match bits {
        ..RSA_BITS_MIN => Some(Unsuitable::Key("RSA with fewer than 2048 bits")),
        RSA_BITS_MIN..=RSA_BITS_MAX => None,
        _ => Some(Unsuitable::Key("RSA with more than 8192 bits")),
    }
}

/// Bits of the modulus (RFC 8017, appendix A.1.1).
fn rsa_bits(der: &[u8]) -> Option<usize> {
    let contents = AnyRef::from_der(der).ok()?.value();
    let mut reader = SliceReader::new(contents).ok()?;
    let modulus = UintRef::decode(&mut reader).ok()?;
    let bytes = modulus.as_bytes();
    let first = bytes.first()?;
    Some(bytes.len() * 8 - usize::try_from(first.leading_zeros()).ok()?)
}

/// The first critical extension that the library does not know (RFC 5280, section 4.2).
fn critical(certificate: &Certificate) -> Option<Unsuitable> {
    const KNOWN: [&str; 6] = [
        "2.5.29.15",
        "2.5.29.17",
        "2.5.29.19",
        "2.5.29.30",
        "2.5.29.31",
        "2.5.29.37",
    ];
    let extensions = certificate.tbs_certificate().extensions()?;
    let unknown = extensions
        .iter()
        .find(|one| one.critical && !KNOWN.contains(&&*one.extn_id.to_string()))?;
    Some(Unsuitable::CriticalExtension(Some(unknown.extn_id)))
}

const OTHER_ALGORITHM: &str = "an algorithm that is not accepted";

/// Name of a signature algorithm that is not accepted: contents of its `AlgorithmIdentifier`.
fn algorithm_name(contents: &[u8]) -> &'static str {
    match &*oid(contents) {
        "1.2.840.113549.1.1.4" => "RSA with MD5",
        "1.2.840.113549.1.1.5" => "RSA with SHA-1",
        "1.2.840.113549.1.1.14" => "RSA with SHA-224",
        "1.2.840.113549.1.1.10" => "RSA-PSS with other parameters than those of SHA-256, SHA-384 and SHA-512",
        "1.2.840.10045.4.1" => "ECDSA with SHA-1",
        "1.2.840.10045.4.3.1" => "ECDSA with SHA-224",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.3.101.113" => "Ed448",
        "1.2.840.10040.4.3" | "2.16.840.1.101.3.4.3.1" | "2.16.840.1.101.3.4.3.2" => "DSA",
        _ => OTHER_ALGORITHM,
    }
}

/// Name of a key that is not accepted: contents of its `AlgorithmIdentifier`.
fn key_name(contents: &[u8]) -> &'static str {
    match &*oid(contents) {
        "1.2.840.10045.2.1" => "ECDSA on another curve than P-256 and P-384",
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "a key for RSA-PSS only",
        "1.3.101.113" => "Ed448",
        "1.2.840.10040.4.1" => "DSA",
        _ => "a kind that is not accepted",
    }
}

fn oid(contents: &[u8]) -> String {
    let first = SliceReader::new(contents).and_then(|mut reader| <ObjectIdentifier>::decode(&mut reader));
    first.map(|oid| oid.to_string()).unwrap_or_default()
}

impl std::error::Error for Unsuitable {}

impl fmt::Display for Unsuitable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoNames => "it bears no names (subjectAltName is missing; a common name alone does not count)",
            Self::Authority => "it is that of an authority (CA:TRUE)",
            Self::OldVersion => "it is X.509 version 1 and bears no names",
            Self::Purpose => "it is not for TLS servers (extended key usage serverAuth)",
            Self::Validity => "it ends before it begins (notAfter is before notBefore)",
            Self::Algorithm(which) => return write!(f, "it is signed with {which}, which is not accepted"),
            Self::Key(which) => return write!(f, "a key in its chain is not accepted: {which}"),
            Self::Signature => "a signature does not fit: it may be from another authority of the same name",
            Self::TwoAlgorithms => "it names two different algorithms for its signature",
            Self::CriticalExtension(Some(oid)) => {
                return write!(f, "it has a critical extension that is not understood ({oid})");
            }
            Self::CriticalExtension(None) => "it has a critical extension that is not understood",
            Self::NameConstraints => "its issuer is limited to other names (nameConstraints)",
            Self::BrokenConstraint => "the nameConstraints of its issuer cannot be read",
            Self::PathLength => "an issuer above it may not have other authorities below it (pathlen)",
            Self::IssuerIsNone => "its issuer is no authority (basicConstraints CA:TRUE is missing there)",
            Self::BadName => "a name in it cannot be read",
            Self::Chain => "its chain is longer than is looked at",
            Self::Encoding => "it cannot be read, or an extension in it cannot",
        })
    }
}
