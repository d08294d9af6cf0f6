//! What a rotation replaces: trust anchors, client certificates, proxies' credentials, the key. Loaded and checked as a whole,
//! then put in force as a whole.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;

use super::plan::{IdentityId, Key, Plan, ProxyId};
use super::standing::Standing;
use crate::config::{Identity, Trust, read_key_again};
use crate::secrets::{ApiKey, Disk, Files as _, SecludedFile};
use crate::telemetry::redact;
use crate::tls::{self, CertFacts, Identities, Roots, Tls, Validity};

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
    /// `user:password` of each proxy of the plan, and what the proxy thinks of it.
    proxies: Vec<(Option<SecretString>, Standing)>,
    key: Option<ApiKey>,
    /// Secrets that were read for it although their mode lets others read them.
    secluded: Vec<SecludedFile>,
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

impl Generation {
    /// The first: what the configuration has read is taken from there. A client certificate that cannot be used is an error
    /// only of the ways that show it.
    pub(super) fn first(plan: &mut Plan) -> Result<Self, tls::Error> {
        let key = plan.first_key();
        let proxies = plan.proxies.iter().map(|proxy| proxy.credentials.clone()).collect();
        let disk = Disk::accepting(plan.accepted);
        Self::load(plan, &plan.trust, 1, proxies, key, &disk)
    }

    /// The one that follows `current`: everything is read again.
    ///
    /// # Errors
    /// Anything that cannot be used, and a client certificate that no server will take while the one in force is good.
    pub(super) fn next(plan: &Plan, current: &Self) -> Result<Self, Refusal> {
        let store = plan.trust.system.as_ref().and_then(|store| store.file.as_ref());
        for file in plan.files() {
            let is_store = store == Some(&file.path);
            // A store that was never there may be missing.
            if !is_store || current.roots.system_store().is_some() {
                file.can_be_read()?;
            }
        }
        let disk = Disk::accepting(plan.accepted);
        let mut proxies = Vec::with_capacity(plan.proxies.len());
        for proxy in &plan.proxies {
            let read = proxy.read_again(&disk).map_err(Refusal::Secret)?;
            let credentials = match read {
                Some(read) => read
                    .credentials
                    .inspect(|secret| redact::protect(secret.expose_secret())),
                None => proxy.credentials.clone(),
            };
            proxies.push(credentials);
        }
        let key = match &plan.key {
            Some(Key::InFile { file, .. }) => {
                let key = read_key_again(&file.path, &disk).map_err(Refusal::Secret)?;
                redact::protect(key.expose_secret());
                Some(key)
            }
            Some(Key::Fixed(key)) => Some(key.clone()),
            None => None,
        };
        let mut trust = plan.trust.clone();
        if let Some(store) = &mut trust.system {
            // What was trusted is not to vanish by accident.
            store.required |= current.roots.system_store().is_some();
        }
        let next = Self::load(plan, &trust, current.number + 1, proxies, key, &disk)?;
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
        proxies: Vec<Option<SecretString>>,
        key: Option<ApiKey>,
        disk: &Disk,
    ) -> Result<Self, tls::Error> {
        let roots = Roots::load(trust, &plan.outsiders)?;
        let proxy_bundle = trust.proxy_bundle.as_ref();
        let proxy_roots = proxy_bundle
            .map(|path| Roots::of_bundle(path, "proxy.ca-bundle", &plan.outsiders))
            .transpose()?;
        let mut loaded = Identities::of(disk);
        let mut tls =
            |roots: &Roots, identity: Option<&Identity>| Tls::new(roots, identity, &mut loaded, trust.min_version);
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
            proxies: proxies.into_iter().map(|one| (one, Standing::default())).collect(),
            key,
            secluded: disk.secluded(),
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

    /// One sentence for each entry of a bundle that is not trusted, and for a system store that cannot be used.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let of_proxies = self.proxy_roots.as_ref().map(Roots::notes);
        self.roots
            .notes()
            .into_iter()
            .chain(of_proxies.unwrap_or_default())
            .collect()
    }

    /// Secrets that were read for it although their mode lets others read them.
    #[must_use]
    pub fn secluded(&self) -> &[SecludedFile] {
        &self.secluded
    }

    /// The key of the control plane.
    pub(super) fn key(&self) -> Option<&ApiKey> {
        self.key.as_ref()
    }

    /// A client certificate, or why it cannot be used.
    pub(super) fn identity(&self, id: IdentityId) -> Option<&Result<Tls, Arc<tls::Error>>> {
        id.entry(&self.identities)
    }

    pub(super) fn plain(&self) -> &Tls {
        &self.plain
    }

    pub(super) fn proxy_tls(&self) -> &Result<Tls, Arc<tls::Error>> {
        &self.proxy_tls
    }

    /// `user:password` for a proxy.
    pub(super) fn credentials(&self, id: ProxyId) -> Option<&SecretString> {
        id.entry(&self.proxies)?.0.as_ref()
    }

    /// What that proxy thinks of them.
    pub(super) fn standing(&self, id: ProxyId) -> Option<&Standing> {
        id.entry(&self.proxies).map(|(_, standing)| standing)
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

    /// Its number; [`Live::changed`] waits for a later one.
    pub fn seen(&mut self) -> u64 {
        self.0.borrow_and_update().number
    }

    /// Returns when another one is in force than when this was last asked; never, when there can be no other.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}
