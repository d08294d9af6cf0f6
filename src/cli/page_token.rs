//! The token of the status page, for commands that ask a running daemon.

use rustix::process::geteuid;
use secrecy::SecretString;

use super::health::Base;
use crate::config::Config;
use crate::net::Owners;
use crate::sandbox;
use crate::telemetry::redact;

/// The token, and users whose listener may see it: while the daemon is away, its port can be anybody's.
pub(super) struct PageToken {
    text: SecretString,
    owners: Owners,
}

impl PageToken {
    /// The token of a configuration, if it has one.
    pub(super) fn of(config: &Config) -> Option<Self> {
        config.for_each_secret(redact::protect);
        let daemon = config.hardening.user.as_ref().and_then(sandbox::uid_of);
        Some(Self {
            text: config.page.as_ref()?.token.clone()?,
            owners: Owners::root_and(daemon.into_iter().chain([geteuid().as_raw()])),
        })
    }

    /// The same for this listener, if it is on this host: a token does not leave it in plain text.
    pub(super) fn for_listener(self, base: &Base) -> Option<Self> {
        let is_here = base.socket.is_some() || base.url.is_loopback();
        is_here.then_some(self)
    }

    /// For a request.
    pub(super) fn shown(&self) -> (&SecretString, &Owners) {
        (&self.text, &self.owners)
    }
}
