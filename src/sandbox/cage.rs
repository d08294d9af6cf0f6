//! The cage of the client: taken on layer by layer, in the order in which the next one can still be made.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use super::janitor::JanitorCage;
use super::privileges::{self, Privileges};
use super::process;
use super::reach::{self, Reach};
use super::rules::{self, Enforced, Rules};
use super::seccomp::{self, Filters};
use super::server::StrictError;
use super::status::{Layer, State, Status};
use crate::config::{Config, Mode};

/// What the client gives up. Everything in it was looked up while it could be.
#[derive(Debug)]
pub struct Cage {
    mode: Mode,
    privileges: Privileges,
    reach: Reach,
    kept: Kept,
    status: Status,
}

/// What a thread that resolves names gives up.
#[derive(Debug, Clone, Copy)]
pub struct ResolverCage {
    mode: Mode,
    kept: Kept,
}

/// Sockets of this host that are open and connected already: to the service manager, and to whoever receives the log and the audit log.
#[derive(Debug, Clone, Copy, Default)]
struct Kept([Option<RawFd>; 3]);

impl Kept {
    fn descriptors(self) -> impl Iterator<Item = RawFd> {
        self.0.into_iter().flatten()
    }
}

/// What the thread that writes the audit log gives up.
#[derive(Debug, Clone, Copy)]
pub struct AuditCage {
    mode: Mode,
    kept: Kept,
}

/// A layer that is not in force.
#[derive(Debug)]
pub enum Error {
    /// Limits and marks of the process.
    Process(io::Error),
    /// Root, capabilities.
    Privileges(privileges::Error),
    /// Rules of landlock.
    Landlock(rules::Error),
    /// The filter of system calls.
    Seccomp(seccomp::Error),
    /// The cage of a stdio server.
    Strict(StrictError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(error) => write!(f, "sandbox: limits of the process cannot be set: {error}"),
            Self::Privileges(error) => write!(f, "sandbox: {error}"),
            Self::Landlock(error) => write!(f, "sandbox: {error}; {WITHOUT}"),
            Self::Seccomp(error) => write!(f, "sandbox: {error}; {WITHOUT}"),
            Self::Strict(error) => error.fmt(f),
        }
    }
}

/// What to do where the kernel cannot.
const WITHOUT: &str = "hardening.mode is enforce, so nothing starts without; best-effort starts with what there is";

impl std::error::Error for Error {}

impl Cage {
    /// The cage of a configuration. `files` are those that are read again later.
    ///
    /// # Errors
    /// A user that there is not; under `enforce` a kernel without landlock.
    pub fn of<'a>(config: &Config, files: impl Iterator<Item = &'a Path>) -> Result<Self, Error> {
        let mode = config.hardening.mode;
        let user = ("process.user (TUNNEL_CLIENT_USER)", config.hardening.user.as_ref());
        let privileges = Privileges::of(&[user]).map_err(Error::Privileges)?;
        if mode == Mode::Enforce {
            // Better now than when others see us already.
            Rules::new().prepare().map_err(Error::Landlock)?;
            seccomp::check().map_err(Error::Seccomp)?;
        }
        Ok(Self {
            mode,
            privileges,
            reach: Reach::of(config, files),
            kept: Kept::default(),
            status: Status::default(),
        })
    }

    /// Leaves the open socket to the service manager to this process, for sending to where it is connected.
    pub fn keep_manager(&mut self, descriptor: RawFd) {
        self.kept.0[0] = Some(descriptor);
    }

    /// The same for the socket that the log is sent to.
    pub fn keep_log(&mut self, descriptor: RawFd) {
        self.kept.0[1] = Some(descriptor);
    }

    /// The same for the socket that the audit log is forwarded to.
    pub fn keep_audit(&mut self, descriptor: RawFd) {
        self.kept.0[2] = Some(descriptor);
    }

    /// Gives up root and every capability, for this thread: there must be no other yet. What needs them, sockets below port 1024
    /// and files of root's, is open.
    ///
    /// # Errors
    /// [`Error::Privileges`], also where less would do otherwise: half a change of users is worse than none.
    pub fn give_up_privileges(&mut self) -> Result<(), Error> {
        let name = self.privileges.name();
        // Who is to be another user is that without a sandbox too.
        if self.mode == Mode::Off && name.is_none() {
            return Ok(());
        }
        let is_root = self.privileges.give_up().map_err(Error::Privileges)?;
        let detail = match (name, is_root) {
            (Some(name), _) => format!("user {name}, no capabilities, none to be gained"),
            (None, true) => "still root, without capabilities; set process.user".to_owned(),
            (None, false) => "no capabilities, none to be gained".to_owned(),
        };
        let state = if is_root { State::Partial } else { State::Enforced };
        self.status.add(Layer::Privileges, state, detail);
        Ok(())
    }

    /// The TCP ports that stay open.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.reach.ports.iter().copied().collect()
    }

    /// The files and directories that stay readable.
    #[must_use]
    pub fn reads(&self) -> Vec<PathBuf> {
        self.reach.reads.clone()
    }

    /// Whether unix sockets can still be connected to.
    #[must_use]
    pub fn reaches_unix_sockets(&self) -> bool {
        self.reach.unix
    }

    /// Who the client becomes.
    #[must_use]
    pub fn privileges(&self) -> &Privileges {
        &self.privileges
    }

    /// What threads that resolve names give up; each enters it first.
    #[must_use]
    pub fn of_resolvers(&self) -> ResolverCage {
        ResolverCage {
            mode: self.mode,
            kept: self.kept,
        }
    }

    /// What the thread that writes the audit log gives up; it enters first.
    #[must_use]
    pub fn of_audit(&self) -> AuditCage {
        AuditCage {
            mode: self.mode,
            kept: self.kept,
        }
    }

    /// Cage of the process that removes the client's files.
    #[must_use]
    pub fn of_janitor(&self) -> JanitorCage {
        JanitorCage::new(self.mode, self.privileges.clone())
    }

    /// Shuts the cage around this thread, the last one that can be: nothing is created after it.
    ///
    /// # Errors
    /// Under `enforce` any layer that the kernel cannot apply.
    pub fn shut(mut self, config: &Config) -> Result<Status, Error> {
        if self.mode == Mode::Off {
            return Ok(Status::off());
        }
        process::limit_resources(config).map_err(Error::Process)?;
        self.status
            .add(Layer::Process, State::Enforced, "no core, no debugger, no new process");
        let landlock = self.reach.rules().prepare().and_then(rules::Ready::restrict);
        match landlock {
            Ok(enforced) => {
                self.status.landlock_is(enforced.abi());
                let (state, detail) = self.describe(enforced);
                self.status.add(Layer::Landlock, state, detail);
            }
            Err(error) => self.lack(Layer::Landlock, error, Error::Landlock)?,
        }
        let filter = Filters::of_main(self.reach.unix, self.reach.appends(), self.kept.descriptors());
        let filter = filter.and_then(|filters| filters.apply());
        match filter {
            Ok(()) => self.status.add(
                Layer::Seccomp,
                State::Enforced,
                "calls that are not on the list end the process",
            ),
            Err(error) => self.lack(Layer::Seccomp, error, Error::Seccomp)?,
        }
        Ok(self.status)
    }

    fn lack<E: fmt::Display>(&mut self, layer: Layer, why: E, error: fn(E) -> Error) -> Result<(), Error> {
        if self.mode == Mode::Enforce {
            return Err(error(why));
        }
        self.status.add(layer, State::Missing, why.to_string());
        Ok(())
    }

    fn describe(&self, enforced: Enforced) -> (State, String) {
        let mut detail = format!("version {}", enforced.abi());
        if enforced.limits_ports() {
            detail.push_str(", TCP to ports ");
            detail.push_str(&self.reach.shown_ports());
        }
        let lacks = enforced.lacks();
        if lacks.is_empty() {
            return (State::Enforced, detail);
        }
        (
            State::Partial,
            format!("{detail}; not looked at by this kernel: {lacks}"),
        )
    }
}

impl ResolverCage {
    /// Where there is nothing to give up: in single requests of commands.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            mode: Mode::Off,
            kept: Kept([None; 3]),
        }
    }

    /// Enters it.
    ///
    /// # Errors
    /// Under `enforce` any layer that the kernel cannot apply.
    pub fn enter(self) -> Result<(), Error> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        enter(
            self.mode,
            &reach::of_resolver(),
            Filters::of_resolver(self.kept.descriptors()),
        )
    }
}

impl AuditCage {
    /// Enters it.
    ///
    /// # Errors
    /// Under `enforce` any layer that the kernel cannot apply.
    pub fn enter(self) -> Result<(), Error> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        enter(
            self.mode,
            &reach::of_audit(),
            Filters::of_audit(self.kept.descriptors()),
        )
    }
}

/// Puts this thread, which is not the main one, into its cage.
fn enter(mode: Mode, rules: &Rules, filters: Result<Filters, seccomp::Error>) -> Result<(), Error> {
    let landlock = rules.prepare().and_then(rules::Ready::restrict);
    let seccomp = filters.and_then(|filters| filters.apply());
    match (mode, landlock, seccomp) {
        (Mode::Enforce, Err(error), _) => Err(Error::Landlock(error)),
        (Mode::Enforce, _, Err(error)) => Err(Error::Seccomp(error)),
        _ => Ok(()),
    }
}
