//! Commands that have ended, for the audit log, which also says whether one may begin, and for the status page.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use super::job::{Job, Work};
use crate::delivery::Delivery;
use crate::monitor::Finished;
use crate::wire::command::Action;

/// Where records of commands go. Its methods do not wait: they are called on the way of each command.
pub trait Audit: Debug + Send + Sync + 'static {
    /// Whether a command may begin: not while its record could not be kept. One that may is recorded with `is_admitted`.
    fn admits(&self) -> bool;

    /// Takes the record of a command that has ended.
    fn record(&self, ended: Ended<'_>);

    /// Counts commands that will have no record: the process ends before they do.
    fn lose(&self, commands: usize);
}

/// What remembers the last commands that have ended. It does not wait: it is called on the way of each command.
pub trait Recent: Debug + Send + Sync + 'static {
    /// Takes a command that has ended.
    fn record(&self, ended: &Ended<'_>);
}

/// Receivers of commands that have ended.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// Where records of commands go.
    pub audit: Option<Arc<dyn Audit>>,
    /// The last commands, if they are kept.
    pub recent: Option<Arc<dyn Recent>>,
}

/// A command that has ended. Neither arguments nor results are part of it.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// The service's name for the command; `None` for one that cannot be answered.
    pub request_id: Option<&'a str>,
    /// The caller's own, if it is short and plain.
    pub caller_request_id: Option<&'a str>,
    /// The channel.
    pub channel: Option<&'a str>,
    /// The method of its message, and for `tools/call` the tool. Callers wrote them.
    pub names: Names<'a>,
    /// The caller's session. To be hashed.
    pub session: Option<&'a str>,
    /// `ok`, or a word of the failure vocabulary.
    pub outcome: &'static str,
    /// Status of the answer, when there was one.
    pub status: Option<u16>,
    /// What became of the answer, unless it was delivered.
    pub delivery: Option<&'static str>,
    /// Bytes of the command as received.
    pub bytes_in: usize,
    /// Bytes of the answer's message.
    pub bytes_out: usize,
    /// Milliseconds in each part of the client.
    pub spent: Spent,
    /// From the poll answer to the end.
    pub duration: Duration,
    /// [`Audit::admits`] let it begin.
    pub is_admitted: bool,
}

/// Milliseconds that a command spent in each part of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Waiting for a worker.
    pub queue: u64,
    /// At its server.
    pub server: u64,
    /// Delivery of its answer.
    pub delivery: u64,
}

/// Names in a message.
#[derive(Debug, Clone, Default, Copy)]
pub struct Names<'a> {
    /// The method.
    pub method: Option<&'a str>,
    /// The tool.
    pub tool: Option<&'a str>,
}

/// How the run of a command ended.
pub(super) struct End {
    pub(super) outcome: &'static str,
    pub(super) status: Option<u16>,
    pub(super) delivery: Option<&'static str>,
    pub(super) bytes_out: usize,
    pub(super) spent: Spent,
    /// It was handed to its server.
    pub(super) is_asked: bool,
}

impl End {
    /// The same in words of `/health`. Answers of a server are no failures, whatever they say and whatever becomes of their delivery; a
    /// command that did not reach its server says nothing of the work.
    pub(super) fn finished(&self) -> Finished {
        match (self.outcome, self.status) {
            ("ok", _) => Finished::Done,
            _ if !self.is_asked => Finished::Cancelled,
            // The last is the client's own failure.
            ("cancelled" | "client_internal", _) => Finished::Cancelled,
            ("expired", _) | (_, Some(408 | 504)) => Finished::TimedOut,
            _ => Finished::Failed,
        }
    }

    /// Its time was up, so that nothing was answered.
    pub(super) const fn expired(spent: Spent, is_asked: bool) -> Self {
        Self {
            outcome: "expired",
            status: None,
            delivery: None,
            bytes_out: 0,
            spent,
            is_asked,
        }
    }
}

/// The word for an answer that was not delivered.
pub(super) const fn undelivered(delivery: Delivery) -> Option<&'static str> {
    match delivery {
        Delivery::Done => None,
        Delivery::Late => Some("late"),
        Delivery::NoStream => Some("no_stream"),
        Delivery::Gone => Some("caller_gone"),
        Delivery::Refused => Some("refused"),
        Delivery::Rejected => Some("rejected"),
        Delivery::Failed => Some("failed"),
        Delivery::Expired => Some("expired"),
    }
}

/// Stands for the name of a tool that is not one text: servers could read it in different ways.
const UNCLEAR: &str = "(unclear)";

impl Records {
    /// Whether a command may begin.
    pub(super) fn admits(&self) -> bool {
        self.audit.as_ref().is_none_or(|audit| audit.admits())
    }

    /// Hands over a command that has ended.
    pub(super) fn ended(&self, job: &Job, end: &End, is_admitted: bool) {
        if self.audit.is_none() && self.recent.is_none() {
            return;
        }
        let action = match &job.work {
            Work::Do(action) => Some(action),
            Work::Refused { .. } => None,
        };
        let method = action.and_then(Action::method);
        let named = action.and_then(Action::tool);
        let tool = named.as_ref().map(|tool| tool.name().unwrap_or(UNCLEAR));
        self.hand_over(&Ended {
            request_id: Some(&job.route.request_id),
            caller_request_id: job.route.caller_request_id.as_deref(),
            channel: Some(&job.route.channel),
            names: Names { method, tool },
            session: job.session(),
            outcome: end.outcome,
            status: end.status,
            delivery: end.delivery,
            bytes_in: job.size(),
            bytes_out: end.bytes_out,
            spent: end.spent,
            duration: job.received.elapsed(),
            is_admitted,
        });
    }

    /// The same for a command that cannot be answered, because it has no name or no way back.
    pub(super) fn unanswerable(&self) {
        self.hand_over(&Ended {
            request_id: None,
            caller_request_id: None,
            channel: None,
            names: Names::default(),
            session: None,
            outcome: "invalid_command",
            status: None,
            delivery: None,
            bytes_in: 0,
            bytes_out: 0,
            spent: Spent::default(),
            duration: Duration::ZERO,
            is_admitted: false,
        });
    }

    fn hand_over(&self, ended: &Ended<'_>) {
        if let Some(audit) = &self.audit {
            audit.record(*ended);
        }
        if let Some(recent) = &self.recent {
            recent.record(ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_did_not_reach_their_server_say_nothing_of_the_work() {
        for (outcome, status, delivery, is_asked, finished) in [
            ("ok", Some(200), None, true, Finished::Done),
            ("ok", Some(504), None, true, Finished::Done),
            ("ok", Some(200), Some("expired"), true, Finished::Done),
            ("connect", Some(502), Some("expired"), true, Finished::Failed),
            ("cancelled", Some(200), None, true, Finished::Cancelled),
            ("client_internal", Some(503), None, true, Finished::Cancelled),
            ("refused", Some(503), None, false, Finished::Cancelled),
            ("refused", Some(408), None, false, Finished::Cancelled),
            ("refused", Some(503), Some("expired"), false, Finished::Cancelled),
            ("unsupported_channel", Some(400), None, false, Finished::Cancelled),
            ("timeout", Some(504), None, true, Finished::TimedOut),
            ("expired", None, None, true, Finished::TimedOut),
            ("expired", None, None, false, Finished::Cancelled),
            ("connect", Some(502), None, true, Finished::Failed),
        ] {
            let end = End {
                outcome,
                status,
                delivery,
                bytes_out: 0,
                spent: Spent::default(),
                is_asked,
            };
            assert_eq!(end.finished(), finished, "{outcome} {status:?} {is_asked}");
        }
    }
}
