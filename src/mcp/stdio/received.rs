//! What becomes of a line that a child wrote.

use log::{debug, warn};
use serde_json::value::RawValue;

use super::StdioServer;
use super::misfit::Misfit;
use super::observer::Observer;
use super::router::Unattributed;
use super::shown::shown;
use crate::limits::STDIO_BATCH_MAX;
use crate::wire::jsonrpc::{Kind, Message};

/// Output of a child that reached no call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// Text that is no message.
    Text {
        /// Its beginning.
        beginning: String,
    },
    /// A message that nobody waits for, or whose call failed for it.
    Ordinary(&'static str),
    /// Something that was meant as an answer, for which a call may wait in vain.
    Answer {
        /// Why it reached none.
        reason: &'static str,
        /// Its beginning.
        beginning: String,
    },
}

impl Lost {
    fn of(why: Unattributed, text: &str) -> Self {
        match why {
            Unattributed::Ordinary(reason) => Self::Ordinary(reason),
            Unattributed::Answer(reason) => Self::Answer {
                reason,
                beginning: shown(text.as_bytes()),
            },
        }
    }

    /// The beginning of a message that another one interrupts. No call fails for it: what interrupts it may be its answer.
    pub(super) fn unfinished(text: &[u8]) -> Self {
        match Misfit::of(text) {
            Some(misfit) => Self::Answer {
                reason: "it has no end",
                beginning: misfit.beginning,
            },
            None => Self::Text { beginning: shown(text) },
        }
    }
}

impl StdioServer {
    /// Hands on what the child wrote.
    pub(super) fn received(&self, line: &[u8]) -> Result<(), Lost> {
        let Ok(text) = std::str::from_utf8(line) else {
            return Err(self.misfit(line));
        };
        let message = match Message::parse(text) {
            Ok(message) => message,
            Err(_) if text.trim_ascii_start().starts_with('[') => return self.received_batch(text),
            Err(_) => return Err(self.misfit(line)),
        };
        if let Kind::Notification { method } = &message.kind
            && method == "notifications/tools/list_changed"
        {
            self.observe(Observer::tools_changed);
        }
        let mut state = self.lock();
        let answer = state.router.route(&message).map_err(|why| Lost::of(why, text));
        if let Some(received) = state.router.odd_form() {
            warn!(channel = &*self.0.channel, received = shown(received.as_bytes());
                "the stdio MCP server returns numbers of requests in another JSON form; they are recognized");
        }
        if let Some(line) = answer? {
            debug!(channel = &*self.0.channel; "a request of the MCP server was answered for the caller");
            state.write_aside(line, &self.0.channel);
        }
        Ok(())
    }

    /// Tells the call that a line was meant for, if it was an answer.
    pub(super) fn misfit(&self, line: &[u8]) -> Lost {
        let Some(misfit) = Misfit::of(line) else {
            return Lost::Text { beginning: shown(line) };
        };
        if self.lock().router.misfit(&misfit) {
            return Lost::Ordinary(misfit.why);
        }
        Lost::Answer {
            reason: misfit.why,
            beginning: misfit.beginning,
        }
    }

    /// Servers of 2025-03-26 may write several messages as one array.
    fn received_batch(&self, text: &str) -> Result<(), Lost> {
        struct Batch<'a>(&'a StdioServer);
        impl<'de> serde::de::Visitor<'de> for Batch<'_> {
            type Value = Result<(), Lost>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of messages")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
                let mut result = Ok(());
                let mut count = 0;
                while let Some(part) = parts.next_element::<&'de RawValue>()? {
                    count += 1;
                    // A batch in a batch is no message; it is not unrolled.
                    let step = if count > STDIO_BATCH_MAX || part.get().starts_with('[') {
                        Err(Lost::Ordinary("it is no JSON-RPC message"))
                    } else {
                        self.0.received(part.get().as_bytes())
                    };
                    // What is most worth a warning is told.
                    if !matches!(result, Err(Lost::Answer { .. })) && step.is_err() {
                        result = step;
                    }
                }
                Ok(result)
            }
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        serde::Deserializer::deserialize_seq(&mut reader, Batch(self))
            .unwrap_or(Err(Lost::Ordinary("it is no JSON-RPC message")))
    }
}
