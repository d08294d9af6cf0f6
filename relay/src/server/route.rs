//! Which path means what, and who may.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::connection::{Connection, Via};
use super::{Body, bytes_of, refuse_api};
use crate::auth::{Key, Need};
use crate::connector::{self, Target};
use crate::control::{self, PollQuery};
use crate::error::{Code, Refusal};
use crate::ids::{TunnelId, hex, random};
use crate::manage;
use crate::relay::Relay;
use crate::share::Holder;

/// Serves one request.
pub(super) async fn serve(relay: Arc<Relay>, via: Via, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut response = match segments.as_slice() {
        ["healthz"] => health(request.method()),
        ["v1", "mcp", tunnel] => connector::serve(&relay, Target { tunnel, channel: None }, &via, request).await,
        ["v1", "mcp", tunnel, channel] => {
            connector::serve(
                &relay,
                Target {
                    tunnel,
                    channel: Some(channel),
                },
                &via,
                request,
            )
            .await
        }
        ["v1", "tunnels", rest @ ..] => tunnels(&relay, via, rest, request)
            .await
            .unwrap_or_else(|refusal| refused(&refusal)),
        _ => refuse_api(&Refusal::new(Code::NotFound, "no such path")),
    };
    // Commands, answers and records are nobody else's.
    response
        .headers_mut()
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::try_from(format!("relay_{}", hex(&random::<16>()))) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// Whether a request may wait while its client ends its sending side: see [`Connection::hold_eof`](super::Connection).
pub(super) fn waits(request: &Request<Incoming>) -> bool {
    request.method() == Method::GET && request.uri().path().ends_with("/poll")
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

/// What stands below `/v1/tunnels`.
async fn tunnels(
    relay: &Arc<Relay>,
    via: Via,
    rest: &[&str],
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let key = authenticate(relay, &via.connection, request.headers())?;
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
            control::poll(relay, &holder(&id), &id, query, request.headers(), hold).await
        }
        ([_, "poll"], _) => Err(Refusal::method_not_allowed("GET")),
        ([id, "response"], &Method::POST) => {
            let id = client(relay, key, id)?;
            control::response(relay, holder(&id), &id, request).await
        }
        ([_, "response"], _) => Err(Refusal::method_not_allowed("POST")),
        _ => Err(Refusal::new(Code::NotFound, "no such path")),
    }
}

fn authenticate<'a>(relay: &'a Relay, connection: &Connection, headers: &HeaderMap) -> Result<&'a Key, Refusal> {
    let key = connector::bearer(headers)
        .ok_or_else(|| Refusal::new(Code::InvalidApiKey, "no key: send it as Authorization: Bearer"))?;
    relay.accept_key(key, connection)
}

fn tunnel_id(text: &str) -> Result<TunnelId, Refusal> {
    TunnelId::parse(text).ok_or_else(|| {
        Refusal::new(
            Code::InvalidTunnelId,
            "a tunnel id is tunnel_ and 32 lower-case letters or digits",
        )
        .at("tunnel_id")
    })
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
