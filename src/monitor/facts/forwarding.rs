//! How far the forwarding of the audit log is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Facts that the thread which reads the records and the task which sends them report.
#[derive(Debug, Default)]
pub struct Forwarding {
    bytes: AtomicU64,
    records: AtomicU64,
    left_out: AtomicU64,
    sending: Mutex<Sending>,
}

#[derive(Debug, Default, Clone)]
struct Sending {
    last_success: Option<SystemTime>,
    trouble: Option<Trouble>,
}

/// The facts at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarded {
    /// Bytes of records that were not sent yet.
    pub waiting_bytes: u64,
    /// Their number, as far as they are counted.
    pub waiting_records: u64,
    /// Records that will not be sent, since the process began.
    pub left_out: u64,
    /// When the collector last took some.
    pub last_success: Option<SystemTime>,
    /// What keeps records from being sent.
    pub trouble: Option<Trouble>,
}

/// Why records are not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// When it began.
    pub since: SystemTime,
    /// The last error, for people.
    pub error: String,
}

impl Forwarding {
    /// The facts now.
    #[must_use]
    pub fn facts(&self) -> Forwarded {
        let Sending { last_success, trouble } = self.sending().clone();
        Forwarded {
            waiting_bytes: self.bytes.load(Ordering::Relaxed),
            waiting_records: self.records.load(Ordering::Relaxed),
            left_out: self.left_out.load(Ordering::Relaxed),
            last_success,
            trouble,
        }
    }

    /// So much waits.
    pub fn waits(&self, bytes: u64, records: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
        self.records.store(records, Ordering::Relaxed);
    }

    /// Records will not be sent.
    pub fn left_out(&self, records: u64) {
        self.left_out.fetch_add(records, Ordering::Relaxed);
    }

    /// The collector took some.
    pub fn sent(&self) {
        let mut sending = self.sending();
        sending.last_success = Some(SystemTime::now());
        sending.trouble = None;
    }

    /// Records cannot be sent.
    pub fn failed(&self, error: &str) {
        let mut sending = self.sending();
        let since = sending
            .trouble
            .as_ref()
            .map_or_else(SystemTime::now, |known| known.since);
        sending.trouble = Some(Trouble {
            since,
            error: error.to_owned(),
        });
    }

    fn sending(&self) -> MutexGuard<'_, Sending> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_begins_with_its_first_error_and_ends_with_a_success() {
        let forwarding = Forwarding::default();
        forwarding.waits(500, 2);
        forwarding.left_out(3);
        forwarding.failed("refused");
        let first = forwarding.facts().trouble;
        forwarding.failed("no answer");
        let second = forwarding.facts().trouble;
        assert_eq!(
            first.as_ref().map(|one| one.since),
            second.as_ref().map(|one| one.since)
        );
        assert_eq!(second.map(|one| one.error).as_deref(), Some("no answer"));
        assert_eq!(forwarding.facts().last_success, None);
        forwarding.sent();
        let facts = forwarding.facts();
        assert!(facts.trouble.is_none() && facts.last_success.is_some());
        assert_eq!(
            (facts.waiting_bytes, facts.waiting_records, facts.left_out),
            (500, 2, 3)
        );
    }
}
