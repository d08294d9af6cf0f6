//! The cages of the client and of its broker, shut in the order in which the next one can still be made.

use std::os::fd::RawFd;

use super::Error;
use crate::broker::{Broker, Instructions, Specification, Starting};
use crate::config::Config;
use crate::files::Account;
use crate::net::{Network, NetworkError};
use crate::sandbox::{BrokerCage, Cage, ResolverCage, Status};

/// Both cages, looked up while everything can be.
#[derive(Debug)]
pub(crate) struct Enclosure {
    own: Cage,
    broker: BrokerCage,
    /// Processes of the client in addition to itself and its broker.
    protected: Vec<u32>,
}

impl Enclosure {
    /// Those of a configuration; `umask` is the mask that whoever started the client had chosen.
    ///
    /// # Errors
    /// A user that there is not.
    pub(crate) fn of(config: &Config, network: &Network, umask: u32) -> Result<Self, Error> {
        let files = network.files().iter().map(|file| file.path.as_path());
        Ok(Self {
            own: Cage::of(config, files).map_err(Error::Sandbox)?,
            broker: BrokerCage::of(config, umask).map_err(Error::Sandbox)?,
            protected: Vec::new(),
        })
    }

    /// The user that stdio servers run as.
    pub(crate) fn servers_uid(&self) -> u32 {
        self.broker.uid()
    }

    /// The same user, with its groups.
    pub(crate) fn servers_account(&self) -> Account {
        self.broker.account()
    }

    /// Servers must leave this process alone, too.
    pub(crate) fn protect(&mut self, process: u32) {
        self.protected.push(process);
    }

    /// Leaves the socket to the service manager to this process.
    pub(crate) fn keep_manager(&mut self, descriptor: RawFd) {
        self.own.keep_manager(descriptor);
    }

    /// The client's.
    pub(crate) fn own(&self) -> &Cage {
        &self.own
    }

    /// Shuts them, around the broker, and around this process, whose only thread this is; what needs more is open. `threads` starts
    /// those that resolve names.
    ///
    /// # Errors
    /// A layer that is not in force and has to be, a thread that cannot be had, a broker that does not get ready.
    pub(crate) async fn shut(
        self,
        config: &Config,
        network: &mut Network,
        broker: Option<(Starting, Vec<Specification>)>,
        threads: impl FnOnce(&mut Network, ResolverCage) -> Result<(), NetworkError>,
    ) -> Result<(Status, Option<Broker>), Error> {
        let Self {
            mut own,
            broker: cage,
            mut protected,
        } = self;
        // From the user who started us to the one who stays: what needed the former is open.
        own.give_up_privileges().map_err(Error::Sandbox)?;
        // Threads take the rules of landlock of whoever makes them, and have less to reach than this one: they come first.
        threads(network, own.of_resolvers())?;
        let broker = match broker {
            Some((starting, servers)) => {
                protected.extend(network.resolver_threads());
                let cage = cage.with_others(protected);
                let instructions = Instructions { cage, servers };
                Some(starting.connect(&instructions).await.map_err(Error::Broker)?)
            }
            None => None,
        };
        Ok((own.shut(config).map_err(Error::Sandbox)?, broker))
    }
}
