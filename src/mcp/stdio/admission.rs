//! Which messages a child may receive: those in a session that this process opened, and those in none once it is initialized.

use super::State;
use super::handshake::Need;
use crate::wire::command::Headers;
use crate::wire::failure::error_json;
use crate::wire::jsonrpc::INVALID_REQUEST;

/// Reason why a request is answered by the client and not written to the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It names a session that this process did not open, or that has ended. MCP's answer is 404: the caller initializes again.
    UnknownSession,
    /// The child is not initialized.
    NotInitialized,
    /// Its members can be read in two ways.
    Ambiguous,
}

impl Refusal {
    /// `resp_code`.
    pub(super) fn code(self) -> u16 {
        match self {
            Self::UnknownSession => 404,
            Self::NotInitialized => 409,
            Self::Ambiguous => 400,
        }
    }

    /// The JSON-RPC error for the request with this id.
    pub(super) fn to_json(self, id: &str) -> String {
        let (code, message, kind) = match self {
            // The code of the official SDKs.
            Self::UnknownSession => (
                -32001,
                "Session not found: this tunnel client did not open it, or it has ended; send initialize without a session",
                "mcp_session_not_found",
            ),
            Self::NotInitialized => (
                -32002,
                "MCP server is not initialized; send initialize and notifications/initialized before operational requests",
                "mcp_initialization_required",
            ),
            Self::Ambiguous => {
                let message = "on stdio, members that name a request must stand once, they and the method must be spelled exactly, and a request must not have the method of a notification";
                return error_json(Some(id), INVALID_REQUEST, message, None);
            }
        };
        let data = format!(r#"{{"origin":"tunnel-client","error_type":"{kind}"}}"#);
        error_json(Some(id), code, message, Some(&data))
    }

    /// The phrase of the log.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Self::UnknownSession => {
                "a request names a session that is not open here; its caller has to initialize again"
            }
            Self::NotInitialized => {
                "a request came before the stdio MCP server was initialized; its caller has to do that first"
            }
            Self::Ambiguous => "a request that can be read in two ways was kept from the stdio MCP server",
        }
    }
}

impl State {
    /// Whether a message may be written to the child, as far as its session decides. `initialize` opens a new session, whatever
    /// the caller remembers of an old one.
    pub(super) fn admits_session(&mut self, headers: &Headers, need: Need) -> Result<(), Refusal> {
        match self.sessions.has(headers) {
            Some(false) if need != Need::Begins => Err(Refusal::UnknownSession),
            _ => Ok(()),
        }
    }

    /// Whether a request may be written to the child.
    pub(super) fn admits(&mut self, headers: &Headers, need: Need) -> Result<(), Refusal> {
        self.admits_session(headers, need)?;
        let in_session = self.sessions.has(headers).is_some();
        match self.handshake.admits(need, in_session) {
            true => Ok(()),
            false => Err(Refusal::NotInitialized),
        }
    }
}
