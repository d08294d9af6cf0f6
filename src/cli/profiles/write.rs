//! Writing a profile: private, whole or not at all, never through a symbolic link.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config::ProfileName;
use crate::files::{self, Missing, Rule, Spot};
use crate::limits::CONFIG_FILE_MAX;
use crate::secrets::{Disk, Files};

/// Profiles are written where `run` would read them.
const RULE: Rule = Rule::reading(false);

/// Makes the profile directory, for its owner only; one that exists stays as it is.
pub(in crate::cli) fn make_directory(directory: &Path) -> io::Result<()> {
    Ok(files::make_directory(directory, RULE, 0o700)?)
}

/// Writes a profile that does not exist yet.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] when something has its name, be it a symbolic link that leads nowhere.
pub(in crate::cli) fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    write(&spot(path)?, text)
}

/// Writes a profile in place of the one that exists. A symbolic link is replaced, what it leads to is not touched.
pub(in crate::cli) fn replace(path: &Path, name: &ProfileName, text: &[u8]) -> io::Result<()> {
    let profile = spot(path)?;
    let new = draft(&profile, name)?;
    write(&new, text)?;
    Ok(new.rename_to(&profile).inspect_err(|_| new.discard())?)
}

/// A new file `.NAME.RANDOM.yaml` alongside the profile, with `text` in it. No profile has such a name.
pub(in crate::cli) fn temporary(path: &Path, name: &ProfileName, text: &[u8]) -> io::Result<PathBuf> {
    let new = draft(&spot(path)?, name)?;
    write(&new, text)?;
    Ok(path.with_file_name(new.name()))
}

/// Removes a file of ours. That it stays behind is no reason to fail.
pub(in crate::cli) fn discard(path: &Path) {
    if let Ok(spot) = spot(path) {
        spot.discard();
    }
}

fn spot(path: &Path) -> Result<Spot, files::Error> {
    Spot::of(path, RULE, Missing::Fail)
}

fn draft(profile: &Spot, name: &ProfileName) -> Result<Spot, files::Error> {
    profile.unguessable(&name.to_string(), ".yaml")
}

fn write(spot: &Spot, text: &[u8]) -> io::Result<()> {
    let mut file = spot.create(0o600)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    // A profile that `run` would refuse, because others can exchange it, is not written in the first place.
    let readable = written.and_then(|()| Disk::default().read(&spot.path(), CONFIG_FILE_MAX));
    readable.map(|_| ()).inspect_err(|_| spot.discard())
}
