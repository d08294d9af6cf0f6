//! What the broker gives up, and with it every server that it starts.

use std::num::NonZeroU32;

use rustix::fs::Mode as FileMode;
use rustix::process::{Pid, getpid, getppid, umask};
use serde::{Deserialize, Serialize};

use super::cage::Error;
use super::privileges::Privileges;
use super::rules::Rules;
use super::seccomp::{Filters, Others};
use crate::config::{Config, Mode};
use crate::secrets::Account;
use crate::sys::own_group::own_group;

/// The cage of the broker. The client describes it, because the broker reads no configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerCage {
    off: bool,
    /// It goes on although the kernel filters no system calls.
    lenient: bool,
    privileges: Privileges,
    /// The mask that whoever started the client had chosen; servers make files with it.
    umask: u32,
    /// Threads of the client beside its main one.
    threads: Vec<u32>,
    /// The group of processes that the client is in, if it has a number here.
    group: Option<u32>,
}

impl BrokerCage {
    /// That of a configuration.
    ///
    /// # Errors
    /// A user that there is not.
    pub fn of(config: &Config, umask: u32) -> Result<Self, Error> {
        let hardening = &config.hardening;
        let off = hardening.mode == Mode::Off;
        Ok(Self {
            off,
            lenient: hardening.mode != Mode::Enforce,
            privileges: Self::privileges(config)?,
            umask,
            threads: Vec::new(),
            group: own_group().map(NonZeroU32::get),
        })
    }

    fn privileges(config: &Config) -> Result<Privileges, Error> {
        let hardening = &config.hardening;
        let users = [
            (
                "process.server_user (TUNNEL_CLIENT_SERVER_USER)",
                hardening.server_user.as_ref(),
            ),
            ("process.user (TUNNEL_CLIENT_USER)", hardening.user.as_ref()),
        ];
        Privileges::of(&users).map_err(Error::Privileges)
    }

    /// The user that servers run as, if it is another one than starts the client.
    ///
    /// # Errors
    /// A user that there is not.
    pub(super) fn account(config: &Config) -> Result<Option<Account>, Error> {
        Ok(Self::privileges(config)?.account())
    }

    /// The same, for a client with these threads beside its main one.
    #[must_use]
    pub fn with_threads(mut self, threads: Vec<u32>) -> Self {
        self.threads = threads;
        self
    }

    /// The user that servers run as.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.privileges.uid()
    }

    /// Enters it; servers inherit it. The process has one thread.
    ///
    /// # Errors
    /// Anything that the kernel cannot apply, where it must.
    pub fn enter(&self) -> Result<(), Error> {
        umask(FileMode::from_raw_mode(self.umask));
        if self.off {
            return match self.privileges.name() {
                Some(_) => self.privileges.give_up().map(drop).map_err(Error::Privileges),
                None => Ok(()),
            };
        }
        self.privileges.give_up().map_err(Error::Privileges)?;
        let truncates = Rules::new()
            .prepare()
            .is_ok_and(|ready| ready.enforced().looks_at_truncation());
        match Filters::of_servers(&self.others(), truncates).and_then(|filters| filters.apply()) {
            Err(error) if !self.lenient => Err(Error::Seccomp(error)),
            _ => Ok(()),
        }
    }

    /// The client and the broker. Its parent is the client, or nobody's any more.
    fn others(&self) -> Others {
        let mut ids = self.threads.clone();
        ids.push(id(getpid()));
        ids.extend(getppid().map(id));
        Others {
            ids,
            groups: self.group.into_iter().chain(own_group().map(NonZeroU32::get)).collect(),
        }
    }
}

fn id(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
