//! Secrets whose mode lets others read them, as volumes of Kubernetes (0644) and secrets of Docker (0444) have it: what else keeps
//! others from them, and what cannot be proved.

use std::fmt;
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use log::warn;

use super::neighbours::{self, Doubt};
use crate::files::{self, Found, Identity, Mounts, Rule, shown};

/// What keeps others from a file that its mode lets them read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seclusion {
    /// Others cannot search this directory on the path without links.
    Directory(PathBuf),
    /// Only this process's mount namespace has the file system, and no other user has processes there.
    Namespace,
}

/// Seclusions that are accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accepted {
    /// None: under `lockdown`.
    Nothing,
    /// A closed directory: stdio servers share the mount namespace and run as another user.
    Directory,
    /// Both.
    #[default]
    Both,
}

/// Reasons why a secret that its mode lets others read is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// `lockdown` accepts none.
    Lockdown,
    /// A descriptor: no path shows who else has the file.
    NoPath,
    /// The file has several names.
    Names,
    /// A second mount gives the file a name that no directory closes.
    SecondMount,
    /// A directory closes it, and other mounts cannot be looked at.
    Unknown(Doubt),
    /// No directory closes it, and stdio servers run as another user.
    Servers,
    /// No directory closes it, and that others have no part in the mount namespace is not proved.
    Shared(Doubt),
}

impl Seclusion {
    /// Finds what keeps others from an opened file.
    ///
    /// # Errors
    /// Nothing does that could be proved and is accepted.
    pub(super) fn of(
        way: Option<&Found>,
        opened: (&File, &Metadata),
        rule: Rule,
        accepted: Accepted,
    ) -> Result<Self, Open> {
        if accepted == Accepted::Nothing {
            return Err(Open::Lockdown);
        }
        let way = way.ok_or(Open::NoPath)?;
        let (file, metadata) = opened;
        if metadata.nlink() > 1 {
            return Err(Open::Names);
        }
        if let Some(directory) = way.closed_directory() {
            let mounts = neighbours::own_mounts().map_err(Open::Unknown)?;
            return match other_names_are_closed(mounts, &way.path(), metadata, rule) {
                true => Ok(Self::Directory(directory)),
                false => Err(Open::SecondMount),
            };
        }
        Self::by_namespace(way, file, accepted)
    }

    /// Finds what keeps others from changing an opened file that its mode lets them change, on a read-only mount: that nobody else has
    /// another mount of it. A closed directory is not enough, because its group may enter it.
    ///
    /// # Errors
    /// Nothing does that could be proved and is accepted.
    pub(super) fn from_changes(
        way: Option<&Found>,
        (file, metadata): (&File, &Metadata),
        accepted: Accepted,
    ) -> Result<Self, Open> {
        let way = way.ok_or(Open::NoPath)?;
        if metadata.nlink() > 1 {
            return Err(Open::Names);
        }
        Self::by_namespace(way, file, accepted)
    }

    fn by_namespace(way: &Found, file: &File, accepted: Accepted) -> Result<Self, Open> {
        match accepted {
            Accepted::Nothing => Err(Open::Lockdown),
            Accepted::Directory => Err(Open::Servers),
            Accepted::Both => {
                neighbours::are_absent(&way.path(), file).map_err(Open::Shared)?;
                Ok(Self::Namespace)
            }
        }
    }
}

/// A file that holds a secret and whose mode lets others read it, and what keeps them from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecludedFile {
    /// Path as it was written.
    pub path: PathBuf,
    /// What keeps others from it.
    pub by: Seclusion,
}

impl SecludedFile {
    /// What makes the mode right, wherever the file comes from.
    pub const REMEDY: &str = "set mode 0400 (defaultMode of a volume, mode of a container's secret, or chmod)";

    /// Logs it.
    pub fn warn(&self) {
        warn!(path:% = self.path.display(), protected_by:% = self.by, action = Self::REMEDY;
            "the mode of a secret file lets other users read it, and only its location keeps them from it");
    }
}

impl fmt::Display for SecludedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the mode of {} lets others read a secret, and only its location keeps them from it: {}; {}",
            shown(&self.path),
            self.by,
            Self::REMEDY
        )
    }
}

/// Whether a directory closes each other name that mounts give the file. A name that leads elsewhere, or nowhere, has another mount
/// over it.
fn other_names_are_closed(mounts: &Mounts, path: &Path, metadata: &Metadata, rule: Rule) -> bool {
    mounts.names(path).iter().all(|name| match files::find(name, rule) {
        Ok(found) => Identity::from(found.metadata()) != Identity::from(metadata) || found.closed_directory().is_some(),
        Err(files::Error::Io(error)) => error.kind() == std::io::ErrorKind::NotFound,
        Err(_) => false,
    })
}

impl fmt::Display for Seclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "directory {}, which others cannot enter", shown(path)),
            Self::Namespace => f.write_str("mount namespace of this process, in which no other user has a process"),
        }
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lockdown => f.write_str("lockdown accepts this nowhere"),
            Self::NoPath => f.write_str("a descriptor does not show who else can open it"),
            Self::Names => f.write_str("it has several names (hard links)"),
            Self::SecondMount => f.write_str("it is mounted a second time, where others can enter its directories"),
            Self::Unknown(doubt) => doubt.fmt(f),
            Self::Servers => f.write_str("others can enter its directories, and stdio MCP servers run as another user"),
            Self::Shared(doubt) => write!(f, "others can enter its directories, and {doubt}"),
        }
    }
}
