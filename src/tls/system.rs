//! The system's own store of certificate authorities.
//!
//! It is one PEM file on every distribution; reading that, certificate by certificate, takes a fraction of the time and memory
//! of reading the folder of single files that stands beside it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};

use super::error::Error;
use crate::config::SystemStore;
use crate::limits::{ANCHORS_MAX, CA_BUNDLE_MAX};

/// Where distributions keep it; the first that is there counts.
const PLACES: [&str; 6] = [
    // Debian, Ubuntu, Alpine, Arch
    "/etc/ssl/certs/ca-certificates.crt",
    // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    // SUSE
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    // BSD's place, which some minimal images keep
    "/etc/ssl/cert.pem",
];

/// Adds the anchors that are not among `roots` yet; gives the file, `None` when there is no store. An entry that cannot be used
/// is left out without a word: the store is the distribution's, for all programs.
pub(super) fn add(roots: &mut Vec<TrustAnchor<'static>>, store: &SystemStore) -> Result<Option<PathBuf>, Error> {
    match open(store) {
        Ok((path, file)) => match read(roots, file) {
            Ok(()) => Ok(Some(path)),
            Err(error) if store.required => Err(Error::SystemStore(Some(path), error)),
            Err(_) => Ok(None),
        },
        Err((path, error)) if store.required => Err(Error::SystemStore(path, error)),
        Err(_) => Ok(None),
    }
}

fn open(store: &SystemStore) -> Result<(PathBuf, File), (Option<PathBuf>, io::Error)> {
    if let Some(path) = &store.file {
        let opened = File::open(path).map_err(|error| (Some(path.clone()), error))?;
        return Ok((path.clone(), opened));
    }
    let opened = PLACES
        .iter()
        .find_map(|place| Some((PathBuf::from(place), File::open(Path::new(place)).ok()?)));
    opened.ok_or_else(|| (None, io::ErrorKind::NotFound.into()))
}

fn read(roots: &mut Vec<TrustAnchor<'static>>, file: File) -> io::Result<()> {
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let bounded = file.take(CA_BUNDLE_MAX as u64);
    let mut one = RootCertStore::empty();
    let known = roots.len();
    for certificate in CertificateDer::pem_reader_iter(bounded).take(ANCHORS_MAX) {
        let Ok(certificate) = certificate else { break };
        if one.add(certificate).is_err() {
            continue;
        }
        // Most are built in already; those cost no memory.
        if let Some(anchor) = one.roots.pop()
            && !roots.iter().take(known).any(|built_in| same(built_in, &anchor))
        {
            roots.push(anchor);
        }
    }
    Ok(())
}

fn same(one: &TrustAnchor<'_>, other: &TrustAnchor<'_>) -> bool {
    one.subject == other.subject && one.subject_public_key_info == other.subject_public_key_info
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_store_that_was_asked_for_by_name_must_be_there() {
        let missing = |required| SystemStore {
            file: Some(PathBuf::from("/nonexistent/store.pem")),
            required,
        };
        assert_eq!(add(&mut Vec::new(), &missing(false)).unwrap(), None);
        let error = add(&mut Vec::new(), &missing(true)).unwrap_err().to_string();
        assert!(
            error.contains("tls.trust") && error.contains("/nonexistent/store.pem"),
            "{error}"
        );
    }

    #[test]
    fn authorities_that_are_built_in_are_not_kept_twice() {
        let store = SystemStore::default();
        let mut roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        let built_in = roots.len();
        if add(&mut roots, &store).unwrap().is_none() {
            return; // This machine has no store; the other test and those of the network have one of their own.
        }
        let mut alone = Vec::new();
        add(&mut alone, &store).unwrap();
        assert!(
            roots.len() < built_in + alone.len(),
            "{} {built_in} {}",
            roots.len(),
            alone.len()
        );
    }
}
