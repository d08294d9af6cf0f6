//! Writing a profile: private, whole or not at all, never through a symbolic link.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::config::ProfileName;
use crate::limits::CONFIG_FILE_MAX;
use crate::secrets::{Disk, Files};

/// Makes the profile directory, for its owner only; one that exists stays as it is.
pub(in crate::cli) fn make_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Writes a profile that does not exist yet.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] when something has its name, be it a symbolic link that leads nowhere.
pub(in crate::cli) fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = new_file(path)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    // A profile that `run` will refuse, because others can exchange it, is better not written.
    let readable = written.and_then(|()| Disk.read(path, CONFIG_FILE_MAX));
    readable.map(|_| ()).inspect_err(|_| discard(path))
}

/// Writes a profile in place of the one that exists. A symbolic link is replaced, what it leads to is not touched.
pub(in crate::cli) fn replace(path: &Path, name: &ProfileName, text: &[u8]) -> io::Result<()> {
    let temporary = temporary(path, name, text)?;
    std::fs::rename(&temporary, path).inspect_err(|_| discard(&temporary))
}

/// A new file `.NAME.RANDOM.yaml` beside the profile, with `text` in it. No profile has such a name.
pub(in crate::cli) fn temporary(path: &Path, name: &ProfileName, text: &[u8]) -> io::Result<PathBuf> {
    let random = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
    let temporary = path.with_file_name(format!(".{name}.{random:016x}.yaml"));
    create(&temporary, text)?;
    Ok(temporary)
}

/// Removes a file of ours. That it stays behind is no reason to fail.
pub(in crate::cli) fn discard(path: &Path) {
    let _ = std::fs::remove_file(path);
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
