//! How an attempt ended, and how its process says so: by its exit code, or by the signal that ended it.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use super::probe::Failure;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it tried.
    Worked,
    /// A call failed with this error (errno(3)).
    Refused(i32),
    /// The process was ended by this signal.
    Signal(i32),
    /// There is nothing here to try it on.
    NotHere,
    /// There was no cage to try it in.
    NoCage,
    /// It took too long.
    Silent,
    /// Something else went wrong.
    Broken,
}

/// Errors are told as exit codes from here on. Below are those of other ways to end: 1 of a wrong configuration, 101 of a panic.
const ERRORS: i32 = 110;
/// The last error there is (`EHWPOISON` in asm-generic/errno.h).
const LAST_ERROR: i32 = 133;
/// Signals are told on behalf of another process from here on.
const SIGNALS: i32 = 10;
/// The last signal there is (signal(7)).
const LAST_SIGNAL: i32 = 64;
const NOT_HERE: u8 = 90;
const NO_CAGE: u8 = 91;
const BROKEN: u8 = 92;

impl Outcome {
    /// That of an attempt in this process.
    pub(super) fn of(result: &Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Worked,
            Err(Failure::NotHere) => Self::NotHere,
            Err(Failure::Refused(error)) => error.raw_os_error().map_or(Self::Broken, Self::Refused),
        }
    }

    /// The exit code that tells it.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Worked => 0,
            Self::Refused(error) if error <= LAST_ERROR => u8::try_from(ERRORS + error).unwrap_or(BROKEN),
            Self::Signal(signal) if signal <= LAST_SIGNAL => u8::try_from(SIGNALS + signal).unwrap_or(BROKEN),
            Self::NotHere => NOT_HERE,
            Self::NoCage => NO_CAGE,
            Self::Refused(_) | Self::Signal(_) | Self::Silent | Self::Broken => BROKEN,
        }
    }

    /// What a process told by its end.
    pub(super) fn of_status(status: ExitStatus) -> Self {
        if let Some(signal) = status.signal() {
            return Self::Signal(signal);
        }
        match status.code() {
            Some(0) => Self::Worked,
            Some(code) if code == i32::from(NOT_HERE) => Self::NotHere,
            Some(code) if code == i32::from(NO_CAGE) => Self::NoCage,
            Some(code) if code > SIGNALS && code <= SIGNALS + LAST_SIGNAL => Self::Signal(code - SIGNALS),
            Some(code) if code > ERRORS => Self::Refused(code - ERRORS),
            _ => Self::Broken,
        }
    }

    /// As it is printed.
    #[must_use]
    pub fn shown(self) -> String {
        match self {
            Self::Worked => "works".to_owned(),
            Self::Refused(error) => name_of_error(error).map_or_else(|| format!("error {error}"), str::to_owned),
            Self::Signal(libc::SIGSYS) => "SIGSYS".to_owned(),
            Self::Signal(libc::SIGABRT) => "SIGABRT".to_owned(),
            Self::Signal(signal) => format!("signal {signal}"),
            Self::NotHere => "-".to_owned(),
            Self::NoCage => "no cage".to_owned(),
            Self::Silent => "too long".to_owned(),
            Self::Broken => "broken".to_owned(),
        }
    }
}

/// The names that probes meet.
fn name_of_error(error: i32) -> Option<&'static str> {
    Some(match error {
        libc::EPERM => "EPERM",
        libc::ENOENT => "ENOENT",
        libc::ESRCH => "ESRCH",
        libc::EIO => "EIO",
        libc::ENXIO => "ENXIO",
        libc::E2BIG => "E2BIG",
        libc::ENOEXEC => "ENOEXEC",
        libc::EBADF => "EBADF",
        libc::EAGAIN => "EAGAIN",
        libc::ENOMEM => "ENOMEM",
        libc::EACCES => "EACCES",
        libc::EFAULT => "EFAULT",
        libc::EBUSY => "EBUSY",
        libc::EEXIST => "EEXIST",
        libc::EXDEV => "EXDEV",
        libc::ENODEV => "ENODEV",
        libc::EINVAL => "EINVAL",
        libc::ENOTTY => "ENOTTY",
        libc::EROFS => "EROFS",
        libc::ENOSYS => "ENOSYS",
        libc::EPROTONOSUPPORT => "EPROTONOSUPPORT",
        libc::ESOCKTNOSUPPORT => "ESOCKTNOSUPPORT",
        libc::EOPNOTSUPP => "EOPNOTSUPP",
        libc::EAFNOSUPPORT => "EAFNOSUPPORT",
        libc::EADDRNOTAVAIL => "EADDRNOTAVAIL",
        libc::ENETUNREACH => "ENETUNREACH",
        libc::EISCONN => "EISCONN",
        libc::ENOTCONN => "ENOTCONN",
        libc::ETIMEDOUT => "ETIMEDOUT",
        libc::ECONNREFUSED => "ECONNREFUSED",
        libc::ENOKEY => "ENOKEY",
        libc::EDESTADDRREQ => "EDESTADDRREQ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_survives_the_way_through_an_exit_code() {
        for error in 1..=LAST_ERROR {
            let code = Outcome::Refused(error).exit_code();
            let status = ExitStatus::from_raw(i32::from(code) << 8);
            assert_eq!(Outcome::of_status(status), Outcome::Refused(error));
        }
        for outcome in [Outcome::Worked, Outcome::NotHere, Outcome::NoCage, Outcome::Signal(31)] {
            let status = ExitStatus::from_raw(i32::from(outcome.exit_code()) << 8);
            assert_eq!(Outcome::of_status(status), outcome);
        }
    }

    #[test]
    fn a_mistake_and_a_panic_are_no_refusals() {
        for code in [1, 2, 101] {
            assert_eq!(Outcome::of_status(ExitStatus::from_raw(code << 8)), Outcome::Broken);
        }
        assert_eq!(
            Outcome::of_status(ExitStatus::from_raw(31)),
            Outcome::Signal(libc::SIGSYS)
        );
    }
}
