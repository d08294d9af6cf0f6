//! Why a file is not read, and how to mend that.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::neighbours::Doubt;
use super::seclusion::Open;
use crate::files::{self, shown};
use crate::limits::SECRET_PIPE_TIMEOUT;

/// Why a file is not read.
#[derive(Debug)]
pub enum FileError {
    /// The system says no.
    Io(io::Error),
    /// A directory, a device or a socket.
    Kind,
    /// It is longer than this many bytes.
    TooLarge(usize),
    /// A pipe that nobody wrote to in time.
    Silent,
    /// It is exchanged all the time, or a link on the way is.
    Unsteady,
    /// Others decide where the path leads.
    Way(files::Error),
    /// More people can get at it than its use allows.
    Exposed {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// Fault in the access to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The permission bits of the file.
    Mode {
        /// Who can do too much.
        excess: Excess,
        /// Permission bits as they are.
        mode: u32,
        /// Reason why a mode that lets others read it is not accepted where it lies.
        open: Option<Open>,
        /// What mends it.
        remedy: Remedy,
    },
}

/// Ways to take a right to a file from other users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// These permission bits.
    Chmod(u32),
    /// It is in a volume of Kubernetes, which has its own setting for modes.
    Kubernetes,
    /// A container runtime or a service manager has mounted it, and the mode cannot be changed here.
    Container,
}

/// Who can do what to a file, and should not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Everybody can read it.
    OthersRead,
    /// Everybody can change it.
    OthersWrite,
    /// The members of its group can change it.
    GroupWrite,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OthersRead => "other users can read it",
            Self::OthersWrite => "other users can change it",
            Self::GroupWrite => "its group can change it",
        })
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Kind => f.write_str("neither a regular file nor a pipe"),
            Self::TooLarge(limit) => write!(f, "larger than {limit} bytes"),
            Self::Silent => write!(
                f,
                "a pipe that stayed silent for {} s; write to it, or name a regular file",
                SECRET_PIPE_TIMEOUT.as_secs()
            ),
            Self::Unsteady => f.write_str("it changed again and again while it was looked at; try again"),
            Self::Way(error) => error.fmt(f),
            Self::Exposed { path, fault } => describe(f, &shown(path), *fault),
        }
    }
}

fn describe(f: &mut fmt::Formatter<'_>, path: &str, fault: Fault) -> fmt::Result {
    match fault {
        Fault::Mode {
            excess,
            mode,
            open,
            remedy,
        } => {
            write!(f, "{excess} (mode {mode:04o}")?;
            match (open, remedy) {
                // On a host that is the usual case, and its remedy says enough.
                (Some(Open::Shared(Doubt::HostsNamespace)), Remedy::Chmod(_)) | (None, _) => {}
                (Some(open), _) => write!(f, "; {open}")?,
            }
            f.write_str("); ")?;
            match remedy {
                Remedy::Chmod(enough) => write!(f, "chmod {enough:04o} {path}"),
                Remedy::Kubernetes => f.write_str(
                    "set defaultMode: 0400 on the volume, and securityContext.fsGroup of the pod for a user other than root",
                ),
                Remedy::Container => f.write_str(
                    "its mount is read-only, so mount it with mode 0400 and the user of this process as its owner (uid, gid and mode \
                     of the secret), or chmod and chown what is mounted where it comes from",
                ),
            }
        }
    }
}

impl std::error::Error for FileError {}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<files::Error> for FileError {
    fn from(error: files::Error) -> Self {
        match error {
            files::Error::Io(error) if error.kind() == io::ErrorKind::IsADirectory => Self::Kind,
            files::Error::Io(error) => Self::Io(error),
            files::Error::Unsteady => Self::Unsteady,
            refused @ files::Error::Refused { .. } => Self::Way(refused),
        }
    }
}

impl From<FileError> for io::Error {
    /// Keeps the kind of a system error; [`io::Error::get_ref`] leads back to any other.
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io(error) => error,
            other => Self::other(other),
        }
    }
}
