//! Trust anchors: the public set that is built in, the store of the system, and the site's own bundle.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use x509_cert::Certificate;
use x509_cert::der::{AnyRef, Decode, Encode};

use super::error::Error;
use super::facts::{AnchorSource, CertFacts, Validity, why_no_authority};
use super::pem::{self, Blocks, Item, Kind};
use super::system;
use super::unsuitable::Unsuitable;
use crate::config::Trust;
use crate::limits::{ANCHORS_MAX, BUNDLE_NOTES_MAX, CA_BUNDLE_MAX};
use crate::secrets::{self, Outsiders};

/// What is trusted; loaded once for each generation, cheap to clone.
#[derive(Debug, Clone)]
pub struct Roots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<RootCertStore>,
    /// Where the anchors of the system begin in the store, and those of the bundle.
    system_at: usize,
    bundle_at: usize,
    bundle: Bundle,
    /// The file of the system's store, when it was read.
    system: Option<PathBuf>,
    /// Why it was not, when it is there.
    problem: Option<String>,
}

/// What is known of a bundle beside its anchors.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    /// Certificates of servers: trusted as they are (`pinned.rs`).
    pub(super) servers: Vec<CertificateDer<'static>>,
    setting: &'static str,
    notes: Vec<String>,
    unnamed: usize,
    first_to_end: Option<CertFacts>,
}

impl Roots {
    /// Reads the sets that the configuration trusts. None of `outsiders` may be able to change one of their files.
    ///
    /// # Errors
    /// When a bundle cannot be read, or holds no certificate that can be used, or when the store of the system was asked for
    /// by name and is not there.
    pub fn load(trust: &Trust, outsiders: &Outsiders) -> Result<Self, Error> {
        let mut roots = match trust.webpki {
            true => webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            false => Vec::new(),
        };
        let system_at = roots.len();
        let mut problem = None;
        let system = match &trust.system {
            Some(store) => match system::add(&mut roots, store, outsiders) {
                Ok(path) => path,
                Err(error) if store.required => return Err(error),
                // It was not asked for by name: the others are trusted, and the log says why this one is not.
                Err(error) => {
                    problem = Some(error.to_string());
                    None
                }
            },
            None => None,
        };
        let bundle = trust.bundle.as_deref().map(|path| ("ca-bundle", path));
        Self::with_bundle(roots, system_at, system, bundle, outsiders, problem)
    }

    /// The authorities of one bundle and no others; `setting` names it.
    ///
    /// # Errors
    /// Those of [`Self::load`].
    pub fn of_bundle(path: &Path, setting: &'static str, outsiders: &Outsiders) -> Result<Self, Error> {
        Self::with_bundle(Vec::new(), 0, None, Some((setting, path)), outsiders, None)
    }

    fn with_bundle(
        roots: Vec<TrustAnchor<'static>>,
        system_at: usize,
        system: Option<PathBuf>,
        bundle: Option<(&'static str, &Path)>,
        outsiders: &Outsiders,
        problem: Option<String>,
    ) -> Result<Self, Error> {
        let bundle_at = roots.len();
        let mut store = RootCertStore { roots };
        let bundle = match bundle {
            Some((setting, path)) => Bundle::add(&mut store, path, setting, outsiders)?,
            None => Bundle::default(),
        };
        Ok(Self(Arc::new(Inner {
            store: Arc::new(store),
            system_at,
            bundle_at,
            bundle,
            system,
            problem,
        })))
    }

    pub(super) fn store(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.0.store)
    }

    pub(super) fn bundle(&self) -> &Bundle {
        &self.0.bundle
    }

    /// One sentence for each entry of the bundle that is not trusted.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let Bundle {
            setting,
            notes,
            unnamed,
            ..
        } = &self.0.bundle;
        let more = (*unnamed > 0).then(|| format!("{unnamed} more certificates of {setting} are of no use"));
        self.0.problem.iter().chain(notes).cloned().chain(more).collect()
    }

    /// The certificate of the bundle that ends first, among those that have not ended.
    #[must_use]
    pub fn first_to_end(&self) -> Option<&CertFacts> {
        self.0.bundle.first_to_end.as_ref()
    }

    /// The file of the system's store, when it was read.
    #[must_use]
    pub fn system_store(&self) -> Option<&Path> {
        self.0.system.as_deref()
    }

    /// The anchor with the given subject (DER, a SEQUENCE), those of the bundle first, and where it comes from.
    pub(super) fn anchor(&self, subject: &[u8]) -> Option<(&TrustAnchor<'static>, AnchorSource)> {
        let subject = sequence_contents(subject)?;
        let at = self
            .0
            .store
            .roots
            .iter()
            .rposition(|anchor| &*anchor.subject == subject)?;
        let source = match at {
            at if at >= self.0.bundle_at => AnchorSource::Bundle,
            at if at >= self.0.system_at => AnchorSource::System,
            _ => AnchorSource::BuiltIn,
        };
        Some((self.0.store.roots.get(at)?, source))
    }

    /// Keys that are not accepted, among those of anchors with the name of an issuer in this chain.
    pub(super) fn keys_above<'a>(
        &'a self,
        chain: impl Iterator<Item = &'a CertificateDer<'a>> + 'a,
    ) -> impl Iterator<Item = Unsuitable> + 'a {
        chain.filter_map(|der| {
            let certificate = Certificate::from_der(der).ok()?;
            let issuer = certificate.tbs_certificate().issuer().to_der().ok()?;
            let (anchor, _) = self.anchor(&issuer)?;
            Unsuitable::key_of_anchor(&anchor.subject_public_key_info)
        })
    }
}

impl Bundle {
    fn add(
        store: &mut RootCertStore,
        path: &Path,
        setting: &'static str,
        outsiders: &Outsiders,
    ) -> Result<Self, Error> {
        let unreadable = |error| Error::Unreadable(setting, path.to_owned(), error);
        let text = secrets::read_trusted(path, CA_BUNDLE_MAX, outsiders).map_err(unreadable)?;
        let mut bundle = Self {
            setting,
            ..Self::default()
        };
        let before = store.len();
        let mut blocks = Blocks::of(&**text);
        let not_pem = |fault: pem::Fault| Error::NotPem(setting, path.to_owned(), fault.to_string());
        let mut number = 0;
        while let Some(item) = blocks.next().map_err(not_pem)? {
            let block = match item {
                Item::Block(block) => block,
                Item::Lookalike { line } => {
                    bundle.note(format!(
                        "line {line} of {setting} looks like the begin of a certificate and is passed over"
                    ));
                    continue;
                }
            };
            let line = block.line;
            match block.kind() {
                Kind::Certificate => {
                    number += 1;
                    if number > ANCHORS_MAX {
                        return Err(Error::TooMany(setting, path.to_owned()));
                    }
                    let damaged = || Error::BadEntry(setting, path.to_owned(), number);
                    bundle.add_one(store, block.certificate().ok_or_else(damaged)?, number);
                }
                Kind::Key | Kind::EncryptedKey => bundle.note(format!(
                    "the block on line {line} of {setting} is a private key, which does not belong there"
                )),
                Kind::Parameters => {}
                Kind::Other(what) => bundle.note(format!("the block on line {line} of {setting} is {what}")),
            }
        }
        match bundle.notes.first() {
            _ if store.len() > before || !bundle.servers.is_empty() => Ok(bundle),
            Some(note) => Err(Error::NothingUsable(setting, path.to_owned(), note.clone())),
            None => Err(Error::NoCertificates(setting, path.to_owned())),
        }
    }

    /// An authority becomes an anchor; the certificate of a server is kept as it is. One that has ended is neither: an anchor
    /// has no dates, so nobody would look at them later.
    fn add_one(&mut self, store: &mut RootCertStore, certificate: CertificateDer<'static>, number: usize) {
        let facts = CertFacts::of(&certificate);
        let is_server = !facts.names.is_empty() && facts.purposes.server;
        let problem = match facts.validity(SystemTime::now()) {
            Validity::Expired => Some(format!("expired on {}", facts.expiry())),
            Validity::NotYetValid => Some("is not valid yet".to_owned()),
            Validity::Valid if facts.is_authority && store.add(certificate.clone()).is_ok() => None,
            Validity::Valid if is_server => None,
            Validity::Valid => Some(of_no_use(&facts, &certificate)),
        };
        if let Some(problem) = problem {
            self.note(format!(
                "certificate {number} of {} {problem}: {}",
                self.setting, facts.subject
            ));
            return;
        }
        if is_server {
            self.servers.push(certificate);
        }
        if self.first_to_end.as_ref().is_none_or(|first| facts.ends_before(first)) {
            self.first_to_end = Some(facts);
        }
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < BUNDLE_NOTES_MAX {
            self.notes.push(note);
        } else {
            self.unnamed += 1;
        }
    }
}

/// Why a certificate of the bundle is neither an anchor nor a server that is trusted as it is.
fn of_no_use(facts: &CertFacts, certificate: &CertificateDer<'_>) -> String {
    if facts.defects == [Unsuitable::Encoding] {
        return "is none that can be read".to_owned();
    }
    let faults: Vec<String> = facts.defects.iter().map(ToString::to_string).collect();
    let faults = faults.join("; ");
    match why_no_authority(certificate) {
        None => format!("cannot be an authority's: {faults}"),
        Some(why) => format!("is no authority's ({why}), and cannot be a server's: {faults}"),
    }
}

/// The contents of a DER SEQUENCE: anchors keep a name without its tag and length.
fn sequence_contents(der: &[u8]) -> Option<&[u8]> {
    Some(AnyRef::from_der(der).ok()?.value())
}
