//! The cage of the process that removes the client's files at the end.

use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::path::Path;

use landlock::AccessFs;
use serde::{Deserialize, Serialize};

use super::cage::Error;
use super::privileges::Privileges;
use super::rules::{Ready, Rules};
use super::seccomp::Filters;
use crate::config::Mode;

/// The cage of the janitor. The client describes it, because the janitor reads no configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JanitorCage {
    off: bool,
    /// Whether it continues although the kernel lacks a layer.
    lenient: bool,
    privileges: Privileges,
}

impl JanitorCage {
    /// Builds the cage for a client with this mode, which switches to this user.
    pub(super) fn new(mode: Mode, privileges: Privileges) -> Self {
        Self {
            off: mode == Mode::Off,
            lenient: mode != Mode::Enforce,
            privileges,
        }
    }

    /// Switches to the user of the client. The process has one thread.
    ///
    /// # Errors
    /// [`Error::Privileges`].
    pub fn give_up_privileges(&self) -> Result<(), Error> {
        if self.off && self.privileges.name().is_none() {
            return Ok(());
        }
        self.privileges.give_up().map(drop).map_err(Error::Privileges)
    }

    /// Keeps the right to remove files in these directories and to connect these sockets, and nothing else.
    ///
    /// # Errors
    /// The kernel cannot apply a required layer.
    pub fn shut(&self, directories: &[&Path], sockets: &[BorrowedFd<'_>]) -> Result<(), Error> {
        if self.off {
            return Ok(());
        }
        let mut rules = Rules::new();
        directories
            .iter()
            .for_each(|directory| rules.allow(*directory, AccessFs::RemoveFile));
        rules.limit_ports([]);
        let landlock = rules.prepare().and_then(Ready::restrict);
        let sockets = sockets.iter().map(|socket| socket.as_raw_fd());
        let seccomp = Filters::of_janitor(sockets).and_then(|filters| filters.apply());
        match (landlock, seccomp) {
            (Err(error), _) if !self.lenient => Err(Error::Landlock(error)),
            (_, Err(error)) if !self.lenient => Err(Error::Seccomp(error)),
            _ => Ok(()),
        }
    }
}
