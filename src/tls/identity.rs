//! A client certificate and its key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use super::error::{Error, IdentityFile, IdentityProblem};
use super::facts::CertFacts;
use super::pem::{Block, Blocks, Item, Kind};
use super::provider;
use super::signing::{Tidy, tidily};
use crate::config;
use crate::limits::{CERTIFICATE_FILE_MAX, SECRET_FILE_MAX};
use crate::secrets::{self, Disk, Guard};

/// A client certificate, ready to be shown, and what it says.
#[derive(Debug)]
pub(super) struct Identity {
    key: Arc<CertifiedKey>,
    facts: Vec<CertFacts>,
}

/// Client certificates that were loaded for one generation: a certificate that several settings name is in memory once.
#[derive(Debug)]
pub struct Identities<'a> {
    disk: &'a Disk,
    loaded: Vec<(PathBuf, PathBuf, Arc<Identity>)>,
}

impl<'a> Identities<'a> {
    /// None yet; keys are read from this file system.
    #[must_use]
    pub const fn of(disk: &'a Disk) -> Self {
        Self {
            disk,
            loaded: Vec::new(),
        }
    }

    /// Returns the certificate of these files.
    pub(super) fn load(&mut self, files: &config::Identity) -> Result<Arc<Identity>, Error> {
        let same =
            |(certificate, key, _): &&(PathBuf, PathBuf, _)| *certificate == files.certificate && *key == files.key;
        if let Some((_, _, loaded)) = self.loaded.iter().find(same) {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(Identity::load(files, self.disk)?);
        self.loaded
            .push((files.certificate.clone(), files.key.clone(), Arc::clone(&loaded)));
        Ok(loaded)
    }
}

impl Identity {
    /// Reads the files and checks that they belong together.
    fn load(files: &config::Identity, disk: &Disk) -> Result<Self, Error> {
        let fail = |file| move |problem| Error::identity(files, file, problem);
        let chain = certificates(&files.certificate).map_err(fail(IdentityFile::Certificate))?;
        let key = private_key(&files.key, disk).map_err(fail(IdentityFile::Key))?;
        let facts = chain.iter().map(|certificate| CertFacts::of(certificate)).collect();
        let signer = tidily(|| provider::provider().key_provider.load_private_key(key))
            .map_err(|_| fail(IdentityFile::Key)(IdentityProblem::BadKey))?;
        let key = CertifiedKey::new(chain, Arc::new(Tidy(signer)));
        match belong_together(&key) {
            Some(true) => {}
            Some(false) => {
                let certificate = files.certificate.clone();
                return Err(fail(IdentityFile::Key)(IdentityProblem::Mismatch { certificate }));
            }
            None => return Err(fail(IdentityFile::Certificate)(IdentityProblem::BadCertificate)),
        }
        Ok(Self {
            key: Arc::new(key),
            facts,
        })
    }

    pub(super) fn facts(&self) -> &[CertFacts] {
        &self.facts
    }

    pub(super) fn key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }
}

impl ResolvesClientCert for Identity {
    /// Shown to every peer that asks, whichever issuers it names: many servers name none, or not the intermediate one.
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Whether the certificate is the key's; `None` when it cannot be read.
///
/// The TLS library reads only version 3, and private authorities issue version 1, which peers take all the same: there the
/// public keys are compared as they stand.
fn belong_together(key: &CertifiedKey) -> Option<bool> {
    match key.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => return Some(true),
        Err(rustls::Error::InconsistentKeys(_)) => return Some(false),
        Err(_) => {}
    }
    let certificate = Certificate::from_der(key.end_entity_cert().ok()?).ok()?;
    let certified = certificate.tbs_certificate().subject_public_key_info().to_der().ok()?;
    Some(key.key.public_key()?.as_ref() == certified)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, IdentityProblem> {
    let text = secrets::read(path, CERTIFICATE_FILE_MAX, Guard::Config).map_err(IdentityProblem::Unreadable)?;
    let mut chain = Vec::new();
    for_each_block(&text, |block| {
        match block.kind() {
            Kind::Certificate => chain.push(block.certificate().ok_or(IdentityProblem::BadCertificate)?),
            // One file for both is usual.
            Kind::Key | Kind::EncryptedKey | Kind::Parameters => {}
            Kind::Other(what) => return Err(IdentityProblem::Other(block.line, what)),
        }
        Ok(())
    })?;
    match chain.is_empty() {
        true => Err(IdentityProblem::NoCertificate),
        false => Ok(chain),
    }
}

/// The first key of the file counts.
fn private_key(path: &Path, disk: &Disk) -> Result<PrivateKeyDer<'static>, IdentityProblem> {
    let text = disk
        .secret(path, SECRET_FILE_MAX)
        .map_err(IdentityProblem::Unreadable)?;
    let mut key = None;
    for_each_block(&text, |block| {
        match block.kind() {
            Kind::EncryptedKey if key.is_none() => return Err(IdentityProblem::EncryptedKey),
            Kind::Key if key.is_none() => key = Some(block.key().ok_or(IdentityProblem::NoKey)?),
            _ => {}
        }
        Ok(())
    })?;
    key.ok_or(IdentityProblem::NoKey)
}

fn for_each_block(
    text: &[u8],
    mut see: impl FnMut(&Block) -> Result<(), IdentityProblem>,
) -> Result<(), IdentityProblem> {
    let mut blocks = Blocks::of(text);
    while let Some(item) = blocks
        .next()
        .map_err(|fault| IdentityProblem::NotPem(fault.to_string()))?
    {
        // Titles are nothing to worry about: a file without the certificate that belongs to the key is refused.
        if let Item::Block(block) = item {
            see(&block)?;
        }
    }
    Ok(())
}
