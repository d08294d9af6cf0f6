//! A record on its way to the thread.

use std::time::{Duration, SystemTime};

use audit_log::Command;

use crate::error::Code;
use crate::refusals::About;

/// A request that ended, in short texts.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Who asked for what.
    pub(crate) about: About,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// Status of the answer; none when the caller did not wait for it.
    pub(crate) status: Option<u16>,
    /// Bytes of the caller's message.
    pub(crate) bytes_in: usize,
    /// Bytes of the server's messages to the caller.
    pub(crate) bytes_out: usize,
    /// From its arrival to its end.
    pub(crate) duration: Duration,
    /// When it ended.
    pub(crate) ended: SystemTime,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The tunnel's client gave an answer.
    Answered,
    /// The caller left before.
    Abandoned,
    /// The relay refused it, at once or later.
    Refused(Code),
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "ok",
            Self::Abandoned => "abandoned",
            Self::Refused(code) => code.as_str(),
        }
    }
}

impl Entry {
    pub(super) fn with<T>(&self, act: impl FnOnce(&Command<'_>) -> T) -> T {
        let about = &self.about;
        let request_id = about.request.to_string();
        let caller_request_id = about.caller_request.as_ref().map(ToString::to_string);
        let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        act(&Command {
            request_id: Some(&request_id),
            caller_request_id: caller_request_id.as_deref(),
            key: about.key.as_deref(),
            tunnel: about.tunnel.as_ref().map(|tunnel| tunnel.as_str()),
            channel: about.channel.as_ref().map(|channel| channel.as_str()),
            method: about.method.as_deref(),
            outcome: self.outcome.as_str(),
            status: self.status,
            bytes_in: number(self.bytes_in),
            bytes_out: number(self.bytes_out),
            duration: self.duration,
            ..Command::default()
        })
    }
}
