//! A record on its way to the thread.

use std::borrow::Cow;
use std::ops::Range;
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
    /// All texts, one behind the other.
    texts: Box<str>,
    request_id: Place,
    caller_request_id: Place,
    channel: Place,
    method: Place,
    tool: Place,
    session: Place,
    outcome: &'static str,
    status: Option<u16>,
    delivery: Option<&'static str>,
    bytes_in: usize,
    bytes_out: usize,
    duration: Duration,
    pub(super) ended: SystemTime,
    pub(super) ticket: Ticket,
}

/// Where a text stands, if there is one.
type Place = Option<Range<usize>>;

impl Entry {
    pub(super) fn of(ended: &Ended<'_>, ticket: Ticket) -> Self {
        let names = &ended.names;
        let parts = [
            (ended.request_id, REQUEST_ID_MAX),
            (ended.caller_request_id, NAME_MAX),
            (ended.channel, NAME_MAX),
            (names.method, NAME_MAX),
            (names.tool, NAME_MAX),
            (ended.session, usize::MAX),
        ]
        .map(|(text, most)| text.map(|text| cut(text, most)));
        let mut texts = String::with_capacity(parts.iter().flatten().map(|text| text.len()).sum());
        let [request_id, caller_request_id, channel, method, tool, session] = parts.map(|text| {
            let start = texts.len();
            texts.push_str(&text?);
            Some(start..texts.len())
        });
        Self {
            texts: texts.into(),
            request_id,
            caller_request_id,
            channel,
            method,
            tool,
            session,
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
        let scrubbed = |place: &Place| self.text(place).map(redact::scrub);
        let (request_id, caller_request_id) = (scrubbed(&self.request_id), scrubbed(&self.caller_request_id));
        let (channel, method, tool) = (scrubbed(&self.channel), scrubbed(&self.method), scrubbed(&self.tool));
        let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        act(&Command {
            request_id: request_id.as_deref(),
            caller_request_id: caller_request_id.as_deref(),
            channel: channel.as_deref(),
            method: method.as_deref(),
            tool: tool.as_deref(),
            session: self.text(&self.session),
            outcome: self.outcome,
            status: self.status,
            delivery: self.delivery,
            bytes_in: number(self.bytes_in),
            bytes_out: number(self.bytes_out),
            duration: self.duration,
            ..Command::default()
        })
    }

    fn text(&self, place: &Place) -> Option<&str> {
        self.texts.get(place.clone()?)
    }
}

/// What a record takes of a text, and a character more where there was more. Scrubbed before it is cut: nobody recognises half a secret.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return text.into();
    }
    let searched = &text[..text.floor_char_boundary(AUDIT_SCRUB_MAX)];
    let mut scrubbed = redact::scrub(searched).into_owned();
    scrubbed.truncate(scrubbed.floor_char_boundary(most + 4));
    scrubbed.into()
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
