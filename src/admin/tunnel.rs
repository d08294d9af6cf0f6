//! What the service says about tunnels. Members that we do not know are kept, for the JSON output.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::request::TunnelId;

/// One tunnel. The texts come from outside: they are cleaned where they are shown.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Tunnel {
    /// `tunnel_` and 32 lower-case letters or digits.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<String>,
    /// Organizations that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_ids: Option<Vec<String>>,
    /// Workspaces that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_ids: Option<Vec<String>>,
    /// Tenants that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_ids: Option<Vec<String>>,
    /// The service's word that it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Tunnel {
    /// A tunnel that is gone.
    pub(super) fn deleted(id: &TunnelId) -> Self {
        Self {
            id: id.as_str().to_owned(),
            name: None,
            description: None,
            creator: None,
            organization_ids: None,
            workspace_ids: None,
            tenant_ids: None,
            deleted: Some(true),
            rest: Map::new(),
        }
    }
}

/// Tunnels, under the name that the service gives the list.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct TunnelList {
    /// One name of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Vec<Tunnel>>,
    /// The other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tunnels: Option<Vec<Tunnel>>,
    /// There are tunnels that the service left out of this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl TunnelList {
    /// Reads an answer; `None` when it holds no list.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let list: Self = serde_json::from_slice(body).ok()?;
        (list.data.is_some() || list.tunnels.is_some()).then_some(list)
    }

    /// The tunnels, in the service's order.
    pub fn iter(&self) -> impl Iterator<Item = &Tunnel> {
        self.data.iter().chain(&self.tunnels).flatten()
    }

    /// Whether the service left some out.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.has_more == Some(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn members_that_we_do_not_know_are_kept_and_null_is_as_good_as_missing() {
        let text = r#"{"id":"t","name":null,"workspace_ids":["w"],"created_at":"2026-01-01T00:00:00Z","n":{"a":1}}"#;
        let tunnel: Tunnel = serde_json::from_str(text).unwrap();
        assert_eq!(tunnel.name, None);
        let again = serde_json::to_string(&tunnel).unwrap();
        assert_eq!(
            again,
            r#"{"id":"t","workspace_ids":["w"],"created_at":"2026-01-01T00:00:00Z","n":{"a":1}}"#
        );
    }

    #[test]
    fn a_list_keeps_its_name_and_an_answer_without_one_is_no_list() {
        for name in ["data", "tunnels"] {
            let text = format!(r#"{{"{name}":[{{"id":"t"}}],"has_more":true,"next":"x"}}"#);
            let list = TunnelList::parse(text.as_bytes()).unwrap();
            assert_eq!(serde_json::to_string(&list).unwrap(), text);
            assert!(list.has_more() && list.iter().count() == 1);
        }
        for text in ["{}", "[]", r#"{"data":{}}"#, r#"{"data":[{}]}"#, "<html>", ""] {
            assert_eq!(TunnelList::parse(text.as_bytes()), None, "{text}");
        }
    }
}
