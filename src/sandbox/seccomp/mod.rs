//! Filters of system calls (seccomp(2)): which calls a thread may make at all, and with which arguments.
//!
//! A class of threads has two lists. What is not on its list of calls ends the process, and the kernel writes that into its log;
//! a call on it whose arguments reach too far is refused with EPERM, where a library may try and go on without.

mod appending;
mod audit;
mod calls;
mod common;
mod janitor;
pub mod listed;
mod main;
mod notify;
mod resolver;
mod server;
mod sockets;
mod strict;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::fd::RawFd;

use seccompiler::{BackendError, BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule};

use crate::sys;
use calls::{Call, Test};
pub(super) use server::Others;
pub(super) use sockets::Sockets;

/// What the kernel takes a filter as.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The filters of one class of threads, in the order in which they are taken on.
#[derive(Debug, Clone)]
pub(super) struct Filters(Vec<BpfProgram>);

const MISSING: &str = "this kernel does not filter system calls (Linux built with CONFIG_SECCOMP_FILTER)";

/// Why there is no filter.
#[derive(Debug)]
pub enum Error {
    /// It cannot be made: this machine is of a kind that it was not written for.
    Make(BackendError),
    /// The kernel does not take it.
    Apply(seccompiler::Error),
    /// The kernel has no filters.
    Missing(io::Error),
}

/// Whether this kernel has filters, as far as this is visible without one.
pub(super) fn check() -> Result<(), Error> {
    sys::seccomp::available().map_err(Error::Missing)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Make(error) => write!(f, "a filter of system calls cannot be made: {error}"),
            Self::Apply(error) => write!(f, "{MISSING}: {error}"),
            Self::Missing(error) => write!(f, "{MISSING}: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<BackendError> for Error {
    fn from(error: BackendError) -> Self {
        Self::Make(error)
    }
}

impl Filters {
    /// Of the main thread. `unix`: a server is behind a unix socket. `appends`: it opens its log again. `kept`: sockets
    /// to services of this host.
    pub(super) fn of_main(unix: bool, appends: bool, kept: impl IntoIterator<Item = RawFd>) -> Result<Self, Error> {
        let sockets = Sockets {
            unix,
            internet: true,
            datagrams: false,
            routes: false,
        };
        let mut refused = sockets.refused()?;
        if appends {
            refused.extend(appending::refused()?);
        }
        for descriptor in kept {
            notify::refuse(&mut refused, descriptor)?;
        }
        Self::of_own(main::CALLS, main::OVERLAY, refused)
    }

    /// Of a thread that resolves names; made by that thread. `kept`: sockets to services of this host.
    pub(super) fn of_resolver(kept: impl IntoIterator<Item = RawFd>) -> Result<Self, Error> {
        let sockets = Sockets {
            unix: false,
            internet: true,
            datagrams: true,
            routes: resolver::ASKS_FOR_ROUTES,
        };
        let mut refused = sockets.refused()?;
        for descriptor in kept {
            notify::refuse(&mut refused, descriptor)?;
        }
        Self::of_own(resolver::CALLS, resolver::OVERLAY, refused)
    }

    /// Of the thread that writes the audit log; made by that thread. `kept`: sockets to services of this host.
    pub(super) fn of_audit(kept: impl IntoIterator<Item = RawFd>) -> Result<Self, Error> {
        let sockets = Sockets {
            unix: false,
            internet: false,
            datagrams: false,
            routes: false,
        };
        let mut refused = sockets.refused()?;
        for descriptor in kept {
            notify::refuse(&mut refused, descriptor)?;
        }
        Self::of_own(audit::CALLS, audit::OVERLAY, refused)
    }

    /// Of stdio servers and the broker that starts them, whose filter they inherit. `truncates`: landlock looks at that.
    pub(super) fn of_servers(others: &Others, truncates: bool) -> Result<Self, Error> {
        let mut refused = server::refused(others)?;
        if !truncates {
            // By name, of any file that its user may write.
            refused.insert(libc::SYS_truncate, Vec::new());
        }
        Ok(Self(vec![
            filter(
                server::known()?,
                SeccompAction::Errno(libc::ENOSYS as u32),
                SeccompAction::Allow,
            )?,
            filter(refused, SeccompAction::Allow, EPERM)?,
        ]))
    }

    /// Builds the filter of each stdio server, applied after the filter of the broker.
    pub(super) fn of_each_server() -> Result<Self, Error> {
        Ok(Self(vec![filter(
            server::refused_to_each()?,
            SeccompAction::Allow,
            EPERM,
        )?]))
    }

    /// Filter of one stdio server that may do the listed things. `writes`: files among them.
    pub(super) fn of_strict_server(sockets: Sockets, writes: bool) -> Result<Self, Error> {
        let rules = strict::refused(sockets, writes)?;
        Ok(Self(vec![filter(rules, SeccompAction::Allow, EPERM)?]))
    }

    /// Builds the filter of the process that removes files at the end. `sockets`: those that it may connect again.
    pub(super) fn of_janitor(sockets: impl IntoIterator<Item = RawFd>) -> Result<Self, Error> {
        let mut rules = Rules::new();
        add(&mut rules, janitor::CALLS)?;
        for socket in sockets {
            let is_it = (0, calls::IS, u64::from(socket.cast_unsigned()));
            rules.entry(libc::SYS_connect).or_default().push(rule(&[is_it])?);
        }
        common::allow_own_end(&mut rules)?;
        Ok(Self(vec![filter(
            rules,
            SeccompAction::KillProcess,
            SeccompAction::Allow,
        )?]))
    }

    fn of_own(calls: &[Call], overlay: &[Call], refused: Rules) -> Result<Self, Error> {
        Ok(Self(vec![
            filter(refused, SeccompAction::Allow, EPERM)?,
            filter(own(calls, overlay)?, SeccompAction::KillProcess, SeccompAction::Allow)?,
        ]))
    }

    /// This thread takes them on, and all processes that it starts.
    ///
    /// # Errors
    /// [`Error::Apply`].
    pub(super) fn apply(&self) -> Result<(), Error> {
        self.0
            .iter()
            .try_for_each(|program| seccompiler::apply_filter(program).map_err(Error::Apply))
    }
}

/// What a class of the client's threads may call.
fn own(calls: &[Call], overlay: &[Call]) -> Result<Rules, BackendError> {
    let mut rules = Rules::new();
    for list in [common::CALLS, calls, overlay] {
        add(&mut rules, list)?;
    }
    common::allow_own_end(&mut rules)?;
    Ok(rules)
}

const EPERM: SeccompAction = SeccompAction::Errno(libc::EPERM as u32);

fn filter(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, Error> {
    let filter = SeccompFilter::new(rules, otherwise, matched, std::env::consts::ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}

/// Adds what is on a list. A call that is there without tests stays as it is.
fn add(rules: &mut Rules, list: &[Call]) -> Result<(), BackendError> {
    for (number, tests) in list {
        let mut made = Vec::with_capacity(tests.len());
        for tests in *tests {
            made.push(rule(tests)?);
        }
        let known = rules.get(number).map(Vec::is_empty);
        match (known, made.is_empty()) {
            (Some(true), _) => {}
            (_, true) | (None, _) => {
                rules.insert(*number, made);
            }
            (Some(false), false) => rules.entry(*number).or_default().extend(made),
        }
    }
    Ok(())
}

/// It matches when all tests hold.
fn rule(tests: &[Test]) -> Result<SeccompRule, BackendError> {
    let conditions = tests
        .iter()
        .map(|(place, test, value)| SeccompCondition::new(*place, calls::WIDTH, test.clone(), *value));
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_class_has_filters_that_the_kernel_takes_in_size() {
        let classes = [
            Filters::of_main(true, true, Some(3)).unwrap(),
            Filters::of_resolver(Some(3)).unwrap(),
            Filters::of_audit(Some(3)).unwrap(),
            Filters::of_servers(&Others::default(), false).unwrap(),
        ];
        for filters in classes {
            for program in filters.0 {
                // BPF_MAXINSNS (linux/bpf_common.h).
                assert!(program.len() < 4096, "{} instructions", program.len());
            }
        }
    }

    #[test]
    fn a_call_without_tests_stays_allowed_whatever_is_added() {
        let mut rules = Rules::new();
        add(&mut rules, &[(1, &[]), (2, &[&[(0, calls::IS, 5)]])]).unwrap();
        add(
            &mut rules,
            &[(1, &[&[(0, calls::IS, 5)]]), (2, &[&[(0, calls::IS, 6)]])],
        )
        .unwrap();
        assert!(rules[&1].is_empty());
        assert_eq!(rules[&2].len(), 2);
    }
}
