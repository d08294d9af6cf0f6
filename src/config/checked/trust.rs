//! What is trusted, and which TLS is spoken: the checked types.

use std::path::{Path, PathBuf};

use super::Identity;

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

/// Usual places of the system's bundle in distributions; the first existing one counts.
const PLACES: [&str; 6] = [
    // Debian, Ubuntu, Alpine, Arch
    "/etc/ssl/certs/ca-certificates.crt",
    // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    // SUSE
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    // BSD's place, which some minimal images use
    "/etc/ssl/cert.pem",
];

/// The store of the system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemStore {
    /// File that `SSL_CERT_FILE` names, or the first of the usual places that existed; `None`: there was none.
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

impl SystemStore {
    /// Its file, or the first of the usual places that exists.
    pub(crate) fn find(&self, is_there: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let usual = || PLACES.iter().map(PathBuf::from).find(|place| is_there(place));
        self.file.clone().or_else(usual)
    }
}

impl Trust {
    /// Whether nothing is trusted but the bundle.
    #[must_use]
    pub fn is_bundle_alone(&self) -> bool {
        !self.webpki && self.system.is_none() && self.bundle.is_some()
    }
}
