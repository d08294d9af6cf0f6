//! What comes in an answer and is no part of the call: heartbeats as data, answers to others. It is skipped, counted and
//! logged; that the answer itself did not come is told with what came instead.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU8, Ordering};

use log::{debug, warn};

use crate::limits::ODD_EVENTS_MAX;
use crate::wire::failure::Failure;
use crate::wire::said::Said;

/// A kind of odd event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// Data that is not JSON.
    NotJson,
    /// JSON that is no JSON-RPC message.
    NotAMessage,
    /// An answer to another request.
    OtherAnswer,
    /// An error that names no request.
    Unnamed,
    /// An event of another name than `message`.
    OtherEvent,
    /// A request of the server whose id is too long to be kept.
    LongId,
}

impl Odd {
    const ALL: [Self; 6] = [
        Self::NotJson,
        Self::NotAMessage,
        Self::OtherAnswer,
        Self::Unnamed,
        Self::OtherEvent,
        Self::LongId,
    ];

    /// The label of the metric.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::NotAMessage => "not_a_message",
            Self::OtherAnswer => "other_answer",
            Self::Unnamed => "unnamed_error",
            Self::OtherEvent => "other_event",
            Self::LongId => "long_id",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotJson => "not JSON",
            Self::NotAMessage => "JSON, but no JSON-RPC message",
            Self::OtherAnswer => "an answer to another request",
            Self::Unnamed => "an error that names no request",
            Self::OtherEvent => "an event of another name than message",
            Self::LongId => "a request with an id that is too long",
        }
    }

    /// The contract's word.
    fn kind(self) -> &'static str {
        match self {
            Self::NotJson => "malformed_json",
            _ => "invalid_protocol_response",
        }
    }
}

/// Odd events of one call.
#[derive(Debug, Default)]
pub(super) struct OddEvents {
    counts: [u32; Odd::ALL.len()],
    first: Option<Odd>,
    /// The words of an error that names no request: most likely it means this one.
    said: Option<Said>,
}

impl OddEvents {
    /// Counts one; false when there have been too many.
    pub(super) fn add(&mut self, odd: Odd, said: Option<Said>) -> bool {
        self.first.get_or_insert(odd);
        if said.is_some() {
            self.said = said;
        }
        let count = &mut self.counts[odd as usize];
        *count = count.saturating_add(1);
        self.counts.iter().fold(0u32, |all, count| all.saturating_add(*count)) <= ODD_EVENTS_MAX
    }

    /// Whether there were any.
    pub(super) fn any(&self) -> bool {
        self.first.is_some()
    }

    /// The failure of a call whose answer did not come. `lost`: how its connection was lost, if it was.
    pub(super) fn failure(&mut self, lost: Option<Failure>, without: &str) -> Failure {
        let seen = self.seen();
        let said = self.said.take();
        let failure = match (lost, self.first) {
            (Some(lost), None) => return lost,
            (Some(lost), Some(_)) => {
                let cause = lost.cause.clone().unwrap_or_else(|| lost.kind.replace('_', " "));
                lost.because(format!("{cause}; before that came {seen}"))
            }
            (None, None) => Failure::protocol("invalid_protocol_response").because(without),
            (None, Some(first)) => Failure::protocol(first.kind()).because(format!("{without}; what came: {seen}")),
        };
        failure.saying(said)
    }

    /// What was seen: each kind and how often.
    fn seen(&self) -> String {
        let mut text = String::new();
        for odd in Odd::ALL {
            let count = self.counts[odd as usize];
            if count > 0 {
                let joint = if text.is_empty() { "" } else { ", " };
                let times = if count > 1 {
                    format!(" ({count} times)")
                } else {
                    String::new()
                };
                // Writing to a String cannot fail.
                let _ = write!(text, "{joint}{}{times}", odd.words());
            }
        }
        text
    }
}

/// Which kinds were logged for a channel: each is a warning once, because a server that sends one sends many.
#[derive(Debug, Default)]
pub(super) struct Warned(AtomicU8);

impl Warned {
    /// Logs one. `what`: its form, without its content, which is data of callers.
    pub(super) fn log(&self, channel: &str, odd: Odd, what: &str) {
        let (event, what) = (odd.words(), Some(what).filter(|what| !what.is_empty()));
        if self.0.fetch_or(1 << odd as u8, Ordering::Relaxed) & (1 << odd as u8) == 0 {
            warn!(channel, event, what; "the MCP server sent what is no part of a call; it is skipped, and further ones are only counted");
        } else {
            debug!(channel, event, what; "the MCP server sent what is no part of a call");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::failure::Source;

    #[test]
    fn a_failure_says_what_came_instead_of_the_answer() {
        let mut odd = OddEvents::default();
        for one in [Odd::NotAMessage, Odd::OtherAnswer, Odd::NotAMessage] {
            assert!(odd.add(one, None));
        }
        let failure = odd.failure(None, "the stream ended without it");
        assert_eq!(failure.kind, "invalid_protocol_response");
        assert_eq!(
            failure.cause.as_deref(),
            Some(
                "the stream ended without it; what came: JSON, but no JSON-RPC message (2 times), an answer to another request"
            )
        );
        let lost = Failure::transport(Source::TransportClosed, "connection_reset");
        let failure = odd.failure(Some(lost.clone()), "");
        assert_eq!((failure.source, failure.kind), (lost.source, lost.kind));
        assert_eq!(OddEvents::default().failure(Some(lost.clone()), ""), lost);
    }

    #[test]
    fn odd_events_are_bounded() {
        let mut odd = OddEvents::default();
        assert!((0..ODD_EVENTS_MAX).all(|_| odd.add(Odd::OtherEvent, None)));
        assert!(!odd.add(Odd::NotJson, None));
    }
}
