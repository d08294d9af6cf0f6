//! Why no TLS configuration could be made.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why no TLS configuration could be made. Holds paths and settings, nothing of the files.
#[derive(Debug)]
pub enum Error {
    /// The bundle cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The bundle is not PEM, or holds no certificate.
    NoCertificates(PathBuf),
    /// An entry of the bundle cannot be a trust anchor; entries count from 1.
    BadEntry(PathBuf, usize),
    /// A client certificate cannot be used.
    Identity {
        /// The setting that names the certificate.
        setting: &'static str,
        /// The file that is at fault.
        path: PathBuf,
        /// What is wrong with it.
        problem: IdentityProblem,
    },
    /// The cryptography offers no protocol version; cannot happen with the one that is built in.
    Provider,
}

/// What is wrong with a client certificate or its key.
#[derive(Debug)]
pub enum IdentityProblem {
    /// The certificate cannot be read.
    CertificateUnreadable(io::Error),
    /// The file is not PEM, or holds no certificate.
    NoCertificate,
    /// The key cannot be read, or others may read it.
    KeyUnreadable(io::Error),
    /// The file is not PEM, or holds no private key.
    NoKey,
    /// The key is protected by a passphrase.
    EncryptedKey,
    /// The key is damaged or of a kind that cannot be used.
    BadKey,
    /// The certificate is damaged or of a kind that cannot be used.
    BadCertificate,
    /// The key belongs to another certificate.
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
    },
}

impl Error {
    /// The setting at fault.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Identity { setting, .. } => setting,
            _ => "ca_bundle",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BUNDLE: &str = "invalid ca-bundle (CA_BUNDLE, --ca-bundle)";
        match self {
            Self::Unreadable(path, error) => write!(f, "{BUNDLE}: {} cannot be read: {error}", path.display()),
            Self::NoCertificates(path) => write!(
                f,
                "{BUNDLE}: no certificates found in {}; it must hold PEM certificates",
                path.display()
            ),
            Self::BadEntry(path, n) => write!(
                f,
                "{BUNDLE}: certificate {n} in {} cannot be used; remove or replace it",
                path.display()
            ),
            Self::Identity { setting, path, problem } => {
                write!(f, "invalid {setting}: {}: {problem}", path.display())
            }
            Self::Provider => f.write_str("TLS cannot be set up: the built-in cryptography offers no protocol version"),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for IdentityProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateUnreadable(error) => write!(f, "the client certificate cannot be read: {error}"),
            Self::NoCertificate => f.write_str("no client certificate found; the file must hold PEM certificates"),
            Self::KeyUnreadable(error) => write!(f, "the client key cannot be read: {error}"),
            Self::NoKey => {
                f.write_str("no private key found; the file must hold one in PEM form (PKCS#8, SEC1 or PKCS#1)")
            }
            Self::EncryptedKey => f.write_str(
                "the private key is protected by a passphrase, which nobody could enter; \
                 write it without one (openssl pkey -in KEY -out NEWKEY) and mode 0600",
            ),
            Self::BadKey => f.write_str(
                "the private key cannot be used; it must be RSA (2048 bits or more), ECDSA P-256 or P-384, or Ed25519",
            ),
            Self::BadCertificate => f.write_str("the client certificate cannot be used; it must be X.509 version 3"),
            Self::Mismatch { certificate } => write!(
                f,
                "private key does not match the client certificate in {}; give the key that the certificate was issued for",
                certificate.display()
            ),
        }
    }
}
