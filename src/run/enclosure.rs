//! The cages of the client and of its broker, shut in the order in which the next one can still be made.
//!
//! | stage | what can still be done |
//! |---|---|
//! | [`Enclosure`] | everything that the user who started the client can do |
//! | [`Unprivileged`] | processes and threads, what the remaining user can reach |
//! | [`Resolving`] | the same; threads that resolve names run, each in its cage |
//! | [`Caged`] | what the configuration needs |
//!
//! Each stage is made from the one before it, so that none is left out or repeated.

use std::os::fd::RawFd;

use super::Error;
use crate::audit::{AuditLog, Opened};
use crate::broker::{Broker, Instructions, Specification, Starting};
use crate::config::Config;
use crate::files::Account;
use crate::net::Network;
use crate::sandbox::{AuditCage, BrokerCage, Cage, ResolverCage, Status};

/// Stage 1: both cages, looked up while everything can be.
#[derive(Debug)]
pub(crate) struct Enclosure {
    own: Cage,
    broker: BrokerCage,
    /// Processes of the client in addition to itself and its broker.
    protected: Vec<u32>,
}

/// Stage 2: the process has given up its privileges.
#[derive(Debug)]
pub(crate) struct Unprivileged(Enclosure);

/// Stage 3: every thread that this process will have has been started.
#[derive(Debug)]
pub(crate) struct Resolving(Enclosure);

/// Stage 4: the process and its broker are in their cages.
#[derive(Debug)]
pub(crate) struct Caged {
    /// The layers that are in force.
    pub(crate) status: Status,
    /// The broker, if there is one.
    pub(crate) broker: Option<Broker>,
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

    /// Leaves the socket that the log is sent to to this process.
    pub(crate) fn keep_log(&mut self, descriptor: RawFd) {
        self.own.keep_log(descriptor);
    }

    /// Leaves the socket that the audit log is forwarded to to this process.
    pub(crate) fn keep_audit(&mut self, descriptor: RawFd) {
        self.own.keep_audit(descriptor);
    }

    /// The client's.
    pub(crate) fn own(&self) -> &Cage {
        &self.own
    }

    /// Changes from the user who started the client to the one that it keeps. What needed the former is open.
    ///
    /// # Errors
    /// Privileges that cannot be given up.
    pub(crate) fn give_up_privileges(mut self) -> Result<Unprivileged, Error> {
        self.own.give_up_privileges().map_err(Error::Sandbox)?;
        Ok(Unprivileged(self))
    }
}

impl Unprivileged {
    /// The cage of a thread beside the main one. A thread inherits the rules of landlock of the thread that starts it, and reaches
    /// less than the main one: it has to be started, and in its cage, before the main one is shut.
    pub(crate) fn of_resolvers(&self) -> ResolverCage {
        self.0.own.of_resolvers()
    }

    /// Cage of the thread that writes the audit log.
    pub(crate) fn of_audit(&self) -> AuditCage {
        self.0.own.of_audit()
    }

    /// Starts the thread that writes the audit log, in its cage.
    ///
    /// # Errors
    /// A thread that cannot be had, or that cannot enter its cage.
    pub(crate) fn start_audit(&mut self, records: Opened) -> Result<AuditLog, Error> {
        let audit = records.start(self.of_audit()).map_err(Error::Audit)?;
        self.0.protected.push(audit.thread());
        Ok(audit)
    }

    /// Starts the threads that resolve names, each in its cage.
    ///
    /// # Errors
    /// A thread that cannot be had, or that cannot enter its cage.
    pub(crate) fn start_resolvers(self, network: &mut Network) -> Result<Resolving, Error> {
        network.start_resolvers(self.of_resolvers())?;
        let Self(mut enclosure) = self;
        enclosure.protected.extend(network.resolver_threads());
        Ok(Resolving(enclosure))
    }

    /// Goes on without such threads: this process resolves no names.
    pub(crate) fn without_resolvers(self) -> Resolving {
        Resolving(self.0)
    }
}

impl Resolving {
    /// Shuts the cages around the broker, and around this thread. Nothing is created after it.
    ///
    /// # Errors
    /// A layer that is not in force and has to be, a broker that does not get ready.
    pub(crate) async fn shut(
        self,
        config: &Config,
        broker: Option<(Starting, Vec<Specification>)>,
    ) -> Result<Caged, Error> {
        let Self(Enclosure {
            own,
            broker: cage,
            protected,
        }) = self;
        let broker = match broker {
            Some((starting, servers)) => {
                let cage = cage.with_others(protected);
                let instructions = Instructions { cage, servers };
                Some(starting.connect(&instructions).await.map_err(Error::Broker)?)
            }
            None => None,
        };
        let status = own.shut(config).map_err(Error::Sandbox)?;
        Ok(Caged { status, broker })
    }
}
