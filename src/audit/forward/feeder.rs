//! The thread's side: hands out what waits, remembers how far it was sent, and says what is left out.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use audit_log::PositionFile;
use audit_log::limits::{REMINDER, RETRY};
use log::warn;
use tokio::sync::oneshot;

use super::backlog::Backlog;
use super::{Request, Verdict};
use crate::limits::AUDIT_FORWARD_STORE;
use crate::monitor::Forwarding;

/// Serves the sender between records.
#[derive(Debug)]
pub(in crate::audit) struct Feeder {
    backlog: Backlog,
    position: PositionFile,
    /// Where the next lines go.
    reply: Option<oneshot::Sender<String>>,
    at_once: bool,
    /// The position has moved since it was stored.
    is_moved: bool,
    stored: Instant,
    /// There is something to do though no message comes.
    has_more: bool,
    /// The file could not be read: when to try again.
    next_try: Option<Instant>,
    warned: Option<Instant>,
    untold: LeftOut,
    told: Option<Instant>,
    facts: Arc<Forwarding>,
}

/// Records that were left out and not told of yet, by reason.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct LeftOut {
    /// More waited than may.
    beyond: u64,
    /// Two rotations before they were sent.
    rotated: u64,
    /// No audit log wrote them.
    foreign: u64,
}

impl Feeder {
    pub(super) fn new(backlog: Backlog, position: PositionFile, facts: Arc<Forwarding>) -> Self {
        Self {
            backlog,
            position,
            reply: None,
            at_once: false,
            // The place where it begins may be another than the one that is stored.
            is_moved: true,
            stored: Instant::now(),
            has_more: true,
            next_try: None,
            warned: None,
            untold: LeftOut::default(),
            told: None,
            facts,
        }
    }

    /// Takes what the sender says.
    pub(in crate::audit) fn take(&mut self, request: Request) {
        match request.verdict {
            Verdict::Unsent => self.take_back(),
            Verdict::Broken => {
                let lost = self.backlog.rewind();
                self.leave_out(|untold| &mut untold.beyond, lost);
            }
            Verdict::Taken => {
                let confirmed = self.backlog.confirm();
                self.is_moved = true;
                self.leave_out(|untold| &mut untold.foreign, confirmed.unfit);
            }
        }
        if request.reply.is_some() {
            (self.reply, self.at_once) = (request.reply, request.at_once);
        }
    }

    fn take_back(&mut self) {
        let lost = self.backlog.take_back();
        self.leave_out(|untold| &mut untold.beyond, lost);
    }

    /// The log goes on in another file.
    pub(in crate::audit) fn moved(&mut self, file: File) {
        let lost = self.backlog.moved(file);
        self.leave_out(|untold| &mut untold.rotated, lost);
        self.is_moved = true;
    }

    /// Does what is due: short, because records wait meanwhile.
    pub(in crate::audit) fn turn(&mut self) {
        self.turn_at(Instant::now());
    }

    fn turn_at(&mut self, now: Instant) {
        // By time alone: a collector that reads late has as long, however much is sent.
        if self.is_moved && now.saturating_duration_since(self.stored) >= AUDIT_FORWARD_STORE {
            self.store(now);
        }
        if self.next_try.is_none_or(|next| next <= now) {
            match self.step() {
                Ok(()) => self.next_try = None,
                Err(error) => {
                    self.next_try = Some(now + RETRY);
                    self.warn(&error, "audit file cannot be read to be forwarded");
                }
            }
        }
        self.tell(now);
    }

    /// How long nothing has to be done unless a message comes.
    pub(in crate::audit) fn patience(&self) -> Option<Duration> {
        let now = Instant::now();
        let until = |moment: Instant| moment.saturating_duration_since(now);
        let retry = self.next_try.map(until);
        let more = (self.has_more && retry.is_none()).then_some(Duration::ZERO);
        let store = self.is_moved.then(|| until(self.stored + AUDIT_FORWARD_STORE));
        let tell = (self.untold != LeftOut::default())
            .then(|| self.told.map_or(Duration::ZERO, |told| until(told + REMINDER)));
        [retry, more, store, tell].into_iter().flatten().min()
    }

    /// Stores the position for the last time.
    pub(in crate::audit) fn close(&mut self) {
        self.take_back();
        // All that was sent, at the second step.
        for _ in 0..2 {
            self.store(Instant::now());
        }
        self.told = None;
        self.tell(Instant::now());
    }

    fn step(&mut self) -> io::Result<()> {
        let counted = self.backlog.count()?;
        if counted.was_cut {
            warn!("audit file was cut short where it stands: what was not forwarded of it is lost");
            self.is_moved = true;
        }
        let left_out = self.backlog.leave_out()?;
        if let Some(records) = left_out {
            self.leave_out(|untold| &mut untold.beyond, records);
            self.is_moved = true;
        }
        self.has_more = counted.more || left_out.is_some();
        self.answer()?;
        let waiting = self.backlog.waiting()?;
        self.facts.waits(waiting.bytes, waiting.records);
        Ok(())
    }

    /// Gives the sender what there is.
    fn answer(&mut self) -> io::Result<()> {
        let Some(reply) = self.reply.take_if(|reply| !reply.is_closed()) else {
            self.reply = None;
            return Ok(());
        };
        if self.backlog.is_unsettled() {
            // Until the position has moved on, which is due within a second.
            self.reply = Some(reply);
            return Ok(());
        }
        let batch = match self.backlog.hand_out() {
            Ok(batch) => batch,
            Err(error) => {
                self.reply = Some(reply);
                return Err(error);
            }
        };
        if batch.is_some && batch.lines.is_empty() {
            // All of it was foreign.
            let confirmed = self.backlog.confirm();
            self.leave_out(|untold| &mut untold.foreign, confirmed.unfit);
            (self.is_moved, self.has_more) = (true, true);
            self.reply = Some(reply);
        } else if !batch.is_some && !self.at_once {
            self.reply = Some(reply);
        } else if reply.send(batch.lines).is_err() {
            self.take_back();
        }
        Ok(())
    }

    fn store(&mut self, now: Instant) {
        self.stored = now;
        if self.backlog.advance() {
            self.facts.sent();
        }
        match self
            .backlog
            .position()
            .and_then(|position| self.position.store(&position))
        {
            Ok(()) => self.is_moved = !self.backlog.is_settled(),
            Err(error) => self.warn(&error, "position of the forwarded audit log cannot be stored"),
        }
    }

    fn leave_out(&mut self, reason: impl FnOnce(&mut LeftOut) -> &mut u64, records: u64) {
        *reason(&mut self.untold) += records;
        self.facts.left_out(records);
    }

    /// Tells what was left out, now and then.
    fn tell(&mut self, now: Instant) {
        let is_due = self.told.is_none_or(|told| now.duration_since(told) >= REMINDER);
        let LeftOut {
            beyond,
            rotated,
            foreign,
        } = self.untold;
        if !is_due || self.untold == LeftOut::default() {
            return;
        }
        (self.told, self.untold) = (Some(now), LeftOut::default());
        warn!(
            beyond_backlog = beyond, rotated_twice = rotated, no_records = foreign,
            action = "find them in the audit file and the files that it was rotated to";
            "audit records left out of forwarding"
        );
    }

    fn warn(&mut self, error: &io::Error, what: &str) {
        let now = Instant::now();
        if self.warned.is_none_or(|warned| now.duration_since(warned) >= REMINDER) {
            self.warned = Some(now);
            warn!(error:% = error; "{what}");
        }
    }
}

#[cfg(test)]
mod tests;
