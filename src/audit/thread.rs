//! The thread that writes records: its cage, the words of the log, and the forwarding of what the file has.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime};

use audit_log::limits::STACK;
use audit_log::{Command, Head, Next, Notice, Program, Queued, Thread};
use log::{info, warn};
use rustix::thread::gettid;

use super::entry::Entry;
use super::forward::Feeder;
use super::gate::{Ticket, Watcher, gate};
use super::open::{Error, Opened};
use super::{AuditLog, MESSAGES, Message, Request};
use crate::limits::AUDIT_PAUSE;
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
        let gate = Arc::new(gate(settings.on_failure));
        let (messages, inbox) = mpsc::sync_channel(MESSAGES);
        let (entered, outcome) = mpsc::sync_channel(1);
        let anchor_every = u64::try_from(settings.anchor_every).unwrap_or(u64::MAX);
        let forwarding = begun.source.is_some().then(|| Arc::new(Forwarding::default()));
        let feeder = begun.source.zip(forwarding.clone());
        let feeder = feeder.map(|(source, facts)| source.feeder(facts));
        let mut thread = Thread::new(Client { feeder }, begun.log, Arc::clone(&gate), anchor_every);
        thread::Builder::new()
            .name("audit".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let number = gettid().as_raw_nonzero().get().unsigned_abs();
                let result = cage.enter().map(|()| number);
                let is_in = result.is_ok();
                if entered.send(result).is_ok() && is_in && thread.run(&inbox) {
                    thread.program().feed(&inbox);
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

impl Queued for Entry {
    fn ticket(&self) -> Ticket {
        self.ticket
    }

    fn ended(&self) -> SystemTime {
        self.ended
    }

    fn with<T>(&self, act: impl FnOnce(&Command<'_>) -> T) -> T {
        self.with(act)
    }
}

/// What the client adds to the loop.
pub(super) struct Client {
    /// Hands records out to be sent elsewhere.
    feeder: Option<Feeder>,
}

impl Program for Client {
    type Entry = Entry;
    type Watch = Watcher;
    type Beside = Option<File>;
    type Request = Request;

    const PAUSE: Option<Duration> = Some(AUDIT_PAUSE);

    fn say(&self, notice: Notice<'_>) {
        let message = notice.message();
        match notice {
            Notice::Anchored(Head { count, tag }) => info!(count, head:% = tag; "{message}"),
            Notice::Recovered => info!("{message}"),
            Notice::Failed(_, error) => warn!(error:% = error; "{message}"),
            Notice::NotEnded { error, lost } => warn!(error:% = error, lost; "{message}"),
        }
    }

    fn moved(&mut self, reading: Option<File>) {
        if let Some((feeder, file)) = self.feeder.as_mut().zip(reading) {
            feeder.moved(file);
        }
    }

    fn take(&mut self, request: Request) -> Next {
        match (request, &mut self.feeder) {
            (Request::Forward(request), Some(feeder)) => {
                feeder.take(request);
                // What the sender waits for is answered between two batches of records, not behind all of them.
                Next::Turn
            }
            (Request::Forward(_), None) => Next::Message,
            (Request::Close(done), _) => Next::End(done),
        }
    }

    fn turn(&mut self) {
        if let Some(feeder) = &mut self.feeder {
            feeder.turn();
        }
    }

    fn patience(&self) -> Option<Duration> {
        self.feeder.as_ref().and_then(Feeder::patience)
    }
}

impl Client {
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
                Ok(Message::Request(Request::Forward(request))) => feeder.take(request),
                Ok(Message::Request(Request::Close(done))) => {
                    feeder.close();
                    let _ = done.send(());
                    return;
                }
                // Nothing is written any more.
                Ok(Message::Record(_) | Message::Opened(..) | Message::End(_)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return feeder.close(),
            }
        }
    }
}
