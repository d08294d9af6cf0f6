//! A standard stream that is never waited for: whoever reads it may stop.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::{Errno, write};
use rustix::net::{SendFlags, send};

use crate::limits::PIPE_WRITE_MAX;

/// A standard stream of this process.
#[derive(Debug)]
pub(crate) struct Stream {
    to: OwnedFd,
    how: How,
}

/// How a write is kept from waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// A file takes what it has room for.
    Plain,
    /// Opened anew, as one that does not wait.
    Own,
    /// Each send says so.
    Socket,
    /// A look at the room that there is, and no more at a time than fits into that.
    Look,
}

impl Stream {
    /// Standard output.
    ///
    /// # Errors
    /// It is closed, or there is no descriptor to be had.
    pub(crate) fn output() -> io::Result<Self> {
        Self::of(io::stdout().as_fd(), "/proc/self/fd/1")
    }

    /// Standard error.
    ///
    /// # Errors
    /// It is closed, or there is no descriptor to be had.
    pub(crate) fn error() -> io::Result<Self> {
        Self::of(io::stderr().as_fd(), "/proc/self/fd/2")
    }

    /// Not to wait is a property of what was opened, which is shared with other processes: the shell at a terminal, the other end of a
    /// pipeline. So it is opened anew where one can, as who this process was started: a pipe may be open to nobody else. Elsewhere a
    /// look at the room that there is has to do.
    fn of(shared: BorrowedFd<'_>, path: &str) -> io::Result<Self> {
        let kind = FileType::from_raw_mode(fstat(shared)?.st_mode);
        let own = match kind {
            FileType::Fifo | FileType::CharacterDevice => {
                let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
                open(path, flags, Mode::empty()).ok()
            }
            _ => None,
        };
        let how = match kind {
            _ if own.is_some() => How::Own,
            FileType::Socket => How::Socket,
            FileType::RegularFile => How::Plain,
            _ => How::Look,
        };
        Ok(Self {
            to: own.map_or_else(|| shared.try_clone_to_owned(), Ok)?,
            how,
        })
    }

    /// Writes what is taken at once.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when nothing is; those of write(2).
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let written = match self.how {
                How::Plain | How::Own => write(&self.to, bytes),
                How::Socket => send(&self.to, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
                How::Look if self.has_room() => write(&self.to, bytes.get(..PIPE_WRITE_MAX).unwrap_or(bytes)),
                How::Look => Err(Errno::AGAIN),
            };
            match written {
                Ok(0) if !bytes.is_empty() => return Err(io::ErrorKind::WriteZero.into()),
                Err(Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    }

    /// Whether a write is taken, or refused, at once.
    pub(crate) fn has_room(&self) -> bool {
        let mut one = [PollFd::new(&self.to, PollFlags::OUT)];
        poll(&mut one, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.to.as_fd()
    }
}

/// A file.
impl From<File> for Stream {
    fn from(file: File) -> Self {
        Self {
            to: file.into(),
            how: How::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::{Read as _, pipe};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    /// Writes until nothing is taken.
    fn fill(stream: &Stream) -> usize {
        let mut total = 0;
        loop {
            match stream.write(&[b'x'; 1000]) {
                Ok(written) => total += written,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    return total;
                }
            }
        }
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_not_waited_for_and_stays_as_it_is_for_others() {
        let (mut reader, writer) = pipe().unwrap();
        let path = format!("/proc/self/fd/{}", writer.as_raw_fd());
        let stream = Stream::of(writer.as_fd(), &path).unwrap();
        assert_eq!(stream.how, How::Own);
        let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
        assert!(!flags.contains(OFlags::NONBLOCK), "{flags:?}");
        let filled = fill(&stream);
        let mut buffer = vec![0; filled];
        reader.read_exact(&mut buffer).unwrap();
        assert!(stream.has_room());
    }

    #[test]
    fn a_pipe_that_cannot_be_opened_anew_is_not_waited_for_either() {
        let (_reader, writer) = pipe().unwrap();
        let stream = Stream::of(writer.as_fd(), "/nonexistent").unwrap();
        assert_eq!(stream.how, How::Look);
        assert!(fill(&stream) >= PIPE_WRITE_MAX);
    }

    #[test]
    fn a_socket_that_nobody_reads_is_not_waited_for() {
        let (_reader, writer) = UnixStream::pair().unwrap();
        let stream = Stream::of(writer.as_fd(), "/nonexistent").unwrap();
        assert_eq!(stream.how, How::Socket);
        assert!(fill(&stream) > 0);
    }
}
