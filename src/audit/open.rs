//! Opens the files of the audit log while the process may: as whoever started it, before it gives up its privileges.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use audit_log::{KeyFile, KeyFileError, SessionKey, Tail};
use secrecy::zeroize::Zeroizing;

use super::forward::Source;
use crate::config::{self, Config};
use crate::files::{self, Missing, Rule, Spot, Trusted};
use crate::sandbox;

/// Mode of an audit file that does not exist yet.
pub(super) const FILE_MODE: u32 = 0o600;

/// The audit log cannot be used.
#[derive(Debug)]
pub enum Error {
    /// The file cannot be opened.
    File(PathBuf, files::Error),
    /// Its end has lines that are no records of a chain.
    Foreign(PathBuf),
    /// It is not a regular file.
    Kind(PathBuf),
    /// Another process writes it.
    InUse(PathBuf),
    /// The file that remembers how far records were forwarded cannot be opened.
    Position(PathBuf, files::Error),
    /// The key file cannot be opened.
    KeyFile(PathBuf, files::Error),
    /// Others can read it.
    Exposed(PathBuf, u32),
    /// It is no key file, or cannot be written.
    Key(PathBuf, KeyFileError),
    /// The system has no randomness.
    Randomness(getrandom::Error),
    /// The thread that writes cannot be had.
    Thread(io::Error),
    /// It cannot give up what it is to give up.
    Cage(sandbox::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "audit.file: {} cannot be opened: {error}", path.display()),
            Self::Foreign(path) => write!(
                f,
                "audit.file: {} ends with lines that are no sealed records; move it away, or unset audit.key_file",
                path.display()
            ),
            Self::Kind(path) => write!(
                f,
                "audit.file: {} is not a regular file; name another one",
                path.display()
            ),
            Self::InUse(path) => write!(
                f,
                "audit.file: another process writes {}; name another file, or stop that process",
                path.display()
            ),
            Self::Position(path, error) => write!(
                f,
                "audit.forward: {} cannot be opened: {error}; let the client's user create it, or set audit.forward to none",
                path.display()
            ),
            Self::KeyFile(path, error) => write!(
                f,
                "audit.key_file: {} cannot be opened: {error}; tunnel-client audit init makes one",
                path.display()
            ),
            Self::Exposed(path, mode) => write!(
                f,
                "audit.key_file: {} has mode {mode:04o}, so that others can use it; chmod 0600 it",
                path.display()
            ),
            Self::Key(path, error) => write!(f, "audit.key_file: {}: {error}", path.display()),
            Self::Randomness(error) => write!(f, "audit.file: the system has no randomness: {error}"),
            Self::Thread(error) => write!(f, "audit.file: no thread that writes: {error}"),
            Self::Cage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// Where the file is, to be opened again.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    pub(super) trusted: Trusted,
    /// Records are forwarded.
    is_read: bool,
}

/// A file that the log goes on in.
#[derive(Debug)]
pub(super) struct Reopened {
    pub(super) file: File,
    /// The same, opened to be read: where records are forwarded.
    pub(super) reading: Option<File>,
}

impl Place {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn open(&self) -> Result<Reopened, files::Error> {
        let spot = self.spot()?;
        let file = spot.append(FILE_MODE, self.trusted)?;
        let reading = self.is_read.then(|| spot.read_back(&file)).transpose()?;
        Ok(Reopened { file, reading })
    }

    pub(super) fn spot(&self) -> Result<Spot, files::Error> {
        Spot::of(&self.path, Rule::creating(), Missing::Fail)
    }
}

/// An audit log that is ready to be written.
#[derive(Debug)]
pub struct Opened {
    pub(super) place: Place,
    pub(super) settings: config::Audit,
    file: File,
    /// The key file of a chain, and the end of the file.
    chain: Option<(PathBuf, KeyFile, Tail)>,
    /// The file ends within a line: what a kill or a full disk left of a record.
    is_mid_line: bool,
    /// What is forwarded.
    pub(super) source: Option<Source>,
}

impl Opened {
    /// Opens the files that the configuration names, and changes none; creates those that are missing.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn of(config: &Config) -> Result<Option<Self>, Error> {
        let Some(settings) = &config.audit else { return Ok(None) };
        let place = place(config, settings)?;
        let path = || place.path.clone();
        let refused = |error| Error::File(place.path.clone(), error);
        let spot = place.spot().map_err(refused)?;
        let file = spot.append(FILE_MODE, place.trusted).map_err(refused)?;
        let found = file.metadata().map_err(|error| refused(error.into()))?;
        if !found.is_file() {
            return Err(Error::Kind(path()));
        }
        // Two writers would make lines that belong to no chain. A file system without locks has nothing against them.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::InUse(path()));
        }
        let chain = match &settings.key_file {
            Some(key_path) => {
                let key = open_key(key_path, place.trusted)?;
                let mut end = spot.read_back(&file).map_err(refused)?;
                let tail = Tail::read(&mut end).map_err(|error| refused(error.into()))?;
                Some((key_path.clone(), key, tail.ok_or_else(|| Error::Foreign(path()))?))
            }
            None => None,
        };
        let last_line = || Tail::is_mid_line(&mut spot.read_back(&file).ok()?).ok();
        // An empty line does less harm than a record that begins within another one.
        let is_mid_line = chain.is_none() && last_line().unwrap_or(found.len() > 0);
        let source = match &settings.forward {
            Some(forward) => {
                let reading = spot.read_back(&file).map_err(refused)?;
                let source = Source::open(forward, &place.path, reading, place.trusted);
                Some(source.map_err(|error| Error::Position(forward.position.clone(), error))?)
            }
            None => None,
        };
        Ok(Some(Self {
            place,
            settings: settings.clone(),
            file,
            chain,
            is_mid_line,
            source,
        }))
    }

    /// Moves the key on: what is written from now on belongs to a run of its own.
    pub(super) fn begin(self) -> Result<(Place, config::Audit, Begun), Error> {
        let program = concat!("tunnel-client ", env!("CARGO_PKG_VERSION"));
        let log = match self.chain {
            Some((path, key, tail)) => audit_log::AuditLog::sealed(self.file, tail, key, program)
                .map_err(|error| Error::Key(path, error.into()))?,
            None => {
                let mut random = Zeroizing::new([0; 32]);
                getrandom::fill(&mut *random).map_err(Error::Randomness)?;
                audit_log::AuditLog::plain(self.file, self.is_mid_line, SessionKey::new(&random), program)
            }
        };
        let begun = Begun {
            log,
            source: self.source,
        };
        Ok((self.place, self.settings, begun))
    }
}

/// A log, and what is forwarded of it.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) log: audit_log::AuditLog<File>,
    pub(super) source: Option<Source>,
}

pub(super) fn place(config: &Config, settings: &config::Audit) -> Result<Place, Error> {
    let path = std::path::absolute(&settings.file).map_err(|error| Error::File(settings.file.clone(), error.into()))?;
    Ok(Place {
        path,
        trusted: sandbox::log_owners(config),
        is_read: settings.forward.is_some(),
    })
}

pub(super) fn open_key(path: &Path, trusted: Trusted) -> Result<KeyFile, Error> {
    const OTHERS: u32 = 0o077;
    let spot = Spot::of(path, Rule::reading(true), Missing::Fail);
    let file = spot
        .and_then(|spot| spot.update(trusted))
        .map_err(|error| Error::KeyFile(path.to_owned(), error))?;
    let mode = match file.metadata() {
        Ok(found) => found.mode() & 0o7777,
        Err(error) => return Err(Error::KeyFile(path.to_owned(), error.into())),
    };
    if mode & OTHERS != 0 {
        return Err(Error::Exposed(path.to_owned(), mode));
    }
    KeyFile::open(file).map_err(|error| Error::Key(path.to_owned(), error))
}

/// Tests the same as far as it shows without a change of any file.
///
/// # Errors
///
/// [`Error`].
pub fn could_open(config: &Config) -> Result<(), Error> {
    let Some(settings) = &config.audit else { return Ok(()) };
    let place = place(config, settings)?;
    let could = place.spot().and_then(|spot| spot.could_append(place.trusted));
    could.map_err(|error| Error::File(place.path.clone(), error))?;
    if let Some(forward) = &settings.forward {
        let spot = Spot::of(&forward.position, Rule::creating(), Missing::Fail);
        let could = spot.and_then(|spot| spot.could_append(place.trusted));
        could.map_err(|error| Error::Position(forward.position.clone(), error))?;
    }
    let Some(path) = &settings.key_file else { return Ok(()) };
    match open_key(path, place.trusted) {
        // The client that runs has it: `config check` is for that one, too.
        Ok(_) | Err(Error::Key(_, KeyFileError::InUse)) => Ok(()),
        Err(error) => Err(error),
    }
}
