//! The last commands that have ended, for the status page: metadata alone (contract: status, section 5).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::dispatch::audit::{self, Ended, Spent};
use crate::limits::{AUDIT_SCRUB_MAX, RECENT_CALLS, RECENT_ID_MAX, RECENT_NAME_MAX};
use crate::monitor::Moment;
use crate::telemetry::redact;

/// The last commands, the newest first.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<Call>>);

/// One of them. Its texts are scrubbed and bounded.
#[derive(Debug, Clone)]
struct Call {
    ended: SystemTime,
    request_id: Option<Box<str>>,
    caller_request_id: Option<Box<str>>,
    channel: Option<Box<str>>,
    method: Option<Box<str>>,
    tool: Option<Box<str>>,
    outcome: &'static str,
    status: Option<u16>,
    delivery: Option<&'static str>,
    spent: Spent,
    duration_ms: u64,
    bytes_in: usize,
    bytes_out: usize,
}

impl audit::Recent for Recent {
    fn record(&self, ended: &Ended<'_>) {
        let call = Call::of(ended);
        let mut calls = self.lock();
        let oldest = match calls.len() {
            0..RECENT_CALLS => None,
            _ => calls.pop_back(),
        };
        calls.push_front(call);
        drop(calls);
        drop(oldest);
    }
}

impl Recent {
    /// The last `most`, as the page shows them.
    pub(super) fn newest(&self, most: usize) -> Vec<Value> {
        let calls: Vec<Call> = self.lock().iter().take(most).cloned().collect();
        calls.iter().map(Call::shown).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    fn of(ended: &Ended<'_>) -> Self {
        let id = |text: Option<&str>| text.map(|text| bounded(text, RECENT_ID_MAX));
        let name = |text: Option<&str>| text.map(|text| bounded(text, RECENT_NAME_MAX));
        Self {
            ended: SystemTime::now(),
            request_id: id(ended.request_id),
            caller_request_id: id(ended.caller_request_id),
            channel: name(ended.channel),
            method: name(ended.names.method),
            tool: name(ended.names.tool),
            outcome: ended.outcome,
            status: ended.status,
            delivery: ended.delivery,
            spent: ended.spent,
            duration_ms: u64::try_from(ended.duration.as_millis()).unwrap_or(u64::MAX),
            bytes_in: ended.bytes_in,
            bytes_out: ended.bytes_out,
        }
    }

    fn shown(&self) -> Value {
        json!({
            "time": Moment::from(self.ended),
            "request_id": self.request_id,
            "caller_request_id": self.caller_request_id,
            "channel": self.channel,
            "method": self.method,
            "tool": self.tool,
            "outcome": self.outcome,
            "status": self.status,
            "delivery": self.delivery,
            "queue_ms": self.spent.queue,
            "server_ms": self.spent.server,
            "delivery_ms": self.spent.delivery,
            "duration_ms": self.duration_ms,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
        })
    }
}

/// What is left of a text that a caller wrote. Scrubbed before it is cut: nobody recognises half a secret.
fn bounded(text: &str, most: usize) -> Box<str> {
    let upto = |text: &str, most: usize| text[..text.floor_char_boundary(most)].to_owned();
    let mut scrubbed = redact::scrub(&upto(text, AUDIT_SCRUB_MAX)).into_owned();
    if scrubbed.len() > most {
        scrubbed = upto(&scrubbed, most - 3) + "...";
    }
    scrubbed.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use super::*;
    use crate::dispatch::audit::{Names, Recent as _};

    fn ended<'a>(id: &'a str, tool: &'a str) -> Ended<'a> {
        Ended {
            request_id: Some(id),
            caller_request_id: None,
            channel: Some("main"),
            names: Names {
                method: Some("tools/call"),
                tool: Some(tool),
            },
            session: Some("never shown"),
            outcome: "ok",
            status: Some(200),
            delivery: None,
            bytes_in: 1,
            bytes_out: 2,
            spent: Spent {
                queue: 3,
                server: 4,
                delivery: 5,
            },
            duration: Duration::from_millis(12),
            is_admitted: true,
        }
    }

    #[test]
    fn the_newest_call_comes_first_and_old_ones_go() {
        let recent = Recent::default();
        for number in 0..RECENT_CALLS + 5 {
            recent.record(&ended(&format!("r{number}"), "echo"));
        }
        let calls = recent.newest(RECENT_CALLS + 5);
        assert_eq!(calls.len(), RECENT_CALLS);
        assert_eq!(
            (&calls[0]["request_id"], &calls[99]["request_id"]),
            (&"r104".into(), &"r5".into())
        );
        assert_eq!(recent.newest(2).len(), 2);
        assert!(!format!("{recent:?}").contains("never shown"));
    }

    #[test]
    fn nothing_is_left_of_a_secret_in_a_name() {
        for before in 0..RECENT_NAME_MAX + 4 {
            let tool = format!("{} sk-{}", "a".repeat(before), "B".repeat(40));
            let recent = Recent::default();
            recent.record(&ended("r1", &tool));
            let shown = recent.newest(1)[0]["tool"].as_str().unwrap().to_owned();
            assert!(
                !shown.contains('B') && shown.len() <= RECENT_NAME_MAX,
                "{before}: {shown}"
            );
        }
    }
}
