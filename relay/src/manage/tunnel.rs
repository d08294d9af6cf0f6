//! A tunnel's record.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::error::{Code, Refusal};
use crate::ids::TunnelId;
use crate::limits;

/// A tunnel's record, as stored and as managers and clients read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tunnel {
    /// `tunnel_` and 32 lower-case letters or digits.
    pub(crate) id: String,
    /// For people.
    pub(crate) name: String,
    /// For people.
    pub(crate) description: String,
    /// Organizations that it belongs to.
    #[serde(default)]
    pub(crate) organization_ids: Vec<String>,
    /// Workspaces.
    #[serde(default)]
    pub(crate) workspace_ids: Vec<String>,
    /// Tenants.
    #[serde(default)]
    pub(crate) tenant_ids: Vec<String>,
    /// RFC 3339.
    pub(crate) created_at: String,
}

/// What a manager sends to create or change one. Lists replace lists.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TunnelInput {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    organization_ids: Option<Vec<String>>,
    #[serde(default)]
    workspace_ids: Option<Vec<String>>,
    #[serde(default)]
    tenant_ids: Option<Vec<String>>,
}

impl Tunnel {
    /// A new tunnel with a given id.
    pub(crate) fn named(id: &TunnelId, name: &str) -> Self {
        Self {
            id: id.as_str().into(),
            name: name.into(),
            description: String::new(),
            organization_ids: Vec::new(),
            workspace_ids: Vec::new(),
            tenant_ids: Vec::new(),
            created_at: rfc3339(SystemTime::now()),
        }
    }

    /// Whether it belongs to a principal.
    pub(crate) fn belongs_to(&self, kind: Principal, id: &str) -> bool {
        let ids = match kind {
            Principal::Organization => &self.organization_ids,
            Principal::Workspace => &self.workspace_ids,
            Principal::Tenant => &self.tenant_ids,
        };
        ids.iter().any(|own| own == id)
    }
}

/// Who a tunnel can belong to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Principal {
    /// An organization.
    Organization,
    /// A workspace.
    Workspace,
    /// A tenant.
    Tenant,
}

impl TunnelInput {
    /// A new tunnel; it needs a name.
    pub(crate) fn create(self) -> Result<Tunnel, Refusal> {
        if self.name.is_none() {
            return Err(Refusal::new(Code::InvalidParameter, "a tunnel needs a name").at("name"));
        }
        self.apply(Tunnel::named(&TunnelId::random(), ""))
    }

    /// The tunnel with what is given replaced.
    pub(crate) fn apply(self, mut tunnel: Tunnel) -> Result<Tunnel, Refusal> {
        if let Some(name) = self.name {
            if name.trim().is_empty() || name.chars().count() > limits::TUNNEL_NAME {
                return Err(Refusal::new(Code::InvalidParameter, "a name has 1 to 256 characters").at("name"));
            }
            tunnel.name = name;
        }
        if let Some(description) = self.description {
            if description.chars().count() > limits::TUNNEL_DESCRIPTION {
                return Err(
                    Refusal::new(Code::InvalidParameter, "a description has at most 4096 characters").at("description"),
                );
            }
            tunnel.description = description;
        }
        replace(&mut tunnel.organization_ids, self.organization_ids, "organization_ids")?;
        replace(&mut tunnel.workspace_ids, self.workspace_ids, "workspace_ids")?;
        replace(&mut tunnel.tenant_ids, self.tenant_ids, "tenant_ids")?;
        Ok(tunnel)
    }
}

fn replace(ids: &mut Vec<String>, given: Option<Vec<String>>, param: &'static str) -> Result<(), Refusal> {
    let Some(given) = given else { return Ok(()) };
    let bad = |message: &str| Err(Refusal::new(Code::InvalidParameter, message).at(param));
    if given.len() > limits::PRINCIPALS {
        return bad("a list has at most 100 ids");
    }
    for (index, id) in given.iter().enumerate() {
        if id.is_empty() || id.len() > limits::PRINCIPAL_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return bad("an id is 1 to 256 visible ASCII characters");
        }
        if given[..index].contains(id) {
            return bad("an id stands twice in the list");
        }
    }
    *ids = given;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_update_replaces_what_is_given_and_keeps_the_rest() {
        let tunnel = TunnelInput {
            name: Some("a".into()),
            organization_ids: Some(vec!["o".into()]),
            ..Default::default()
        }
        .create()
        .unwrap();
        let changed = TunnelInput {
            description: Some("d".into()),
            organization_ids: Some(vec![]),
            ..Default::default()
        }
        .apply(tunnel.clone())
        .unwrap();
        assert_eq!(
            (changed.name, changed.description, changed.id),
            ("a".into(), "d".into(), tunnel.id)
        );
        assert!(changed.organization_ids.is_empty());
    }

    #[test]
    fn out_of_range_values_are_refused_by_name() {
        let name = |name: &str| {
            TunnelInput {
                name: Some(name.into()),
                ..Default::default()
            }
            .create()
        };
        assert_eq!(name(" ").unwrap_err().param, Some("name"));
        assert_eq!(name(&"x".repeat(257)).unwrap_err().param, Some("name"));
        assert_eq!(TunnelInput::default().create().unwrap_err().param, Some("name"));
        let ids = |ids: Vec<String>| {
            TunnelInput {
                name: Some("n".into()),
                tenant_ids: Some(ids),
                ..Default::default()
            }
            .create()
        };
        assert_eq!(ids(vec!["a".into(), "a".into()]).unwrap_err().param, Some("tenant_ids"));
        assert_eq!(ids(vec![String::new()]).unwrap_err().param, Some("tenant_ids"));
        assert_eq!(
            ids((0..101).map(|n| n.to_string()).collect()).unwrap_err().param,
            Some("tenant_ids")
        );
    }
}
