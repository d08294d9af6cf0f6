//! Components `log` and `audit`: whether lines of the log and records of the audit log find their places.

use serde::Serialize;

use crate::monitor::component::{Brief, Moment, Status};

/// The audit log.
#[derive(Debug, Default)]
pub(in super::super) struct Audit {
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    /// Commands are refused while it cannot be written.
    blocks: bool,
    /// Its file takes no records.
    is_broken: bool,
    since: Moment,
}

impl Audit {
    /// Its file takes records, or takes none.
    pub(in super::super) fn learnt(&mut self, is_broken: bool, blocks: bool) {
        if self.known.as_ref().is_none_or(|known| known.is_broken != is_broken) {
            let since = Moment::now();
            self.known = Some(Known {
                blocks,
                is_broken,
                since,
            });
        }
    }

    /// Commands are refused because of it.
    pub(in super::super) fn refuses(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.is_broken && known.blocks)
    }

    pub(in super::super) fn brief(&self) -> Brief {
        match &self.known {
            None => Brief::new(Status::Disabled, "disabled"),
            Some(Known { is_broken: false, .. }) => Brief::new(Status::Ok, "writing"),
            Some(Known { blocks, .. }) => {
                let state = if *blocks { "refusing" } else { "dropping" };
                Brief::new(Status::Degraded, state).because(Some("audit_file_not_written"))
            }
        }
    }

    pub(in super::super) fn observed_at(&self) -> Option<Moment> {
        self.known.as_ref().map(|known| known.since)
    }

    pub(in super::super) fn details(&self) -> Option<impl Serialize> {
        self.known.as_ref().map(|known| AuditDetails {
            on_failure: if known.blocks { "block" } else { "drop-and-count" },
        })
    }
}

#[derive(Serialize)]
struct AuditDetails {
    on_failure: &'static str,
}

/// How the log is at one moment. It is asked when somebody wants to know: a change is no line of the log, where it would be lost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Log {
    /// Whether lines find their place.
    pub lines: Lines,
    /// Lines lost since the process began.
    pub lost: u64,
}

/// Whether lines of the log find their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lines {
    /// They are written.
    #[default]
    Written,
    /// They wait for their reader.
    Waiting,
    /// They wait for a log server that cannot be reached.
    Unreachable,
    /// They are lost.
    Lost,
}

impl Log {
    pub(in super::super) fn brief(self) -> Brief {
        match self.lines {
            Lines::Written => Brief::new(Status::Ok, "writing"),
            Lines::Waiting => Brief::new(Status::Ok, "waiting"),
            Lines::Unreachable => Brief::new(Status::Degraded, "waiting").because(Some("log_server_unreachable")),
            Lines::Lost => Brief::new(Status::Degraded, "losing").because(Some("log_lines_lost")),
        }
    }

    pub(in super::super) fn details(self) -> impl Serialize {
        LogDetails { lost_lines: self.lost }
    }
}

#[derive(Serialize)]
struct LogDetails {
    lost_lines: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_log_is_degraded_while_its_file_takes_nothing_and_refuses_only_where_it_blocks() {
        let mut audit = Audit::default();
        assert_eq!(audit.brief(), Brief::new(Status::Disabled, "disabled"));
        for (blocks, state) in [(true, "refusing"), (false, "dropping")] {
            let mut audit = Audit::default();
            audit.learnt(false, blocks);
            assert_eq!((audit.brief().status, audit.refuses()), (Status::Ok, false));
            audit.learnt(true, blocks);
            let Brief {
                status, state: found, ..
            } = audit.brief();
            assert_eq!((status, found, audit.refuses()), (Status::Degraded, state, blocks));
        }
        audit.learnt(true, true);
        audit.learnt(false, true);
        assert!(!audit.refuses());
    }

    #[test]
    fn a_log_that_waits_for_its_reader_is_well_and_one_that_waits_for_a_server_that_is_gone_is_not() {
        let brief = |lines| Log { lines, lost: 0 }.brief();
        assert_eq!(brief(Lines::Waiting).status, Status::Ok);
        assert_eq!(brief(Lines::Unreachable).status, Status::Degraded);
        assert_eq!(brief(Lines::Lost).reason, Some("log_lines_lost"));
    }
}
