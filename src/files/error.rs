//! Reasons why a path is not followed, or the file at its end is not used, with the remedy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A path that is not followed, or a file that is not used.
#[derive(Debug)]
pub enum Error {
    /// The system refuses the access.
    Io(io::Error),
    /// Other users decide where the path leads, or the file is not of the required kind.
    Refused {
        /// The directory, the link or the file.
        path: PathBuf,
        /// Fault of it.
        fault: Fault,
    },
    /// Exchanged during each of several attempts.
    Unsteady,
}

/// Fault of a directory, a link or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Other users can exchange the directory's entries: it has no sticky bit.
    Directory {
        /// Permission bits.
        mode: u32,
    },
    /// Members of its group can exchange the directory's entries.
    GroupDirectory {
        /// Permission bits.
        mode: u32,
        /// Group that can write it.
        gid: u32,
    },
    /// Another user put it into a directory that everybody can write.
    Owner {
        /// Its owner.
        uid: u32,
    },
    /// A symbolic link of a user who is not trusted.
    Link {
        /// Its owner.
        uid: u32,
    },
    /// A symbolic link in the directory of a user who is not trusted.
    LinkDirectory {
        /// The directory's owner.
        uid: u32,
    },
    /// A symbolic link in a directory that others can write.
    LinkShared {
        /// The directory's permission bits.
        mode: u32,
    },
    /// A symbolic link with a second name, in a directory where others can make names.
    LinkNames,
    /// A symbolic link in place of the file.
    LinkAtEnd,
    /// Not a regular file.
    Kind(&'static str),
    /// A file of a user who is not trusted.
    FileOwner {
        /// Its owner.
        uid: u32,
    },
    /// A file with several names.
    Names,
    /// A file or directory that the user of stdio servers can change.
    Changeable {
        /// That user.
        uid: u32,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Refused { path, fault } => fault.describe(f, &shown(path)),
            Self::Unsteady => f.write_str("it is exchanged during every attempt to open it; try again"),
        }
    }
}

impl Fault {
    fn describe(self, f: &mut fmt::Formatter<'_>, path: &str) -> fmt::Result {
        match self {
            Self::Directory { mode } => write!(
                f,
                "others can exchange it, because they can write its directory {path} (mode {mode:04o}); chmod o-w {path}"
            ),
            Self::GroupDirectory { mode, gid } => write!(
                f,
                "group {gid} can exchange it, because its members can write its directory {path} (mode {mode:04o}); \
                 chmod g-w {path}"
            ),
            Self::Owner { uid } => write!(
                f,
                "{path} is in a directory that all can write, and belongs to user {uid}; \
                 move it to a directory of your own, or chown it"
            ),
            Self::Link { uid } => write!(
                f,
                "{path} is a symbolic link of user {uid}, who is not trusted with it; name the path that it leads to"
            ),
            Self::LinkDirectory { uid } => write!(
                f,
                "{path} is a symbolic link in a directory of user {uid}, who can replace it; name the path that it leads to"
            ),
            Self::LinkShared { mode } => write!(
                f,
                "{path} is a symbolic link in a directory that others can write (mode {mode:04o}), so they can replace it; \
                 name the path that it leads to, or take the right to write from the directory"
            ),
            Self::LinkNames => write!(
                f,
                "{path} is a symbolic link with several names in a directory that others can write; \
                 name the path that it leads to"
            ),
            Self::LinkAtEnd => write!(
                f,
                "{path} is a symbolic link, and files are not written through links; \
                 remove it, or name the path that it leads to"
            ),
            Self::Kind("a named pipe") => write!(
                f,
                "{path} is a named pipe, which would wait for a reader; name a regular file, or log to standard output and pipe that"
            ),
            Self::Kind(kind) => write!(f, "{path} is {kind}; name a regular file"),
            Self::FileOwner { uid } => write!(
                f,
                "{path} belongs to user {uid}, who is not trusted with it; chown it, or remove it"
            ),
            Self::Changeable { uid } => write!(
                f,
                "stdio MCP servers run as user {uid}, who can change it through {path}; chown root {path} && chmod go-w {path}"
            ),
            Self::Names => write!(
                f,
                "{path} has several names (hard links), so it may be another file's content; remove it, or the other names"
            ),
        }
    }
}

/// Path in a form that can be pasted into a shell, or is quoted so that it plainly cannot.
pub(crate) fn shown(path: &Path) -> String {
    let safe = |text: &&str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@:,%=".contains(&byte))
    };
    path.to_str()
        .filter(safe)
        .map_or_else(|| format!("{path:?}"), str::to_owned)
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

impl From<Error> for io::Error {
    /// Keeps the kind of a system error.
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            other => Self::other(other),
        }
    }
}
