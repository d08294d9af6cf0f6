//! Why no TLS configuration could be made.

use std::fmt;
use std::path::PathBuf;

use crate::config;
use crate::limits::ANCHORS_MAX;
use crate::secrets::FileError;

/// Why no TLS configuration could be made. Holds paths and settings, nothing of the files.
#[derive(Debug)]
pub enum Error {
    /// The bundle of that setting cannot be read, or others can change it.
    Unreadable(&'static str, PathBuf, FileError),
    /// The bundle is not PEM, or holds no certificate that can be used.
    NoCertificates(&'static str, PathBuf),
    /// The bundle is no PEM text, or one with a block that is not whole: what is wrong with it.
    NotPem(&'static str, PathBuf, String),
    /// An entry of the bundle is damaged; entries count from 1.
    BadEntry(&'static str, PathBuf, usize),
    /// There are more entries than anybody needs.
    TooMany(&'static str, PathBuf),
    /// No entry can be trusted; what is wrong with the first.
    NothingUsable(&'static str, PathBuf, String),
    /// The store of the system cannot be used, or is not there: where, and why.
    SystemStore(Option<PathBuf>, String),
    /// There is no authority that is trusted at all.
    NothingTrusted,
    /// A client certificate cannot be used.
    Identity {
        /// The setting that names the certificate.
        setting: &'static str,
        /// Which of its files is at fault.
        file: IdentityFile,
        /// Where that is.
        path: PathBuf,
        /// What is wrong with it.
        problem: IdentityProblem,
    },
    /// The cryptography offers no protocol version; cannot happen with the one that is built in.
    Provider,
}

/// One of the two files of a client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityFile {
    /// The chain.
    Certificate,
    /// The private key.
    Key,
}

/// What is wrong with a client certificate or its key.
#[derive(Debug)]
pub enum IdentityProblem {
    /// The file cannot be read, or others can get at it.
    Unreadable(FileError),
    /// The file is no PEM text, or one with a block that is not whole: what is wrong with it.
    NotPem(String),
    /// A block of the file is none that belongs there: on which line, and what it is.
    Other(usize, &'static str),
    /// The file is not PEM, or holds no certificate.
    NoCertificate,
    /// The file is not PEM, or holds no private key.
    NoKey,
    /// The key is protected by a passphrase.
    EncryptedKey,
    /// The key is damaged or of a kind that cannot be used.
    BadKey,
    /// The certificate is damaged.
    BadCertificate,
    /// The key belongs to another certificate.
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
    },
}

impl Error {
    pub(super) fn identity(files: &config::Identity, file: IdentityFile, problem: IdentityProblem) -> Self {
        let path = match file {
            IdentityFile::Certificate => &files.certificate,
            IdentityFile::Key => &files.key,
        };
        Self::Identity {
            setting: files.setting,
            file,
            path: path.clone(),
            problem,
        }
    }

    /// The setting at fault.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Identity { setting, .. } => setting,
            Self::Unreadable(setting, ..)
            | Self::NoCertificates(setting, _)
            | Self::NotPem(setting, ..)
            | Self::BadEntry(setting, ..)
            | Self::TooMany(setting, _)
            | Self::NothingUsable(setting, ..) => setting,
            Self::SystemStore(..) | Self::NothingTrusted | Self::Provider => "tls.trust",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(setting, path, error) => {
                write!(f, "{}: {} cannot be read: {error}", Invalid(setting), path.display())
            }
            Self::NoCertificates(setting, path) => write!(
                f,
                "{}: no certificates found in {}; it must hold PEM certificates",
                Invalid(setting),
                path.display()
            ),
            Self::NotPem(setting, path, why) => {
                write!(f, "{}: {} cannot be read: {why}", Invalid(setting), path.display())
            }
            Self::BadEntry(setting, path, n) => write!(
                f,
                "{}: certificate {n} in {} is damaged; remove or replace it",
                Invalid(setting),
                path.display()
            ),
            Self::TooMany(setting, path) => write!(
                f,
                "{}: {} holds more than {ANCHORS_MAX} certificates; remove those that are not needed",
                Invalid(setting),
                path.display()
            ),
            Self::NothingUsable(setting, path, first) => write!(
                f,
                "{}: nothing in {} can be trusted: {first}",
                Invalid(setting),
                path.display()
            ),
            Self::SystemStore(place, why) => {
                f.write_str("the system's store of certificate authorities cannot be used")?;
                if let Some(place) = place {
                    write!(f, " ({})", place.display())?;
                }
                write!(
                    f,
                    ": {why}; install ca-certificates, correct SSL_CERT_FILE, or leave system out of tls.trust"
                )
            }
            Self::NothingTrusted => {
                f.write_str("no certificate authority is trusted: set ca_bundle, or name other sets in tls.trust")
            }
            Self::Identity {
                setting,
                file,
                path,
                problem,
            } => {
                let what = match file {
                    IdentityFile::Certificate => "certificate",
                    IdentityFile::Key => "key",
                };
                write!(f, "invalid {setting}: client {what} path {}: {problem}", path.display())
            }
            Self::Provider => f.write_str("TLS cannot be set up: the built-in cryptography offers no protocol version"),
        }
    }
}

impl std::error::Error for Error {}

/// How a message about a bundle begins; the first text is an interface (contract: config, section 8).
struct Invalid<'a>(&'a str);

impl fmt::Display for Invalid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "ca-bundle" => f.write_str("invalid ca-bundle (CA_BUNDLE, --ca-bundle)"),
            setting => write!(f, "invalid {setting}"),
        }
    }
}

impl fmt::Display for IdentityProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Self::NotPem(why) => f.write_str(why),
            Self::Other(line, what) => write!(f, "the block on line {line} is {what}"),
            Self::NoCertificate => f.write_str("no certificate found; the file must hold PEM certificates"),
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
            Self::BadCertificate => {
                f.write_str("it is damaged: no X.509 certificate can be read from it; copy or issue it again")
            }
            Self::Mismatch { certificate } => write!(
                f,
                "private key does not match the client certificate in {}; give the key that the certificate was issued for",
                certificate.display()
            ),
        }
    }
}
