//! A name in a directory that the walk has reached: the place of a file to be created, replaced, appended to or removed.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Access, AtFlags, Mode, OFlags, RenameFlags};
use rustix::fs::{accessat, chownat, fcntl_getfl, fcntl_setfl, openat, renameat, renameat_with, unlinkat};
use rustix::io::Errno;
use rustix::process::Uid;

use super::error::{Error, Fault};
use super::rule::Rule;
use super::trusted::Trusted;
use super::walk::{self, Directory, Missing};
use crate::limits::FILE_LOOKS;

/// A name in an opened directory. Later changes to the path before it cannot make it lead elsewhere.
#[derive(Debug, Clone)]
pub struct Spot {
    directory: Arc<Directory>,
    name: OsString,
    /// The directory is one above the missing ones ([`Missing::Stop`]).
    incomplete: bool,
}

/// Device and inode, which identify a file as long as it exists or is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    /// Both numbers.
    #[must_use]
    pub fn device_and_inode(self) -> (u64, u64) {
        (self.0, self.1)
    }
}

impl From<&Metadata> for Identity {
    fn from(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

impl Spot {
    /// Follows all of a path except its last name.
    ///
    /// # Errors
    ///
    /// [`Error`]: a link on the way that the rule does not allow, a directory that cannot be entered or made.
    pub fn of(path: &Path, rule: Rule, missing: Missing) -> Result<Self, Error> {
        let name = path.file_name().ok_or(Errno::ISDIR)?.to_owned();
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let (directory, complete) = walk::directory(parent, rule, missing)?;
        Ok(Self {
            directory: Arc::new(directory),
            name,
            incomplete: !complete,
        })
    }

    /// The path, without links.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.path_of(&self.name)
    }

    /// The last name of the path.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// A path for calls that take no directory, such as bind(2). It leads through `/proc`.
    #[must_use]
    pub fn path_by_descriptor(&self) -> PathBuf {
        path_by_descriptor(self.directory.file()).join(&self.name)
    }

    /// Opens the directory itself, to lock it.
    ///
    /// # Errors
    ///
    /// The system refuses the access.
    pub fn open_directory(&self) -> Result<File, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(openat(self.directory.file(), ".", flags, Mode::empty())?.into())
    }

    /// Opens the entry itself: a link, not its target. The descriptor is a place only; it prevents reuse of the inode.
    ///
    /// # Errors
    ///
    /// The system refuses the access; a missing entry is not an error.
    pub fn look(&self) -> Result<Option<(File, Metadata)>, Error> {
        match self.directory.entry(&self.name) {
            Ok(entry) => Ok(Some(entry)),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a file.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] when the name is taken, even by a link that leads nowhere.
    pub fn create(&self, mode: u32) -> Result<File, Error> {
        self.create_with(mode, OFlags::empty())
    }

    fn create_with(&self, mode: u32, more: OFlags) -> Result<File, Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC | more;
        Ok(openat(self.directory.file(), &self.name, flags, Mode::from_raw_mode(mode))?.into())
    }

    /// Opens a file to be appended to; creates it with this mode when the name is free. An existing one must be a regular file with
    /// one name, or a character device such as `/dev/null`, of a `trusted` user. It is never truncated.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn append(&self, mode: u32, trusted: Trusted) -> Result<File, Error> {
        for _ in 0..FILE_LOOKS {
            let opened = match self.look()? {
                // Truncated by another program (logrotate(8), copytruncate), it goes on at its new end.
                None => self.create_with(mode, OFlags::APPEND),
                Some((_held, found)) => self.open_known(&found, trusted),
            };
            match opened {
                // Made, removed or exchanged in between.
                Err(Error::Unsteady) => {}
                Err(Error::Io(error))
                    if [io::ErrorKind::AlreadyExists, io::ErrorKind::NotFound].contains(&error.kind()) => {}
                opened => return opened,
            }
        }
        Err(Error::Unsteady)
    }

    /// Opens the file that [`Spot::append`] opened once more, to read it.
    ///
    /// # Errors
    ///
    /// [`Error::Unsteady`] when another file has taken its place.
    pub fn read_back(&self, appended: &File) -> Result<File, Error> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file: File = openat(self.directory.file(), &self.name, flags, Mode::empty())?.into();
        match Identity::from(&file.metadata()?) == Identity::from(&appended.metadata()?) {
            true => Ok(file),
            false => Err(Error::Unsteady),
        }
    }

    /// Opens an existing file to be read, and written in place. It must be a regular file with one name, of a `trusted` user.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn update(&self, trusted: Trusted) -> Result<File, Error> {
        self.existing(OFlags::RDWR, trusted)
    }

    /// Opens an existing file to be read. It must be a regular file with one name, of a `trusted` user.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn read(&self, trusted: Trusted) -> Result<File, Error> {
        self.existing(OFlags::RDONLY, trusted)
    }

    fn existing(&self, access: OFlags, trusted: Trusted) -> Result<File, Error> {
        let (_held, found) = self.look()?.ok_or(Errno::NOENT)?;
        self.judge(&found, trusted)?;
        if !found.is_file() {
            return Err(self.directory.refused(&self.name, Fault::Kind("a device")));
        }
        let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file: File = openat(self.directory.file(), &self.name, flags, Mode::empty())?.into();
        let opened = file.metadata()?;
        if Identity::from(&opened) != Identity::from(&found) {
            return Err(Error::Unsteady);
        }
        self.judge(&opened, trusted)?;
        Ok(file)
    }

    fn open_known(&self, found: &Metadata, trusted: Trusted) -> Result<File, Error> {
        self.judge(found, trusted)?;
        // Opened without waiting, in case a pipe has taken its place.
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file: File = openat(self.directory.file(), &self.name, flags, Mode::empty())?.into();
        let opened = file.metadata()?;
        if Identity::from(&opened) != Identity::from(found) {
            return Err(Error::Unsteady);
        }
        // Names may have been added since.
        self.judge(&opened, trusted)?;
        fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
        Ok(file)
    }

    fn judge(&self, found: &Metadata, trusted: Trusted) -> Result<(), Error> {
        let fault = match kind(found) {
            Kind::Link => Fault::LinkAtEnd,
            Kind::Other(kind) => Fault::Kind(kind),
            _ if !trusted.includes(found.uid()) => Fault::FileOwner { uid: found.uid() },
            Kind::File if found.nlink() > 1 => Fault::Names,
            Kind::File | Kind::Device => return Ok(()),
        };
        Err(self.directory.refused(&self.name, fault))
    }

    /// Whether [`Spot::replace`] would replace something that is not a regular file: it never does.
    fn judge_replaced(&self) -> Result<(), Error> {
        let fault = match self.look()?.map(|(_, found)| kind(&found)) {
            None | Some(Kind::File) => return Ok(()),
            Some(Kind::Link) => Fault::LinkAtEnd,
            Some(Kind::Device) => Fault::Kind("a device"),
            Some(Kind::Other(kind)) => Fault::Kind(kind),
        };
        Err(self.directory.refused(&self.name, fault))
    }

    /// Puts a file with this content and mode, whatever the process's mask, in place of the existing regular file, or at a free
    /// name: readers see either the old content or the new one.
    ///
    /// # Errors
    ///
    /// [`Error`]; the old content then remains.
    pub fn replace(&self, content: &[u8], mode: u32) -> Result<File, Error> {
        self.judge_replaced()?;
        let new = self.unguessable("tunnel-client", ".tmp")?;
        let mut file = new.create(mode)?;
        let mut write = || {
            file.set_permissions(Permissions::from_mode(mode))?;
            file.write_all(content)?;
            new.rename_to(self)
        };
        write().inspect_err(|_| new.discard())?;
        Ok(file)
    }

    /// Tests whether [`Spot::append`] would succeed, and leaves no trace. Opens an existing file without changing it.
    ///
    /// # Errors
    ///
    /// The error of [`Spot::append`].
    pub fn try_append(&self, mode: u32, trusted: Trusted) -> Result<(), Error> {
        if self.look()?.is_some() {
            return self.append(mode, trusted).map(drop);
        }
        self.create(mode)?;
        Ok(self.remove()?)
    }

    /// Tests whether [`Spot::replace`] would succeed, and leaves no trace.
    ///
    /// # Errors
    ///
    /// The error of [`Spot::replace`].
    pub fn try_replace(&self) -> Result<(), Error> {
        if !self.incomplete {
            self.judge_replaced()?;
        }
        let new = self.unguessable("tunnel-client", ".tmp")?;
        new.create(0o600)?;
        Ok(new.remove()?)
    }

    /// Tests [`Spot::append`] as far as it shows without a new file: judges and opens an existing one, and asks for the right to
    /// create a missing one.
    ///
    /// # Errors
    ///
    /// The error of [`Spot::append`].
    pub fn could_append(&self, trusted: Trusted) -> Result<(), Error> {
        match self.look()? {
            Some((_held, found)) => self.open_known(&found, trusted).map(drop),
            None => self.could_create(),
        }
    }

    /// Tests [`Spot::replace`] as far as it shows without a new file.
    ///
    /// # Errors
    ///
    /// The error of [`Spot::replace`].
    pub fn could_replace(&self) -> Result<(), Error> {
        if !self.incomplete {
            self.judge_replaced()?;
        }
        self.could_create()
    }

    /// Asks the system whether this process may create entries in the directory.
    ///
    /// # Errors
    ///
    /// It may not, or the file system is read-only.
    pub fn could_create(&self) -> Result<(), Error> {
        let access = Access::WRITE_OK | Access::EXEC_OK;
        Ok(accessat(self.directory.file(), ".", access, AtFlags::EACCESS)?)
    }

    /// Another name in the same directory, with 64 random bits.
    ///
    /// # Errors
    ///
    /// The system has no randomness.
    pub fn unguessable(&self, prefix: &str, suffix: &str) -> Result<Self, Error> {
        let random = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self {
            directory: Arc::clone(&self.directory),
            name: format!(".{prefix}.{random:016x}{suffix}").into(),
            incomplete: self.incomplete,
        })
    }

    /// Renames the file within the same directory, over any existing entry. A link is replaced, not followed.
    ///
    /// # Errors
    ///
    /// The system refuses the change.
    pub fn rename_to(&self, other: &Self) -> Result<(), Error> {
        let (from, to) = (self.directory.file(), other.directory.file());
        Ok(renameat(from, &self.name, to, &other.name)?)
    }

    /// Renames the file within the same directory to a free name.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`], or the system refuses the change.
    pub fn rename_if_free(&self, other: &Self) -> Result<(), Error> {
        let (from, to) = (self.directory.file(), other.directory.file());
        Ok(renameat_with(
            from,
            &self.name,
            to,
            &other.name,
            RenameFlags::NOREPLACE,
        )?)
    }

    /// Removes the name.
    ///
    /// # Errors
    ///
    /// The system refuses the change.
    pub fn remove(&self) -> io::Result<()> {
        Ok(unlinkat(self.directory.file(), &self.name, AtFlags::empty())?)
    }

    /// Removes the name of a file of ours. A remaining file is not a reason to fail.
    pub fn discard(&self) {
        let _ = self.remove();
    }

    /// Removes the name as long as it belongs to this file; a file that has taken its place remains.
    ///
    /// # Errors
    ///
    /// The system refuses the change.
    pub fn remove_if(&self, identity: Identity) -> io::Result<()> {
        match self.look()? {
            Some((_held, found)) if Identity::from(&found) == identity => self.remove(),
            _ => Ok(()),
        }
    }
}

/// Gives a file to this user. `file` can be a place only, as [`Spot::look`] opens it.
///
/// # Errors
///
/// The system refuses.
pub fn give(file: &File, uid: u32) -> io::Result<()> {
    Ok(chownat(file, "", Some(Uid::from_raw(uid)), None, AtFlags::EMPTY_PATH)?)
}

/// A path to an opened file for calls that take no descriptor. It leads through `/proc`.
pub fn path_by_descriptor(file: &File) -> PathBuf {
    Path::new("/proc/self/fd").join(file.as_raw_fd().to_string())
}

enum Kind {
    File,
    Device,
    Link,
    Other(&'static str),
}

fn kind(metadata: &Metadata) -> Kind {
    let kind = metadata.file_type();
    if kind.is_file() {
        Kind::File
    } else if kind.is_char_device() {
        Kind::Device
    } else if kind.is_symlink() {
        Kind::Link
    } else if kind.is_fifo() {
        Kind::Other("a named pipe")
    } else if kind.is_socket() {
        Kind::Other("a socket")
    } else if kind.is_dir() {
        Kind::Other("a directory")
    } else {
        Kind::Other("a block device")
    }
}
