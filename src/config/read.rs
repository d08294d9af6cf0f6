//! From the flags and the environment to the checked configuration: the one way in for every command.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use super::checked::Config;
use super::error::ConfigErrors;
use super::load::load;
use super::selection::Selection;
use super::sources::{Flags, Sources};
use crate::secrets::{Environment, Files};

/// Chooses the configuration file, reads it and checks everything that was written.
///
/// Reads the configuration file and the files of secrets that it refers to; looks nothing up and connects nowhere.
///
/// # Errors
///
/// Every mistake there is, each with its setting and source. When it is not clear which file to read, only that.
pub fn read(flags: &Flags, environment: &Environment, files: &dyn Files) -> Result<Config, ConfigErrors> {
    let files = &Remembering {
        files,
        read: RefCell::default(),
    };
    let selection = Selection::choose(flags, environment)?;
    let file = selection.open(files);
    let mut config = load(&Sources {
        flags,
        environment,
        file: file.as_ref(),
        files,
    })?;
    config.selection = selection;
    config.files_read = files.read.take();
    Ok(config)
}

/// Remembers which files it was asked for.
struct Remembering<'a> {
    files: &'a dyn Files,
    read: RefCell<Vec<PathBuf>>,
}

impl Remembering<'_> {
    fn remember(&self, path: &Path) {
        self.read.borrow_mut().push(path.to_owned());
    }
}

impl Files for Remembering<'_> {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        self.remember(path);
        self.files.read(path, limit)
    }

    fn read_secret(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        self.remember(path);
        self.files.read_secret(path, limit)
    }
}
