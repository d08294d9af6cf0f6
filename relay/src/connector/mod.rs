//! The caller's side: `/v1/mcp/{tunnel_id}` speaks MCP Streamable HTTP to any MCP client.

mod accept;
mod call;
mod cors;
mod events;
mod forward;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod one_way;
mod origin;
mod record;
mod refuse;
mod session;

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;

pub(crate) use forward::bearer;

use crate::auth::{Need, Revocation};
use crate::error::{Code, Refusal};
use crate::ids::{CallerRequestId, Channel, RequestId, SessionId, TunnelId, channel_fault, tunnel_id_fault};
use crate::json::{Kind, Malformed, classify};
use crate::limits;
use crate::relay::Relay;
use crate::server::{Body, Connection, Via, read_body};
use crate::share::Holder;
use record::Record;

/// What was addressed: the path's parts, unchecked.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// The tunnel.
    pub(crate) tunnel: &'a str,
    /// The channel; none is the main one.
    pub(crate) channel: Option<&'a str>,
}

/// The names of one request.
#[derive(Debug)]
pub(crate) struct Names {
    /// The relay's.
    own: RequestId,
    /// The one that the caller gave it.
    callers: Option<CallerRequestId>,
}

/// A caller that was let in.
struct Caller {
    /// The id of its request.
    request: RequestId,
    tunnel: TunnelId,
    channel: Channel,
    /// The name of its key.
    key: Arc<str>,
    /// The end of that key.
    revocation: Revocation,
    /// The session it names.
    session: Option<SessionId>,
    /// Its headers as the wire has them.
    headers: Box<str>,
}

/// Serves one request to the endpoint. Refusals are JSON-RPC errors.
pub(crate) async fn serve(
    relay: &Arc<Relay>,
    id: RequestId,
    target: Target<'_>,
    via: &Via,
    request: Request<Incoming>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let names = Names {
        own: id,
        callers: CallerRequestId::of(&head.headers),
    };
    let mut record = Record::begin(relay, &names, via, &target);
    let origin = match origin::check(relay, via.ends, &head) {
        Ok(origin) => origin,
        Err(refusal) => {
            record.strange(&head.headers, &refusal);
            record.refused(&refusal);
            return refuse::response(None, id, &refusal);
        }
    };
    let asks_for_stream = head.method == Method::GET;
    let mut response = if origin.is_some() && cors::is_preflight(&head) {
        record.forget();
        cors::preflight(&head.headers)
    } else {
        match admitted(relay, &names, target, via, head, body, &mut record).await {
            Ok(response) => {
                record.answered(response.status());
                response
            }
            Err((message, refusal)) => {
                // Every SDK asks for a stream of its own and takes 405 for an answer.
                if asks_for_stream && refusal.code == Code::MethodNotAllowed {
                    record.forget();
                }
                record.refused(&refusal);
                refuse::response(message.as_deref(), id, &refusal)
            }
        }
    };
    if let Some(origin) = origin {
        cors::allow(origin, &mut response);
    }
    response
}

/// A refusal and the id of the request that is refused, once it is known (JSON text).
type Refused = (Option<Box<str>>, Refusal);

async fn admitted(
    relay: &Arc<Relay>,
    names: &Names,
    target: Target<'_>,
    via: &Via,
    head: Parts,
    body: Incoming,
    record: &mut Record,
) -> Result<Response<Body>, Refused> {
    let anonymous = |refusal: Refusal| (None, refusal);
    let caller = identify(relay, names, target, &via.connection, &head.headers, record).map_err(anonymous)?;
    record.admit().map_err(anonymous)?;
    match head.method {
        Method::POST => {}
        Method::DELETE => {
            record.asked("(end of session)");
            return session::terminate(relay, caller).await.map_err(anonymous);
        }
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
    let body = tokio::select! {
        biased;
        () = caller.revocation.revoked() => return Err(anonymous(Revocation::refusal())),
        body = read_body(body, limits::CALLER_BODY, share) => body.map_err(|error| anonymous(error.into()))?,
    };
    record.read(body.bytes().len());
    match classify(body.bytes()).map_err(|error| anonymous(malformed(&error)))? {
        Kind::Call { id, method } => {
            record.asked(&method);
            let asked = call::Asked {
                id: id.clone(),
                method,
                accepts,
            };
            call::serve(relay, caller, asked, body, record)
                .await
                .map_err(|refusal| (Some(id), refusal))
        }
        Kind::Notification => {
            record.asked("(notification)");
            one_way::notification(relay, caller, body).await.map_err(anonymous)
        }
        Kind::Response { id, .. } => {
            record.asked("(response)");
            let refusal = one_way::response(relay, caller, id.as_deref(), body).await;
            refusal.map_err(|refusal| (id, refusal))
        }
    }
}

/// Who calls, and what. A key is looked at before it is said whether the tunnel exists.
fn identify(
    relay: &Relay,
    names: &Names,
    target: Target<'_>,
    connection: &Connection,
    headers: &HeaderMap,
    record: &mut Record,
) -> Result<Caller, Refusal> {
    let (key, source) = forward::key(headers)?;
    let key = relay.accept_key(key, connection)?;
    record.shown(&key);
    let tunnel = TunnelId::parse(target.tunnel)
        .ok_or_else(|| Refusal::new(Code::InvalidTunnelId, tunnel_id_fault(target.tunnel)))?;
    if !key.scopes.allow(Need::Connect, Some(&tunnel)) {
        return Err(Refusal::new(
            Code::ConnectForbidden,
            "this key may not call this tunnel: it needs the scope connect",
        ));
    }
    let channel = match target.channel {
        None => Channel::main(),
        Some(name) => Channel::parse(name).ok_or_else(|| Refusal::new(Code::InvalidChannel, channel_fault(name)))?,
    };
    if !relay.tunnels.exists(&tunnel) {
        return Err(Refusal::new(Code::TunnelNotFound, "no such tunnel"));
    }
    let session = session(headers)?;
    Ok(Caller {
        request: names.own,
        tunnel,
        channel,
        key: Arc::clone(&key.name),
        revocation: key.revocation.clone(),
        session,
        headers: forward::headers(headers, source, &relay.credentials.current().keys, names),
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
