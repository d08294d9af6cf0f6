//! Handshake of one child: `initialize`, its answer, `notifications/initialized` (MCP "Lifecycle"; contract: mcp, section 8).
//!
//! Many servers are silent, or refuse every request, until they were initialized. A request that comes too early is answered by the
//! client.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::jsonrpc::{Kind, Message};

/// What a request needs of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing, and begins one: `initialize`.
    Begins,
    /// Nothing: a request that servers answer at any time, or one that carries what the handshake would tell (MCP 2026-07-28).
    Nothing,
    /// A completed one.
    Completed,
}

impl Need {
    /// The need of a message.
    pub(super) fn of(message: &Message<'_>) -> Self {
        let Kind::Call { method, .. } = &message.kind else {
            return Self::Nothing;
        };
        match &**method {
            _ if is_self_contained(message) => Self::Nothing,
            "initialize" => Self::Begins,
            "ping" | "server/discover" => Self::Nothing,
            _ => Self::Completed,
        }
    }
}

/// State of the handshakes with one child.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    /// The last `initialize` that was written, by its id on the pipe.
    last: Option<u64>,
    /// That one succeeded.
    has_succeeded: bool,
    /// Some `initialize` succeeded.
    is_answered: bool,
    /// A handshake was completed.
    was_completed: bool,
    /// The last one was.
    is_completed: bool,
}

impl Handshake {
    /// Records that an `initialize` was written. Until it is completed, the child counts as not initialized.
    pub(super) fn begun(&mut self, pipe_id: u64) {
        self.last = Some(pipe_id);
        (self.has_succeeded, self.is_completed) = (false, false);
    }

    /// Records that an `initialize` succeeded.
    pub(super) fn succeeded(&mut self, pipe_id: u64) {
        self.is_answered = true;
        self.has_succeeded |= self.last == Some(pipe_id);
    }

    /// Records that `notifications/initialized` was written.
    pub(super) fn initialized(&mut self) {
        self.was_completed |= self.is_answered;
        self.is_completed |= self.has_succeeded;
    }

    /// Whether a request with this need may be written. Callers in a session of ours completed a handshake of their own, or share
    /// one that was completed; the next caller's `initialize` does not lock them out.
    pub(super) fn admits(&self, need: Need, in_session: bool) -> bool {
        need != Need::Completed
            || if in_session {
                self.was_completed
            } else {
                self.is_completed
            }
    }
}

/// The first version of MCP whose requests are self-contained.
const SELF_CONTAINED_SINCE: &str = "2026-07-28";

/// True for a request that carries the version of MCP and the capabilities of its caller.
fn is_self_contained(message: &Message<'_>) -> bool {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow, rename = "_meta")]
        meta: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Meta<'a> {
        #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
        version: String,
        #[serde(borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
        capabilities: &'a RawValue,
    }
    // Serde reads structs from arrays too.
    let object = |raw: &&RawValue| raw.get().starts_with('{');
    let meta = message
        .params()
        .filter(object)
        .and_then(|raw| serde_json::from_str::<Params<'_>>(raw.get()).ok()?.meta)
        .filter(object)
        .and_then(|raw| serde_json::from_str::<Meta<'_>>(raw.get()).ok());
    meta.is_some_and(|meta| {
        meta.capabilities.get().starts_with('{') && is_date(&meta.version) && &*meta.version >= SELF_CONTAINED_SINCE
    })
}

/// A real date, as YYYY-MM-DD. Such dates are ordered as text.
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u32>().ok());
    let (true, Some(year), Some(month), Some(day)) = (shaped, part(0..4), part(5..7), part(8..10)) else {
        return false;
    };
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn need(method: &str, params: &str) -> Need {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        Need::of(&Message::parse(&text).unwrap())
    }

    fn modern(version: &str, capabilities: &str) -> String {
        format!(
            r#"{{"_meta":{{"io.modelcontextprotocol/protocolVersion":{version},"io.modelcontextprotocol/clientCapabilities":{capabilities}}}}}"#
        )
    }

    #[test]
    fn only_some_requests_need_no_handshake() {
        assert_eq!(need("initialize", "{}"), Need::Begins);
        assert_eq!(need("ping", "{}"), Need::Nothing);
        assert_eq!(need("server/discover", "{}"), Need::Nothing);
        for method in ["tools/call", "tools/list", "Initialize", "ping/", "logging/setLevel"] {
            assert_eq!(need(method, "{}"), Need::Completed, "{method}");
        }
    }

    #[test]
    fn a_self_contained_request_needs_none_and_begins_none() {
        for version in ["\"2026-07-28\"", "\"2026-12-31\"", "\"2028-02-29\"", "\"9999-01-01\""] {
            assert_eq!(need("tools/call", &modern(version, "{}")), Need::Nothing, "{version}");
        }
        assert_eq!(
            need("initialize", &modern("\"2026-07-28\"", "{\"a\":1}")),
            Need::Nothing
        );
        for version in [
            "\"2026-07-27\"",
            "\"2025-11-25\"",
            "\"2026-13-01\"",
            "\"2026-09-31\"",
            "\"2027-02-29\"",
            "\"2026-8-01\"",
            "\"2026-07-28 \"",
            "\"draft\"",
            "20260728",
            "null",
            "\"2026-00-10\"",
            "\"2026-08-00\"",
        ] {
            assert_eq!(need("tools/call", &modern(version, "{}")), Need::Completed, "{version}");
        }
        for capabilities in ["null", "[]", "\"{}\"", "true"] {
            let params = modern("\"2026-07-28\"", capabilities);
            assert_eq!(need("tools/call", &params), Need::Completed, "{capabilities}");
        }
        for params in [
            "[]",
            "{\"_meta\":[\"2026-07-28\",{}]}",
            "{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}",
        ] {
            assert_eq!(need("tools/call", params), Need::Completed, "{params}");
        }
    }

    #[test]
    fn a_handshake_has_three_steps() {
        let mut handshake = Handshake::default();
        let admits = |handshake: &Handshake| [true, false].map(|session| handshake.admits(Need::Completed, session));
        handshake.initialized();
        assert_eq!(admits(&handshake), [false, false], "nobody initialized it");
        handshake.begun(1);
        handshake.initialized();
        assert_eq!(admits(&handshake), [false, false], "the answer is missing");
        handshake.succeeded(1);
        assert_eq!(admits(&handshake), [false, false], "the notification is missing");
        handshake.initialized();
        assert_eq!(admits(&handshake), [true, true]);
        assert!(Handshake::default().admits(Need::Nothing, false) && Handshake::default().admits(Need::Begins, false));
    }

    #[test]
    fn the_next_handshake_does_not_lock_out_open_sessions() {
        let mut handshake = Handshake::default();
        handshake.begun(1);
        handshake.succeeded(1);
        handshake.initialized();
        handshake.begun(2);
        assert!(handshake.admits(Need::Completed, true) && !handshake.admits(Need::Completed, false));
        // The answer to an older one completes nothing.
        handshake.succeeded(1);
        handshake.initialized();
        assert!(!handshake.admits(Need::Completed, false));
        handshake.succeeded(2);
        handshake.initialized();
        assert!(handshake.admits(Need::Completed, false));
    }
}
