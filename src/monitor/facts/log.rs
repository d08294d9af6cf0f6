//! Component `log`: whether lines of the log find their place.

use serde::Serialize;

use crate::monitor::component::{Brief, Status};

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
    fn a_log_that_waits_for_its_reader_is_well_and_one_that_waits_for_a_server_that_is_gone_is_not() {
        let brief = |lines| Log { lines, lost: 0 }.brief();
        assert_eq!(brief(Lines::Waiting).status, Status::Ok);
        assert_eq!(brief(Lines::Unreachable).status, Status::Degraded);
        assert_eq!(brief(Lines::Lost).reason, Some("log_lines_lost"));
    }
}
