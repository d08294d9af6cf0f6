//! How many records may wait, and whether commands may begin.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Treatment of commands while their records cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// They are refused.
    Block,
    /// They are performed; the records that are lost are counted.
    DropAndCount,
}

/// Places for records.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Under [`OnFailure::Block`]: commands that run with a reservation, and their records until they are written.
    pub reserved: usize,
    /// Other records that wait.
    pub waiting: usize,
}

/// Receives what happens to records, on the thread where it happens. `()` ignores it.
pub trait Watch: Debug + Send + Sync + 'static {
    /// A command was refused because too many records wait.
    fn full(&self);

    /// So many records were lost.
    fn lost(&self, records: u64);

    /// So many records were written, at least one.
    fn wrote(&self, records: u64);

    /// An attempt to write has failed, or was the first that did not.
    fn broken(&self, is_broken: bool);
}

impl Watch for () {
    fn full(&self) {}

    fn lost(&self, _records: u64) {}

    fn wrote(&self, _records: u64) {}

    fn broken(&self, _is_broken: bool) {}
}

/// Counters that the thread that writes and those that record share.
#[derive(Debug)]
pub struct Gate<W> {
    on_failure: OnFailure,
    places: Places,
    reserved: AtomicUsize,
    waiting: AtomicUsize,
    /// The file took no more the last time.
    is_broken: AtomicBool,
    /// Lost records that no record tells of yet.
    untold: AtomicU64,
    watch: W,
}

/// A place for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticket {
    /// Reserved by a command when it began: its record is kept until it is written.
    Reserved,
    /// Taken by a record without a reservation.
    Waiting,
}

impl<W: Watch> Gate<W> {
    /// A gate without records.
    pub fn new(on_failure: OnFailure, places: Places, watch: W) -> Self {
        Self {
            on_failure,
            places,
            reserved: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
            untold: AtomicU64::new(0),
            watch,
        }
    }

    /// Receiver of this gate's events.
    pub fn watch(&self) -> &W {
        &self.watch
    }

    /// Whether commands are refused while their records cannot be written.
    pub fn blocks(&self) -> bool {
        self.on_failure == OnFailure::Block
    }

    /// Whether the file takes no records.
    pub fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    /// Number of lost records that no record tells of yet.
    pub fn untold(&self) -> u64 {
        self.untold.load(Ordering::Relaxed)
    }

    /// Whether a command may begin. Reserves the place of its record.
    pub fn admits(&self) -> bool {
        match self.on_failure {
            OnFailure::DropAndCount => true,
            OnFailure::Block if self.is_broken() => false,
            OnFailure::Block => {
                let has_room = take(&self.reserved, self.places.reserved);
                if !has_room {
                    self.watch.full();
                }
                has_room
            }
        }
    }

    /// A command that was admitted will have no record: it was none.
    pub fn withdraw(&self) {
        if self.blocks() {
            self.give_back(Ticket::Reserved);
        }
    }

    /// The place of a record; `None` when it is lost.
    pub fn ticket(&self, is_admitted: bool) -> Option<Ticket> {
        if self.blocks() && is_admitted {
            return Some(Ticket::Reserved);
        }
        if take(&self.waiting, self.places.waiting) {
            return Some(Ticket::Waiting);
        }
        self.lose(1);
        None
    }

    /// The record is written, or lost.
    pub fn give_back(&self, ticket: Ticket) {
        let counter = match ticket {
            Ticket::Reserved => &self.reserved,
            Ticket::Waiting => &self.waiting,
        };
        counter.fetch_sub(1, Ordering::Relaxed);
    }

    /// Records are lost.
    pub fn lose(&self, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.untold.fetch_add(records, Ordering::Relaxed);
        self.watch.lost(records);
    }

    /// Takes the number of lost records, to tell of them.
    pub fn take_untold(&self) -> u64 {
        self.untold.swap(0, Ordering::Relaxed)
    }

    /// Whether the file takes no records.
    pub fn set_broken(&self, is_broken: bool) {
        self.is_broken.store(is_broken, Ordering::Relaxed);
        self.watch.broken(is_broken);
    }
}

/// Adds one, unless there are `most`.
fn take(counter: &AtomicUsize, most: usize) -> bool {
    let before = counter.fetch_add(1, Ordering::Relaxed);
    if before >= most {
        counter.fetch_sub(1, Ordering::Relaxed);
    }
    before < most
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places = Places {
        reserved: 64,
        waiting: 16,
    };

    #[test]
    fn a_blocking_log_admits_what_it_can_record_and_nothing_while_it_is_broken() {
        let gate = Gate::new(OnFailure::Block, PLACES, ());
        let admitted = (0..=PLACES.reserved).filter(|_| gate.admits()).count();
        assert_eq!(admitted, PLACES.reserved);
        // Records of those that were refused have places of their own.
        assert_eq!(gate.ticket(false), Some(Ticket::Waiting));
        assert_eq!(gate.ticket(true), Some(Ticket::Reserved));
        gate.give_back(Ticket::Reserved);
        gate.set_broken(true);
        assert!(!gate.admits());
        gate.set_broken(false);
        assert!(gate.admits() && !gate.admits());
    }

    #[test]
    fn a_log_that_drops_admits_everything_and_counts_what_it_drops() {
        let gate = Gate::new(OnFailure::DropAndCount, PLACES, ());
        gate.set_broken(true);
        for place in 0..PLACES.waiting + 3 {
            assert!(gate.admits());
            assert_eq!(gate.ticket(true).is_some(), place < PLACES.waiting);
        }
        gate.lose(1);
        assert_eq!((gate.untold(), gate.take_untold(), gate.take_untold()), (4, 4, 0));
    }
}
