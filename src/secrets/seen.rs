//! How a file was when it was read, so that a later change is noticed.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file whose contents may change while the process runs, as it was just before it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFile {
    /// Where it is.
    pub path: PathBuf,
    /// How it was.
    pub stamp: Stamp,
}

/// What changes when a file is written, or when another one takes its place; nothing of its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stamp {
    /// A regular file.
    File {
        /// Device and inode.
        place: (u64, u64),
        /// Bytes.
        size: u64,
        /// When the contents changed, and anything of it: seconds and nanoseconds.
        times: [(i64, i64); 2],
    },
    /// A pipe or another thing that can be read once.
    Other,
    /// It cannot be looked at.
    Hidden(io::ErrorKind),
}

impl Stamp {
    /// As it is now, at the end of all links.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Ok(file) if file.is_file() => Self::File {
                place: (file.dev(), file.ino()),
                size: file.size(),
                times: [(file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec())],
            },
            Ok(_) => Self::Other,
            Err(error) => Self::Hidden(error.kind()),
        }
    }
}

impl SeenFile {
    /// Looks at a file that is to be read. `None` for what can be read once only: a pipe, or a descriptor that was handed over.
    #[must_use]
    pub fn look(path: &Path) -> Option<Self> {
        let stamp = Stamp::of(path);
        let once = stamp == Stamp::Other || super::files::is_descriptor(path);
        (!once).then(|| Self {
            path: path.to_owned(),
            stamp,
        })
    }
}
