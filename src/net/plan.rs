//! What a generation is loaded from: settings, which do not change while the process runs, and the files that they name.

use std::path::{Path, PathBuf};

use super::generation::Refusal;
use crate::config::{Config, Identity, Proxy, Trust};
use crate::secrets::{Accepted, ApiKey, Outsiders, SeenFile, Stamp};

/// What is to be loaded: settings, which do not change while the process runs.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) trust: Trust,
    /// Each client certificate once, however many servers it is for.
    pub(super) identities: Vec<Identity>,
    /// The proxy of each way that has one.
    pub(super) proxies: Vec<Proxy>,
    pub(super) key: Option<Key>,
    /// Users that must not be able to change trust anchors.
    pub(super) outsiders: Outsiders,
    /// What may keep others from a secret that its mode lets them read.
    pub(super) accepted: Accepted,
}

/// A client certificate of the plan. Each generation has loaded one for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IdentityId(usize);

/// A proxy of the plan. Each generation has its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProxyId(usize);

impl IdentityId {
    /// The entry for this certificate, of entries in the order of the plan.
    pub(super) fn entry<T>(self, entries: &[T]) -> Option<&T> {
        entries.get(self.0)
    }
}

impl ProxyId {
    /// The entry for this proxy, of entries in the order of the plan.
    pub(super) fn entry<T>(self, entries: &[T]) -> Option<&T> {
        entries.get(self.0)
    }
}

/// The key of the control plane.
#[derive(Debug)]
pub(super) enum Key {
    /// It does not change.
    Fixed(ApiKey),
    /// Its successors come from this file.
    InFile {
        /// The first, until it is in force.
        first: Option<ApiKey>,
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
    pub(super) fn can_be_read(&self) -> Result<(), Refusal> {
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

impl Plan {
    /// Plan of a daemon's configuration, without its ways; none of `outsiders` may be able to change the trust anchors.
    pub(super) fn of(config: &Config, outsiders: Outsiders) -> Self {
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
            outsiders,
            ..Self::of_trust(
                &config.trust,
                config.lockdown.accepted(config.hardening.server_user.as_ref()),
            )
        }
    }

    /// With nothing but trust.
    pub(super) fn of_trust(trust: &Trust, accepted: Accepted) -> Self {
        Self {
            trust: trust.clone(),
            accepted,
            ..Self::default()
        }
    }

    /// The client certificates.
    pub(super) fn identities(&self) -> impl Iterator<Item = (IdentityId, &Identity)> {
        self.identities
            .iter()
            .enumerate()
            .map(|(at, identity)| (IdentityId(at), identity))
    }

    /// The id of a client certificate; `None` for one that the plan does not have.
    pub(super) fn identity_id(&self, wanted: &Identity) -> Option<IdentityId> {
        self.identities()
            .find_map(|(id, known)| (known == wanted).then_some(id))
    }

    /// The id of a proxy; `None` for one that the plan does not have.
    pub(super) fn proxy_id(&self, wanted: &Proxy) -> Option<ProxyId> {
        self.proxies.iter().position(|known| known.is(wanted)).map(ProxyId)
    }

    /// The files that a rotation exchanges; some more than once.
    pub(super) fn files(&self) -> Vec<Watched> {
        let named = self
            .trust
            .files()
            .chain(self.identities.iter().flat_map(Identity::files));
        let named = named.map(|file| Watched::new(file.setting, file.path));
        let proxies = self.proxies.iter();
        let proxies = proxies.filter_map(|proxy| Some(Watched::of_seen(&proxy.source, proxy.file.as_ref()?)));
        let key = match &self.key {
            Some(Key::InFile { file, .. }) => Some(Watched::of_seen("control-plane.api-key", file)),
            _ => None,
        };
        named.chain(proxies).chain(key).collect()
    }

    /// The key of the first generation. One that has successors is not kept here beside it.
    pub(super) fn first_key(&mut self) -> Option<ApiKey> {
        match self.key.as_mut()? {
            Key::Fixed(key) => Some(key.clone()),
            Key::InFile { first, .. } => first.take(),
        }
    }
}
