//! Where log records go: each whole or not at all, and none lost without a word.
//!
//! A file system that is full takes half a line and then nothing. What follows must not be glued to that half, and the lines that
//! found no room are counted until there is room to say so. A reader that takes nothing is not waited for: records wait in a
//! bounded queue, and what finds no room there is counted in the same way.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, RawFd};
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::stream::Stream;
use crate::files::Identity;
use crate::limits::{LOG_LOSS_REMINDER, LOG_QUEUE_BYTES, LOG_QUEUE_RECORDS};

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

/// The end of a log.
#[derive(Debug)]
pub(super) struct Output {
    to: To,
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
    /// A log server cannot be reached, and lines wait for it.
    Waiting(String),
    /// There is room again; how many lines were lost.
    Recovered(u64),
}

impl Output {
    pub(super) fn to(to: To) -> Self {
        Self {
            to,
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
            Ok(()) => recovered,
            Err(error) => {
                self.lose();
                self.now_and_then(Told::Losing(error))
            }
        }
    }

    /// Writes what waits, and then that some were lost. To be called again while [`is_waiting`](Self::is_waiting).
    pub(super) fn resume(&mut self, notice: impl FnOnce(u64) -> String) -> Option<Told> {
        self.catch_up();
        if self.lost > 0 { self.tell_loss(notice) } else { None }
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
            To::Datagrams(socket) => send(socket, record).map_err(|error| (0, error)),
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::OpenOptions;
    use std::io::{PipeReader, Read as _, pipe};
    use std::os::fd::OwnedFd;

    use super::*;

    fn notice(lost: u64) -> String {
        format!("lost {lost}\n")
    }

    /// A pipe that is never waited for.
    fn piped() -> (PipeReader, Output) {
        let (reader, writer) = pipe().unwrap();
        rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
        (reader, Output::to(To::Stream(File::from(OwnedFd::from(writer)).into())))
    }

    fn read(reader: &mut PipeReader) -> String {
        let mut buffer = vec![0; 2 << 20];
        let read = reader.read(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    }

    #[test]
    fn a_record_that_a_reader_took_half_of_goes_on_where_it_was() {
        let (mut reader, mut output) = piped();
        let long = format!("{}\n", "x".repeat(200_000));
        assert!(output.write(&long, notice).is_none() && output.is_waiting());
        assert!(output.write("second\n", notice).is_none());
        let mut all = String::new();
        while output.is_waiting() {
            all += &read(&mut reader);
            output.resume(notice);
        }
        all += &read(&mut reader);
        assert_eq!(all, format!("{long}second\n"));
    }

    #[test]
    fn what_a_reader_does_not_take_is_bounded_and_counted_and_told_when_it_reads_again() {
        let (mut reader, mut output) = piped();
        let line = format!("{}\n", "x".repeat(999));
        let mut written = 0;
        let told = loop {
            written += 1;
            if let Some(told) = output.write(&line, notice) {
                break told;
            }
        };
        assert!(matches!(told, Told::Losing(_)));
        assert!(output.bytes <= LOG_QUEUE_BYTES && written < 2 * LOG_QUEUE_BYTES / line.len());
        // Told once.
        assert!(output.write(&line, notice).is_none());
        let (mut all, mut recovered) = (String::new(), None);
        while output.is_waiting() || recovered.is_none() {
            all += &read(&mut reader);
            recovered = recovered.or(output.resume(notice));
        }
        assert!(matches!(recovered, Some(Told::Recovered(2))), "{recovered:?}");
        output.write("next\n", notice);
        all += &read(&mut reader);
        assert!(all.ends_with("lost 2\nnext\n"), "{}", &all[all.len() - 100..]);
        assert_eq!(all.matches(&line).count(), written - 1);
        assert_eq!((output.bytes, output.waiting.capacity()), (0, 0));
    }

    #[test]
    fn a_log_says_whether_it_waits_cannot_reach_its_server_or_loses_lines() {
        let mut output = Output::to(To::Server);
        assert_eq!(output.condition(), Condition::Writing);
        output.write("x", notice);
        assert_eq!(output.condition(), Condition::Waiting);
        assert!(matches!(output.trouble("gone".to_owned()), Some(Told::Waiting(_))));
        assert_eq!(output.condition(), Condition::Unreachable);
        for _ in 0..LOG_QUEUE_RECORDS {
            output.write("x", notice);
        }
        assert_eq!(output.condition(), Condition::Losing);
        output.drop_first(LOG_QUEUE_RECORDS);
        output.resume(notice);
        assert_eq!(output.condition(), Condition::Waiting);
        output.drop_first(1);
        assert_eq!(output.condition(), Condition::Writing);
    }

    #[test]
    fn short_records_are_bounded_by_their_number() {
        let mut output = Output::to(To::Server);
        for _ in 0..LOG_QUEUE_RECORDS {
            assert!(output.write("x", notice).is_none());
        }
        assert!(matches!(output.write("x", notice), Some(Told::Losing(_))));
        let (batch, count) = output.first(10);
        assert_eq!((batch.len(), count), (10, 10));
        output.drop_first(LOG_QUEUE_RECORDS);
        assert!(matches!(output.resume(notice), Some(Told::Recovered(1))));
        assert_eq!(output.first(100), ("lost 1\n".to_owned(), 1));
    }

    #[test]
    fn a_reader_that_is_gone_loses_what_waits_and_no_more_is_kept() {
        let (reader, mut output) = piped();
        output.write(&"x".repeat(100_000), notice);
        drop(reader);
        output.write("second\n", notice);
        assert!(!output.is_waiting() && output.lost >= 1);
    }

    #[test]
    fn a_datagram_that_finds_no_room_waits_whole() {
        let (receiver, sender) = UnixDatagram::pair().unwrap();
        sender.set_nonblocking(true).unwrap();
        let mut output = Output::to(To::Datagrams(sender));
        let mut written = 0;
        while !output.is_waiting() {
            output.write(&format!("record {written}"), notice);
            written += 1;
        }
        let mut buffer = [0; 100];
        for number in 0..written {
            let length = receiver.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..length], *format!("record {number}").as_bytes());
            output.resume(notice);
        }
        assert!(!output.is_waiting());
    }

    /// A quota, which takes half a line.
    #[test]
    fn a_line_after_half_a_line_begins_anew_and_what_was_lost_is_counted() {
        let (mut reader, mut output) = piped();
        output.torn = true;
        output.lost = 1;
        output.write("third\n", notice);
        assert_eq!(read(&mut reader), "\nlost 1\nthird\n");
    }

    #[test]
    fn half_a_line_stays_half_a_line_when_its_file_is_opened_again() {
        let path = std::env::temp_dir().join(format!("tunnel-client-torn-{}", std::process::id()));
        let open = || OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let mut output = Output::to(To::Stream(open().into()));
        output.write("half", notice);
        output.torn = true;
        output.replace(open());
        output.write("next\n", notice);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text, "half\nnext\n");
    }

    #[test]
    fn what_was_lost_is_told_in_the_file_that_takes_its_place() {
        let mut output = Output::to(To::Stream(
            OpenOptions::new().write(true).open("/dev/full").unwrap().into(),
        ));
        let before = lost();
        for _ in 0..3 {
            output.write("line\n", notice);
        }
        // Other tests may lose lines meanwhile.
        assert!(lost() >= before + 3);
        let (mut reader, writer) = pipe().unwrap();
        output.replace(File::from(OwnedFd::from(writer)));
        output.write("next\n", notice);
        drop(output);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "lost 3\nnext\n");
    }
}
