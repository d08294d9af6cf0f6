//! Why a file is not read, and how to mend that.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

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
    /// More people can get at it than its use allows.
    Exposed {
        /// The file, or the directory on the way to it.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What is wrong with the access to a file, or to a directory on the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The permission bits of the file.
    Mode {
        /// Who can do too much.
        excess: Excess,
        /// Permission bits as they are.
        mode: u32,
        /// Permission bits that would do.
        enough: u32,
        /// Kubernetes put it there.
        kubernetes: bool,
    },
    /// Others can exchange what is in the directory: it has no sticky bit.
    Directory {
        /// Permission bits as they are.
        mode: u32,
    },
    /// A user that must not be able to change it can.
    Changeable {
        /// Who.
        uid: u32,
    },
    /// Somebody else put it into a directory that all can write.
    Owner {
        /// Whose it is.
        uid: u32,
    },
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
            Self::Exposed { path, fault } => describe(f, &shown(path), *fault),
        }
    }
}

fn describe(f: &mut fmt::Formatter<'_>, path: &str, fault: Fault) -> fmt::Result {
    match fault {
        Fault::Mode {
            excess,
            mode,
            enough,
            kubernetes: false,
        } => write!(f, "{excess} (mode {mode:04o}); chmod {enough:04o} {path}"),
        Fault::Mode {
            excess,
            mode,
            enough,
            kubernetes: true,
        } => write!(
            f,
            "{excess} (mode {mode:04o}); set defaultMode: 0400 on the volume (chmod {enough:04o} {path})"
        ),
        Fault::Directory { mode } => write!(
            f,
            "others can exchange it, because they can write its directory {path} (mode {mode:04o}); \
             chmod o-w {path}"
        ),
        Fault::Changeable { uid } => write!(
            f,
            "user {uid}, as whom stdio MCP servers run, can change it, because of {path}; chown root {path} && chmod go-w {path}"
        ),
        Fault::Owner { uid } => write!(
            f,
            "{path} is in a directory that all can write, and belongs to user {uid}; \
             move it to a directory of your own, or chown it"
        ),
    }
}

/// A path that can be pasted into a shell, or is quoted so that it plainly cannot.
fn shown(path: &Path) -> String {
    let safe = |text: &&str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@:,%=".contains(&byte))
    };
    path.to_str()
        .filter(safe)
        .map_or_else(|| format!("{path:?}"), str::to_owned)
}

impl std::error::Error for FileError {}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
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
