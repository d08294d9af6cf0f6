//! The calls that wait or run, and which of them a cancellation means (MCP "Cancellation").
//!
//! Callers number their requests alike, so an id alone may belong to any of them. A cancellation is acted on only when its sender
//! is provably the caller of the call ([`Caller::is_proved`]). Even then it is still a hint: one that could mean two calls, or one
//! that has just ended, is not acted on (one key may have several clients behind it). A cancellation that is not acted on still
//! goes to an MCP server over HTTP, with its sender's own session and credentials, by which the server judges it. It never goes
//! onto a pipe, where its sender could not be distinguished.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::job::Job;
use crate::limits::{CANCEL_MEMORY, CANCEL_MEMORY_MAX};
use crate::wire::caller::Caller;
use crate::wire::jsonrpc::Id;

/// The calls of all channels.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: Vec<Arc<Job>>,
    /// Calls without a session that have ended.
    ended: VecDeque<Ended>,
}

#[derive(Debug)]
struct Ended {
    channel: Box<str>,
    caller: Caller,
    id: Box<str>,
    at: Instant,
}

impl Calls {
    /// A job begins to wait. Only calls are kept.
    pub(super) fn begin(&mut self, job: &Arc<Job>) {
        if job.call_id().is_some() {
            self.open.push(Arc::clone(job));
        }
    }

    /// A job has ended.
    pub(super) fn end(&mut self, job: &Arc<Job>) {
        let Some(id) = job.call_id() else { return };
        if let Some(at) = self.open.iter().position(|open| Arc::ptr_eq(open, job)) {
            self.open.swap_remove(at);
        }
        if !job.caller.has_session() {
            self.forget();
            let (channel, id) = (job.route.channel.clone(), id.into());
            self.ended.push_back(Ended {
                channel,
                caller: job.caller,
                id,
                at: Instant::now(),
            });
        }
    }

    /// The one call that a cancellation of `id`, sent like `job`, can mean.
    pub(super) fn meant(&mut self, job: &Job, id: Id<'_>) -> Option<Arc<Job>> {
        self.forget();
        let channel = &job.route.channel;
        let same = |other: &str| Id::from_json(other) == Some(id);
        let has_just_ended = |e: &Ended| e.channel == *channel && e.caller.is_proved(&job.caller) && same(&e.id);
        if !job.caller.has_session() && self.ended.iter().any(has_just_ended) {
            return None;
        }
        let mut meant = self.open.iter().filter(|open| {
            open.route.channel == *channel && open.caller.is_proved(&job.caller) && open.call_id().is_some_and(same)
        });
        let call = meant.next()?;
        if meant.next().is_some() {
            None
        } else {
            Some(Arc::clone(call))
        }
    }

    fn forget(&mut self) {
        while self.ended.len() >= CANCEL_MEMORY_MAX
            || self.ended.front().is_some_and(|e| e.at.elapsed() >= CANCEL_MEMORY)
        {
            self.ended.pop_front();
        }
    }
}
