//! A record on its way to the thread.

use std::time::{Duration, SystemTime};

use audit_log::Command;
use audit_log::limits::{NAME_MAX, REQUEST_ID_MAX};

use super::gate::Ticket;
use crate::dispatch::audit::Ended;
use crate::limits::AUDIT_SCRUB_MAX;
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
        let cut = |text: Option<&str>, most: usize| text.map(|text| cut(text, most));
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
        let request_id = self.request_id.as_deref().map(redact::scrub);
        let caller_request_id = self.caller_request_id.as_deref().map(redact::scrub);
        let channel = self.channel.as_deref().map(redact::scrub);
        let method = self.method.as_deref().map(redact::scrub);
        let tool = self.tool.as_deref().map(redact::scrub);
        let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        act(&Command {
            request_id: request_id.as_deref(),
            caller_request_id: caller_request_id.as_deref(),
            channel: channel.as_deref(),
            method: method.as_deref(),
            tool: tool.as_deref(),
            session: self.session.as_deref(),
            outcome: self.outcome,
            status: self.status,
            delivery: self.delivery,
            bytes_in: number(self.bytes_in),
            bytes_out: number(self.bytes_out),
            duration: self.duration,
            ..Command::default()
        })
    }
}

/// What a record takes of a text, and a character more where there was more. Scrubbed before it is cut: nobody recognises half a secret.
fn cut(text: &str, most: usize) -> Box<str> {
    let upto = |text: &str, most: usize| -> Box<str> {
        let end = text.floor_char_boundary(most);
        text.get(..end).unwrap_or_default().into()
    };
    if text.len() <= most {
        return text.into();
    }
    upto(&redact::scrub(&upto(text, AUDIT_SCRUB_MAX)), most + 4)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::audit::gate::Ticket;
    use crate::dispatch::audit::{Names, Spent};

    fn ended<'a>(channel: &'a str, method: &'a str) -> Ended<'a> {
        Ended {
            request_id: None,
            caller_request_id: None,
            channel: Some(channel),
            names: Names {
                method: Some(method),
                tool: None,
            },
            session: None,
            outcome: "ok",
            status: None,
            delivery: None,
            bytes_in: 0,
            bytes_out: 0,
            spent: Spent::default(),
            duration: Duration::ZERO,
            is_admitted: true,
        }
    }

    #[test]
    fn nothing_is_left_of_a_secret_where_a_name_is_cut() {
        for before in NAME_MAX - 40..NAME_MAX + 4 {
            let method = format!("{} sk-{}", "a".repeat(before), "B".repeat(40));
            let entry = Entry::of(&ended("main", &method), Ticket::Waiting);
            entry.with(|command| assert!(!command.method.unwrap().contains('B'), "{before}: {:?}", command.method));
        }
    }

    #[test]
    fn a_channel_is_scrubbed_like_what_callers_write() {
        let entry = Entry::of(&ended("sk-BBBBBBBBBBBBBBBBBBBB", "ping"), Ticket::Waiting);
        entry.with(|command| assert!(!command.channel.unwrap().contains('B')));
    }
}
