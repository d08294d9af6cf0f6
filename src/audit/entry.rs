//! A record on its way to the thread.

use std::time::{Duration, SystemTime};

use audit_log::Command;
use audit_log::limits::{NAME_MAX, REQUEST_ID_MAX};

use super::gate::Ticket;
use crate::dispatch::audit::Ended;
use crate::telemetry::redact;

/// What outlives its command: short texts, and the session until it is hashed. Freed memory is wiped.
#[derive(Debug)]
pub(super) struct Entry {
    request_id: Option<Box<str>>,
    caller_request_id: Option<Box<str>>,
    channel: Option<Box<str>>,
    method: Option<Box<str>>,
    tool: Option<Box<str>>,
    session: Option<Box<str>>,
    outcome: &'static str,
    status: Option<u16>,
    delivery: Option<&'static str>,
    bytes_in: usize,
    bytes_out: usize,
    duration: Duration,
    pub(super) ended: SystemTime,
    pub(super) ticket: Ticket,
}

impl Entry {
    pub(super) fn of(ended: &Ended<'_>, ticket: Ticket) -> Self {
        // One byte more than the record takes shows that there was more.
        let cut = |text: Option<&str>, most: usize| {
            text.map(|text| Box::from(text.get(..text.floor_char_boundary(most + 4)).unwrap_or_default()))
        };
        Self {
            request_id: cut(ended.request_id, REQUEST_ID_MAX),
            caller_request_id: cut(ended.caller_request_id, NAME_MAX),
            channel: cut(ended.channel, NAME_MAX),
            method: cut(ended.names.method, NAME_MAX),
            tool: cut(ended.names.tool, NAME_MAX),
            session: ended.session.map(Box::from),
            outcome: ended.outcome,
            status: ended.status,
            delivery: ended.delivery,
            bytes_in: ended.bytes_in,
            bytes_out: ended.bytes_out,
            duration: ended.duration,
            ended: SystemTime::now(),
            ticket,
        }
    }

    /// Hands the record over with what callers wrote scrubbed: a name may be a secret in the wrong place.
    pub(super) fn with<T>(&self, act: impl FnOnce(&Command<'_>) -> T) -> T {
        let scrubbed = |text: &Option<Box<str>>| text.as_deref().map(|text| redact::scrub(text).into_owned());
        let (request_id, caller_request_id) = (scrubbed(&self.request_id), scrubbed(&self.caller_request_id));
        let (method, tool) = (scrubbed(&self.method), scrubbed(&self.tool));
        let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        act(&Command {
            request_id: request_id.as_deref(),
            caller_request_id: caller_request_id.as_deref(),
            channel: self.channel.as_deref(),
            method: method.as_deref(),
            tool: tool.as_deref(),
            session: self.session.as_deref(),
            outcome: self.outcome,
            status: self.status,
            delivery: self.delivery,
            policy: None,
            bytes_in: number(self.bytes_in),
            bytes_out: number(self.bytes_out),
            duration: self.duration,
        })
    }
}
