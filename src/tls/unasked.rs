//! Peers that do not ask for the client certificate that is there for them.
//!
//! A proxy that inspects TLS ends the connection in the server's place. It does not ask, because it could not show the certificate to
//! the server anyway: everything looks well, and the server sees a stranger.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use log::warn;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

use super::identity::Identity;
use crate::limits::UNASKED_PEERS_MAX;

/// The identity of one handshake, which notes that it was asked for.
#[derive(Debug)]
pub(super) struct Watched {
    identity: Arc<Identity>,
    asked: AtomicBool,
}

impl Watched {
    pub(super) fn new(identity: Arc<Identity>) -> Self {
        Self {
            identity,
            asked: AtomicBool::new(false),
        }
    }

    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Watched {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.identity.resolve(issuers, schemes)
    }

    fn has_certs(&self) -> bool {
        self.identity.has_certs()
    }
}

/// Peers that did not ask, of which each is told once in a generation.
#[derive(Debug, Clone)]
pub(super) struct Unasked {
    setting: &'static str,
    told: Arc<Mutex<Vec<Box<str>>>>,
}

impl Unasked {
    pub(super) fn of(setting: &'static str) -> Self {
        Self {
            setting,
            told: Arc::default(),
        }
    }

    pub(super) fn tell(&self, host: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= UNASKED_PEERS_MAX || told.iter().any(|known| **known == *host) {
            return;
        }
        told.push(host.into());
        warn!(peer = host, setting = self.setting, action = "run doctor --explain and compare the issuer of the server's certificate: a proxy that inspects TLS cannot pass a client certificate on";
            "the peer did not ask for the client certificate");
    }
}
