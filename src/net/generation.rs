//! What a rotation replaces: trust anchors, client certificates, proxies' credentials, the key. Loaded and checked as a whole,
//! then put in force as a whole.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use http::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;

use super::proxy;
use crate::config::{Config, Identity, Proxy, Trust, read_key_again};
use crate::secrets::{Disk, SeenFile, Stamp};
use crate::telemetry::redact;
use crate::tls::{self, CertFacts, Roots, Tls, Validity};

/// What is to be loaded: settings, which do not change while the process runs.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) trust: Trust,
    /// Each client certificate once, however many servers it is for.
    pub(super) identities: Vec<Identity>,
    /// The proxy of each way that has one.
    pub(super) proxies: Vec<Proxy>,
    pub(super) key: Option<Key>,
    /// The file of the system's store at start: it stays that one.
    pub(super) store: Option<PathBuf>,
}

/// The key of the control plane.
#[derive(Debug)]
pub(super) enum Key {
    /// It does not change.
    Fixed(SecretString),
    /// Its successors come from this file.
    InFile {
        /// The first, until it is in force.
        first: Option<SecretString>,
        file: SeenFile,
    },
}

/// A file that a rotation exchanges.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The setting that names it.
    pub setting: String,
    /// Where it is.
    pub path: PathBuf,
    /// As it was when it was first read, where that is known.
    seen: Option<Stamp>,
}

impl Watched {
    fn new(setting: &str, path: &Path) -> Self {
        Self {
            setting: setting.to_owned(),
            path: path.to_owned(),
            seen: None,
        }
    }

    fn of_seen(setting: &str, file: &SeenFile) -> Self {
        Self {
            seen: Some(file.stamp.clone()),
            ..Self::new(setting, &file.path)
        }
    }

    /// As it was when it was first read, or as it is now.
    pub(super) fn stamp(&self) -> Stamp {
        self.seen.clone().unwrap_or_else(|| Stamp::of(&self.path))
    }

    /// Only what can be read without waiting, and again, is read while everything else waits.
    fn can_be_read(&self) -> Result<(), Refusal> {
        let Self { setting, path, .. } = self;
        match SeenFile::look(path) {
            Some(_) => Ok(()),
            None => Err(Refusal::Secret(format!(
                "{setting}: {} is no regular file, and can be read at start only; name a file and restart",
                path.display()
            ))),
        }
    }
}

/// One generation.
#[derive(Debug)]
pub struct Generation {
    number: u64,
    roots: Roots,
    /// `None`: the same as for everything else.
    proxy_roots: Option<Roots>,
    /// Shows no client certificate.
    plain: Tls,
    /// For proxies over TLS: shows the proxies' client certificate, if there is one, and no other.
    proxy_tls: Result<Tls, Arc<tls::Error>>,
    identities: Vec<Result<Tls, Arc<tls::Error>>>,
    proxies: Vec<Credentials>,
    bearer: Option<HeaderValue>,
}

/// What a proxy is told about us.
#[derive(Debug, Clone, Default)]
pub(super) struct Credentials {
    /// `user:password`.
    pub(super) secret: Option<SecretString>,
    /// The same as a header.
    pub(super) header: Option<HeaderValue>,
}

/// Why there is no new generation.
#[derive(Debug)]
pub enum Refusal {
    /// Trust anchors or a client certificate.
    Tls(Arc<tls::Error>),
    /// A secret; a sentence that names its setting and holds nothing of it.
    Secret(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Secret(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<tls::Error> for Refusal {
    fn from(error: tls::Error) -> Self {
        Self::Tls(Arc::new(error))
    }
}

impl Plan {
    /// Of a daemon's configuration, without its ways.
    pub(super) fn of(config: &Config) -> Self {
        let control = &config.control_plane;
        let first = control.api_key.clone();
        Self {
            key: Some(match &control.api_key_file {
                Some(file) => Key::InFile {
                    first: Some(first),
                    file: file.clone(),
                },
                None => Key::Fixed(first),
            }),
            ..Self::of_trust(&config.trust)
        }
    }

    /// With nothing but trust.
    pub(super) fn of_trust(trust: &Trust) -> Self {
        Self {
            trust: trust.clone(),
            store: trust.system.as_ref().and_then(tls::place_of_store),
            ..Self::default()
        }
    }

    /// The files that a rotation exchanges; some more than once.
    pub(super) fn files(&self) -> Vec<Watched> {
        let trust = &self.trust;
        let bundles = [
            ("ca-bundle", &trust.bundle),
            ("proxy.ca-bundle", &trust.proxy_bundle),
            ("the system's store of certificate authorities", &self.store),
        ];
        let bundles = bundles
            .into_iter()
            .filter_map(|(setting, path)| Some(Watched::new(setting, path.as_ref()?)));
        let identities = self.identities.iter().chain(&trust.proxy_identity);
        let identities = identities.flat_map(|identity| {
            [&identity.certificate, &identity.key].map(|path| Watched::new(identity.setting, path))
        });
        let proxies = self.proxies.iter();
        let proxies = proxies.filter_map(|proxy| Some(Watched::of_seen(&proxy.source, proxy.file.as_ref()?)));
        let key = match &self.key {
            Some(Key::InFile { file, .. }) => Some(Watched::of_seen("control-plane.api-key", file)),
            _ => None,
        };
        bundles.chain(identities).chain(proxies).chain(key).collect()
    }

    /// What the first generation sends as `Authorization`. A key that has successors is not kept beside it.
    fn first_bearer(&mut self) -> Option<HeaderValue> {
        match self.key.as_mut()? {
            Key::Fixed(key) => bearer(key),
            Key::InFile { first, .. } => bearer(&first.take()?),
        }
    }
}

impl Generation {
    /// The first: what the configuration has read is taken from there. A client certificate that cannot be used is an error
    /// only of the ways that show it.
    pub(super) fn first(plan: &mut Plan) -> Result<Self, tls::Error> {
        let bearer = plan.first_bearer();
        let proxies = plan.proxies.iter();
        let proxies = proxies
            .map(|proxy| Credentials::of(proxy.credentials.as_ref()))
            .collect();
        Self::load(plan, &plan.trust, 1, proxies, bearer)
    }

    /// The one that follows `current`: everything is read again.
    ///
    /// # Errors
    /// Anything that cannot be used, and a client certificate that no server will take while the one in force is good.
    pub(super) fn next(plan: &Plan, current: &Self) -> Result<Self, Refusal> {
        for file in plan.files() {
            let is_store = plan.store.as_ref() == Some(&file.path);
            // A store that was never there may be missing.
            if !is_store || current.roots.system_store().is_some() {
                file.can_be_read()?;
            }
        }
        let mut proxies = Vec::with_capacity(plan.proxies.len());
        for proxy in &plan.proxies {
            let read = proxy.read_again(&Disk).map_err(Refusal::Secret)?;
            let secret = match &read {
                Some(read) => read.credentials.as_ref().inspect(|secret| redact::protect(secret)),
                None => proxy.credentials.as_ref(),
            };
            proxies.push(Credentials::of(secret));
        }
        let bearer = match &plan.key {
            Some(Key::InFile { file, .. }) => {
                let key = read_key_again(&file.path, &Disk).map_err(Refusal::Secret)?;
                redact::protect(&key);
                bearer(&key)
            }
            Some(Key::Fixed(key)) => bearer(key),
            None => None,
        };
        let mut trust = plan.trust.clone();
        if let Some(store) = &mut trust.system {
            store.file.clone_from(&plan.store);
            // What was trusted is not to vanish by accident.
            store.required |= current.roots.system_store().is_some();
        }
        let next = Self::load(plan, &trust, current.number + 1, proxies, bearer)?;
        next.check_certificates(plan, current)?;
        Ok(next)
    }

    fn check_certificates(&self, plan: &Plan, current: &Self) -> Result<(), Refusal> {
        let own = self.identities.iter().zip(&current.identities).zip(&plan.identities);
        let of_proxies = plan.trust.proxy_identity.iter();
        let of_proxies = of_proxies.map(|identity| ((&self.proxy_tls, &current.proxy_tls), identity));
        for ((next, before), identity) in own.chain(of_proxies) {
            let next = next.as_ref().map_err(|error| Refusal::Tls(Arc::clone(error)))?;
            let before = before.as_ref().ok().and_then(unfit).is_none();
            if let (Some(why), true) = (unfit(next), before) {
                return Err(Refusal::Secret(format!(
                    "{}: the certificate in {} {why}, and the one in force is good",
                    identity.setting,
                    identity.certificate.display()
                )));
            }
        }
        Ok(())
    }

    fn load(
        plan: &Plan,
        trust: &Trust,
        number: u64,
        proxies: Vec<Credentials>,
        bearer: Option<HeaderValue>,
    ) -> Result<Self, tls::Error> {
        let roots = Roots::load(trust)?;
        let proxy_bundle = trust.proxy_bundle.as_ref();
        let proxy_roots = proxy_bundle
            .map(|path| Roots::of_bundle(path, "proxy.ca-bundle"))
            .transpose()?;
        let tls = |roots: &Roots, identity: Option<&Identity>| Tls::new(roots, identity, trust.min_version);
        Ok(Self {
            number,
            plain: tls(&roots, None)?,
            proxy_tls: tls(proxy_roots.as_ref().unwrap_or(&roots), trust.proxy_identity.as_ref()).map_err(Arc::new),
            identities: plan
                .identities
                .iter()
                .map(|identity| tls(&roots, Some(identity)).map_err(Arc::new))
                .collect(),
            roots,
            proxy_roots,
            proxies,
            bearer,
        })
    }

    /// Counts from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What is trusted.
    #[must_use]
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// What is trusted of proxies, when that is something else.
    #[must_use]
    pub fn proxy_roots(&self) -> Option<&Roots> {
        self.proxy_roots.as_ref()
    }

    /// One sentence for each entry of a bundle that is trusted in vain.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let of_proxies = self.proxy_roots.as_ref().map(Roots::notes);
        self.roots
            .notes()
            .into_iter()
            .chain(of_proxies.unwrap_or_default())
            .collect()
    }

    /// `Authorization` of requests to the control plane.
    #[must_use]
    pub fn bearer(&self) -> Option<&HeaderValue> {
        self.bearer.as_ref()
    }

    /// The client certificates by the order of the plan: what each says, or why it cannot be used.
    pub(super) fn identity(&self, at: usize) -> Option<&Result<Tls, Arc<tls::Error>>> {
        self.identities.get(at)
    }

    pub(super) fn plain(&self) -> &Tls {
        &self.plain
    }

    pub(super) fn proxy_tls(&self) -> &Result<Tls, Arc<tls::Error>> {
        &self.proxy_tls
    }

    pub(super) fn credentials(&self, at: usize) -> Credentials {
        self.proxies.get(at).cloned().unwrap_or_default()
    }

    /// The client certificate that is shown to proxies.
    pub(super) fn proxy_certificate(&self) -> Option<&CertFacts> {
        self.proxy_tls.as_ref().ok()?.client_certificate()?.first()
    }
}

/// Why no server will take a client certificate.
fn unfit(tls: &Tls) -> Option<String> {
    let certificate = tls.client_certificate()?.first()?;
    match certificate.validity(SystemTime::now()) {
        Validity::Expired => Some(format!("expired on {}", certificate.expiry())),
        Validity::NotYetValid => Some("is not valid yet".to_owned()),
        Validity::Valid if !certificate.purposes.client => Some("is not for clients (extended key usage)".to_owned()),
        Validity::Valid => None,
    }
}

impl Credentials {
    pub(super) fn of(secret: Option<&SecretString>) -> Self {
        Self {
            secret: secret.cloned(),
            header: secret.and_then(proxy::authorization),
        }
    }
}

/// `None` when the key cannot be sent in a header; the configuration has made sure that it can.
fn bearer(key: &SecretString) -> Option<HeaderValue> {
    crate::control::bearer(key.expose_secret()).ok()
}

/// The generation in force. Clones see the same.
#[derive(Debug, Clone)]
pub struct Live(watch::Receiver<Arc<Generation>>);

/// Puts generations in force.
#[derive(Debug)]
pub(super) struct InForce(watch::Sender<Arc<Generation>>);

impl InForce {
    pub(super) fn of(first: Generation) -> Self {
        Self(watch::Sender::new(Arc::new(first)))
    }

    pub(super) fn live(&self) -> Live {
        Live(self.0.subscribe())
    }

    pub(super) fn replace(&self, next: Generation) {
        self.0.send_replace(Arc::new(next));
    }
}

impl Live {
    /// The one in force now.
    #[must_use]
    pub fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.0.borrow())
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.borrow().number
    }

    /// Returns when another one is in force than when this was last asked; never, when there can be no other.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}
