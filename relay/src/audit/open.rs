//! Opens the files of the audit log, and makes its key.

use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use audit_log::{AuditLog, InitialKey, KeyFile, SessionKey, Tail};
use secrecy::zeroize::Zeroizing;

use super::Settings;
use crate::files::Place;

/// An audit log that is ready to be written.
pub(crate) struct Opened {
    pub(super) settings: Settings,
    file: File,
    /// The key file of a chain, and the end of the file.
    chain: Option<(KeyFile, Tail)>,
    /// The file ends within a line: what a kill or a full disk left of a record.
    is_mid_line: bool,
}

impl Opened {
    /// Opens the files that the options name, and changes neither. Mistakes name the option.
    pub(crate) fn of(settings: Settings) -> Result<Self, String> {
        let path = settings.file.display().to_string();
        let refused = |error: std::io::Error| format!("--audit-file {path}: {error}");
        let place = Place::of(&settings.file).map_err(refused)?;
        let file = place.append().map_err(refused)?;
        // Two writers would make lines that belong to no chain. A file system without locks has nothing against them.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(format!(
                "--audit-file {path}: another process writes it; name another file, or stop that process"
            ));
        }
        let mut end = place.read_back(&file).map_err(refused)?;
        let (mut chain, mut is_mid_line) = (None, false);
        match &settings.key_file {
            Some(key_path) => {
                let key = open_key(key_path)?;
                let tail = Tail::read(&mut end).map_err(refused)?.ok_or_else(|| {
                    format!("--audit-file {path}: it ends with lines that are no sealed records; move it away, or leave out --audit-key-file")
                })?;
                chain = Some((key, tail));
            }
            None => is_mid_line = Tail::is_mid_line(&mut end).map_err(refused)?,
        }
        Ok(Self {
            settings,
            file,
            chain,
            is_mid_line,
        })
    }

    /// Moves the key on: what is written from now on belongs to a run of its own.
    pub(super) fn begin(self) -> Result<(Settings, AuditLog<File>), String> {
        let program = concat!("tunnel-relay ", env!("CARGO_PKG_VERSION"));
        let log = match self.chain {
            Some((key, tail)) => AuditLog::sealed(self.file, tail, key, program)
                .map_err(|error| format!("--audit-key-file: it cannot be written: {error}"))?,
            None => {
                let sessions = SessionKey::new(&*random()?);
                AuditLog::plain(self.file, self.is_mid_line, sessions, program)
            }
        };
        Ok((self.settings, log))
    }
}

fn open_key(path: &Path) -> Result<KeyFile, String> {
    const OTHERS: u32 = 0o077;
    let refused = |error: &dyn std::fmt::Display| format!("--audit-key-file {}: {error}", path.display());
    let opened = Place::of(path).and_then(|place| place.update());
    let file = opened.map_err(|error| refused(&format_args!("{error}; tunnel-relay audit init makes one")))?;
    let mode = file.metadata().map_err(|error| refused(&error))?.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(refused(&format_args!(
            "it has mode {mode:04o}, so that others can use it; chmod 0600 it"
        )));
    }
    KeyFile::open(file).map_err(|error| refused(&error))
}

/// Makes a key file that must not exist, and returns the text of the initial key once `hand_over` has it: a key that nobody else has
/// would make a log that nobody can verify.
pub(crate) fn make_key(path: &Path, hand_over: impl FnOnce(&str) -> Result<(), String>) -> Result<(), String> {
    let refused = |error: std::io::Error| {
        let why = match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                "it exists; a key that is in use must not be replaced, so name another file".to_owned()
            }
            _ => error.to_string(),
        };
        format!("audit init: {}: {why}", path.display())
    };
    let initial = InitialKey::new(&*random()?);
    let place = Place::of(path).map_err(refused)?;
    let file = place.create().map_err(refused)?;
    KeyFile::create(file, &initial)
        .map_err(refused)
        .and_then(|()| hand_over(&initial.text()))
        .inspect_err(|_| place.discard())
}

fn random() -> Result<Zeroizing<[u8; 32]>, String> {
    let mut random = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *random).map_err(|error| format!("the system has no randomness: {error}"))?;
    Ok(random)
}
