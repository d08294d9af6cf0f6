//! What all connections share: the generation in force, resolver threads, rules and time bounds.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::connect::{Connector, Peer, Via};
use super::generation::{Generation, InForce, Live, Refusal};
use super::plan::{Plan, Watched};
use super::resolver::{self, Resolvers};
use crate::config::{Config, HttpUrl, Identity, Lockdown, LogServer, Target, Timeouts, Trust};
use crate::monitor::Connections;
use crate::monitor::connections::Tally;
use crate::sandbox::{self, ResolverCage};
use crate::secrets::Stamp;
use crate::tls::{self, CertFacts};

/// Makes the connectors of a process.
#[derive(Debug)]
pub struct Network {
    plan: Plan,
    files: Vec<Watched>,
    seen: Vec<Stamp>,
    in_force: InForce,
    /// The names that may have to be resolved.
    hosts: Vec<String>,
    resolvers: Resolvers,
    lockdown: Arc<Lockdown>,
    timeouts: Timeouts,
    connections: Connections,
}

/// One peer and the way to it.
#[derive(Debug, Clone)]
pub struct Way<'a> {
    /// Scheme, host and port of the peer.
    pub url: &'a HttpUrl,
    /// How it is reached.
    pub via: Via,
    /// The client certificate that it is shown.
    pub identity: Option<&'a Identity>,
    /// Which rules hold.
    pub peer: Peer,
}

impl<'a> Way<'a> {
    /// The way to the control plane.
    #[must_use]
    pub fn to_control_plane(config: &'a Config) -> Self {
        let control = &config.control_plane;
        Self {
            url: &control.base_url,
            via: Via::new(None, control.proxy.as_ref()),
            identity: control.identity.as_ref(),
            peer: Peer::ControlPlane,
        }
    }

    /// The way to a syslog server, which is direct: proxies are for HTTP.
    #[must_use]
    pub fn to_log_server(server: &'a LogServer) -> Self {
        Self {
            url: &server.url,
            via: Via::Direct,
            identity: server.identity.as_ref(),
            peer: Peer::Server,
        }
    }

    /// The way to an MCP server; `None` when it is no server behind a URL.
    #[must_use]
    pub fn to_server(target: &'a Target) -> Option<Self> {
        match target {
            Target::Http {
                url,
                unix_socket,
                proxy,
                identity,
            } => Some(Self {
                url,
                via: Via::new(unix_socket.as_deref(), proxy.as_deref()),
                identity: identity.as_ref(),
                peer: Peer::Server,
            }),
            Target::Stdio { .. } => None,
        }
    }
}

/// Why there is no network.
#[derive(Debug)]
pub enum Error {
    /// The trust anchors cannot be used.
    Tls(tls::Error),
    /// The system grants no thread for name resolution.
    Thread(io::Error),
    /// The thread cannot give up its privileges, or the user does not exist.
    Cage(sandbox::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "a thread for name resolution: {error}"),
            Self::Cage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<resolver::StartError> for Error {
    fn from(error: resolver::StartError) -> Self {
        match error {
            resolver::StartError::Thread(error) => Self::Thread(error),
            resolver::StartError::Cage(error) => Self::Cage(error),
        }
    }
}

/// A client certificate of the configuration.
#[derive(Debug)]
pub struct ClientCertificate {
    /// The setting that names it.
    pub setting: &'static str,
    /// What it says.
    pub facts: CertFacts,
}

impl Network {
    /// The network of a command that goes the ways of a daemon.
    ///
    /// # Errors
    /// [`Error`].
    pub fn of(config: &Config) -> Result<Self, Error> {
        let mut network = Self::load(config)?;
        network.start_resolvers(ResolverCage::none())?;
        Ok(network)
    }

    /// The network of a daemon: everything is read, no thread is started, and no name can be resolved yet.
    ///
    /// # Errors
    /// [`Error::Tls`], [`Error::Cage`].
    pub fn load(config: &Config) -> Result<Self, Error> {
        let servers = config.served().filter_map(|binding| Way::to_server(&binding.target));
        let log = config.log_servers().map(Way::to_log_server);
        let ways: Vec<_> = servers.chain([Way::to_control_plane(config)]).chain(log).collect();
        let outsiders = sandbox::outsiders(config).map_err(Error::Cage)?;
        Self::build(
            Plan::of(config, outsiders),
            &ways,
            config.lockdown.clone(),
            config.timeouts,
        )
    }

    /// The network of one way, for a single request.
    ///
    /// # Errors
    /// [`Error`].
    pub fn of_way(trust: &Trust, lockdown: &Lockdown, timeouts: Timeouts, way: &Way<'_>) -> Result<Self, Error> {
        let ways = std::slice::from_ref(way);
        let mut network = Self::build(
            Plan::of_trust(trust, lockdown.accepted(None)),
            ways,
            lockdown.clone(),
            timeouts,
        )?;
        network.start_resolvers(ResolverCage::none())?;
        Ok(network)
    }

    /// Starts a thread for each name on the ways: only these can be connected to. Each enters `cage` before it resolves anything.
    /// Connectors that were made before have none.
    ///
    /// # Errors
    /// [`Error::Thread`], [`Error::Cage`].
    pub fn start_resolvers(&mut self, cage: ResolverCage) -> Result<(), Error> {
        self.resolvers = Resolvers::start(self.hosts.iter().map(String::as_str), cage)?;
        Ok(())
    }

    /// The numbers of those threads.
    #[must_use]
    pub fn resolver_threads(&self) -> Vec<u32> {
        self.resolvers.threads().to_vec()
    }

    /// Loads the first generation.
    fn build(mut plan: Plan, ways: &[Way<'_>], lockdown: Lockdown, timeouts: Timeouts) -> Result<Self, Error> {
        for way in ways {
            if let Some(identity) = way.identity.filter(|identity| !plan.identities.contains(identity)) {
                plan.identities.push(identity.clone());
            }
            if let Via::Proxy(proxy) = &way.via {
                plan.proxies.push(proxy.clone());
            }
        }
        // Looked at before anything is read: what changes meanwhile is noticed.
        let files = plan.files();
        let seen = files.iter().map(Watched::stamp).collect();
        let in_force = InForce::of(Generation::first(&mut plan).map_err(Error::Tls)?);
        let hosts = ways.iter().filter_map(|way| way.via.resolved_host(way.url));
        let hosts = hosts.map(str::to_owned).collect();
        Ok(Self {
            plan,
            files,
            seen,
            in_force,
            hosts,
            resolvers: Resolvers::default(),
            lockdown: Arc::new(lockdown),
            timeouts,
            connections: Connections::default(),
        })
    }

    /// A connector for one of the ways that the network was made for. Nothing is opened yet.
    ///
    /// # Errors
    /// When the client certificate or its key cannot be used.
    pub fn connector(&self, way: &Way<'_>) -> Result<Connector, Arc<tls::Error>> {
        let generation = self.live().current();
        let identity = way.identity.and_then(|wanted| self.plan.identity_id(wanted));
        if let Some(Err(error)) = identity.and_then(|id| generation.identity(id)) {
            return Err(Arc::clone(error));
        }
        let proxy = match &way.via {
            Via::Proxy(wanted) => self.plan.proxy_id(wanted),
            _ => None,
        };
        if let (Via::Proxy(proxy), Err(error)) = (&way.via, generation.proxy_tls())
            && proxy.tls
        {
            return Err(Arc::clone(error));
        }
        let rules = Arc::clone(&self.lockdown);
        let material = super::connect::Material {
            live: self.live(),
            identity,
            proxy,
        };
        let tally = match way.peer {
            Peer::ControlPlane => self.connections.control_plane.clone(),
            Peer::Server => self.connections.servers.clone(),
            Peer::Own => Tally::default(),
        };
        Ok(Connector::new(
            way,
            material,
            &self.resolvers,
            rules,
            self.timeouts,
            tally,
        ))
    }

    /// Counts of the connections that its connectors open.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.connections.clone()
    }

    /// The generation in force.
    #[must_use]
    pub fn live(&self) -> Live {
        self.in_force.live()
    }

    /// Reads everything that a rotation exchanges, checks it, and puts it in force: what begins from now on uses it, what has
    /// begun goes on as it is.
    ///
    /// # Errors
    /// [`Refusal`]; the generation in force stays.
    pub fn renew(&self) -> Result<(), Refusal> {
        let next = Generation::next(&self.plan, &self.live().current())?;
        self.in_force.replace(next);
        Ok(())
    }

    /// The files that [`Self::renew`] reads.
    #[must_use]
    pub fn files(&self) -> &[Watched] {
        &self.files
    }

    /// As [`Self::files`] were when they were first read, in the same order.
    #[must_use]
    pub fn first_seen(&self) -> &[Stamp] {
        &self.seen
    }

    /// The client certificates in force.
    #[must_use]
    pub fn client_certificates(&self) -> Vec<ClientCertificate> {
        let generation = self.live().current();
        let of_peers = self.plan.identities().filter_map(|(id, identity)| {
            let tls = generation.identity(id)?.as_ref().ok()?;
            Some((identity.setting, tls.client_certificate()?.first()?.clone()))
        });
        let of_proxies = generation
            .proxy_certificate()
            .map(|facts| ("proxy.client-cert", facts.clone()));
        of_peers
            .chain(of_proxies)
            .map(|(setting, facts)| ClientCertificate { setting, facts })
            .collect()
    }

    /// Why a client certificate cannot be used, if one cannot.
    #[must_use]
    pub fn broken_certificate(&self) -> Option<Arc<tls::Error>> {
        let generation = self.live().current();
        let identities = self.plan.identities();
        let identities = identities.filter_map(|(id, _)| generation.identity(id)?.as_ref().err());
        identities.chain(generation.proxy_tls().as_ref().err()).next().cloned()
    }
}
