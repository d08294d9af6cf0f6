//! What the broker gives up, and with it every server that it starts.

use std::io;
use std::num::NonZeroU32;

use rustix::fs::Mode as FileMode;
use rustix::process::{Pid, getpid, getppid, umask};
use serde::{Deserialize, Serialize};

use super::cage::Error;
use super::privileges::Privileges;
use super::rules::Rules;
use super::seccomp::{Filters, Others};
use super::signal_scope::SignalScope;
use crate::config::{Config, Mode};
use crate::files::Account;
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
    /// Threads of the client in addition to its main one, and its other processes.
    others: Vec<u32>,
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
            others: Vec::new(),
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

    /// The user that servers run as, if it differs from the one that starts the client.
    ///
    /// # Errors
    /// The user does not exist.
    pub(super) fn other_account(config: &Config) -> Result<Option<Account>, Error> {
        Ok(Self::privileges(config)?.other_account())
    }

    /// The same, for a client with these threads in addition to its main one and these other processes.
    #[must_use]
    pub fn with_others(mut self, others: Vec<u32>) -> Self {
        self.others = others;
        self
    }

    /// The user that servers run as.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.privileges.uid()
    }

    /// The same user, with its groups.
    #[must_use]
    pub fn account(&self) -> Account {
        self.privileges.account()
    }

    /// Enters the cage; servers inherit it. The process has one thread and no child.
    ///
    /// # Errors
    /// Anything that the kernel cannot apply, where it must.
    pub fn enter(&self) -> Result<Entered, Error> {
        umask(FileMode::from_raw_mode(self.umask));
        if self.off {
            if self.privileges.name().is_some() {
                self.privileges.give_up().map_err(Error::Privileges)?;
            }
            return Ok(Entered::default());
        }
        self.privileges.give_up().map_err(Error::Privileges)?;
        let scope = SignalScope::enter();
        let truncates = Rules::new()
            .prepare()
            .is_ok_and(|ready| ready.enforced().looks_at_truncation());
        let filters = Filters::of_servers(&self.others(), truncates).and_then(|filters| filters.apply());
        match filters.and_then(|()| Filters::of_each_server()) {
            Ok(filters) => Ok(Entered {
                scope,
                seal: Seal(Some(filters)),
            }),
            Err(_) if self.lenient => Ok(Entered {
                scope,
                ..Entered::default()
            }),
            Err(error) => Err(Error::Seccomp(error)),
        }
    }

    /// The client and the broker. Its parent is the client, or nobody's any more.
    fn others(&self) -> Others {
        let mut ids = self.others.clone();
        ids.push(id(getpid()));
        ids.extend(getppid().map(id));
        // A process in a session of its own leads a group of its number.
        let groups = self.group.into_iter().chain(own_group().map(NonZeroU32::get));
        Others {
            groups: groups.chain(self.others.iter().copied()).collect(),
            ids,
        }
    }
}

/// Means of the broker once it is in its cage.
#[derive(Debug, Default)]
pub struct Entered {
    /// Signal scope of the kernel, where it has one: ends all processes that servers have started in one step.
    pub scope: Option<SignalScope>,
    /// Restrictions of servers beyond those of the broker.
    pub seal: Seal,
}

/// Filter of calls that the broker needs and its servers are refused. Empty where system calls are not filtered.
#[derive(Debug, Default)]
pub struct Seal(Option<Filters>);

impl Seal {
    /// Applies it to the calling process, between fork and exec: with system calls only, and without taking memory except on the
    /// way to an error.
    ///
    /// # Errors
    /// The kernel refuses a filter although it accepted that of the broker.
    pub fn apply(&self) -> io::Result<()> {
        match &self.0 {
            Some(filters) => filters.apply().map_err(io::Error::other),
            None => Ok(()),
        }
    }
}

fn id(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
