//! Records of tunnels: bodies of the management API and the tunnels file.

use super::tunnel::{Tunnel, TunnelInput};
use crate::ids::TunnelId;
use crate::json::check_text;
use crate::limits;

/// Characters of a name.
pub const NAME_MAX: usize = limits::TUNNEL_NAME;
/// Characters of a description.
pub const DESCRIPTION_MAX: usize = limits::TUNNEL_DESCRIPTION;
/// Ids of one kind.
pub const PRINCIPALS_MAX: usize = limits::PRINCIPALS;
/// Bytes of one id.
pub const PRINCIPAL_ID_MAX: usize = limits::PRINCIPAL_ID;

/// A record.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Organizations, workspaces, tenants.
    pub principals: [Vec<String>; 3],
    /// The record as the tunnels file has it.
    pub stored: Vec<u8>,
}

/// Reads a body as the management API does, and makes a tunnel of it, or changes one that has a name, a description and ids.
#[must_use]
pub fn apply(body: &[u8], is_new: bool) -> Option<Record> {
    let input: TunnelInput = serde_json::from_str(check_text(body).ok()?).ok()?;
    let tunnel = match is_new {
        true => input.create(),
        false => input.apply(Tunnel {
            description: "before".to_owned(),
            organization_ids: vec!["before".to_owned()],
            ..Tunnel::named(&TunnelId::random(), "before")
        }),
    };
    record(&tunnel.ok()?)
}

/// Reads a record of the tunnels file.
#[must_use]
pub fn stored(text: &[u8]) -> Option<Record> {
    record(&serde_json::from_slice(text).ok()?)
}

fn record(tunnel: &Tunnel) -> Option<Record> {
    Some(Record {
        name: tunnel.name.clone(),
        description: tunnel.description.clone(),
        principals: [&tunnel.organization_ids, &tunnel.workspace_ids, &tunnel.tenant_ids].map(Clone::clone),
        stored: serde_json::to_vec(tunnel).ok()?,
    })
}
