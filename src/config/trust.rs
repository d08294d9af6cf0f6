//! What is trusted, and which TLS is spoken: the checked types.

use std::path::PathBuf;

use super::checked::Identity;

/// What is trusted, and which TLS is spoken.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The public set that is built in.
    pub webpki: bool,
    /// The store of the system.
    pub system: Option<SystemStore>,
    /// PEM file of the site's own authorities.
    pub bundle: Option<PathBuf>,
    /// The oldest version of TLS that is spoken.
    pub min_version: TlsVersion,
    /// PEM file of the only authorities that are trusted for proxies; `None`: the same as for everything else.
    pub proxy_bundle: Option<PathBuf>,
    /// The client certificate that is shown to proxies over TLS.
    pub proxy_identity: Option<Identity>,
}

/// The store of the system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemStore {
    /// The file that `SSL_CERT_FILE` names, instead of the usual places.
    pub file: Option<PathBuf>,
    /// It was asked for by name: that there is none is a mistake.
    pub required: bool,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TlsVersion {
    /// RFC 5246.
    #[default]
    V1_2,
    /// RFC 8446.
    V1_3,
}

impl Trust {
    /// Whether nothing is trusted but the bundle.
    #[must_use]
    pub fn is_bundle_alone(&self) -> bool {
        !self.webpki && self.system.is_none() && self.bundle.is_some()
    }
}
