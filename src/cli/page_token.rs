//! The token of the status page, for commands that ask a running daemon.

use rustix::process::geteuid;
use secrecy::SecretString;

use super::health::Base;
use crate::config::Config;
use crate::net::Owners;
use crate::sandbox;

/// The token, and users whose listener may see it: while the daemon is away, its port can be anybody's.
pub(super) struct PageToken {
    text: SecretString,
    owners: Owners,
}

impl PageToken {
    /// The token of a configuration for this listener, if there is one and the listener is on this host: a token does not leave it in plain
    /// text.
    pub(super) fn of(config: &Config, base: &Base) -> Option<Self> {
        if base.socket.is_none() && !base.url.is_loopback() {
            return None;
        }
        let daemon = config.hardening.user.as_ref().and_then(sandbox::uid_of);
        Some(Self {
            text: config.page.as_ref()?.token.clone()?,
            owners: Owners::root_and(daemon.into_iter().chain([geteuid().as_raw()])),
        })
    }

    /// For a request.
    pub(super) fn shown(&self) -> (&SecretString, &Owners) {
        (&self.text, &self.owners)
    }
}
