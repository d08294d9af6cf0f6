//! Trust anchors: the public set that is built in, and the site's own bundle.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

/// Why no TLS configuration could be made.
#[derive(Debug)]
pub enum Error {
    /// The bundle cannot be read.
    Unreadable(PathBuf, std::io::Error),
    /// The bundle is not PEM, or holds no certificate.
    NoCertificates(PathBuf),
    /// An entry of the bundle cannot be a trust anchor; entries count from 1.
    BadEntry(PathBuf, usize),
    /// The cryptography offers no protocol version; cannot happen with the one that is built in.
    Provider,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => {
                write!(
                    f,
                    "invalid ca-bundle (CA_BUNDLE, --ca-bundle): {} cannot be read: {error}",
                    path.display()
                )
            }
            Self::NoCertificates(path) => write!(
                f,
                "invalid ca-bundle (CA_BUNDLE, --ca-bundle): no certificates found in {}; it must hold PEM certificates",
                path.display()
            ),
            Self::BadEntry(path, n) => write!(
                f,
                "invalid ca-bundle (CA_BUNDLE, --ca-bundle): certificate {n} in {} cannot be used; remove or replace it",
                path.display()
            ),
            Self::Provider => f.write_str("TLS cannot be set up: the built-in cryptography offers no protocol version"),
        }
    }
}

impl std::error::Error for Error {}

pub(super) fn load(ca_bundle: Option<&Path>) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let Some(path) = ca_bundle else { return Ok(store) };
    let text = std::fs::read(path).map_err(|e| Error::Unreadable(path.to_owned(), e))?;
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        found += 1;
        let certificate = certificate.map_err(|e| match e {
            pem::Error::NoItemsFound => Error::NoCertificates(path.to_owned()),
            _ => Error::BadEntry(path.to_owned(), found),
        })?;
        store
            .add(certificate)
            .map_err(|_| Error::BadEntry(path.to_owned(), found))?;
    }
    if found == 0 {
        return Err(Error::NoCertificates(path.to_owned()));
    }
    Ok(store)
}
