//! Where the lines of servers go: a pipe to the daemon. It is never waited for whoever reads it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::fs::{FileType, fstat};

use crate::limits::BROKER_STDERR_PATIENCE;
use crate::telemetry::stream::Stream;

/// Where lines go. One at a time may be under way.
#[derive(Debug)]
pub(super) struct Sink {
    to: Stream,
    /// Standard error, for the broker's own words once the daemon is gone: nobody takes the secrets out of other lines then.
    own: Option<Stream>,
    /// The daemon is gone.
    broken: bool,
    /// What is left to write of the line under way.
    pending: Vec<u8>,
    /// Lines that were left out and that this line tells of.
    told: u64,
    /// Lines that nobody was told of.
    left_out: u64,
    /// Since when it takes nothing.
    behind: Option<Instant>,
}

impl Sink {
    /// Standard output if it is a pipe, else standard error, as who this process was started: a pipe may be open to nobody else.
    ///
    /// # Errors
    /// There is no descriptor to be had.
    pub(super) fn open() -> io::Result<Self> {
        let is_pipe = FileType::from_raw_mode(fstat(io::stdout())?.st_mode) == FileType::Fifo;
        let (to, own) = match is_pipe {
            true => (Stream::output()?, Some(Stream::error()?)),
            false => (Stream::error()?, None),
        };
        Ok(Self {
            to,
            own,
            broken: false,
            pending: Vec::new(),
            told: 0,
            left_out: 0,
            behind: None,
        })
    }

    /// Whether a line can be given: it is written, or it is time to leave lines out.
    pub(super) fn is_ready(&mut self) -> bool {
        if self.catch_up() {
            self.behind = None;
            return true;
        }
        let since = *self.behind.get_or_insert_with(Instant::now);
        since.elapsed() >= BROKER_STDERR_PATIENCE
    }

    /// Takes a line, when it [`is_ready`](Self::is_ready).
    pub(super) fn put(&mut self, line: &[u8]) {
        match self.pending.is_empty() {
            true => {
                self.pending.extend_from_slice(line);
                self.push();
            }
            false => self.left_out += 1,
        }
    }

    /// Takes a line of the broker's own.
    pub(super) fn say(&mut self, line: &[u8]) {
        self.put(line);
        if let Some(own) = self.own.as_ref().filter(|_| self.broken) {
            // There is nowhere to report that reporting failed.
            let _ = own.write(line);
        }
    }

    /// What to watch for room, while there is none.
    pub(super) fn awaited(&self) -> Option<BorrowedFd<'_>> {
        self.behind.is_some().then(|| self.to.as_fd())
    }

    /// How long servers are still held up for want of room; `None` when they are not.
    pub(super) fn holds_up(&self) -> Option<Duration> {
        let left = BROKER_STDERR_PATIENCE.saturating_sub(self.behind?.elapsed());
        (!left.is_zero()).then_some(left)
    }

    /// Writes what is under way, and tells what was left out; whether there is room for more.
    fn catch_up(&mut self) -> bool {
        if !self.pending.is_empty() && !self.push() {
            return false;
        }
        if self.left_out > 0 {
            self.told = self.left_out;
            let told = format!(
                "tunnel-client broker: {} lines of MCP servers are left out here: standard error did not take them\n",
                self.told
            );
            self.pending.extend_from_slice(told.as_bytes());
            return self.push();
        }
        self.to.has_room()
    }

    /// Writes what is under way as far as it is taken; whether nothing of it is left. What cannot be written at all is left out.
    fn push(&mut self) -> bool {
        while !self.pending.is_empty() {
            if !self.to.has_room() {
                return false;
            }
            match self.to.write(&self.pending) {
                Ok(length) => drop(self.pending.drain(..length.min(self.pending.len()))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => {
                    self.broken = true;
                    self.pending.clear();
                    // News of lines that are left out is no line itself.
                    self.left_out += u64::from(self.told == 0);
                    self.told = 0;
                    return true;
                }
            }
        }
        self.left_out = self.left_out.saturating_sub(self.told);
        self.told = 0;
        true
    }
}
