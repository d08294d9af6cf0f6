//! Trust anchors: the public set that is built in, and the site's own bundle.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, TrustAnchor};

use super::error::Error;
use super::facts::AnchorSource;
use crate::limits::CA_BUNDLE_MAX;
use crate::secrets::{self, Guard};

/// What is trusted; loaded once, cheap to clone.
#[derive(Debug, Clone)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Public roots, and those of `ca_bundle`.
    ///
    /// # Errors
    /// When the bundle cannot be read, holds no certificate, or holds one that is none.
    pub fn load(ca_bundle: Option<&Path>) -> Result<Self, Error> {
        let mut store = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        if let Some(path) = ca_bundle {
            add_bundle(&mut store, path)?;
        }
        Ok(Self(Arc::new(store)))
    }

    pub(super) fn store(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.0)
    }

    /// The anchor with the given subject (DER, a SEQUENCE), those of the bundle first, and where it comes from.
    pub(super) fn anchor(&self, subject: &[u8]) -> Option<(&TrustAnchor<'static>, AnchorSource)> {
        let (built_in, bundle) = self.0.roots.split_at_checked(webpki_roots::TLS_SERVER_ROOTS.len())?;
        let find = |anchors: &'_ [TrustAnchor<'static>]| {
            anchors
                .iter()
                .position(|anchor| sequence_contents(subject) == Some(&anchor.subject))
        };
        if let Some(anchor) = find(bundle).and_then(|at| bundle.get(at)) {
            return Some((anchor, AnchorSource::Bundle));
        }
        let anchor = find(built_in).and_then(|at| built_in.get(at))?;
        Some((anchor, AnchorSource::BuiltIn))
    }
}

fn add_bundle(store: &mut RootCertStore, path: &Path) -> Result<(), Error> {
    let unreadable = |error| Error::Unreadable(path.to_owned(), error);
    let text = secrets::read(path, CA_BUNDLE_MAX, Guard::Config).map_err(unreadable)?;
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
    Ok(())
}

/// The contents of a DER SEQUENCE: anchors keep a name without its tag and length.
fn sequence_contents(der: &[u8]) -> Option<&[u8]> {
    use x509_cert::der::{AnyRef, Decode};
    Some(AnyRef::from_der(der).ok()?.value())
}
