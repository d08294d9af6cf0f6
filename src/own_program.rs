//! This program, executed again in another role: with an empty environment, so that it holds none of this process's secrets, and
//! before this process is restricted, so that it inherits no restriction.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use crate::sandbox::selinux::{self, Context, Refused};
use crate::sys::descriptors;

/// This program, even when its file was replaced or removed.
const SELF: &str = "/proc/self/exe";

/// Reason why there is no such process.
#[derive(Debug)]
pub enum Error {
    /// There is no /proc, through which this program is executed again.
    NoProc,
    /// The system refuses a process or a socket.
    Start(io::Error),
    /// SELinux refuses its domain.
    Domain(Refused),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProc => f.write_str(
                "/proc is missing, and tunnel-client needs it to execute itself again; mount it (mount -t proc proc /proc)",
            ),
            Self::Start(error) => error.fmt(f),
            Self::Domain(refused) => refused.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// Starts it. Its standard input is one end of a pair of sockets that preserve message boundaries (unix(7), SOCK_SEQPACKET); the
/// other end and the process are returned. It runs in this security context, or in that of this process, has this standard output and
/// the standard error of this process.
///
/// # Errors
/// [`Error`].
pub fn launch(role: &str, context: Option<&Context>, stdout: Stdio) -> Result<(OwnedFd, Child), Error> {
    if !Path::new(SELF).is_symlink() {
        return Err(Error::NoProc);
    }
    // Inherited descriptors of this process are not for it.
    descriptors::close_others_on_exec().map_err(Error::Start)?;
    let pair = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
    let (socket, theirs) = pair.map_err(|error| Error::Start(error.into()))?;
    let mut command = Command::new(SELF);
    command
        .arg0("tunnel-client")
        .arg(role)
        .env_clear()
        .stdin(Stdio::from(theirs))
        .stdout(stdout)
        .stderr(Stdio::inherit());
    let process = match context {
        Some(context) => context.during(|| command.spawn()).map_err(|error| match error {
            selinux::Error::Refused(refused) => Error::Domain(refused),
            selinux::Error::Other(error) => Error::Start(error),
        })?,
        None => command.spawn().map_err(Error::Start)?,
    };
    Ok((socket, process))
}

/// Whether these arguments, the name of the program first, ask for a role.
#[must_use]
pub fn is_asked_for(role: &str, mut arguments: impl Iterator<Item = OsString>) -> bool {
    let first = arguments.nth(1);
    first.as_deref() == Some(OsStr::new(role)) && arguments.next().is_none()
}
