//! `/v1/tunnels`: create, list, read, change, remove.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use serde::Serialize;
use tokio::task::block_in_place;

use super::tunnel::{Principal, Tunnel, TunnelInput};
use crate::auth::Key;
use crate::error::{Code, Refusal};
use crate::ids::TunnelId;
use crate::json::check_text;
use crate::relay::Relay;
use crate::server::{Body, api, api_charged, read_body};
use crate::share::Holder;
use crate::{limits, log};

/// `POST /v1/tunnels`
pub(crate) async fn create(
    relay: &Arc<Relay>,
    key: &Key,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let tunnel = input(relay, key, request).await?.create()?;
    block_in_place(|| relay.tunnels.insert(tunnel.clone()))?;
    log::info("tunnel created", &[("tunnel", &tunnel.id)]);
    Ok(api(&tunnel))
}

/// `GET /v1/tunnels`, all or those of one organization, workspace or tenant.
pub(crate) fn list(relay: &Relay, key: &Key, query: Option<&str>) -> Result<Response<Body>, Refusal> {
    #[derive(Serialize)]
    struct List {
        data: Vec<Tunnel>,
    }
    let mut filter = None;
    for (name, value) in query
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
    {
        let kind = match name {
            "organization_id" => Principal::Organization,
            "workspace_id" => Principal::Workspace,
            "tenant_id" => Principal::Tenant,
            _ => continue,
        };
        if filter.replace((kind, value)).is_some() {
            return Err(Refusal::new(
                Code::InvalidParameter,
                "give one of organization_id, workspace_id, tenant_id, once",
            ));
        }
    }
    let data = relay
        .tunnels
        .list(|tunnel| filter.is_none_or(|(kind, id)| tunnel.belongs_to(kind, id)));
    api_charged(&List { data }, relay.memory.share(Holder::manager(key)))
}

/// `GET /v1/tunnels/{id}`: for managers, and for clients, who read id, name and description.
pub(crate) fn one(relay: &Relay, id: &TunnelId) -> Result<Response<Body>, Refusal> {
    relay.tunnels.find(id).map(|tunnel| api(&tunnel)).ok_or_else(not_found)
}

/// `POST /v1/tunnels/{id}`
pub(crate) async fn update(
    relay: &Arc<Relay>,
    key: &Key,
    id: &TunnelId,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let input = input(relay, key, request).await?;
    let tunnel = block_in_place(|| relay.tunnels.update(id, |tunnel| input.apply(tunnel)))?.ok_or_else(not_found)?;
    log::info("tunnel changed", &[("tunnel", id)]);
    Ok(api(&tunnel))
}

/// `DELETE /v1/tunnels/{id}`: what it has under way ends with an error.
pub(crate) fn delete(relay: &Relay, id: &TunnelId) -> Result<Response<Body>, Refusal> {
    #[derive(Serialize)]
    struct Deleted<'a> {
        id: &'a str,
        deleted: bool,
    }
    if !block_in_place(|| relay.tunnels.remove(id))? {
        return Err(not_found());
    }
    relay.tunnel_removed(id);
    log::info("tunnel removed", &[("tunnel", id)]);
    Ok(api(&Deleted {
        id: id.as_str(),
        deleted: true,
    }))
}

async fn input(relay: &Relay, key: &Key, request: Request<Incoming>) -> Result<TunnelInput, Refusal> {
    let share = relay.memory.share(Holder::manager(key));
    let body = read_body(request.into_body(), limits::MANAGE_BODY, share).await?;
    let text = check_text(body.bytes()).map_err(|error| Refusal::new(Code::InvalidJson, error.reason()))?;
    serde_json::from_str(text).map_err(|error| Refusal::new(Code::InvalidJson, format!("not a tunnel: {error}")))
}

fn not_found() -> Refusal {
    Refusal::new(Code::TunnelNotFound, "no such tunnel")
}
