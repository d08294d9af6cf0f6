//! The key file of the host: the key of the next start, and the last record that was known.
//!
//! It has two slots of the same size. A change writes one of them whole, in one call; the valid slot with the higher serial number
//! counts. So a crash in between leaves the other one. A start moves the key on in both, so that neither keeps the old key. Written in
//! place, the old key is overwritten where it stood, as far as the file system does that.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use zeroize::Zeroizing;

use crate::hex::{self, Hex};
use crate::key::{Head, InitialKey, Key, LENGTH, SessionKey, Tag, countable};
use crate::slot;

/// Bytes of a slot, with its line break. One call writes all of it. A slot may span two sectors: its check shows when one is missing.
const SLOT: usize = 384;
const NAME: &str = "tunnel-audit-key-1";

/// The key file is not usable.
#[derive(Debug)]
pub enum Error {
    /// It cannot be read or written.
    Io(io::Error),
    /// No slot of it is valid.
    Invalid,
    /// Another process has it.
    InUse,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Invalid => f.write_str("not a key file of an audit log"),
            Self::InUse => f.write_str("another process uses it"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// An opened key file.
#[derive(Debug)]
pub struct KeyFile {
    file: File,
    stored: Stored,
}

#[derive(Debug)]
struct Stored {
    serial: u64,
    /// Number of the run that begins next.
    generation: u64,
    head: Head,
    /// The key that this run takes its own from.
    key: Key,
    sessions: Key,
}

impl KeyFile {
    /// Writes the key file of a new installation into an empty file.
    ///
    /// # Errors
    ///
    /// [`io::Error`].
    pub fn create(file: File, initial: &InitialKey) -> io::Result<()> {
        let mut new = Self {
            file,
            stored: Stored {
                serial: 0,
                generation: 0,
                head: Head::NONE,
                key: initial.0.copy(),
                sessions: initial.sessions().0,
            },
        };
        new.store_both()
    }

    /// Reads a key file that was opened for reading and writing, and keeps other processes from it as long as it is open.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn open(mut file: File) -> Result<Self, Error> {
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(Error::InUse),
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut slots = Zeroizing::new([0; 2 * SLOT]);
        file.seek(SeekFrom::Start(0))?;
        let mut filled = 0;
        while let Some(rest) = slots.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let valid = slots.chunks_exact(SLOT).filter_map(Stored::read);
        let stored = valid.max_by_key(|stored| stored.serial).ok_or(Error::Invalid)?;
        Ok(Self { file, stored })
    }

    /// The last record that was known.
    #[must_use]
    pub fn head(&self) -> Head {
        self.stored.head
    }

    pub(crate) fn sessions(&self) -> SessionKey {
        SessionKey(self.stored.sessions.copy())
    }

    /// Takes the key of a new run and its number, once the file has the key of the next run alone.
    pub(crate) fn begin(&mut self) -> io::Result<(Key, u64)> {
        let (key, generation) = (self.stored.key.of_generation(), self.stored.generation);
        self.stored.key.next_generation();
        self.stored.generation += 1;
        self.store_both()?;
        Ok((key, generation))
    }

    /// Remembers the last record. A crash of the host may lose it, a crash of the program does not.
    pub(crate) fn note(&mut self, head: Head) -> io::Result<()> {
        // What could not be read again would cost both slots.
        countable(head.count).ok_or(io::ErrorKind::InvalidInput)?;
        self.stored.head = head;
        self.store()
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn store_both(&mut self) -> io::Result<()> {
        for _ in 0..2 {
            self.store()?;
            self.sync()?;
        }
        Ok(())
    }

    fn store(&mut self) -> io::Result<()> {
        let next = self.stored.serial + 1;
        let slot = self.stored.written(next);
        let place = if next.is_multiple_of(2) { 0 } else { SLOT as u64 };
        self.file.seek(SeekFrom::Start(place))?;
        self.file.write_all(slot.as_bytes())?;
        self.stored.serial = next;
        Ok(())
    }
}

impl Stored {
    fn written(&self, serial: u64) -> Zeroizing<String> {
        // Room for all of it, so that it is in one place.
        let mut text = Zeroizing::new(String::with_capacity(SLOT));
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{NAME} serial={serial:016x} generation={:016x} count={:016x} head={} key={} sessions={}",
            self.generation,
            self.head.count,
            self.head.tag,
            Hex(self.key.bytes()),
            Hex(self.sessions.bytes()),
        );
        slot::finish(&mut text, SLOT);
        text
    }

    fn read(slot: &[u8]) -> Option<Self> {
        let mut words = slot::checked(slot)?.split(|byte| *byte == b' ');
        if words.next()? != NAME.as_bytes() {
            return None;
        }
        let mut word = |name: &str| words.next()?.strip_prefix(name.as_bytes());
        let number = |digits: &[u8]| {
            let mut bytes = [0; 8];
            hex::read_into(digits, &mut bytes).and_then(|()| countable(u64::from_be_bytes(bytes)))
        };
        let serial = number(word("serial=")?)?;
        let generation = number(word("generation=")?)?;
        let count = number(word("count=")?)?;
        let tag = Tag::read(word("head=")?)?;
        let (mut key, mut sessions) = (Key::zero(), Key::zero());
        hex::read_into::<LENGTH>(word("key=")?, key.bytes_mut())?;
        hex::read_into::<LENGTH>(word("sessions=")?, sessions.bytes_mut())?;
        Some(Self {
            serial,
            generation,
            head: Head { count, tag },
            key,
            sessions,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, OpenOptions};
    use std::path::{Path, PathBuf};

    use super::*;

    fn place(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("audit-key-{name}-{}", std::process::id()))
    }

    fn open(path: &Path) -> Result<KeyFile, Error> {
        KeyFile::open(OpenOptions::new().read(true).write(true).open(path).unwrap())
    }

    #[test]
    fn a_start_leaves_nothing_of_the_key_that_it_took() {
        let path = place("moved");
        let initial = InitialKey::new(&[9; LENGTH]);
        KeyFile::create(File::create(&path).unwrap(), &initial).unwrap();
        let first = Hex(initial.0.bytes()).to_string();
        assert!(fs::read_to_string(&path).unwrap().contains(&first));
        let (key, generation) = open(&path).unwrap().begin().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&first) && !text.contains(&Hex(key.bytes()).to_string()));
        assert_eq!((text.len(), generation), (2 * SLOT, 0));
        let (second, generation) = open(&path).unwrap().begin().unwrap();
        assert!(second.bytes() != key.bytes() && generation == 1);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_slot_that_a_crash_cut_short_leaves_the_other() {
        let path = place("slots");
        KeyFile::create(File::create(&path).unwrap(), &InitialKey::new(&[9; LENGTH])).unwrap();
        let head = |count| Head {
            count,
            tag: Tag([1; LENGTH]),
        };
        {
            let mut file = open(&path).unwrap();
            file.note(head(5)).unwrap();
            file.note(head(6)).unwrap();
        }
        let whole = fs::read(&path).unwrap();
        let mut found = Vec::new();
        for place in 0..whole.len() {
            let mut broken = whole.clone();
            broken[place] ^= 1;
            fs::write(&path, &broken).unwrap();
            found.push(open(&path).unwrap().head().count);
        }
        // Each slot stands for itself; the filling is part of neither.
        assert_eq!((found.iter().min(), found.iter().max()), (Some(&5), Some(&6)));
        fs::write(&path, [0; 2 * SLOT]).unwrap();
        assert!(matches!(open(&path), Err(Error::Invalid)));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn one_process_uses_it_at_a_time() {
        let path = place("lock");
        KeyFile::create(File::create(&path).unwrap(), &InitialKey::new(&[9; LENGTH])).unwrap();
        let held = open(&path).unwrap();
        assert!(matches!(open(&path), Err(Error::InUse)));
        drop(held);
        assert!(open(&path).is_ok());
        fs::remove_file(path).unwrap();
    }
}
