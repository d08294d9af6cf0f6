//! MCP servers as dispatch sees them.

use std::fmt::Debug;
use std::sync::OnceLock;
use std::time::Instant;

use bytes::Bytes;

pub use crate::delivery::Events;
use crate::shutdown::Signal;
use crate::wire::caller::Caller;
use crate::wire::command::Headers;
use crate::wire::failure::Failure;
use crate::wire::headers::ResponseHeaders;

/// The MCP server of a channel.
pub trait Server: Debug + Send + Sync + 'static {
    /// Sends a request and waits for its answer; messages before it go to `events`. Dropping the future gives the call up.
    fn call<E: Events>(&self, call: Call<'_>, events: &mut E) -> impl Future<Output = Outcome> + Send;

    /// Sends a notification.
    fn notify(
        &self,
        payload: &Bytes,
        method: &str,
        headers: &Headers,
        caller: Caller,
    ) -> impl Future<Output = Ack> + Send;

    /// Sends a caller's answer to a request of the server.
    fn answer(&self, payload: &Bytes, id: &str, headers: &Headers, caller: Caller) -> impl Future<Output = Ack> + Send;

    /// Ends the session that the headers name.
    fn end_session(&self, headers: &Headers, caller: Caller) -> impl Future<Output = Ack> + Send;

    /// Whether calls show if the server works. The supervisor of a child knows better.
    fn is_judged_by_calls(&self) -> bool;
}

/// A request on its way to the server.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The JSON-RPC message as it came.
    pub payload: &'a Bytes,
    /// Its id, as JSON text.
    pub id: &'a str,
    /// True for `initialize`.
    pub initialize: bool,
    /// True for what changes nothing.
    pub repeatable: bool,
    /// The command's headers.
    pub headers: &'a Headers,
    /// Sender, as far as the command shows.
    pub caller: Caller,
    /// The service can carry the server's own requests to the caller.
    pub server_requests: bool,
    /// Whether its caller cancels it.
    pub cancelled: &'a Cancellation,
    /// When it is given up without an answer.
    pub time_up: Instant,
}

/// A caller's `notifications/cancelled` for one call.
#[derive(Debug, Default)]
pub struct Cancellation {
    payload: OnceLock<Bytes>,
    signal: Signal,
}

impl Cancellation {
    /// The call was cancelled by this message. Only the first counts.
    pub fn cancel(&self, payload: Bytes) {
        if self.payload.set(payload).is_ok() {
            self.signal.set();
        }
    }

    /// Whether it was.
    pub fn is_cancelled(&self) -> bool {
        self.signal.is_set()
    }

    /// Returns the message once there is one.
    pub async fn wait(&self) -> &Bytes {
        loop {
            self.signal.wait().await;
            // The message is there before the signal is.
            if let Some(payload) = self.payload.get() {
                return payload;
            }
        }
    }
}

/// How a call ended.
#[derive(Debug)]
pub enum Outcome {
    /// The server answered.
    Reply {
        /// Its HTTP status; 200 on a pipe.
        code: u16,
        /// Its headers, filtered.
        headers: ResponseHeaders,
        /// The JSON-RPC response as the server wrote it.
        payload: Bytes,
    },
    /// There is no answer to pass on.
    Failed {
        /// Why.
        failure: Failure,
        /// Headers of the answer that was no success, filtered.
        headers: ResponseHeaders,
    },
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed {
            failure,
            headers: ResponseHeaders::default(),
        }
    }
}

/// How a message without an answer ended.
#[derive(Debug)]
pub struct Ack {
    /// The server's status, or a gateway status when there was none.
    pub code: u16,
    /// Its headers, filtered.
    pub headers: ResponseHeaders,
    /// Why there was none.
    pub failure: Option<Failure>,
}

impl Ack {
    /// The server took the message.
    pub fn of(code: u16) -> Self {
        Self {
            code,
            headers: ResponseHeaders::default(),
            failure: None,
        }
    }
}

impl From<Failure> for Ack {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.status,
            headers: ResponseHeaders::default(),
            failure: Some(failure),
        }
    }
}
