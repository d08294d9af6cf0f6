//! Where log records go: each whole or not at all, and none lost without a word.
//!
//! A file system that is full takes half a line and then nothing. What follows must not be glued to that half, and the lines that
//! found no room are counted until there is room to say so. A reader that takes nothing is not waited for: records wait in a
//! bounded queue, and what finds no room there is counted in the same way.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::records::is_gone;
use super::stream::Stream;
use crate::files::Identity;
use crate::limits::{LOG_LOSS_REMINDER, LOG_QUEUE_BYTES, LOG_QUEUE_RECORDS, LOG_RETRY};

/// Lines that found no room since the process began, whether or not that was told since.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Number of log lines lost since the process began.
pub(super) fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Where records go.
#[derive(Debug)]
pub(super) enum To {
    /// A file, or a standard stream.
    Stream(Stream),
    /// A socket of this host that takes datagrams and is connected.
    Datagrams(UnixDatagram),
    /// A connection, which a task keeps: it takes what waits.
    Server,
}

/// Asks for a connection of a socket of this host to whoever receives at its path by now.
pub(super) struct Reconnect(Box<dyn Fn() + Send>);

impl Reconnect {
    pub(super) fn new(ask: impl Fn() + Send + 'static) -> Self {
        Self(Box::new(ask))
    }
}

impl fmt::Debug for Reconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reconnect")
    }
}

/// The end of a log.
#[derive(Debug)]
pub(super) struct Output {
    to: To,
    reconnect: Option<Reconnect>,
    /// Nobody receives at the other end of the socket: since when a connection was asked for last, and what is to be told of it.
    asked: Option<Instant>,
    gone: Option<io::Error>,
    waiting: VecDeque<String>,
    /// Bytes of all of them.
    bytes: usize,
    /// Bytes of the first one that were taken.
    taken: usize,
    /// The last line has no end.
    torn: bool,
    lost: u64,
    /// The log server could not be reached, and took nothing since.
    unreachable: bool,
    /// When the loss was last told elsewhere.
    told: Option<Instant>,
}

/// How a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Lines are written.
    Writing,
    /// Lines wait for their reader.
    Waiting,
    /// Lines wait for a log server that cannot be reached.
    Unreachable,
    /// Lines are lost.
    Losing,
}

/// What is worth telling elsewhere.
#[derive(Debug)]
pub(super) enum Told {
    /// Lines are lost from now on.
    Losing(io::Error),
    /// A log server or socket cannot be reached, and lines wait for it.
    Waiting(String),
    /// There is room again; how many lines were lost.
    Recovered(u64),
}

impl Output {
    pub(super) fn to(to: To) -> Self {
        Self {
            to,
            reconnect: None,
            asked: None,
            gone: None,
            waiting: VecDeque::new(),
            bytes: 0,
            taken: 0,
            torn: false,
            lost: 0,
            unreachable: false,
            told: None,
        }
    }

    /// How it is.
    pub(super) fn condition(&self) -> Condition {
        match self {
            Self { lost: 1.., .. } => Condition::Losing,
            Self { unreachable: true, .. } => Condition::Unreachable,
            _ if self.is_waiting() => Condition::Waiting,
            _ => Condition::Writing,
        }
    }

    /// The log server cannot be reached: worth telling now and then.
    pub(super) fn trouble(&mut self, error: String) -> Option<Told> {
        self.unreachable = true;
        self.now_and_then(Told::Waiting(error))
    }

    /// The socket of this host that it is connected to.
    pub(super) fn socket(&self) -> Option<RawFd> {
        match &self.to {
            To::Datagrams(socket) => Some(socket.as_raw_fd()),
            To::Stream(_) | To::Server => None,
        }
    }

    /// The same, for a process that connects it again.
    pub(super) fn socket_clone(&self) -> Option<OwnedFd> {
        match &self.to {
            To::Datagrams(socket) => socket.as_fd().try_clone_to_owned().ok(),
            To::Stream(_) | To::Server => None,
        }
    }

    /// Lets records wait while nobody receives at the other end of the socket, and asks for a connection.
    pub(super) fn reconnect_by(&mut self, ask: Reconnect) {
        self.reconnect = Some(ask);
    }

    /// Whether a task takes what waits.
    pub(super) fn is_server(&self) -> bool {
        matches!(self.to, To::Server)
    }

    /// Writes a record, and before it that some were lost, if some were: `notice` makes that record of their number.
    pub(super) fn write(&mut self, record: &str, notice: impl FnOnce(u64) -> String) -> Option<Told> {
        self.catch_up();
        let mut recovered = None;
        if self.lost > 0 {
            recovered = self.tell_loss(notice);
            if self.lost > 0 {
                self.lose();
                return None;
            }
        }
        match self.put(record) {
            Ok(()) => recovered.or_else(|| {
                let gone = self.gone.take()?;
                self.now_and_then(Told::Waiting(gone.to_string()))
            }),
            Err(error) => {
                self.lose();
                self.now_and_then(Told::Losing(error))
            }
        }
    }

    /// Writes what waits, and then that some were lost. To be called again while [`is_waiting`](Self::is_waiting), and, later, while
    /// [`has_lost`](Self::has_lost).
    pub(super) fn resume(&mut self, notice: impl FnOnce(u64) -> String) -> Option<Told> {
        self.catch_up();
        if self.lost > 0 { self.tell_loss(notice) } else { None }
    }

    /// Whether lines were lost and that could not be told yet.
    pub(super) fn has_lost(&self) -> bool {
        self.lost > 0
    }

    /// Whether something is there that the reader did not take yet.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Copies the first records that wait, of at least one and about so many bytes, and their number.
    pub(super) fn first(&self, bytes: usize) -> (String, usize) {
        let (mut batch, mut count) = (String::new(), 0);
        for record in &self.waiting {
            if count > 0 && batch.len() + record.len() > bytes {
                break;
            }
            batch.push_str(record);
            count += 1;
        }
        (batch, count)
    }

    /// So many of them were taken.
    pub(super) fn drop_first(&mut self, count: usize) {
        self.unreachable = false;
        for record in self.waiting.drain(..count.min(self.waiting.len())) {
            self.bytes -= record.len();
        }
        self.give_back();
    }

    /// What keeps the place of the log from taking what is written: worth telling now and then.
    fn now_and_then(&mut self, told: Told) -> Option<Told> {
        let now = Instant::now();
        let fresh = self
            .told
            .is_none_or(|last| now.duration_since(last) >= LOG_LOSS_REMINDER);
        fresh.then(|| {
            self.told = Some(now);
            told
        })
    }

    /// Goes on in another file, or in the same one; what was lost is told there.
    pub(super) fn replace(&mut self, file: File) {
        let identity = |file: &File| file.metadata().map(|found| Identity::from(&found)).ok();
        let before = match &self.to {
            To::Stream(stream) => stream.as_fd().try_clone_to_owned().ok(),
            To::Datagrams(_) | To::Server => None,
        };
        let before = before.and_then(|descriptor| identity(&File::from(descriptor)));
        self.torn &= before.is_some() && before == identity(&file);
        self.to = To::Stream(file.into());
    }

    /// Asks for a connection, unless that was done a moment ago.
    fn ask(&mut self, error: io::Error) {
        let now = Instant::now();
        if self.asked.is_none_or(|asked| now.duration_since(asked) >= LOG_RETRY) {
            self.asked = Some(now);
            self.reconnect.iter().for_each(|reconnect| reconnect.0());
        }
        self.gone.get_or_insert(error);
    }

    /// Says that some were lost, once the reader has taken half of what waited: a slow one would be told of each line that is lost.
    fn tell_loss(&mut self, notice: impl FnOnce(u64) -> String) -> Option<Told> {
        if self.bytes > LOG_QUEUE_BYTES / 2 || self.waiting.len() > LOG_QUEUE_RECORDS / 2 {
            return None;
        }
        self.put(&notice(self.lost)).ok()?;
        let lost = std::mem::take(&mut self.lost);
        self.told.map(|_| Told::Recovered(lost))
    }

    fn lose(&mut self) {
        self.lost += 1;
        LOST.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes a record, or lets it wait.
    fn put(&mut self, record: &str) -> io::Result<()> {
        if self.waiting.is_empty() {
            match self.pass_on(record, 0) {
                Ok(()) => return Ok(()),
                Err((taken, error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.taken = taken;
                    self.wait(record);
                    return Ok(());
                }
                Err((_, error)) => return Err(error),
            }
        }
        if self.bytes + record.len() > LOG_QUEUE_BYTES || self.waiting.len() >= LOG_QUEUE_RECORDS {
            return Err(io::Error::other("it takes nothing"));
        }
        self.wait(record);
        Ok(())
    }

    fn wait(&mut self, record: &str) {
        self.bytes += record.len();
        self.waiting.push_back(record.to_owned());
    }

    /// Writes what waits, as far as it is taken.
    fn catch_up(&mut self) {
        while let Some(record) = self.waiting.pop_front() {
            match self.pass_on(&record, self.taken) {
                Ok(()) => self.bytes -= record.len(),
                Err((taken, error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.taken = taken;
                    self.waiting.push_front(record);
                    return;
                }
                // Nobody reads any more, or the disk is full.
                Err(_) => {
                    self.bytes -= record.len();
                    self.lose();
                }
            }
            self.taken = 0;
        }
        self.give_back();
    }

    /// The memory of a queue that was long.
    fn give_back(&mut self) {
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
    }

    /// Writes a record, of which so many bytes were taken before; how many are taken now when it fails.
    fn pass_on(&mut self, record: &str, before: usize) -> Result<(), (usize, io::Error)> {
        match &self.to {
            To::Stream(stream) => {
                if self.torn {
                    write_all(stream, b"\n", 0)?;
                    self.torn = false;
                }
                let written = write_all(stream, record.as_bytes(), before);
                if let Err((taken, error)) = &written {
                    self.torn = *taken > 0 && error.kind() != io::ErrorKind::WouldBlock;
                }
                written
            }
            To::Datagrams(socket) => match send(socket, record) {
                Err(error) if self.reconnect.is_some() && is_gone(&error) => {
                    self.ask(error);
                    Err((0, io::ErrorKind::WouldBlock.into()))
                }
                sent => sent.map_err(|error| (0, error)),
            },
            To::Server => Err((0, io::ErrorKind::WouldBlock.into())),
        }
    }
}

fn write_all(stream: &Stream, bytes: &[u8], mut taken: usize) -> Result<(), (usize, io::Error)> {
    while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
        taken += stream.write(rest).map_err(|error| (taken, error))?;
    }
    Ok(())
}

/// Sends a datagram on a socket that does not wait.
fn send(socket: &UnixDatagram, record: &str) -> io::Result<()> {
    match socket.send(record.as_bytes()) {
        Ok(_) => Ok(()),
        // No memory for it at the moment.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error()) => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
