//! The walk along a path: every directory and every link that decides which file it leads to.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, StatVfsMountFlags, fstatvfs, mkdirat, openat, readlinkat};
use rustix::io::Errno;

use super::account::Account;
use super::error::{Error, Fault};
use super::rule::{self, Rule};
use super::spot::Identity;
use crate::limits::{FILE_LOOKS, SYMLINKS_MAX};

/// An opened directory, for use as the start of paths only.
#[derive(Debug)]
pub(super) struct Directory {
    file: File,
    metadata: Metadata,
    /// Path to it without links.
    at: PathBuf,
    /// For each directory of that path, the root directory first: whether it is closed to others.
    closed: Vec<bool>,
}

/// A file at the end of a path.
#[derive(Debug)]
pub struct Found {
    /// Its directory.
    directory: Directory,
    /// Name in that directory.
    name: OsString,
    /// Descriptor that prevents reuse of the file's inode.
    _entry: File,
    metadata: Metadata,
}

/// Handling of directories that do not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Fail.
    Fail,
    /// Create them, with these permission bits before the process's mask.
    Make(u32),
    /// Stop at the last one that exists.
    Stop,
}

/// Follows a path to the file at its end, through links that the rule allows. Does not open the file, whatever it is.
///
/// # Errors
///
/// [`Error`]: other users can exchange a directory or link on the way, or the path leads to no file.
pub fn find(path: &Path, rule: Rule) -> Result<Found, Error> {
    find_kept_from(path, rule, &[])
}

/// The same, to a file that none of these users can change or exchange, nor anything that decides which file it is.
///
/// # Errors
///
/// [`Error`], also when one of them can.
pub fn find_kept_from(path: &Path, rule: Rule, outsiders: &[Account]) -> Result<Found, Error> {
    let mut walk = Walk {
        outsiders,
        ..Walk::begin(path, rule, Missing::Fail)?
    };
    while let Some(step) = walk.ahead.pop() {
        let last = walk.ahead.is_empty() && step != "..";
        if !last {
            walk.descend(step)?;
            continue;
        }
        let (entry, metadata) = walk.directory.entry(&step)?;
        walk.judge(&step, &metadata)?;
        if !metadata.is_symlink() {
            if let Some(account) = outsiders.iter().find(|account| account.writes(&metadata)) {
                return Err(walk.directory.refused(&step, Fault::Changeable { uid: account.uid }));
            }
            return Ok(Found {
                directory: walk.directory,
                name: step,
                _entry: entry,
                metadata,
            });
        }
        walk.follow(&step, &entry, &metadata)?;
    }
    Err(Errno::ISDIR.into())
}

/// Follows a path to a directory; also returns whether it is that one, or one above that is missing ([`Missing::Stop`]).
pub(super) fn directory(path: &Path, rule: Rule, missing: Missing) -> Result<(Directory, bool), Error> {
    let mut walk = Walk::begin(path, rule, missing)?;
    while let Some(step) = walk.ahead.pop() {
        walk.descend(step)?;
    }
    Ok((walk.directory, walk.complete))
}

/// Creates the missing directories of a path.
///
/// # Errors
///
/// [`Error`]: a link on the way that the rule does not allow, a directory that cannot be entered or made.
pub fn make_directory(path: &Path, rule: Rule, mode: u32) -> Result<(), Error> {
    directory(path, rule, Missing::Make(mode)).map(drop)
}

struct Walk<'a> {
    rule: Rule,
    /// Users who must not be able to exchange an entry on the way.
    outsiders: &'a [Account],
    missing: Missing,
    directory: Directory,
    /// Names still to be followed, the next one last.
    ahead: Vec<OsString>,
    links: usize,
    complete: bool,
}

impl Walk<'_> {
    fn begin(path: &Path, rule: Rule, missing: Missing) -> Result<Self, Error> {
        let absolute = std::path::absolute(path)?;
        let directory = Directory::root()?;
        accept(rule, &directory)?;
        Ok(Self {
            rule,
            outsiders: &[],
            missing,
            directory,
            ahead: steps(&absolute).collect(),
            links: 0,
            complete: true,
        })
    }

    /// Enters a directory, or replaces a link by the names in its target.
    fn descend(&mut self, step: OsString) -> Result<(), Error> {
        let (entry, metadata) = match self.directory.subdirectory(&step) {
            Err(Errno::NOENT) if self.missing == Missing::Stop => {
                self.ahead.clear();
                self.complete = false;
                return Ok(());
            }
            Err(Errno::NOENT) => self.make(&step)?,
            // A file, or a link: O_DIRECTORY and O_NOFOLLOW give the same error for both.
            Err(Errno::NOTDIR | Errno::LOOP) => self.directory.entry(&step)?,
            opened => opened.map_err(Error::from).and_then(with_metadata)?,
        };
        if step != ".." {
            self.judge(&step, &metadata)?;
        }
        if metadata.is_symlink() {
            return self.follow(&step, &entry, &metadata);
        }
        if !metadata.is_dir() {
            return Err(Errno::NOTDIR.into());
        }
        let (mut at, mut closed) = (self.directory.at.clone(), self.directory.closed.clone());
        match step == ".." {
            // Above the root directory is the root directory.
            true if at.pop() => _ = closed.pop(),
            true => {}
            false => {
                at.push(step);
                closed.push(rule::is_closed(&metadata));
            }
        }
        self.directory = Directory {
            file: entry,
            metadata,
            at,
            closed,
        };
        accept(self.rule, &self.directory)
    }

    fn make(&self, step: &OsStr) -> Result<(File, Metadata), Error> {
        let Missing::Make(mode) = self.missing else {
            return Err(Errno::NOENT.into());
        };
        for _ in 0..FILE_LOOKS {
            match mkdirat(&self.directory.file, step, Mode::from_raw_mode(mode)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            // Another process may have made it, or something else under its name.
            match self.directory.entry(step) {
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
                found => return found,
            }
        }
        Err(Error::Unsteady)
    }

    fn judge(&self, step: &OsStr, metadata: &Metadata) -> Result<(), Error> {
        let judged = self.rule.judge_entry(&self.directory, metadata);
        judged.map_err(|fault| self.directory.refused(step, fault))?;
        let directory = self.directory.metadata();
        let mut outsiders = self.outsiders.iter();
        match outsiders.find(|account| account.exchanges(directory, Some(metadata))) {
            None => Ok(()),
            Some(account) => Err(Error::Refused {
                path: self.directory.at.clone(),
                fault: Fault::Changeable { uid: account.uid },
            }),
        }
    }

    fn follow(&mut self, step: &OsStr, link: &File, metadata: &Metadata) -> Result<(), Error> {
        let judged = self.rule.judge_link(&self.directory, metadata);
        judged.map_err(|fault| self.directory.refused(step, fault))?;
        self.links += 1;
        if self.links > SYMLINKS_MAX {
            return Err(Errno::LOOP.into());
        }
        // An empty name means the opened link itself (readlink(2), since Linux 2.6.39).
        let target = readlinkat(link, "", Vec::new())?.into_bytes();
        let target = PathBuf::from(OsString::from_vec(target));
        if target.is_absolute() {
            self.directory = Directory::root()?;
            accept(self.rule, &self.directory)?;
        }
        self.ahead.extend(steps(&target));
        Ok(())
    }
}

fn accept(rule: Rule, directory: &Directory) -> Result<(), Error> {
    rule.judge_directory(directory).map_err(|fault| Error::Refused {
        path: directory.at.clone(),
        fault,
    })
}

impl Found {
    /// State as found on the way.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Path without links.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.path_of(&self.name)
    }

    /// The first directory of that path whose mode closes it to others. The directories of links do not count: the file can be
    /// reached without them.
    #[must_use]
    pub fn closed_directory(&self) -> Option<PathBuf> {
        let depth = self.directory.closed.iter().position(|closed| *closed)?;
        Some(self.directory.at.components().take(depth + 1).collect())
    }

    /// Opens it for reading, without waiting for the other end of a pipe and without becoming the owner of a terminal.
    ///
    /// # Errors
    ///
    /// [`Error::Unsteady`] when another file has its name now; [`Error::Io`].
    pub fn open(&self) -> Result<(File, Metadata), Error> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let (file, opened) = match openat(&self.directory.file, &self.name, flags, Mode::empty()) {
            // It has become a link.
            Err(Errno::LOOP) => return Err(Error::Unsteady),
            opened => with_metadata(opened?.into())?,
        };
        match Identity::from(&opened) == Identity::from(&self.metadata) {
            true => Ok((file, opened)),
            false => Err(Error::Unsteady),
        }
    }
}

impl Directory {
    fn root() -> Result<Self, Error> {
        let root = openat(CWD, "/", PLACE | OFlags::DIRECTORY, Mode::empty())?;
        let (file, metadata) = with_metadata(root.into())?;
        Ok(Self {
            closed: vec![rule::is_closed(&metadata)],
            file,
            metadata,
            at: PathBuf::from("/"),
        })
    }

    /// Permission bits and owners at the time of opening.
    pub(super) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Descriptor, for calls that take a directory.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Path, without links, of one of its entries.
    pub(super) fn path_of(&self, name: &OsStr) -> PathBuf {
        self.at.join(name)
    }

    /// Whether the mount that the path leads through forbids all writing.
    pub(super) fn is_on_read_only_mount(&self) -> bool {
        fstatvfs(&self.file).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// Opens an entry, whatever it is, as a place: without following or reading it.
    pub(super) fn entry(&self, name: &OsStr) -> Result<(File, Metadata), Error> {
        let entry = openat(&self.file, name, PLACE | OFlags::NOFOLLOW, Mode::empty())?;
        with_metadata(entry.into())
    }

    /// O_DIRECTORY makes an automounter mount the file system there.
    fn subdirectory(&self, name: &OsStr) -> Result<File, Errno> {
        let flags = PLACE | OFlags::NOFOLLOW | OFlags::DIRECTORY;
        openat(&self.file, name, flags, Mode::empty()).map(File::from)
    }

    pub(super) fn refused(&self, name: &OsStr, fault: Fault) -> Error {
        Error::Refused {
            path: self.path_of(name),
            fault,
        }
    }
}

/// Flags for a place in the tree; nothing is read from it.
const PLACE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

fn with_metadata(file: File) -> Result<(File, Metadata), Error> {
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// Names in a path, the last one first.
pub(super) fn steps(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}
