//! How long the steps of a connection may take: the checked type.

use std::time::Duration;

/// How long the steps of a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Resolving a name.
    pub resolve: Duration,
    /// Connecting to a host, over all of its addresses.
    pub connect: Duration,
    /// A TLS handshake.
    pub tls: Duration,
    /// A proxy's answer to CONNECT.
    pub proxy: Duration,
}

impl Timeouts {
    /// All steps together, through a proxy that is spoken to over TLS.
    #[must_use]
    pub fn whole(&self) -> Duration {
        let steps = [self.resolve, self.connect, self.tls, self.proxy, self.tls];
        steps.into_iter().fold(Duration::ZERO, Duration::saturating_add)
    }
}

impl Default for Timeouts {
    /// The defaults of the settings.
    fn default() -> Self {
        let ten = Duration::from_secs(10);
        Self {
            resolve: ten,
            connect: ten,
            tls: ten,
            proxy: ten,
        }
    }
}
