//! The thread that writes records, seals them, and tells the log how far they are.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use super::entry::Entry;
use super::gate::{Gate, Ticket};
use super::open::{Begun, Identity, Opened, identity, tell};
use super::{AuditLog, MESSAGES, Message};
use crate::limits::{AUDIT_ANCHOR_DELAY, AUDIT_BATCH, AUDIT_REMINDER, AUDIT_RETRY, AUDIT_STACK};
use crate::log;

impl Opened {
    /// Starts the thread, which writes that a run begins.
    pub(crate) fn start(self) -> Result<AuditLog, String> {
        let begun = self.begin()?;
        let gate = Arc::new(Gate::new(begun.settings.on_failure));
        let path = Arc::new(begun.settings.file.clone());
        let (messages, inbox) = mpsc::sync_channel(MESSAGES);
        let mut thread = Thread::new(begun, Arc::clone(&gate));
        std::thread::Builder::new()
            .name("audit".to_owned())
            .stack_size(AUDIT_STACK)
            .spawn(move || thread.run(&inbox))
            .map_err(|error| format!("--audit-file: no thread that writes: {error}"))?;
        Ok(AuditLog { messages, gate, path })
    }
}

struct Thread {
    log: audit_log::AuditLog<File>,
    /// The file that is written.
    identity: Option<Identity>,
    gate: Arc<Gate>,
    anchor_every: u64,
    /// Records that wait until the file takes some again: those with a reservation alone, so that their number is bounded.
    kept: VecDeque<Box<Entry>>,
    /// Records since the last anchor.
    unanchored: u64,
    /// When the first of them was written.
    since: Option<Instant>,
    /// The file took no more the last time: when to try again, whatever comes until then.
    next_try: Option<Instant>,
    /// When the log was last told of a failure.
    warned: Option<Instant>,
}

impl Thread {
    fn new(begun: Begun, gate: Arc<Gate>) -> Self {
        Self {
            log: begun.log,
            identity: begun.identity,
            gate,
            anchor_every: begun.settings.anchor_every,
            kept: VecDeque::new(),
            unanchored: 0,
            since: None,
            next_try: None,
            warned: None,
        }
    }

    fn run(&mut self, inbox: &Receiver<Message>) {
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
                    if let Some(done) = self.take(message, inbox) {
                        self.end();
                        let _ = done.send(());
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.end(),
            }
            self.retry(Instant::now());
            self.note();
            let is_late = self.since.is_some_and(|since| since.elapsed() >= AUDIT_ANCHOR_DELAY);
            if self.unanchored >= self.anchor_every || is_late {
                self.anchor();
            }
        }
    }

    /// How long nothing has to be done unless a message comes.
    fn patience(&self) -> Option<Duration> {
        let retry = self.next_try.map(|next| next.saturating_duration_since(Instant::now()));
        let anchor = self
            .since
            .map(|since| AUDIT_ANCHOR_DELAY.saturating_sub(since.elapsed()));
        retry.into_iter().chain(anchor).min()
    }

    /// Does what a message says, and those behind it that wait already. Returns whom to tell of the end.
    fn take(&mut self, first: Message, inbox: &Receiver<Message>) -> Option<mpsc::SyncSender<()>> {
        let mut next = Some(first);
        for _ in 0..AUDIT_BATCH {
            match next.take().or_else(|| inbox.try_recv().ok())? {
                Message::Record(entry, ticket) => self.record(entry, ticket),
                Message::Opened(file) => self.moved(file),
                Message::End(done) => return Some(done),
            }
        }
        None
    }

    fn record(&mut self, entry: Box<Entry>, ticket: Ticket) {
        // The order of records is the order of their ends.
        if self.kept.is_empty() {
            match self.write(&entry) {
                Ok(()) => return self.gate.give_back(ticket),
                Err(error) => self.failed(&error),
            }
        }
        match ticket {
            Ticket::Reserved => self.kept.push_back(entry),
            Ticket::Waiting => {
                self.gate.give_back(ticket);
                self.gate.lose(1);
            }
        }
    }

    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        self.log.drop_records(self.gate.take_untold());
        let log = &mut self.log;
        entry.with(|command| log.append(command, entry.ended))?;
        self.unanchored += 1;
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
            self.gate.give_back(Ticket::Reserved);
        }
        self.wrote();
        true
    }

    /// Tries a file that took no more, once it is time. Messages do not put this off: each refused call is one.
    fn retry(&mut self, now: Instant) {
        if self.next_try.is_some_and(|next| next <= now) {
            self.next_try = Some(now + AUDIT_RETRY);
            self.catch_up();
        }
    }

    fn moved(&mut self, file: File) {
        let identity = identity(&file);
        // SIGHUP without a rotation.
        if identity.is_some() && identity == self.identity {
            return;
        }
        self.log.move_to(file, SystemTime::now());
        self.identity = identity;
        if self.catch_up() {
            self.anchor();
        }
    }

    /// Tells the key file; what it does not know, the next start finds in the file.
    fn note(&mut self) {
        if let Err(error) = self.log.note() {
            self.warn(&error, "audit key file cannot be written");
        }
    }

    fn anchor(&mut self) {
        match self.log.anchor() {
            Ok(head) => {
                (self.unanchored, self.since) = (0, None);
                tell(head);
            }
            Err(error) => {
                // Not before the next record, and not at once.
                self.since = Some(Instant::now());
                self.unanchored = 0;
                match self.log.is_doubtful() {
                    true => self.failed(&error),
                    false => self.warn(&error, "audit log cannot be anchored"),
                }
            }
        }
    }

    fn end(&mut self) {
        self.catch_up();
        let lost = self.give_up_kept();
        match self.log.end(SystemTime::now()) {
            Ok(head) => tell(head),
            Err(error) => log::warn(
                "audit log not ended: its file cannot be written",
                &[("error", &error), ("lost", &lost)],
            ),
        }
    }

    /// Counts records that the file did not take to the last as dropped: should it take the end, that comes behind their number.
    fn give_up_kept(&mut self) -> usize {
        let lost = self.kept.len();
        for _ in self.kept.drain(..) {
            self.gate.give_back(Ticket::Reserved);
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
            log::info("audit log can be written again", &[]);
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.next_try = Some(Instant::now() + AUDIT_RETRY);
        self.gate.set_broken(true);
        self.warn(error, "audit log cannot be written");
    }

    fn warn(&mut self, error: &io::Error, what: &str) {
        let now = Instant::now();
        let is_due = |warned| now.duration_since(warned) >= AUDIT_REMINDER;
        if self.warned.is_none_or(is_due) {
            self.warned = Some(now);
            log::warn(what, &[("error", error)]);
        }
    }
}
