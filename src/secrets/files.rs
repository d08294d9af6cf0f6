//! Reading small files whole, within a bound, into memory that is wiped.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use secrecy::zeroize::Zeroizing;

/// How the files named by references are read; a trait so that configuration can be tested without a disk.
pub trait Files {
    /// The whole contents of the file at `path`, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is neither a regular file nor a pipe, or is larger than `limit`.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>>;
}

/// The file system.
#[derive(Debug, Clone, Copy)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        // Looked at before it is opened: opening a device can have effects. A pipe is what a shell's <(command) gives.
        let kind = std::fs::metadata(path)?.file_type();
        if !kind.is_file() && !kind.is_fifo() {
            return Err(io::Error::other("neither a regular file nor a pipe"));
        }
        read_bounded(File::open(path)?, limit)
    }
}

/// Reads to the end into one allocation: a buffer that grew would leave unwiped copies behind.
fn read_bounded(mut source: impl Read, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(vec![0; limit + 1]);
    let mut filled = 0;
    while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
        match source.read(free) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if filled > limit {
        return Err(io::Error::other(format!("larger than {limit} bytes")));
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
        assert_eq!(**read_bounded(&b"12345"[..], 5).unwrap(), *b"12345");
        let error = read_bounded(&b"123456"[..], 5).unwrap_err();
        assert_eq!(error.to_string(), "larger than 5 bytes");
    }

    #[test]
    fn the_buffer_never_moves() {
        let read = read_bounded(&b"short"[..], 64).unwrap();
        assert!(read.capacity() >= 65, "allocated whole: {}", read.capacity());
    }

    #[test]
    fn an_endless_device_and_a_directory_are_refused() {
        for path in ["/dev/zero", "/"] {
            let error = Disk.read(Path::new(path), 16).unwrap_err();
            assert_eq!(error.to_string(), "neither a regular file nor a pipe", "{path}");
        }
    }
}
