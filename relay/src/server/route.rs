//! Which path means what, and who may.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use tokio::time::Instant;

use super::connection::{Connection, Via};
use super::{Body, bytes_of, path, refuse_api};
use crate::auth::{Key, Need, Revocation};
use crate::connector::{self, Target};
use crate::control::{self, PollQuery};
use crate::error::{Code, Refusal};
use crate::ids::{RequestId, TunnelId, tunnel_id_fault};
use crate::manage;
use crate::refusals::About;
use crate::relay::Relay;
use crate::share::Holder;

/// Serves one request. Its id stands in the answer, in the log and, if it becomes a command, on the wire.
pub(super) async fn serve(relay: Arc<Relay>, via: Via, request: Request<Incoming>) -> Response<Body> {
    let id = RequestId::random();
    let segments = path::segments(request.uri().path()).unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let mut response = match segments.as_slice() {
        ["healthz"] => health(request.method()),
        ["v1", "mcp", tunnel] => connector::serve(&relay, id, Target { tunnel, channel: None }, &via, request).await,
        ["v1", "mcp", tunnel, channel] => {
            connector::serve(
                &relay,
                id,
                Target {
                    tunnel,
                    channel: Some(channel),
                },
                &via,
                request,
            )
            .await
        }
        ["v1", "mcp"] => no_such_path("the tunnel's id is missing: the path is /v1/mcp/TUNNEL_ID"),
        ["v1", "mcp", ..] => no_such_path("too long: the path is /v1/mcp/TUNNEL_ID, or /v1/mcp/TUNNEL_ID/CHANNEL"),
        ["v1", "tunnels", rest @ ..] => tunnels(&relay, id, via, rest, request).await,
        _ => no_such_path("no such path"),
    };
    // Commands, answers and records are nobody else's.
    response
        .headers_mut()
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

fn no_such_path(message: &str) -> Response<Body> {
    refuse_api(&Refusal::new(Code::NotFound, message))
}

/// Whether a request may wait while its client ends its sending side: see [`Connection::hold_eof`](super::Connection).
pub(super) fn waits(request: &Request<Incoming>) -> bool {
    request.method() == Method::GET && request.uri().path().trim_end_matches('/').ends_with("/poll")
}

/// Liveness: the process accepts and answers.
fn health(method: &Method) -> Response<Body> {
    if method != Method::GET {
        return refuse_api(&Refusal::method_not_allowed("GET"));
    }
    let mut response = bytes_of(StatusCode::OK, Bytes::from_static(b"live"));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// What stands below `/v1/tunnels`; refusals are logged.
async fn tunnels(
    relay: &Arc<Relay>,
    id: RequestId,
    via: Via,
    rest: &[&str],
    request: Request<Incoming>,
) -> Response<Body> {
    let begun = Instant::now();
    let mut about = About {
        request: id,
        caller_request: None,
        peer: via.ends.peer,
        endpoint: match rest {
            [_, "poll"] => "poll",
            [_, "response"] => "response",
            _ => "tunnels",
        },
        key: None,
        tunnel: rest.first().and_then(|id| TunnelId::parse(id)),
        channel: None,
        method: None,
        stranger: None,
    };
    let key = authenticate(relay, &via.connection, request.headers());
    let served = match key {
        Ok(key) => {
            about.key = Some(Arc::clone(&key.name));
            tokio::select! {
                biased;
                // First: commands that were just taken then go back.
                () = key.revocation.revoked() => Err(Revocation::refusal()),
                served = below_tunnels(relay, via, &key, rest, request) => served,
            }
        }
        Err(refusal) => Err(refusal),
    };
    served.unwrap_or_else(|refusal| {
        relay.refusals.log(&about, &refusal, begun.elapsed().as_millis());
        refused(&refusal)
    })
}

async fn below_tunnels(
    relay: &Arc<Relay>,
    via: Via,
    key: &Key,
    rest: &[&str],
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let holder = |id: &TunnelId| Holder::of_tunnel(&key.name, id);
    let method = request.method().clone();
    match (rest, &method) {
        ([], &Method::POST) => {
            manager(key, None)?;
            manage::create(relay, key, request).await
        }
        ([], &Method::GET) => {
            manager(key, None)?;
            manage::list(relay, key, request.uri().query())
        }
        ([], _) => Err(Refusal::method_not_allowed("GET, POST")),
        ([id], &Method::GET) => {
            let id = tunnel_id(id)?;
            allow(key, Need::Read, &id, StatusCode::FORBIDDEN)?;
            manage::one(relay, &id)
        }
        ([id], &Method::POST) => {
            let id = tunnel_id(id)?;
            manager(key, Some(&id))?;
            manage::update(relay, key, &id, request).await
        }
        ([id], &Method::DELETE) => {
            let id = tunnel_id(id)?;
            manager(key, Some(&id))?;
            manage::delete(relay, &id)
        }
        ([_], _) => Err(Refusal::method_not_allowed("GET, POST, DELETE")),
        ([id, "poll"], &Method::GET) => {
            let id = client(relay, key, id)?;
            let query = PollQuery::parse(request.uri().query())?;
            let hold = via.hold.unwrap_or_else(|| via.connection.hold_eof());
            control::poll(relay, key, &id, query, request.headers(), hold).await
        }
        ([_, "poll"], _) => Err(Refusal::method_not_allowed("GET")),
        ([id, "response"], &Method::POST) => {
            let id = client(relay, key, id)?;
            let _responding = relay.presence.responding(&id, key);
            control::response(relay, holder(&id), &id, request).await
        }
        ([_, "response"], _) => Err(Refusal::method_not_allowed("POST")),
        _ => Err(Refusal::new(Code::NotFound, "no such path")),
    }
}

fn authenticate(relay: &Relay, connection: &Connection, headers: &HeaderMap) -> Result<Arc<Key>, Refusal> {
    let key = connector::bearer(headers)
        .ok_or_else(|| Refusal::new(Code::InvalidApiKey, "no key: send it as Authorization: Bearer"))?;
    relay.accept_key(key, connection)
}

fn tunnel_id(text: &str) -> Result<TunnelId, Refusal> {
    TunnelId::parse(text).ok_or_else(|| Refusal::new(Code::InvalidTunnelId, tunnel_id_fault(text)).at("tunnel_id"))
}

/// A client of an existing tunnel.
fn client(relay: &Relay, key: &Key, id: &str) -> Result<TunnelId, Refusal> {
    let id = tunnel_id(id)?;
    // The contract's status for polls and responses.
    allow(key, Need::Use, &id, StatusCode::UNAUTHORIZED)?;
    if !relay.tunnels.exists(&id) {
        return Err(Refusal::new(Code::TunnelNotFound, "no such tunnel"));
    }
    Ok(id)
}

fn allow(key: &Key, need: Need, id: &TunnelId, status: StatusCode) -> Result<(), Refusal> {
    if key.scopes.allow(need, Some(id)) {
        return Ok(());
    }
    let message = "this key may not use this tunnel: clients need the scopes read and use";
    Err(Refusal::new(Code::TunnelUseForbidden, message).with_status(status))
}

fn manager(key: &Key, id: Option<&TunnelId>) -> Result<(), Refusal> {
    if key.scopes.allow(Need::Manage, id) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::ManagementPermissionRequired,
        "this key may not manage tunnels: it needs the scopes read and manage",
    ))
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let mut response = refuse_api(refusal);
    if refusal.code == Code::InvalidApiKey {
        response.headers_mut().insert(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"tunnel-relay\""),
        );
    }
    response
}
