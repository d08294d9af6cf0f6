//! Which files were read.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use crate::secrets::{Files, SecludedFile};

/// Reader of files that records those it has read.
pub(in crate::config) struct Recorder<'a> {
    files: &'a dyn Files,
    read: RefCell<Vec<PathBuf>>,
}

impl<'a> Recorder<'a> {
    pub(in crate::config) fn of(files: &'a dyn Files) -> Self {
        Self {
            files,
            read: RefCell::default(),
        }
    }

    /// Files read so far, each once.
    pub(in crate::config) fn paths_read(&self) -> Vec<PathBuf> {
        self.read.borrow().clone()
    }

    fn record(&self, path: &Path) {
        let mut read = self.read.borrow_mut();
        if !read.iter().any(|known| known == path) {
            read.push(path.to_owned());
        }
    }
}

impl Files for Recorder<'_> {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        self.record(path);
        self.files.read(path, limit)
    }

    fn read_secret(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        self.record(path);
        self.files.read_secret(path, limit)
    }

    fn secluded(&self) -> Vec<SecludedFile> {
        self.files.secluded()
    }

    fn is_there(&self, path: &Path) -> bool {
        self.files.is_there(path)
    }
}
