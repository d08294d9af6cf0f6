//! The system's own store of certificate authorities.
//!
//! It is one PEM file on every distribution; reading that, certificate by certificate, takes a fraction of the time and memory
//! of reading the folder of single files that stands beside it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, TrustAnchor};

use super::error::Error;
use super::facts::CertFacts;
use super::pem::{Blocks, Item, Kind};
use crate::config::SystemStore;
use crate::limits::{ANCHORS_MAX, CA_BUNDLE_MAX};
use crate::secrets::{self, Outsiders};

/// Adds the anchors that are not among `roots` yet; gives the file, `None` when there is no store.
///
/// Certificates of no authority are left out without a word: the store is the distribution's, for all programs. But half a store
/// is none: a file that is damaged, cut or empty is an error.
pub(super) fn add(
    roots: &mut Vec<TrustAnchor<'static>>,
    store: &SystemStore,
    outsiders: &Outsiders,
) -> Result<Option<PathBuf>, Error> {
    let Some(path) = store.file.clone() else {
        return match store.required {
            true => Err(Error::SystemStore(None, "there is none".to_owned())),
            false => Ok(None),
        };
    };
    let fail = |why: String| Error::SystemStore(Some(path.clone()), why);
    let file = secrets::open_trusted(&path, outsiders).map_err(|error| fail(error.to_string()))?;
    let known = roots.len();
    let read = read(roots, file);
    if let Err(why) = read {
        roots.truncate(known);
        return Err(fail(why));
    }
    Ok(Some(path))
}

fn read(roots: &mut Vec<TrustAnchor<'static>>, file: File) -> Result<(), String> {
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    if size > CA_BUNDLE_MAX as u64 {
        return Err(format!("it is larger than {CA_BUNDLE_MAX} bytes"));
    }
    let mut one = RootCertStore::empty();
    let (known, mut count) = (roots.len(), 0);
    let mut blocks = Blocks::of(BufReader::new(file.take(size)));
    while let Some(item) = blocks.next().map_err(|fault| fault.to_string())? {
        let Item::Block(block) = item else { continue };
        if block.kind() != Kind::Certificate {
            continue;
        }
        let certificate = block
            .certificate()
            .ok_or_else(|| format!("certificate {} is damaged", count + 1))?;
        count += 1;
        if count > ANCHORS_MAX {
            return Err(format!("it holds more than {ANCHORS_MAX} certificates"));
        }
        if one.add(certificate.clone()).is_err() {
            continue;
        }
        // Most are built in already: those cost no memory, and need no second look.
        if let Some(anchor) = one.roots.pop()
            && !roots.iter().take(known).any(|built_in| same(built_in, &anchor))
            && is_trusted(&certificate)
        {
            roots.push(anchor);
        }
    }
    match count {
        0 => Err("it holds no certificate".to_owned()),
        _ => Ok(()),
    }
}

/// An anchor has no dates and no other limits, so they are looked at here.
fn is_trusted(certificate: &CertificateDer<'_>) -> bool {
    CertFacts::is_authority_at(certificate, SystemTime::now())
}

fn same(one: &TrustAnchor<'_>, other: &TrustAnchor<'_>) -> bool {
    one.subject == other.subject && one.subject_public_key_info == other.subject_public_key_info
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use super::*;
    use crate::needs;

    #[test]
    fn half_a_store_is_none() {
        let path = std::env::temp_dir().join(format!("store-{}.pem", std::process::id()));
        let damaged = "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n";
        for (text, gist) in [
            (Some(""), "no certificate"),
            (Some(damaged), "damaged"),
            (None, "No such file"),
        ] {
            let _ = std::fs::remove_file(&path);
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let store = SystemStore {
                file: Some(path.clone()),
                required: true,
            };
            let error = add(&mut Vec::new(), &store, &Outsiders::default())
                .unwrap_err()
                .to_string();
            assert!(error.contains(gist) && error.contains("store-"), "{error}");
        }
        let _ = std::fs::remove_file(&path);
    }

    #[test]
    fn authorities_that_are_built_in_are_not_kept_twice() {
        let store = SystemStore {
            file: SystemStore::default().find(Path::exists),
            required: false,
        };
        let mut roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        let built_in = roots.len();
        if !needs::met("ca-store", store.file.is_some()) {
            return;
        }
        add(&mut roots, &store, &Outsiders::default()).unwrap();
        let mut alone = Vec::new();
        add(&mut alone, &store, &Outsiders::default()).unwrap();
        assert!(
            roots.len() < built_in + alone.len(),
            "{} {built_in} {}",
            roots.len(),
            alone.len()
        );
    }
}
