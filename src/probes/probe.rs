//! What a probe is: an attempt, and what is to become of it.

use std::io;

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use super::scene::{Facts, Scene};
use crate::sys::attempts::Call;

/// One attempt to do what the cage is there to prevent, or what it has to leave possible.
#[derive(Debug)]
pub struct Probe {
    /// What is tried, in a few words; names are unique.
    pub name: &'static str,
    /// What somebody would gain by it who took over the process; for what has to work, why.
    pub gains: &'static str,
    /// Where it runs.
    pub place: Place,
    /// What is to become of it.
    pub expected: Expected,
    /// Which layer sees to that.
    pub by: By,
    pub(super) attempt: Attempt,
    /// It opens files of another process, which the host may hide.
    pub(super) looks_into_process: bool,
    /// Whether the configuration makes it worth while.
    pub(super) applies: fn(&Facts) -> bool,
}

/// Where a probe runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// On the main thread of the client.
    Main,
    /// On a thread that resolves names.
    Resolver,
    /// On the thread that writes the audit log.
    Audit,
    /// In a stdio server with `sandbox: default`.
    Server,
    /// In a stdio server with `sandbox: strict`.
    Strict,
}

impl Place {
    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Main => "the client's main thread",
            Self::Resolver => "a thread that resolves names",
            Self::Audit => "the thread that writes the audit log",
            Self::Server => "a stdio server, sandbox: default",
            Self::Strict => "a stdio server, sandbox: strict",
        }
    }
}

/// What is to become of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It works.
    Works,
    /// The process ends by SIGSYS.
    Killed,
    /// The call fails with one of these.
    Refused(&'static [i32]),
    /// The process ends by SIGABRT.
    Aborts,
}

/// Who refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Landlock, from this version on.
    Landlock(u8),
    /// The filter of system calls.
    Seccomp,
    /// The marks of the process that is attacked, or of the one that attacks: any kernel has them.
    Process,
    /// Nobody: it has to work.
    Nobody,
}

/// Who is attacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A process of the same user that has nothing to do with the client.
    Other,
    /// The client.
    Client,
    /// The process that starts servers.
    Broker,
}

/// How it is tried.
#[derive(Debug)]
pub(super) enum Attempt {
    /// By a system call that no library makes.
    Call(&'static Call, Target),
    /// By several of them, each of which has to be refused; the target, if they have one.
    Calls(&'static [&'static Call], Option<Target>),
    /// By code.
    Code(fn(&Scene) -> Result<(), Failure>),
}

/// Why an attempt did not work.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was refused.
    Refused(io::Error),
    /// There is nothing here to try it on.
    NotHere,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Refused(error)
    }
}

impl Probe {
    /// Numbers of the system calls that are tried; none for what is tried by code.
    pub fn calls(&self) -> impl Iterator<Item = i64> {
        let calls = match &self.attempt {
            Attempt::Call(call, _) => std::slice::from_ref(call),
            Attempt::Calls(calls, _) => calls,
            Attempt::Code(_) => &[],
        };
        calls.iter().map(|call| call.number())
    }

    /// The call is on no list.
    pub(super) const fn killed(name: &'static str, gains: &'static str, call: &'static Call) -> Self {
        Self::new(
            name,
            gains,
            Expected::Killed,
            By::Seccomp,
            Attempt::Call(call, Target::Other),
        )
    }

    /// Some call on the way is on no list.
    pub(super) const fn killed_in(
        name: &'static str,
        gains: &'static str,
        code: fn(&Scene) -> Result<(), Failure>,
    ) -> Self {
        Self::new(name, gains, Expected::Killed, By::Seccomp, Attempt::Code(code))
    }

    /// The call is on the list, and not with these arguments.
    pub(super) const fn filtered(name: &'static str, gains: &'static str, call: &'static Call) -> Self {
        Self::new(name, gains, EPERM, By::Seccomp, Attempt::Call(call, Target::Other))
    }

    /// Landlock refuses it from this version on.
    pub(super) const fn out_of_reach(
        since: u8,
        name: &'static str,
        gains: &'static str,
        code: fn(&Scene) -> Result<(), Failure>,
    ) -> Self {
        Self::new(name, gains, EACCES, By::Landlock(since), Attempt::Code(code))
    }

    /// It has to work.
    pub(super) const fn works(
        name: &'static str,
        gains: &'static str,
        code: fn(&Scene) -> Result<(), Failure>,
    ) -> Self {
        Self::new(name, gains, Expected::Works, By::Nobody, Attempt::Code(code))
    }

    pub(super) const fn new(
        name: &'static str,
        gains: &'static str,
        expected: Expected,
        by: By,
        attempt: Attempt,
    ) -> Self {
        Self {
            name,
            gains,
            place: Place::Main,
            expected,
            by,
            attempt,
            looks_into_process: false,
            applies: |_| true,
        }
    }

    /// Only where this holds.
    pub(super) const fn when(mut self, applies: fn(&Facts) -> bool) -> Self {
        self.applies = applies;
        self
    }

    /// By the files of another process, below `/proc`.
    pub(super) const fn in_process_files(mut self) -> Self {
        self.looks_into_process = true;
        self
    }

    /// Against this process.
    pub(super) const fn on(mut self, target: Target) -> Self {
        match &mut self.attempt {
            Attempt::Call(_, of) => *of = target,
            Attempt::Calls(_, of) => *of = Some(target),
            Attempt::Code(_) => {}
        }
        self
    }

    /// With one of these errors.
    pub(super) const fn with(mut self, by: By, errors: &'static [i32]) -> Self {
        self.by = by;
        self.expected = Expected::Refused(errors);
        self
    }

    /// On another thread or process.
    pub(super) const fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Tries it, in this process.
    pub(super) fn attempt(&self, scene: &Scene) -> Result<(), Failure> {
        match &self.attempt {
            Attempt::Call(call, target) => Ok(call.attempt(scene.process(*target)?)?),
            Attempt::Calls(calls, target) => {
                let victim = target.map_or(Ok(0), |target| scene.process(target))?;
                every(calls, victim)
            }
            Attempt::Code(code) => code(scene),
        }
    }
}

/// Makes each call, and reports the first one that is not refused.
fn every(calls: &[&Call], victim: u32) -> Result<(), Failure> {
    let mut refusal = Failure::NotHere;
    for call in calls {
        match call.attempt(victim) {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => refusal = Failure::Refused(error),
            outcome => return Ok(outcome?),
        }
    }
    Err(refusal)
}

const EPERM: Expected = Expected::Refused(&[libc::EPERM]);
/// By landlock; what opens a file to write is refused by the filter before that.
const EACCES: Expected = Expected::Refused(&[libc::EACCES, libc::EPERM]);

impl Expected {
    /// Whether this is it.
    pub(super) fn is_met_by(self, outcome: Outcome) -> bool {
        match (self, outcome) {
            (Self::Works, Outcome::Worked) => true,
            (Self::Killed, Outcome::Signal(signal)) => signal == libc::SIGSYS,
            (Self::Aborts, Outcome::Signal(signal)) => signal == libc::SIGABRT,
            (Self::Refused(errors), Outcome::Refused(error)) => errors.contains(&error),
            _ => false,
        }
    }

    /// As it is printed.
    #[must_use]
    pub fn shown(self) -> String {
        match self {
            Self::Works => Outcome::Worked.shown(),
            Self::Killed => Outcome::Signal(libc::SIGSYS).shown(),
            Self::Aborts => Outcome::Signal(libc::SIGABRT).shown(),
            Self::Refused(errors) => {
                let names: Vec<String> = errors.iter().map(|error| Outcome::Refused(*error).shown()).collect();
                names.join("/")
            }
        }
    }
}
