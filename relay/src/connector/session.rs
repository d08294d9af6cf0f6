//! `DELETE`: ends an MCP session through the tunnel.

use std::sync::Arc;

use http::Response;

use super::{Caller, call};
use crate::calls::{Event, Expect};
use crate::error::{Code, Refusal};
use crate::limits;
use crate::queue::{Payload, Place};
use crate::relay::{Message, Relay};
use crate::server::Body;

/// Serves a `DELETE`; the answer is the MCP server's.
pub(super) async fn terminate(relay: &Arc<Relay>, caller: Caller) -> Result<Response<Body>, Refusal> {
    if caller
        .session
        .as_ref()
        .is_none_or(|session| session.as_str().is_empty())
    {
        return Err(
            Refusal::new(Code::MissingSessionId, "send the session to end as Mcp-Session-Id").at("Mcp-Session-Id"),
        );
    }
    let message = Message {
        request: caller.request,
        tunnel: caller.tunnel,
        channel: caller.channel,
        expect: Expect::Termination,
        streams: false,
        session: caller.session,
        key: caller.key,
        revocation: caller.revocation,
        headers: caller.headers,
        payload: Payload::SessionTermination,
        wait: limits::ONE_WAY_WAIT.min(relay.call_timeout),
    };
    let mut pending = relay.submit(message, Place::Back).await?;
    loop {
        // Nothing is streamed before the end of a session.
        let Event::Terminal(outcome) = pending.next().await else {
            continue;
        };
        return outcome.map(call::whole);
    }
}
