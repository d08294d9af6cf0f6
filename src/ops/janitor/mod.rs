//! Removal of the files that this process made: PID file, URL file and unix socket.
//!
//! A right to remove a file under landlock covers everything below its directory, so the process that parses input from others has
//! no such right. The files are entrusted to a process of its own, which is this program executed again and holds no secret. It
//! receives their names once, and removes them when the other end of its socket closes, also when this process is killed.
//!
//! It also has the sockets of this host that the log and the records of the audit log go to, and connects each again to the same path
//! whenever it is asked to: whoever receives there may have been restarted, and the process that sends must not name an address
//! (`sandbox::seccomp::notify`). Both processes have the same open socket, so the one that sends notices nothing. The janitor exists only
//! where there is such a file or socket.

#![forbid(unsafe_code)]

mod process;

use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Instant;

use log::warn;
use rustix::io::retry_on_intr;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, recv, send, sendmsg, shutdown,
};
use serde::{Deserialize, Serialize};

use super::own_file::OwnFile;
use crate::broker::spec::Text;
use crate::limits::{JANITOR_END_TIMEOUT, JANITOR_MESSAGE_MAX, JANITOR_READY_TIMEOUT, JANITOR_REAP_INTERVAL};
use crate::own_program;
use crate::sandbox::JanitorCage;

pub use process::serve;

/// Argument that starts the binary as the janitor. It is not for people.
pub const ROLE: &str = "janitor";

/// Messages of the janitor: it is ready; it has done its work; or, before that, a file of this index remains, with the error number
/// of the reason.
const READY: [u8; MESSAGE] = [u8::MAX, 0, 0, 0, 0];
const DONE: [u8; MESSAGE] = [u8::MAX, 1, 0, 0, 0];
const MESSAGE: usize = 5;

/// Its task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Instructions {
    cage: JanitorCage,
    files: Vec<Entrusted>,
    /// The sockets that come with the instructions, in their order.
    sockets: Vec<Connected>,
}

/// A socket that the janitor connects again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Connected {
    /// The byte that asks for it: its [`Purpose`].
    purpose: u8,
    path: Text,
}

/// What a socket is for. There is one of each at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The log.
    Log,
    /// The records of the audit log.
    Records,
}

/// How many purposes there are.
const SOCKETS: usize = 2;

/// A socket of the log or of the audit log, and where it is connected to.
#[derive(Debug)]
pub struct LogSocket {
    /// What is sent to it.
    pub purpose: Purpose,
    /// The socket.
    pub socket: OwnedFd,
    /// What the janitor connects it to.
    pub path: PathBuf,
}

impl LogSocket {
    fn described(&self) -> Connected {
        Connected {
            purpose: self.purpose as u8,
            path: self.path.as_os_str().into(),
        }
    }
}

/// A file to be removed, unless another file has taken its name.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entrusted {
    pub(super) directory: Text,
    pub(super) name: Text,
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// The janitor does not accept its task.
#[derive(Debug)]
pub enum Error {
    /// It cannot be started.
    Start(own_program::Error),
    /// It was not ready in time.
    NotReady(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process that removes health.url_file, process.pid_file and health.unix_socket at the end and reconnects the log ")?;
        match self {
            Self::Start(error) => write!(f, "cannot be started: {error}"),
            Self::NotReady(error) => write!(f, "was not ready: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// A janitor that waits for its instructions.
#[derive(Debug)]
pub struct Janitor {
    socket: OwnedFd,
    process: Child,
}

impl Janitor {
    /// Starts it.
    ///
    /// # Errors
    /// [`Error::Start`].
    pub fn launch() -> Result<Self, Error> {
        let (socket, process) = own_program::launch(ROLE, None, Stdio::null()).map_err(Error::Start)?;
        Ok(Self { socket, process })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Entrusts it with these files, and waits until it is in its cage. If it does not get there, the files are removed
    /// immediately, by this process.
    ///
    /// # Errors
    /// [`Error::NotReady`].
    pub(super) fn take(self, cage: JanitorCage, files: Vec<OwnFile>, sockets: &[LogSocket]) -> Result<Custody, Error> {
        let entrusted: Vec<_> = files
            .iter()
            .map(OwnFile::entrusted)
            .collect::<io::Result<_>>()
            .map_err(Error::NotReady)?;
        let instructions = Instructions {
            cage,
            files: entrusted,
            sockets: sockets.iter().map(LogSocket::described).collect(),
        };
        let descriptors: Vec<_> = sockets.iter().map(|each| each.socket.as_fd()).collect();
        self.instruct(&instructions, &descriptors).map_err(Error::NotReady)?;
        Ok(Custody {
            janitor: self,
            files: files.into_iter().map(OwnFile::let_go).collect(),
        })
    }

    fn instruct(&self, instructions: &Instructions, sockets: &[BorrowedFd<'_>]) -> io::Result<()> {
        for timeout in [Timeout::Send, Timeout::Recv] {
            set_socket_timeout(&self.socket, timeout, Some(JANITOR_READY_TIMEOUT))?;
        }
        let message = serde_json::to_vec(instructions)?;
        if message.len() > JANITOR_MESSAGE_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the paths of the files are too long",
            ));
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS))];
        let mut with = SendAncillaryBuffer::new(&mut space);
        if !sockets.is_empty() && !with.push(SendAncillaryMessage::ScmRights(sockets)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "there are too many sockets",
            ));
        }
        let parts = [IoSlice::new(&message)];
        retry_on_intr(|| sendmsg(&self.socket, &parts, &mut with, SendFlags::NOSIGNAL))?;
        match self.receive()? {
            Some(READY) => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Returns the next message; `None` when it has ended.
    fn receive(&self) -> io::Result<Option<[u8; MESSAGE]>> {
        let mut bytes = [0; MESSAGE];
        let (length, _) = retry_on_intr(|| recv(&self.socket, &mut bytes, RecvFlags::empty()))?;
        match length {
            0 => Ok(None),
            MESSAGE => Ok(Some(bytes)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Files that a janitor removes when this is dropped, or when this process ends in any other way.
#[derive(Debug)]
pub struct Custody {
    janitor: Janitor,
    /// Their paths; the files are held open, because the janitor recognizes them by their inodes.
    files: Vec<(PathBuf, Option<File>)>,
}

/// Asks the janitor to connect a socket again.
#[derive(Debug)]
pub struct Reconnector {
    janitor: OwnedFd,
    purpose: Purpose,
}

impl Reconnector {
    /// Asks, and does not wait. A janitor that is gone, or has been asked often, does not hear it.
    pub(crate) fn ask(&self) {
        let _ = send(
            &self.janitor,
            &[self.purpose as u8],
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        );
    }
}

impl Custody {
    /// What asks for the socket of this purpose.
    ///
    /// # Errors
    /// There are too many descriptors.
    pub fn reconnector(&self, purpose: Purpose) -> io::Result<Reconnector> {
        let janitor = self.janitor.socket.try_clone()?;
        Ok(Reconnector { janitor, purpose })
    }

    /// Receives the messages about remaining files, until the janitor is done.
    fn hear(&self) -> io::Result<()> {
        // At most one message per file, then the last one.
        for _ in 0..=self.files.len() {
            match self.janitor.receive()? {
                Some(DONE) => return Ok(()),
                Some([index, number @ ..]) => {
                    let error = io::Error::from_raw_os_error(i32::from_ne_bytes(number));
                    if let Some((path, _)) = self.files.get(usize::from(index)) {
                        remains(path, &error);
                    }
                }
                None => break,
            }
        }
        Err(io::Error::other("the process that removes it is gone"))
    }
}

impl Drop for Custody {
    /// Waits until the files are removed, for a bounded time.
    fn drop(&mut self) {
        let _ = set_socket_timeout(&self.janitor.socket, Timeout::Recv, Some(JANITOR_END_TIMEOUT));
        let _ = shutdown(&self.janitor.socket, Shutdown::Write);
        if let Err(error) = self.hear() {
            self.files.iter().for_each(|(path, _)| remains(path, &error));
        }
        let deadline = Instant::now() + JANITOR_END_TIMEOUT;
        while matches!(self.janitor.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(JANITOR_REAP_INTERVAL);
        }
    }
}

fn remains(path: &Path, error: &io::Error) {
    warn!(path:% = path.display(), error:% = error;
        "file of tunnel-client not removed; put it into a directory that the user of the process can write");
}
