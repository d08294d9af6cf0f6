//! The private MCP servers: one transport per binding.

#[cfg(fuzzing)]
pub mod fuzzing;
mod giving_way;
pub mod http;
mod pace;
pub mod servers;
pub mod stdio;

use bytes::Bytes;

pub use crate::dispatch::server::{Ack, Call, Cancellation, Outcome};
use crate::dispatch::server::{Events, Server};
use crate::wire::caller::Caller;
use crate::wire::command::Headers;

/// How one MCP server is spoken to.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Streamable HTTP.
    Http(http::HttpServer),
    /// A child process.
    Stdio(stdio::StdioServer),
}

impl Server for Transport {
    async fn call<E: Events>(&self, call: Call<'_>, events: &mut E) -> Outcome {
        match self {
            Self::Http(server) => server.call(call, Some(events)).await,
            Self::Stdio(server) => server.call(call, events).await,
        }
    }

    async fn notify(&self, payload: &Bytes, method: &str, headers: &Headers, caller: Caller) -> Ack {
        match self {
            Self::Http(server) => server.send(payload, http::Sender::new(headers, caller)).await,
            Self::Stdio(server) => server.notify(payload, method, headers, caller).await,
        }
    }

    async fn answer(&self, payload: &Bytes, id: &str, headers: &Headers, caller: Caller) -> Ack {
        match self {
            Self::Http(server) => server.send(payload, http::Sender::new(headers, caller)).await,
            Self::Stdio(server) => server.answer(payload, id, headers).await,
        }
    }

    async fn end_session(&self, headers: &Headers, caller: Caller) -> Ack {
        match self {
            Self::Http(server) => server.terminate(http::Sender::new(headers, caller)).await,
            // The sessions of a pipe end with their child alone; the channel keeps serving (contract: wire, section 9).
            Self::Stdio(_) => Ack::of(405),
        }
    }

    fn is_judged_by_calls(&self) -> bool {
        matches!(self, Self::Http(_))
    }
}
