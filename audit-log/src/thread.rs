//! The loop of the thread that writes: takes records from a queue, seals them, tries a file that took no more again, and says how far
//! they are. What differs between programs comes through [`Program`].

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::gate::{Gate, Ticket, Watch};
use crate::key::Head;
use crate::limits::{ANCHOR_DELAY, BATCH, REMINDER, RETRY};
use crate::record::Command;
use crate::writer::AuditLog;

/// A record on its way to the file.
pub trait Queued {
    /// Its place, to be given back.
    fn ticket(&self) -> Ticket;

    /// When its command ended.
    fn ended(&self) -> SystemTime;

    /// Hands over what it says.
    fn with<T>(&self, act: impl FnOnce(&Command<'_>) -> T) -> T;
}

/// The program's own part of the thread.
pub trait Program {
    /// Its records.
    type Entry: Queued;
    /// Receiver of its gate's events.
    type Watch: Watch;
    /// What comes with a file that was opened again.
    type Beside;
    /// What else the thread is asked for.
    type Request;

    /// Wait for further records after one, so that they need no wake-up each.
    const PAUSE: Option<Duration> = None;

    /// Writes a line into the program's log.
    fn say(&self, event: Notice<'_>);

    /// The log goes on in another file.
    fn moved(&mut self, beside: Self::Beside);

    /// Takes what is asked for.
    fn take(&mut self, request: Self::Request) -> Next;

    /// Does what is due after a batch of records: short, because others wait meanwhile.
    fn turn(&mut self) {}

    /// How long nothing is due.
    fn patience(&self) -> Option<Duration> {
        None
    }
}

/// What the thread receives.
pub enum Message<P: Program> {
    /// A command has ended.
    Record(Box<P::Entry>),
    /// The file was opened again.
    Opened(File, P::Beside),
    /// The program asks for something of its own.
    Request(P::Request),
    /// The process ends; to be answered when everything is written.
    End(SyncSender<()>),
}

/// What the thread does after a request.
#[derive(Debug)]
pub enum Next {
    /// Takes the next message.
    Message,
    /// Ends the batch: what is due comes before further records.
    Turn,
    /// Writes the last record, and answers.
    End(SyncSender<()>),
}

/// Requests of a program that has none.
pub type NoRequest = Infallible;

/// A line for the program's log.
#[derive(Debug, Clone, Copy)]
pub enum Notice<'a> {
    /// The last record, which is on the disk. The log is its second place, and goes to another host where this matters.
    Anchored(Head),
    /// The file takes records again.
    Recovered,
    /// Something cannot be written. Said at most once in [`REMINDER`].
    Failed(&'static str, &'a io::Error),
    /// The last record could not be written.
    NotEnded {
        /// The reason.
        error: &'a io::Error,
        /// Records that were kept in vain.
        lost: usize,
    },
}

impl Notice<'_> {
    /// Its constant message. Whatever else it has are fields.
    #[must_use]
    pub fn message(&self) -> &'static str {
        match self {
            Self::Anchored(_) => "audit log anchored",
            Self::Recovered => "audit log can be written again",
            Self::Failed(what, _) => what,
            Self::NotEnded { .. } => "audit log not ended: its file cannot be written",
        }
    }
}

/// The state of the thread.
pub struct Thread<P: Program> {
    program: P,
    log: AuditLog<File>,
    /// The file that is written.
    identity: Option<Identity>,
    gate: Arc<Gate<P::Watch>>,
    anchor_every: u64,
    /// Records that wait until the file takes some again: those with a reservation alone, so that their number is bounded.
    kept: VecDeque<Box<P::Entry>>,
    /// Records since the last anchor.
    unanchored: u64,
    /// Records that nobody was told of yet.
    written: u64,
    /// When the first record since the last anchor was written.
    since: Option<Instant>,
    /// The file took no more the last time: when to try again, whatever comes until then.
    next_try: Option<Instant>,
    /// When the program's log was last told of a failure.
    warned: Option<Instant>,
}

/// What tells a file from another one: device and inode.
type Identity = (u64, u64);

fn identity(file: &File) -> Option<Identity> {
    file.metadata().ok().map(|found| (found.dev(), found.ino()))
}

impl<P: Program> Thread<P> {
    /// A thread that writes `log`, and anchors after `anchor_every` records.
    pub fn new(program: P, log: AuditLog<File>, gate: Arc<Gate<P::Watch>>, anchor_every: u64) -> Self {
        Self {
            program,
            identity: identity(log.sink()),
            log,
            gate,
            anchor_every,
            kept: VecDeque::new(),
            unanchored: 0,
            written: 0,
            since: None,
            next_try: None,
            warned: None,
        }
    }

    /// What the program added.
    pub fn program(&mut self) -> &mut P {
        &mut self.program
    }

    /// Writes what comes, until the end is asked for, or nobody can ask for anything any more. Returns whether it was asked for.
    pub fn run(&mut self, inbox: &Receiver<Message<P>>) -> bool {
        if self.catch_up() {
            self.anchor();
        }
        loop {
            let message = match self.patience() {
                Some(patience) => inbox.recv_timeout(patience),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(message) => {
                    // Records that come meanwhile wake nobody. A wake-up that has another reason does no harm.
                    if let (Message::Record(_), Some(pause)) = (&message, P::PAUSE) {
                        thread::park_timeout(pause);
                    }
                    if let Some(done) = self.take(message, inbox) {
                        self.end();
                        let _ = done.send(());
                        return true;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.end();
                    return false;
                }
            }
            self.retry(Instant::now());
            self.note();
            if self.written > 0 {
                self.gate.watch().wrote(std::mem::take(&mut self.written));
            }
            self.program.turn();
            let is_late = self.since.is_some_and(|since| since.elapsed() >= ANCHOR_DELAY);
            if self.unanchored >= self.anchor_every || is_late {
                self.anchor();
            }
        }
    }

    /// How long nothing has to be done unless a message comes.
    fn patience(&self) -> Option<Duration> {
        let retry = self.next_try.map(|next| next.saturating_duration_since(Instant::now()));
        let anchor = self.since.map(|since| ANCHOR_DELAY.saturating_sub(since.elapsed()));
        let program = self.program.patience();
        retry.into_iter().chain(anchor).chain(program).min()
    }

    /// Does what a message says, and those behind it that wait already. Returns whom to tell of the end.
    fn take(&mut self, first: Message<P>, inbox: &Receiver<Message<P>>) -> Option<SyncSender<()>> {
        let mut next = Some(first);
        for _ in 0..BATCH {
            match next.take().or_else(|| inbox.try_recv().ok())? {
                Message::Record(entry) => self.record(entry),
                Message::Opened(file, beside) => self.moved(file, beside),
                Message::Request(request) => match self.program.take(request) {
                    Next::Message => {}
                    Next::Turn => return None,
                    Next::End(done) => return Some(done),
                },
                Message::End(done) => return Some(done),
            }
        }
        None
    }

    fn record(&mut self, entry: Box<P::Entry>) {
        // The order of records is the order of their ends.
        if self.kept.is_empty() {
            match self.write(&entry) {
                Ok(()) => return self.gate.give_back(entry.ticket()),
                Err(error) => self.failed(&error),
            }
        }
        match entry.ticket() {
            Ticket::Reserved => self.kept.push_back(entry),
            Ticket::Waiting => {
                self.gate.give_back(Ticket::Waiting);
                self.gate.lose(1);
            }
        }
    }

    fn write(&mut self, entry: &P::Entry) -> io::Result<()> {
        self.log.drop_records(self.gate.take_untold());
        let log = &mut self.log;
        entry.with(|command| log.append(command, entry.ended()))?;
        self.unanchored += 1;
        self.written += 1;
        self.since.get_or_insert_with(Instant::now);
        self.wrote();
        Ok(())
    }

    /// Writes what is missing: first records, gaps, records that were kept. Returns whether that succeeded.
    fn catch_up(&mut self) -> bool {
        self.log.drop_records(self.gate.take_untold());
        if let Err(error) = self.log.catch_up(SystemTime::now()) {
            self.failed(&error);
            return false;
        }
        while let Some(entry) = self.kept.pop_front() {
            if let Err(error) = self.write(&entry) {
                self.failed(&error);
                self.kept.push_front(entry);
                return false;
            }
            self.gate.give_back(entry.ticket());
        }
        self.wrote();
        true
    }

    /// Tries a file that took no more, once it is time. Messages do not put this off: each refused command is one.
    fn retry(&mut self, now: Instant) {
        if self.next_try.is_some_and(|next| next <= now) {
            self.next_try = Some(now + RETRY);
            self.catch_up();
        }
    }

    fn moved(&mut self, file: File, beside: P::Beside) {
        let identity = identity(&file);
        // SIGHUP without a rotation.
        if identity.is_some() && identity == self.identity {
            return;
        }
        self.log.move_to(file, SystemTime::now());
        self.identity = identity;
        self.program.moved(beside);
        if self.catch_up() {
            self.anchor();
        }
    }

    /// Tells the key file; what it does not know, the next start finds in the file.
    fn note(&mut self) {
        if let Err(error) = self.log.note() {
            self.warn("audit key file cannot be written", &error);
        }
    }

    fn anchor(&mut self) {
        match self.log.anchor() {
            Ok(head) => {
                (self.unanchored, self.since) = (0, None);
                self.tell(head);
            }
            Err(error) => {
                // Not before the next record, and not at once.
                self.since = Some(Instant::now());
                self.unanchored = 0;
                match self.log.is_doubtful() {
                    true => self.failed(&error),
                    false => self.warn("audit log cannot be anchored", &error),
                }
            }
        }
    }

    fn end(&mut self) {
        self.catch_up();
        let lost = self.give_up_kept();
        match self.log.end(SystemTime::now()) {
            Ok(head) => self.tell(head),
            Err(error) => self.program.say(Notice::NotEnded { error: &error, lost }),
        }
    }

    /// Counts records that the file did not take to the last as lost: should it take the end, that comes behind their number.
    fn give_up_kept(&mut self) -> usize {
        let lost = self.kept.len();
        for entry in self.kept.drain(..) {
            self.gate.give_back(entry.ticket());
        }
        self.gate.lose(lost);
        self.log.drop_records(self.gate.take_untold());
        lost
    }

    fn wrote(&mut self) {
        // The file takes records, and may have lost some: only another file ends this.
        if self.log.is_doubtful() {
            return;
        }
        if self.next_try.take().is_some() {
            self.gate.set_broken(false);
            self.warned = None;
            self.program.say(Notice::Recovered);
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.next_try = Some(Instant::now() + RETRY);
        self.gate.set_broken(true);
        self.warn("audit log cannot be written", error);
    }

    fn warn(&mut self, what: &'static str, error: &io::Error) {
        let now = Instant::now();
        let is_due = |warned| now.duration_since(warned) >= REMINDER;
        if self.warned.is_none_or(is_due) {
            self.warned = Some(now);
            self.program.say(Notice::Failed(what, error));
        }
    }

    fn tell(&self, head: Option<Head>) {
        if let Some(head) = head {
            self.program.say(Notice::Anchored(head));
        }
    }
}

#[cfg(test)]
mod tests;
