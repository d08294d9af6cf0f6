//! The thread that writes records, seals them, and tells the log how far they are.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use audit_log::Head;
use log::{info, warn};
use rustix::thread::gettid;

use super::entry::Entry;
use super::forward::Feeder;
use super::gate::{Gate, Ticket};
use super::open::{Error, Opened, Reopened};
use super::{AuditLog, MESSAGES, Message};
use crate::files::Identity;
use crate::limits::{AUDIT_ANCHOR_DELAY, AUDIT_BATCH, AUDIT_PAUSE, AUDIT_REMINDER, AUDIT_RETRY, AUDIT_STACK};
use crate::monitor::Forwarding;
use crate::sandbox::AuditCage;

impl Opened {
    /// Starts the thread, which enters `cage` first and writes that a run begins.
    ///
    /// # Errors
    ///
    /// There is no thread, it cannot enter its cage, or the key file cannot be written.
    pub fn start(self, cage: AuditCage) -> Result<AuditLog, Error> {
        let (place, settings, begun) = self.begin()?;
        let gate = Arc::new(Gate::new(settings.on_failure));
        let (messages, inbox) = mpsc::sync_channel(MESSAGES);
        let (entered, outcome) = mpsc::sync_channel(1);
        let anchor_every = u64::try_from(settings.anchor_every).unwrap_or(u64::MAX);
        let forwarding = begun.source.is_some().then(|| Arc::new(Forwarding::default()));
        let feeder = begun.source.zip(forwarding.clone());
        let feeder = feeder.map(|(source, facts)| source.feeder(facts));
        let mut thread = Thread {
            feeder,
            ..Thread::new(begun.log, begun.identity, Arc::clone(&gate), anchor_every)
        };
        thread::Builder::new()
            .name("audit".to_owned())
            .stack_size(AUDIT_STACK)
            .spawn(move || {
                let number = gettid().as_raw_nonzero().get().unsigned_abs();
                let result = cage.enter().map(|()| number);
                let is_in = result.is_ok();
                if entered.send(result).is_ok() && is_in {
                    thread.run(&inbox);
                }
            })
            .map_err(Error::Thread)?;
        let thread = match outcome.recv() {
            Ok(Ok(thread)) => thread,
            Ok(Err(error)) => return Err(Error::Cage(error)),
            Err(_) => return Err(Error::Thread(io::Error::other("it ended before it began"))),
        };
        Ok(AuditLog {
            messages,
            gate,
            place: Arc::new(place),
            thread,
            forwarding,
        })
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
    /// Records that nobody was told of yet.
    written: u64,
    /// When the first of them was written.
    since: Option<Instant>,
    /// The file took no more the last time: when to try again, whatever comes until then.
    next_try: Option<Instant>,
    /// When the log was last told of a failure.
    warned: Option<Instant>,
    /// Hands records out to be sent elsewhere.
    feeder: Option<Feeder>,
}

impl Thread {
    fn new(log: audit_log::AuditLog<File>, identity: Identity, gate: Arc<Gate>, anchor_every: u64) -> Self {
        Self {
            log,
            identity: Some(identity),
            gate,
            anchor_every,
            kept: VecDeque::new(),
            unanchored: 0,
            written: 0,
            since: None,
            next_try: None,
            warned: None,
            feeder: None,
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
                    // Records that come meanwhile wake nobody. A wake-up that has another reason does no harm.
                    if let Message::Record(_) = message {
                        thread::park_timeout(AUDIT_PAUSE);
                    }
                    if let Some(done) = self.take(message, inbox) {
                        self.end();
                        let _ = done.send(());
                        return self.feed(inbox);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.end(),
            }
            self.retry(Instant::now());
            self.note();
            self.gate.wrote(std::mem::take(&mut self.written));
            if let Some(feeder) = &mut self.feeder {
                feeder.turn();
            }
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
        let feeder = self.feeder.as_ref().and_then(Feeder::patience);
        retry.into_iter().chain(anchor).chain(feeder).min()
    }

    /// Hands out records after the last one was written, until the sender has finished.
    fn feed(&mut self, inbox: &Receiver<Message>) {
        let Some(feeder) = &mut self.feeder else { return };
        loop {
            feeder.turn();
            let message = match feeder.patience() {
                Some(patience) => inbox.recv_timeout(patience),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Forward(request)) => feeder.take(request),
                Ok(Message::Close(done)) => {
                    feeder.close();
                    let _ = done.send(());
                    return;
                }
                // Nothing is written any more.
                Ok(Message::Record(_) | Message::Opened(_) | Message::End(_)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return feeder.close(),
            }
        }
    }

    /// Does what a message says, and those behind it that wait already. Returns whom to tell of the end.
    fn take(&mut self, first: Message, inbox: &Receiver<Message>) -> Option<mpsc::SyncSender<()>> {
        let mut next = Some(first);
        for _ in 0..AUDIT_BATCH {
            match next.take().or_else(|| inbox.try_recv().ok())? {
                Message::Record(entry) => self.record(entry),
                Message::Opened(file) => self.moved(file),
                Message::Forward(request) => {
                    if let Some(feeder) = &mut self.feeder {
                        feeder.take(request);
                        // What the sender waits for is answered between two batches of records, not behind all of them.
                        return None;
                    }
                }
                Message::End(done) | Message::Close(done) => return Some(done),
            }
        }
        None
    }

    fn record(&mut self, entry: Box<Entry>) {
        // The order of records is the order of their ends.
        if self.kept.is_empty() {
            match self.write(&entry) {
                Ok(()) => return self.gate.give_back(entry.ticket),
                Err(error) => self.failed(&error),
            }
        }
        match entry.ticket {
            Ticket::Reserved => self.kept.push_back(entry),
            Ticket::Waiting => {
                self.gate.give_back(Ticket::Waiting);
                self.gate.drop_one();
            }
        }
    }

    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        self.log.drop_records(self.gate.take_untold());
        let log = &mut self.log;
        entry.with(|command| log.append(command, entry.ended))?;
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
            self.gate.give_back(entry.ticket);
        }
        self.wrote();
        true
    }

    /// Tries a file that took no more, once it is time. Messages do not put this off: each refused command is one.
    fn retry(&mut self, now: Instant) {
        if self.next_try.is_some_and(|next| next <= now) {
            self.next_try = Some(now + AUDIT_RETRY);
            self.catch_up();
        }
    }

    fn moved(&mut self, Reopened { file, reading }: Reopened) {
        let identity = file.metadata().ok().as_ref().map(Identity::from);
        // SIGHUP without a rotation.
        if identity.is_some() && identity == self.identity {
            return;
        }
        self.log.move_to(file, SystemTime::now());
        self.identity = identity;
        if let Some((feeder, reading)) = self.feeder.as_mut().zip(reading) {
            feeder.moved(reading);
        }
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
            Err(error) => warn!(error:% = error, lost; "audit log not ended: its file cannot be written"),
        }
    }

    /// Counts records that the file did not take to the last as dropped: should it take the end, that comes behind their number.
    fn give_up_kept(&mut self) -> usize {
        let lost = self.kept.len();
        for entry in self.kept.drain(..) {
            self.gate.give_back(entry.ticket);
        }
        self.gate.drop_many(lost);
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
            info!("audit log can be written again");
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.next_try = Some(Instant::now() + AUDIT_RETRY);
        self.gate.set_broken(true);
        self.warn(error, "audit log cannot be written");
    }

    fn warn(&mut self, error: &io::Error, what: &str) {
        let now = Instant::now();
        if self
            .warned
            .is_none_or(|warned| now.duration_since(warned) >= AUDIT_REMINDER)
        {
            self.warned = Some(now);
            warn!(error:% = error; "{what}");
        }
    }
}

/// The second place of the last record: the log, which goes to another host where this matters.
fn tell(head: Option<Head>) {
    if let Some(Head { count, tag }) = head {
        info!(count, head:% = tag; "audit log anchored");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::OpenOptions;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::config::OnFailure;
    use crate::dispatch::audit::{Ended, Names, Spent};

    fn thread(device: &str) -> Thread {
        let file = OpenOptions::new().append(true).open(device).unwrap();
        let identity = Identity::from(&file.metadata().unwrap());
        let log = audit_log::AuditLog::plain(file, false, audit_log::SessionKey::new(&[1; 32]), "test");
        Thread::new(log, identity, Arc::new(Gate::new(OnFailure::Block)), 1000)
    }

    fn entry(gate: &Gate) -> Box<Entry> {
        let is_admitted = gate.admits();
        let ended = Ended {
            request_id: Some("r1"),
            caller_request_id: None,
            channel: None,
            names: Names::default(),
            session: None,
            outcome: "ok",
            status: Some(200),
            delivery: None,
            bytes_in: 1,
            bytes_out: 1,
            spent: Spent::default(),
            duration: Duration::ZERO,
            is_admitted,
        };
        Box::new(Entry::of(&ended, gate.ticket(is_admitted).unwrap()))
    }

    fn place(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("audit-thread-{name}-{}", std::process::id()))
    }

    fn empty(path: &Path) -> File {
        OpenOptions::new().append(true).create(true).open(path).unwrap()
    }

    /// A device of which the system cannot say that anything reached a disk.
    #[test]
    fn a_file_that_the_disk_may_have_lost_blocks_until_another_one_takes_its_place() {
        let mut thread = thread("/dev/null");
        let gate = Arc::clone(&thread.gate);
        thread.record(entry(&gate));
        thread.anchor();
        assert!(!gate.admits());
        // Records can be written, which makes up for nothing.
        thread.retry(Instant::now() + AUDIT_RETRY);
        assert!(thread.catch_up() && !gate.admits());
        let path = place("doubtful");
        thread.moved(Reopened {
            file: empty(&path),
            reading: None,
        });
        assert!(gate.admits());
        std::fs::remove_file(path).unwrap();
    }
    #[test]
    fn records_that_are_given_up_at_the_end_are_counted_before_it() {
        let mut thread = thread("/dev/full");
        let gate = Arc::clone(&thread.gate);
        thread.record(entry(&gate));
        assert!(!gate.admits());
        assert_eq!(thread.give_up_kept(), 1);
        // Room comes between this and the end.
        let path = place("given-up");
        thread.log.move_to(empty(&path), SystemTime::now());
        thread.end();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let events: Vec<_> = text.lines().map(|line| line.contains("\"dropped\":1")).collect();
        assert_eq!(events, [false, true, false], "{text}");
    }

    #[test]
    fn records_of_refused_commands_do_not_put_off_the_next_try() {
        let mut thread = thread("/dev/full");
        let gate = Arc::clone(&thread.gate);
        thread.record(entry(&gate));
        let next = thread.next_try.unwrap();
        assert!(!gate.admits());
        thread.record(entry(&gate));
        assert_eq!((thread.next_try, thread.kept.len()), (Some(next), 1));
        // Room comes.
        let path = place("room");
        thread.log.move_to(empty(&path), SystemTime::now());
        thread.retry(next);
        assert!(gate.admits());
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let events: Vec<_> = text
            .lines()
            .map(|line| line.contains("\"request_id\":\"r1\""))
            .collect();
        assert_eq!(events, [false, false, true], "{text}");
    }
}
