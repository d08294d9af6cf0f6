//! Files of the audit log: one that grows at its end, and the key file, which is written in place.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

use super::{OTHERS_WRITE, STICKY, Walk, entry, is_trusted, refused};
use crate::limits;

/// Mode of a file that is made here.
const OWNER_ONLY: Mode = Mode::from_raw_mode(0o600);
/// Further flags of each file.
const FLAGS: OFlags = OFlags::NOFOLLOW.union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// A name in a directory where no other user can exchange what stands under it.
pub(crate) struct Place {
    walk: Walk,
    name: OsString,
}

impl Place {
    /// Follows the path up to its last name.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let (walk, name) = Walk::to_parent(path)?;
        let mode = walk.writable_mode();
        if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
            return Err(refused(&walk.at, "is a directory that others can write; chmod o-w it"));
        }
        Ok(Self { walk, name })
    }

    /// Opens the file to write at its end, and makes one that does not exist, for its owner alone.
    pub(crate) fn append(&self) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::APPEND;
        for _ in 0..limits::FILE_LOOKS {
            let opened = match self.found() {
                Ok(found) => self.open(flags, &found),
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.make(flags),
                Err(error) => Err(error),
            };
            match opened {
                // It was made or exchanged in between, as at a rotation.
                Err(error) if [io::ErrorKind::AlreadyExists, io::ErrorKind::WouldBlock].contains(&error.kind()) => {}
                opened => return opened,
            }
        }
        Err(Errno::AGAIN.into())
    }

    /// Opens the same file for reading.
    pub(crate) fn read_back(&self, file: &File) -> io::Result<File> {
        self.open(OFlags::RDONLY, &file.metadata()?)
    }

    /// Opens a file to be read and written in place.
    pub(crate) fn update(&self) -> io::Result<File> {
        self.open(OFlags::RDWR, &self.found()?)
    }

    /// Makes a file that must not exist, for its owner alone.
    pub(crate) fn create(&self) -> io::Result<File> {
        self.make(OFlags::WRONLY)
    }

    /// Removes it again.
    pub(crate) fn discard(&self) {
        let _ = unlinkat(&self.walk.directory, &self.name, AtFlags::empty());
    }

    fn make(&self, flags: OFlags) -> io::Result<File> {
        let flags = flags | FLAGS | OFlags::CREATE | OFlags::EXCL;
        Ok(File::from(openat(&self.walk.directory, &self.name, flags, OWNER_ONLY)?))
    }

    /// What stands there, if nobody else decides over it.
    fn found(&self) -> io::Result<Metadata> {
        let (_, found) = entry(&self.walk.directory, &self.name)?;
        let fault = if !found.is_file() {
            "is not a regular file (symbolic links are not followed here)"
        } else if !is_trusted(found.uid()) {
            "belongs to another user"
        } else if found.mode() & OTHERS_WRITE != 0 {
            "can be changed by others; chmod o-w it"
        } else if found.nlink() != 1 {
            "has another name, too (a hard link)"
        } else {
            return Ok(found);
        };
        Err(refused(&self.walk.at.join(&self.name), fault))
    }

    fn open(&self, flags: OFlags, expected: &Metadata) -> io::Result<File> {
        // A pipe in its place must not be waited for.
        let flags = flags | FLAGS | OFlags::NONBLOCK;
        let file = File::from(openat(&self.walk.directory, &self.name, flags, Mode::empty())?);
        let opened = file.metadata()?;
        let is_same = (opened.dev(), opened.ino()) == (expected.dev(), expected.ino());
        is_same.then_some(file).ok_or_else(|| Errno::AGAIN.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_made_for_its_owner_and_goes_on_at_its_end() {
        let directory = std::env::temp_dir().join(format!("relay-records-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let path = directory.join("audit.log");
        for text in ["one\n", "two\n"] {
            let mut file = Place::of(&path).unwrap().append().unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let refused = |path: &Path| {
            Place::of(path)
                .and_then(|place| place.append())
                .unwrap_err()
                .to_string()
        };
        fs::set_permissions(&path, Permissions::from_mode(0o602)).unwrap();
        assert!(refused(&path).contains("changed by others"));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        symlink(&path, directory.join("link")).unwrap();
        assert!(refused(&directory.join("link")).contains("not a regular file"));
        fs::hard_link(&path, directory.join("other")).unwrap();
        assert!(refused(&path).contains("hard link"));
        fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
        assert!(refused(&directory.join("new")).contains("others can write"));
        fs::remove_dir_all(&directory).unwrap();
    }
}
