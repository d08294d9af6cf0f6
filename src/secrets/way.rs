//! The way to a file: every directory and every link that decides which file a path leads to.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::io::Errno;

use super::error::{Fault, FileError};
use super::guard::{judge_directory, judge_entry};
use crate::limits::SYMLINKS_MAX;

/// Walks to `path` as the kernel does, link by link, and judges every directory that it passes. Gives what it finds at
/// the end, so that the caller can tell whether that is the file it opened.
///
/// # Errors
///
/// A directory in which others can exchange what we pass through, or a way that leads nowhere.
pub(super) fn walk(path: &Path) -> Result<Metadata, FileError> {
    let absolute = std::path::absolute(path)?;
    let mut walk = Walk {
        at: PathBuf::from("/"),
        directory: directory(Path::new("/"))?,
        ahead: steps(&absolute).collect(),
        links: 0,
    };
    while let Some(step) = walk.ahead.pop() {
        if let Some(end) = walk.take(step)? {
            return Ok(end);
        }
    }
    Err(FileError::Kind)
}

struct Walk {
    /// A directory, by a path without links.
    at: PathBuf,
    directory: Metadata,
    /// Names that are still to be taken, the next one last.
    ahead: Vec<OsString>,
    links: usize,
}

impl Walk {
    /// Takes one step; what is not a directory ends the walk.
    fn take(&mut self, step: OsString) -> Result<Option<Metadata>, FileError> {
        if step == ".." {
            self.at.pop();
            self.directory = directory(&self.at)?;
            return Ok(None);
        }
        let next = self.at.join(step);
        let metadata = std::fs::symlink_metadata(&next)?;
        judge_entry(&self.directory, &metadata).map_err(|fault| exposed(&next, fault))?;
        if metadata.is_symlink() {
            self.follow(&std::fs::read_link(&next)?)?;
            return Ok(None);
        }
        if metadata.is_dir() {
            judge_directory(&metadata).map_err(|fault| exposed(&next, fault))?;
            (self.at, self.directory) = (next, metadata);
            return Ok(None);
        }
        if self.ahead.is_empty() {
            Ok(Some(metadata))
        } else {
            Err(io::Error::from(Errno::NOTDIR).into())
        }
    }

    fn follow(&mut self, target: &Path) -> Result<(), FileError> {
        self.links += 1;
        if self.links > SYMLINKS_MAX {
            return Err(io::Error::from(Errno::LOOP).into());
        }
        if target.is_absolute() {
            self.at = PathBuf::from("/");
            self.directory = directory(&self.at)?;
        }
        self.ahead.extend(steps(target));
        Ok(())
    }
}

/// The names in a path, the last one first.
fn steps(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}

fn directory(path: &Path) -> Result<Metadata, FileError> {
    let metadata = std::fs::symlink_metadata(path)?;
    judge_directory(&metadata).map_err(|fault| exposed(path, fault))?;
    Ok(metadata)
}

fn exposed(path: &Path, fault: Fault) -> FileError {
    FileError::Exposed {
        path: path.to_owned(),
        fault,
    }
}

/// Whether both are the same file.
pub(super) fn same_file(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}
