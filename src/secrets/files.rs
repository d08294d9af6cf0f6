//! Reading small files whole, within a bound, into memory that is wiped; the opened file is judged, not a name.

use std::cell::RefCell;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use secrecy::zeroize::Zeroizing;

use super::error::FileError;
use super::guard::Guard;
use super::outsiders::Outsiders;
use super::seclusion::{Accepted, SecludedFile, Seclusion};
use crate::files::{self, Found};
use crate::limits::{FILE_LOOKS, SECRET_PIPE_TIMEOUT};

/// How the files that a configuration names are read; a trait so that configuration can be tested without a disk.
pub trait Files {
    /// The whole contents of a file that decides what we do, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is neither a regular file nor a pipe, is larger than `limit`, or others can change it.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>>;

    /// The whole contents of a file that holds a secret, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// As [`Files::read`]; also when others can read the file, unless something else keeps them from it, or its group can change it.
    fn read_secret(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>>;

    /// The secrets read so far whose mode lets others read them, each once.
    fn secluded(&self) -> Vec<SecludedFile> {
        Vec::new()
    }

    /// Whether the file exists.
    fn is_there(&self, path: &Path) -> bool;
}

/// The file system. Keeps a list of the secrets that it read although their mode lets others read them.
#[derive(Debug, Default)]
pub struct Disk {
    accepted: Accepted,
    secluded: RefCell<Vec<SecludedFile>>,
}

impl Disk {
    /// A file system that accepts a mode that lets others read a secret only with one of these.
    #[must_use]
    pub fn accepting(accepted: Accepted) -> Self {
        Self {
            accepted,
            ..Self::default()
        }
    }

    /// The whole contents of a file that holds a secret, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`FileError`], which says what to do.
    pub fn secret(&self, path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let (contents, seclusion) = read_judged(path, limit, Guard::Secret(self.accepted), &Outsiders::default())?;
        if let Some(by) = seclusion {
            let file = SecludedFile {
                path: path.to_owned(),
                by,
            };
            let mut secluded = self.secluded.borrow_mut();
            if !secluded.contains(&file) {
                secluded.push(file);
            }
        }
        Ok(contents)
    }
}

impl Files for Disk {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        Ok(read(path, limit, Guard::Config)?)
    }

    fn read_secret(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        Ok(self.secret(path, limit)?)
    }

    fn secluded(&self) -> Vec<SecludedFile> {
        self.secluded.borrow().clone()
    }

    fn is_there(&self, path: &Path) -> bool {
        path.exists()
    }
}

/// The whole contents of the file at `path`, at most `limit` bytes, if `guard` holds for the file that was opened and
/// nobody else can exchange it on the way there.
///
/// # Errors
///
/// [`FileError`], which says what to do.
pub fn read(path: &Path, limit: usize, guard: Guard) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read_judged(path, limit, guard, &Outsiders::default()).map(|(contents, _)| contents)
}

/// The whole contents of a file of trust anchors, at most `limit` bytes, if no outsider can change it or what leads to it.
///
/// # Errors
///
/// [`FileError`], which says what to do.
pub fn read_trusted(path: &Path, limit: usize, outsiders: &Outsiders) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read_judged(path, limit, Guard::Trust, outsiders).map(|(contents, _)| contents)
}

fn read_judged(
    path: &Path,
    limit: usize,
    guard: Guard,
    outsiders: &Outsiders,
) -> Result<(Zeroizing<Vec<u8>>, Option<Seclusion>), FileError> {
    let (file, opened, seclusion) = judged(path, guard, outsiders)?;
    let contents = if opened.file_type().is_fifo() {
        read_bounded(Pipe::new(file), limit, limit)
    } else {
        // Files that the kernel makes up have no size.
        let expected = usize::try_from(opened.len()).unwrap_or(limit);
        read_bounded(file, if expected == 0 { limit } else { expected }, limit)
    };
    Ok((contents?, seclusion))
}

/// The regular file at `path`, opened, under the conditions of [`read_trusted`].
///
/// # Errors
///
/// [`FileError`]; a pipe is [`FileError::Kind`].
pub fn open_trusted(path: &Path, outsiders: &Outsiders) -> Result<File, FileError> {
    let (file, opened, _) = judged(path, Guard::Trust, outsiders)?;
    match opened.is_file() {
        true => Ok(file),
        false => Err(FileError::Kind),
    }
}

fn judged(path: &Path, guard: Guard, outsiders: &Outsiders) -> Result<(File, Metadata, Option<Seclusion>), FileError> {
    let (file, opened, way) = match guard == Guard::Report || is_descriptor(path) {
        true => {
            let (file, opened) = open_by_name(path)?;
            outsiders.judge(path, &opened)?;
            (file, opened, None)
        }
        false => {
            let (file, opened, way) = open_checked(path, guard, outsiders)?;
            (file, opened, Some(way))
        }
    };
    let judged = guard.judge(path, way.as_ref(), (&file, &opened));
    let seclusion = judged.map_err(|fault| FileError::Exposed {
        path: path.to_owned(),
        fault,
    })?;
    Ok((file, opened, seclusion))
}

/// Opens the file at the end of the checked way, and no other; also returns the way.
fn open_checked(path: &Path, guard: Guard, outsiders: &Outsiders) -> Result<(File, Metadata, Found), FileError> {
    let mut outcome = Err(FileError::Unsteady);
    for _ in 0..FILE_LOOKS {
        outcome = files::find_kept_from(path, guard.rule(), &outsiders.0)
            .map_err(FileError::from)
            .and_then(|found| {
                // Checked before opening: opening a device can have effects.
                check_kind(found.metadata())?;
                let (file, opened) = found.open()?;
                Ok((file, opened, found))
            });
        match &outcome {
            // An exchange (Kubernetes renames a link and removes the old directory) may happen in between.
            Err(FileError::Unsteady) => {}
            Err(FileError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            _ => break,
        }
    }
    outcome
}

/// Opens the file that the name leads to, whatever it is.
fn open_by_name(path: &Path) -> Result<(File, Metadata), FileError> {
    check_kind(&std::fs::metadata(path)?)?;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let opened = file.metadata()?;
    check_kind(&opened)?;
    Ok((file, opened))
}

fn check_kind(metadata: &Metadata) -> Result<(), FileError> {
    // A pipe is what a shell's <(command) gives.
    if metadata.is_file() || metadata.file_type().is_fifo() {
        Ok(())
    } else {
        Err(FileError::Kind)
    }
}

/// Descriptors were handed over by whoever started us: no directory decides what they are.
pub(super) fn is_descriptor(path: &Path) -> bool {
    let numbered = |directory: &str| {
        let name = path.strip_prefix(directory).ok().and_then(Path::to_str);
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
    };
    numbered("/dev/fd") || numbered("/proc/self/fd") || path == Path::new("/dev/stdin")
}

/// A pipe that was opened without waiting: waits for each piece, all in all for a bounded time.
struct Pipe {
    file: File,
    deadline: Instant,
}

impl Pipe {
    fn new(file: File) -> Self {
        Self {
            file,
            deadline: Instant::now() + SECRET_PIPE_TIMEOUT,
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).map_err(|_| io::ErrorKind::InvalidInput)?;
            if poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&timeout))? == 0 {
                return Err(FileError::Silent.into());
            }
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }
}

/// Reads to the end, at most `limit` bytes. What is `expected` fits into one allocation; when there is more, what was read
/// moves once, by hand: a buffer that grew by itself would leave unwiped copies behind.
fn read_bounded(mut source: impl Read, expected: usize, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // One byte more than is there, to see the end.
    let mut buffer = Zeroizing::new(vec![0; expected.min(limit) + 1]);
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            if filled > limit {
                return Err(FileError::TooLarge(limit));
            }
            let mut larger = Zeroizing::new(vec![0; limit + 1]);
            larger.iter_mut().zip(buffer.iter()).for_each(|(to, from)| *to = *from);
            buffer = larger;
        }
        match source.read(buffer.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_file_at_the_limit_is_read_and_one_byte_more_is_refused() {
        for expected in [1, 5, 6, 100] {
            assert_eq!(**read_bounded(&b"12345"[..], expected, 5).unwrap(), *b"12345");
            let error = read_bounded(&b"123456"[..], expected, 5).unwrap_err();
            assert_eq!(error.to_string(), "larger than 5 bytes");
        }
    }

    #[test]
    fn a_buffer_is_as_large_as_the_file_and_one_that_grew_meanwhile_is_read_whole() {
        let read = read_bounded(&b"short"[..], 5, 1 << 20).unwrap();
        assert!((6..100).contains(&read.capacity()), "{}", read.capacity());
        let read = read_bounded(&b"longer than it was"[..], 5, 64).unwrap();
        assert_eq!(**read, *b"longer than it was");
        assert!(
            read.capacity() >= 65,
            "moved once, into all there may be: {}",
            read.capacity()
        );
    }

    #[test]
    fn an_endless_device_and_a_directory_are_refused() {
        for path in ["/dev/zero", "/"] {
            for guard in [Guard::Secret(Accepted::Both), Guard::Config] {
                let error = read(Path::new(path), 16, guard).unwrap_err();
                assert_eq!(error.to_string(), "neither a regular file nor a pipe", "{path}");
            }
        }
    }
}
