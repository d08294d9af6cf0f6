//! The caller's side: `/v1/mcp/{tunnel_id}` speaks MCP Streamable HTTP to any MCP client.

mod accept;
mod call;
mod events;
mod forward;
mod one_way;
mod origin;
mod refuse;
mod session;

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;

pub(crate) use forward::bearer;

use crate::auth::Need;
use crate::error::{Code, Refusal};
use crate::ids::{Channel, SessionId, TunnelId};
use crate::json::{Kind, Malformed, classify};
use crate::limits;
use crate::relay::Relay;
use crate::server::{Body, Connection, Via, read_body};
use crate::share::Holder;

/// What was addressed: the path's parts, unchecked.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// The tunnel.
    pub(crate) tunnel: &'a str,
    /// The channel; none is the main one.
    pub(crate) channel: Option<&'a str>,
}

/// A caller that was let in.
struct Caller {
    tunnel: TunnelId,
    channel: Channel,
    /// The name of its key.
    key: Arc<str>,
    /// The session it names.
    session: Option<SessionId>,
    /// Its headers as the wire has them.
    headers: Box<str>,
}

/// Serves one request to the endpoint. Refusals are JSON-RPC errors.
pub(crate) async fn serve(
    relay: &Arc<Relay>,
    target: Target<'_>,
    via: &Via,
    request: Request<Incoming>,
) -> Response<Body> {
    match admitted(relay, target, via, request).await {
        Ok(response) => response,
        Err((id, refusal)) => refuse::response(id.as_deref(), &refusal),
    }
}

/// A refusal and the id of the request that is refused, once it is known (JSON text).
type Refused = (Option<Box<str>>, Refusal);

async fn admitted(
    relay: &Arc<Relay>,
    target: Target<'_>,
    via: &Via,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refused> {
    let (head, body) = request.into_parts();
    let anonymous = |refusal: Refusal| (None, refusal);
    origin::check(relay, via.local, &head).map_err(anonymous)?;
    let caller = identify(relay, target, &via.connection, &head.headers).map_err(anonymous)?;
    match head.method {
        Method::POST => {}
        Method::DELETE => return session::terminate(relay, caller).await.map_err(anonymous),
        // A server's own stream has no place in a tunnel of calls; MCP clients take 405 for that answer.
        _ => return Err(anonymous(Refusal::method_not_allowed("POST, DELETE"))),
    }
    if !is_json(&head.headers) {
        return Err(anonymous(Refusal::new(
            Code::UnsupportedMediaType,
            "send Content-Type: application/json",
        )));
    }
    let accepts = accept::Accepts::read(&head.headers).map_err(anonymous)?;
    let share = relay.memory.share(Holder::of_tunnel(&caller.key, &caller.tunnel));
    let body = read_body(body, limits::CALLER_BODY, share)
        .await
        .map_err(|error| anonymous(error.into()))?;
    match classify(body.bytes()).map_err(|error| anonymous(malformed(&error)))? {
        Kind::Call { id, method } => {
            let asked = call::Asked {
                id: id.clone(),
                method,
                accepts,
            };
            call::serve(relay, caller, asked, body)
                .await
                .map_err(|refusal| (Some(id), refusal))
        }
        Kind::Notification => one_way::notification(relay, caller, body).await.map_err(anonymous),
        Kind::Response { id, .. } => {
            let refusal = one_way::response(relay, caller, id.as_deref(), body).await;
            refusal.map_err(|refusal| (id, refusal))
        }
    }
}

/// Who calls, and what. A key is looked at before it is said whether the tunnel exists.
fn identify(
    relay: &Relay,
    target: Target<'_>,
    connection: &Connection,
    headers: &HeaderMap,
) -> Result<Caller, Refusal> {
    let (key, source) = forward::key(headers)?;
    let key = relay.accept_key(key, connection)?;
    let tunnel = TunnelId::parse(target.tunnel).ok_or_else(|| {
        Refusal::new(
            Code::InvalidTunnelId,
            "a tunnel id is tunnel_ and 32 lower-case letters or digits",
        )
    })?;
    if !key.scopes.allow(Need::Connect, Some(&tunnel)) {
        return Err(Refusal::new(
            Code::ConnectForbidden,
            "this key may not call this tunnel: it needs the scope connect",
        ));
    }
    let channel = match target.channel {
        None => Channel::main(),
        Some(name) => Channel::parse(name)
            .ok_or_else(|| Refusal::new(Code::InvalidChannel, "a channel is 1 to 64 of a-z, 0-9, _ and -"))?,
    };
    if !relay.tunnels.exists(&tunnel) {
        return Err(Refusal::new(Code::TunnelNotFound, "no such tunnel"));
    }
    let session = session(headers)?;
    Ok(Caller {
        tunnel,
        channel,
        key: Arc::clone(&key.name),
        session,
        headers: forward::headers(headers, source, &relay.keys),
    })
}

/// The session that a caller names; one, because the relay and the MCP server must read the same.
fn session(headers: &HeaderMap) -> Result<Option<SessionId>, Refusal> {
    let bad = |message: String| Refusal::new(Code::InvalidParameter, message).at("Mcp-Session-Id");
    let mut values = headers.get_all("mcp-session-id").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(bad("Mcp-Session-Id must be sent once".into()));
    }
    SessionId::parse(value.as_bytes())
        .map(Some)
        .map_err(|why| bad(format!("Mcp-Session-Id {why}")))
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

fn malformed(error: &Malformed) -> Refusal {
    let refusal = Refusal::new(Code::InvalidJson, error.reason());
    match error {
        Malformed::Json(_) => refusal,
        Malformed::Message(_) => refusal.with_rpc(-32600),
    }
}
