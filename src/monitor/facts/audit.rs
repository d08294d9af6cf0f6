//! Component `audit`: records of the audit log.

use serde::Serialize;

use crate::monitor::component::{Brief, Moment, Status};

/// What is known of the audit log.
#[derive(Debug, Default)]
pub(in super::super) struct Audit {
    /// There is one; whether commands are refused while it takes no records.
    blocks: Option<bool>,
    trouble: Option<Trouble>,
    records: u64,
    dropped: u64,
    last_write: Option<Moment>,
    observed: Option<Moment>,
}

/// Why records are not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The file takes none.
    Write,
    /// They come faster than they are written.
    Full,
}

impl Audit {
    pub(in super::super) fn begun(&mut self, blocks: bool) {
        self.blocks = Some(blocks);
        self.observed = Some(Moment::now());
    }

    pub(in super::super) fn written(&mut self, records: u64) {
        self.records = self.records.saturating_add(records);
        self.last_write = Some(Moment::now());
        self.observed = self.last_write;
        // A file that may have lost some takes further ones as well.
        if self.trouble == Some(Trouble::Full) {
            self.trouble = None;
        }
    }

    pub(in super::super) fn failed(&mut self) {
        self.trouble = Some(Trouble::Write);
        self.observed = Some(Moment::now());
    }

    pub(in super::super) fn recovered(&mut self) {
        self.trouble = None;
        self.observed = Some(Moment::now());
    }

    pub(in super::super) fn full(&mut self) {
        self.trouble.get_or_insert(Trouble::Full);
        self.observed = Some(Moment::now());
    }

    pub(in super::super) fn dropped(&mut self, records: u64) {
        self.dropped = self.dropped.saturating_add(records);
        self.full();
    }

    /// Whether every command is refused.
    pub(in super::super) fn refuses(&self) -> bool {
        self.blocks == Some(true) && self.trouble == Some(Trouble::Write)
    }

    pub(in super::super) fn brief(&self) -> Brief {
        let (Some(blocks), trouble) = (self.blocks, self.trouble) else {
            return Brief::new(Status::Disabled, "disabled");
        };
        let reason = match trouble {
            None => return Brief::new(Status::Ok, "recording"),
            Some(Trouble::Write) => "write_failed",
            Some(Trouble::Full) => "queue_full",
        };
        let state = if blocks { "refusing" } else { "dropping" };
        Brief::new(Status::Degraded, state).because(Some(reason))
    }

    pub(in super::super) fn observed_at(&self) -> Option<Moment> {
        self.observed
    }

    /// None without an audit log.
    pub(in super::super) fn details(&self) -> Option<impl Serialize> {
        self.blocks.map(|_| Details {
            records: self.records,
            dropped: self.dropped,
            last_write: self.last_write,
        })
    }
}

#[derive(Serialize)]
struct Details {
    records: u64,
    dropped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_write: Option<Moment>,
}
