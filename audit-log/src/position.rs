//! How far a log was forwarded: a place in a file, recognised by what stands there, and the small file that remembers it.
//!
//! A place is an offset with digests of the first bytes of its file and of the last bytes before it. So it belongs to one file under whatever
//! name, also after a rotation, a copy or a restore, and to no other one. The file that remembers it has two slots of the same size; a
//! change writes one of them whole, and the valid slot with the higher serial number counts.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;

use ring::digest::{SHA256, digest};

use crate::hex::{self, Hex};
use crate::limits::FINGERPRINT_MAX;
use crate::slot;

/// Bytes of a slot, with its line break. One call writes all of it.
const SLOT: usize = 320;
const NAME: &str = "tunnel-audit-position-1";
const DIGEST: usize = 32;

/// A place in a file of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    offset: u64,
    /// The file's first bytes.
    start: Fingerprint,
    /// The last bytes before the offset.
    end: Fingerprint,
}

/// Digest of so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    length: u16,
    digest: [u8; DIGEST],
}

/// Whether a place belongs to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Here,
    /// The file begins as the one of the place and ends before it, as after a crash of the host.
    Shorter,
    /// It is another file.
    Elsewhere,
}

impl Position {
    /// The place at this offset.
    ///
    /// # Errors
    ///
    /// The file cannot be read up to there.
    pub fn of(file: &File, offset: u64) -> io::Result<Self> {
        let most = FINGERPRINT_MAX as u64;
        let length = file.metadata()?.len();
        Ok(Self {
            offset,
            start: Fingerprint::of(file, 0, length.min(most))?,
            end: Fingerprint::of(file, offset.saturating_sub(most), offset.min(most))?,
        })
    }

    /// Bytes before it.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether this file is the one of the place.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn fit(&self, file: &File) -> io::Result<Fit> {
        let length = file.metadata()?.len();
        let has = |fingerprint: &Fingerprint, at: u64| -> io::Result<bool> {
            Ok(Fingerprint::of(file, at, u64::from(fingerprint.length))? == *fingerprint)
        };
        if length < u64::from(self.start.length) || !has(&self.start, 0)? {
            return Ok(Fit::Elsewhere);
        }
        if length < self.offset {
            return Ok(Fit::Shorter);
        }
        let before = self.offset - u64::from(self.end.length);
        match has(&self.end, before)? {
            true => Ok(Fit::Here),
            false => Ok(Fit::Elsewhere),
        }
    }

    fn written(&self, serial: u64) -> String {
        let mut text = String::with_capacity(SLOT);
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{NAME} serial={serial:016x} offset={:016x} start={:04x}:{} end={:04x}:{}",
            self.offset,
            self.start.length,
            Hex(&self.start.digest),
            self.end.length,
            Hex(&self.end.digest),
        );
        slot::finish(&mut text, SLOT);
        text
    }

    /// Serial number and place of a slot.
    fn read(slot: &[u8]) -> Option<(u64, Self)> {
        let mut words = slot::checked(slot)?.split(|byte| *byte == b' ');
        if words.next()? != NAME.as_bytes() {
            return None;
        }
        let mut word = |name: &str| words.next()?.strip_prefix(name.as_bytes());
        let number = |digits: &[u8]| {
            let mut bytes = [0; 8];
            hex::read_into(digits, &mut bytes).map(|()| u64::from_be_bytes(bytes))
        };
        let serial = number(word("serial=")?)?;
        let offset = number(word("offset=")?)?;
        let start = Fingerprint::read(word("start=")?)?;
        let end = Fingerprint::read(word("end=")?)?;
        let is_sound = u64::from(end.length) <= offset;
        is_sound.then_some((serial, Self { offset, start, end }))
    }
}

impl Fingerprint {
    fn of(file: &File, at: u64, length: u64) -> io::Result<Self> {
        let length = u16::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut bytes = vec![0; usize::from(length)];
        file.read_exact_at(&mut bytes, at)?;
        let mut found = [0; DIGEST];
        found.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        Ok(Self { length, digest: found })
    }

    fn read(text: &[u8]) -> Option<Self> {
        let (length, digits) = text.split_at_checked(4)?;
        let mut bytes = [0; 2];
        hex::read_into(length, &mut bytes)?;
        let mut digest = [0; DIGEST];
        hex::read_into(digits.strip_prefix(b":")?, &mut digest)?;
        let length = u16::from_be_bytes(bytes);
        (usize::from(length) <= FINGERPRINT_MAX).then_some(Self { length, digest })
    }
}

/// The opened file that remembers a place.
#[derive(Debug)]
pub struct PositionFile {
    file: File,
    serial: u64,
}

/// What the file remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Nothing: it is new.
    Nothing,
    /// A place.
    Known(Position),
    /// Neither slot is valid: it is torn, or another kind of file.
    Unreadable,
}

impl PositionFile {
    /// Reads a file that was opened for reading and writing.
    ///
    /// # Errors
    ///
    /// [`io::Error`].
    pub fn open(mut file: File) -> io::Result<(Self, Stored)> {
        let mut slots = Vec::with_capacity(2 * SLOT);
        file.seek(SeekFrom::Start(0))?;
        (&file).take(2 * SLOT as u64).read_to_end(&mut slots)?;
        let valid = slots.chunks_exact(SLOT).filter_map(Position::read);
        let last = valid.max_by_key(|(serial, _)| *serial);
        let (serial, stored) = match last {
            Some((serial, position)) => (serial, Stored::Known(position)),
            None if slots.is_empty() => (0, Stored::Nothing),
            None => (0, Stored::Unreadable),
        };
        Ok((Self { file, serial }, stored))
    }

    /// Remembers a place. A crash of the program does not lose it, a crash of the host may.
    ///
    /// # Errors
    ///
    /// [`io::Error`].
    pub fn store(&mut self, position: &Position) -> io::Result<()> {
        let next = self.serial.wrapping_add(1);
        let slot = position.written(next);
        let place = if next.is_multiple_of(2) { SLOT as u64 } else { 0 };
        self.file.seek(SeekFrom::Start(place))?;
        self.file.write_all(slot.as_bytes())?;
        self.serial = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, OpenOptions};
    use std::path::{Path, PathBuf};

    use super::*;

    fn place(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("audit-position-{name}-{}", std::process::id()))
    }

    fn log(path: &Path, lines: u64) -> File {
        let text: String = (0..lines)
            .map(|line| format!("line {line} {}\n", "x".repeat(90)))
            .collect();
        fs::write(path, text).unwrap();
        File::open(path).unwrap()
    }

    fn open(path: &Path) -> (PositionFile, Stored) {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        PositionFile::open(file.unwrap()).unwrap()
    }

    #[test]
    fn a_place_belongs_to_its_file_as_long_as_that_grows_and_to_no_other() {
        let path = place("fit");
        for lines in [0, 1, 3, 40] {
            let file = log(&path, lines);
            let length = file.metadata().unwrap().len();
            let position = Position::of(&file, length).unwrap();
            assert_eq!(position.offset(), length);
            assert_eq!(position.fit(&log(&path, lines)).unwrap(), Fit::Here);
            assert_eq!(position.fit(&log(&path, lines + 9)).unwrap(), Fit::Here);
            if lines > 0 {
                assert_eq!(position.fit(&log(&path, 0)).unwrap(), Fit::Elsewhere);
                let mut other = fs::read(&path).unwrap();
                other.extend(vec![b'y'; 10_000]);
                fs::write(&path, &other).unwrap();
                assert_eq!(position.fit(&File::open(&path).unwrap()).unwrap(), Fit::Elsewhere);
            }
            if lines == 40 {
                assert_eq!(position.fit(&log(&path, 20)).unwrap(), Fit::Shorter);
                log(&path, 60);
                let mut altered = fs::read(&path).unwrap();
                altered[usize::try_from(length).unwrap() - 2] ^= 1;
                fs::write(&path, &altered).unwrap();
                assert_eq!(position.fit(&File::open(&path).unwrap()).unwrap(), Fit::Elsewhere);
            }
        }
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn the_last_place_is_remembered_and_a_torn_slot_leaves_the_one_before() {
        let (path, source) = (place("slots"), place("slots-log"));
        let file = log(&source, 10);
        assert_eq!(open(&path).1, Stored::Nothing);
        let places: Vec<_> = (0..5).map(|offset| Position::of(&file, offset * 97).unwrap()).collect();
        for position in &places {
            let mut opened = open(&path).0;
            opened.store(position).unwrap();
            assert_eq!(open(&path).1, Stored::Known(*position));
        }
        let whole = fs::read(&path).unwrap();
        assert_eq!(whole.len(), 2 * SLOT);
        for broken in 0..whole.len() {
            let mut torn = whole.clone();
            torn[broken] ^= 1;
            fs::write(&path, &torn).unwrap();
            let found = open(&path).1;
            let is_one = [places[3], places[4]]
                .iter()
                .any(|place| found == Stored::Known(*place));
            assert!(is_one, "{broken}");
        }
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let found = open(&path).1;
            // The last place is in the first slot.
            let expected = match length {
                0 => Stored::Nothing,
                1..SLOT => Stored::Unreadable,
                _ => Stored::Known(places[4]),
            };
            assert_eq!(found, expected, "{length}");
        }
        for foreign in [vec![0; 2 * SLOT], b"x\n".to_vec(), vec![0xff; 5000]] {
            fs::write(&path, &foreign).unwrap();
            let (mut opened, found) = open(&path);
            assert_eq!(found, Stored::Unreadable);
            opened.store(&places[1]).unwrap();
            assert_eq!(open(&path).1, Stored::Known(places[1]));
        }
        fs::remove_file(path).unwrap();
        fs::remove_file(source).unwrap();
    }
}
