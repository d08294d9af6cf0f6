//! Privileges are given up: capabilities, root, and the way back to either.

use std::fmt;
use std::io;

use caps::errors::CapsError;
use caps::{CapSet, Capability};
use rustix::process::{Gid, Uid, geteuid, getgroups};
use rustix::thread::{capabilities, set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use serde::{Deserialize, Serialize};

use super::process::conceal;
use super::users::{self, User};
use crate::config::{Config, UserName};
use crate::files::{Account, Trusted};

/// Privileges that cannot be given up.
#[derive(Debug)]
pub enum Error {
    /// The user of a setting.
    User(&'static str, users::Error),
    /// User or groups cannot be changed.
    Change(u32, io::Error),
    /// They can be had back.
    Kept,
    /// Capabilities.
    Capabilities(CapsError),
    /// The promise never to gain any.
    NoNewPrivileges(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(setting, error) => write!(f, "{setting}: {error}"),
            Self::Change(uid, error) => write!(f, "the process cannot become the user with number {uid}: {error}"),
            Self::Kept => f.write_str("root was given up and can still be had back"),
            Self::Capabilities(error) => write!(f, "capabilities cannot be given up: {error}"),
            Self::NoNewPrivileges(error) => write!(f, "new privileges cannot be given up: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// Who a process is to become, looked up while the files of the system can still be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privileges(Option<User>);

/// Users whose log file is written to: root, ours and, when started as root, the one that the process switches to. A missing user
/// is reported by the code that needs it.
#[must_use]
pub fn log_owners(config: &Config) -> Trusted {
    let becomes = Privileges::of(&[("process.user", config.hardening.user.as_ref())]);
    Trusted::ours().and(becomes.ok().map(|privileges| privileges.uid()))
}

/// The user that the process switches to, if it does. A missing user is reported by the code that needs it.
#[must_use]
pub fn becomes(config: &Config) -> Option<u32> {
    let privileges = Privileges::of(&[("process.user", config.hardening.user.as_ref())]).ok()?;
    privileges.0.map(|user| user.uid)
}

impl Privileges {
    /// The first of the settings that names a user. A process that was not started as root stays who it is.
    pub(super) fn of(settings: &[(&'static str, Option<&UserName>)]) -> Result<Self, Error> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        let named = settings.iter().find_map(|(setting, name)| Some((*setting, (*name)?)));
        let user = named.map(|(setting, name)| User::find(name).map_err(|error| Error::User(setting, error)));
        user.transpose().map(Self)
    }

    /// Gives everything up, for this thread, which is the only one. Returns whether root remains.
    ///
    /// # Errors
    /// Anything that is still there after it.
    pub fn give_up(&self) -> Result<bool, Error> {
        give_up_bounding_set()?;
        if let Some(user) = &self.0 {
            become_user(user).map_err(|error| Error::Change(user.uid, error))?;
            if set_thread_res_uid(None, Uid::ROOT, None).is_ok() {
                return Err(Error::Kept);
            }
        }
        caps::clear(None, CapSet::Ambient).map_err(Error::Capabilities)?;
        // Whoever holds none needs no call that changes them, and may have a filter that refuses it (SystemCallFilter=~@privileged).
        if holds_capabilities()? {
            for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
                caps::clear(None, set).map_err(Error::Capabilities)?;
            }
        }
        set_no_new_privs(true).map_err(|error| Error::NoNewPrivileges(error.into()))?;
        Ok(geteuid().is_root())
    }

    /// User that the process switches to, if it switches.
    pub(super) fn other_account(&self) -> Option<Account> {
        self.0.as_ref().map(|user| Account {
            uid: user.uid,
            groups: user.groups.clone(),
        })
    }

    /// The user that remains.
    pub(super) fn uid(&self) -> u32 {
        self.0.as_ref().map_or_else(|| geteuid().as_raw(), |user| user.uid)
    }

    /// User that remains, with its groups.
    pub(super) fn account(&self) -> Account {
        self.other_account().unwrap_or_else(Account::own)
    }

    /// Who the process becomes, for people.
    pub(super) fn name(&self) -> Option<String> {
        self.0.as_ref().map(|user| format!("{}:{}", user.uid, user.gid))
    }
}

/// Groups first: whoever is not root cannot change them any more.
fn become_user(user: &User) -> io::Result<()> {
    let groups: Vec<Gid> = user.groups.iter().map(|group| Gid::from_raw(*group)).collect();
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    set_thread_groups(&groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    // The kernel has set the mark anew, by its own setting (fs.suid_dumpable in proc(5)).
    conceal()?;
    match getgroups()?.iter().all(|group| groups.contains(group)) {
        true => Ok(()),
        false => Err(io::Error::other("groups of before remain")),
    }
}

/// Whether any bit of the three sets is set, also one that no library knows.
fn holds_capabilities() -> Result<bool, Error> {
    let held = capabilities(None).map_err(|error| Error::Capabilities(error.to_string().into()))?;
    let all = held.effective | held.permitted | held.inheritable;
    Ok(all.bits() != 0)
}

/// What a program with file capabilities could bring back. Whoever may not empty the set has nothing to bring back either: new
/// privileges are given up too.
fn give_up_bounding_set() -> Result<(), Error> {
    let may = caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(Error::Capabilities)?;
    match may {
        true => caps::clear(None, CapSet::Bounding).map_err(Error::Capabilities),
        false => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use std::thread;

    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

    use super::*;
    use crate::needs;

    /// From now on `capset` is refused to this thread, as `SystemCallFilter=~@privileged` of a unit does.
    fn refuse_capset() {
        let filter = SeccompFilter::new(
            [(libc::SYS_capset, Vec::new())].into(),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EPERM.unsigned_abs()),
            std::env::consts::ARCH.try_into().unwrap(),
        );
        let program: BpfProgram = filter.unwrap().try_into().unwrap();
        seccompiler::apply_filter(&program).unwrap();
    }

    #[test]
    fn whoever_holds_no_capability_needs_no_call_to_give_them_up() {
        // Capabilities and filters belong to a thread.
        let given_up = thread::spawn(|| {
            Privileges(None).give_up().unwrap();
            refuse_capset();
            Privileges(None).give_up().map(drop)
        });
        assert!(given_up.join().unwrap().is_ok());
    }

    #[test]
    fn capabilities_that_cannot_be_given_up_are_an_error() {
        if !needs::met("root", holds_capabilities().unwrap()) {
            return;
        }
        let kept = thread::spawn(|| {
            refuse_capset();
            Privileges(None).give_up().map(drop)
        });
        assert!(matches!(kept.join().unwrap(), Err(Error::Capabilities(_))));
    }
}
