//! What all connections share: trust anchors, client certificates, resolver threads.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::connect::{Connector, Via};
use super::resolver::Resolvers;
use crate::config::{Config, HttpUrl, Identity, Target};
use crate::tls::{self, CertFacts, Roots, Tls};

/// Makes the connectors of a process.
#[derive(Debug)]
pub struct Network {
    roots: Roots,
    /// Shows no client certificate: for peers that are given none, and for every proxy.
    plain: Tls,
    /// Each certificate is read once, however many servers it is for.
    identities: Mutex<Vec<(Identity, Tls)>>,
    resolvers: Resolvers,
}

/// Why there is no network.
#[derive(Debug)]
pub enum Error {
    /// The trust anchors cannot be used.
    Tls(tls::Error),
    /// The system grants no thread for name resolution.
    Thread(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "a thread for name resolution: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl Network {
    /// The network of a daemon.
    ///
    /// # Errors
    /// [`Error`].
    pub fn of(config: &Config) -> Result<Self, Error> {
        let control = &config.control_plane;
        let servers = config.served().filter_map(|binding| match &binding.target {
            Target::Http {
                url,
                unix_socket,
                proxy,
                ..
            } => Some((url, Via::new(unix_socket.as_deref(), proxy.as_ref()))),
            Target::Stdio { .. } => None,
        });
        let ways: Vec<_> = servers
            .chain([(&control.base_url, Via::new(None, control.proxy.as_ref()))])
            .collect();
        let hosts = ways.iter().filter_map(|(url, via)| via.resolved_host(url));
        Self::new(config.ca_bundle.as_deref(), hosts)
    }

    /// Loads the trust anchors and starts a resolver thread for each name among `hosts`: those of [`Via::resolved_host`].
    /// Only they can be connected to.
    ///
    /// # Errors
    /// [`Error`].
    pub fn new<'a>(ca_bundle: Option<&Path>, hosts: impl Iterator<Item = &'a str>) -> Result<Self, Error> {
        let roots = Roots::load(ca_bundle).map_err(Error::Tls)?;
        Ok(Self {
            plain: Tls::new(&roots, None).map_err(Error::Tls)?,
            roots,
            identities: Mutex::default(),
            resolvers: Resolvers::start(hosts).map_err(Error::Thread)?,
        })
    }

    /// A connector for the URL's scheme, host and port that shows the client certificate of `identity` to the peer, and to
    /// nobody else. Nothing is opened yet.
    ///
    /// # Errors
    /// When the certificate or its key cannot be used.
    pub fn connector(&self, url: &HttpUrl, via: Via, identity: Option<&Identity>) -> Result<Connector, tls::Error> {
        let tls = match identity {
            Some(identity) => self.tls(identity)?,
            None => self.plain.clone(),
        };
        Ok(Connector::new(url, via, &tls, &self.plain, &self.resolvers))
    }

    /// The client certificates that were asked for so far: the setting and what the certificate says.
    pub fn client_certificates(&self) -> Vec<(&'static str, CertFacts)> {
        let identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        identities
            .iter()
            .filter_map(|(identity, tls)| Some((identity.setting, tls.client_certificate()?.first()?.clone())))
            .collect()
    }

    fn tls(&self, identity: &Identity) -> Result<Tls, tls::Error> {
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tls)) = identities.iter().find(|(known, _)| known == identity) {
            return Ok(tls.clone());
        }
        let tls = Tls::new(&self.roots, Some(identity))?;
        identities.push((identity.clone(), tls.clone()));
        Ok(tls)
    }
}
