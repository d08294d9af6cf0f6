//! What can be asked for, and how it is written as an HTTP request.

use std::fmt::Write as _;

use http::Method;
use serde::Serialize;

use crate::config;
use crate::limits::PRINCIPAL_ID_MAX;

/// `tunnel_` and 32 lower-case letters or digits: safe as a segment of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelId(String);

impl TunnelId {
    /// Checks an id.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without the text itself: it may be a key in the wrong place.
    pub fn parse(text: &str) -> Result<Self, String> {
        config::tunnel_id(text.trim()).map(Self)
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of an organization, a workspace or a tenant: 1 to 256 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PrincipalId(String);

impl PrincipalId {
    /// Checks an id; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let valid =
            !text.is_empty() && text.len() <= PRINCIPAL_ID_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        valid.then(|| Self(text.to_owned()))
    }
}

/// Whose tunnels are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of an organization.
    Organization(PrincipalId),
    /// Those of a workspace.
    Workspace(PrincipalId),
    /// Those of a tenant.
    Tenant(PrincipalId),
}

/// What a new tunnel is given, or what replaces what an existing one has; the rest stays. Lists replace lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Organizations that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_ids: Option<Vec<PrincipalId>>,
    /// Workspaces that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_ids: Option<Vec<PrincipalId>>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A new tunnel.
    Create(Changes),
    /// One tunnel.
    Get(TunnelId),
    /// All tunnels of somebody, or all that the service has: services without organizations list those.
    List(Option<Scope>),
    /// Changes to a tunnel.
    Update(TunnelId, Changes),
    /// The end of a tunnel.
    Delete(TunnelId),
}

impl Request {
    pub(super) fn method(&self) -> Method {
        match self {
            Self::Create(_) | Self::Update(..) => Method::POST,
            Self::Get(_) | Self::List(_) => Method::GET,
            Self::Delete(_) => Method::DELETE,
        }
    }

    /// Below the configured prefix, without a query; also what messages show.
    pub(super) fn path(&self) -> String {
        match self.tunnel() {
            Some(id) => format!("/v1/tunnels/{}", id.0),
            None => "/v1/tunnels".to_owned(),
        }
    }

    /// The query, with its question mark.
    pub(super) fn query(&self) -> String {
        let Self::List(Some(scope)) = self else {
            return String::new();
        };
        let (name, id) = match scope {
            Scope::Organization(id) => ("organization_id", id),
            Scope::Workspace(id) => ("workspace_id", id),
            Scope::Tenant(id) => ("tenant_id", id),
        };
        let mut query = format!("?{name}=");
        for byte in id.0.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                query.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(query, "%{byte:02X}");
            }
        }
        query
    }

    /// The body, for requests that have one.
    pub(super) fn body(&self) -> Option<Vec<u8>> {
        match self {
            // Strings and lists of strings can always be written.
            Self::Create(changes) | Self::Update(_, changes) => serde_json::to_vec(changes).ok(),
            _ => None,
        }
    }

    /// The tunnel that it is about.
    pub(super) fn tunnel(&self) -> Option<&TunnelId> {
        match self {
            Self::Get(id) | Self::Update(id, _) | Self::Delete(id) => Some(id),
            Self::Create(_) | Self::List(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn id() -> TunnelId {
        TunnelId::parse(&format!("tunnel_{}", "0a".repeat(16))).unwrap()
    }

    #[test]
    fn an_id_that_could_change_the_path_is_refused() {
        for text in [
            "",
            "..",
            "tunnel_1",
            "tunnel_0123456789abcdef0123456789abcde/",
            "sk-secretsecret",
        ] {
            let problem = TunnelId::parse(text).unwrap_err();
            assert!(problem.contains("invalid tunnel ID"), "{problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
        assert_eq!(PrincipalId::parse(" org-1 "), Some(PrincipalId("org-1".to_owned())));
        for text in ["", " ", "a b", "\u{e4}", "a\n", &"x".repeat(257)] {
            let valid = PrincipalId::parse(text).is_some();
            assert_eq!(valid, text == "a\n", "{text:?}");
        }
    }

    #[test]
    fn requests_are_written_as_the_service_reads_them() {
        let org = PrincipalId::parse("org/1&x=%").unwrap();
        let changes = Changes {
            name: Some("a \"b\"".to_owned()),
            organization_ids: Some(vec![org.clone()]),
            workspace_ids: Some(Vec::new()),
            ..Changes::default()
        };
        let shape = |request: &Request| {
            let body = request.body().map(|body| String::from_utf8(body).unwrap());
            (request.method(), request.path() + &request.query(), body)
        };
        let body = r#"{"name":"a \"b\"","organization_ids":["org/1&x=%"],"workspace_ids":[]}"#;
        let one = format!("/v1/tunnels/{}", id().as_str());
        for (request, expected) in [
            (
                Request::Create(changes.clone()),
                (Method::POST, "/v1/tunnels".to_owned(), Some(body.to_owned())),
            ),
            (Request::Get(id()), (Method::GET, one.clone(), None)),
            (
                Request::List(Some(Scope::Organization(org))),
                (
                    Method::GET,
                    "/v1/tunnels?organization_id=org%2F1%26x%3D%25".to_owned(),
                    None,
                ),
            ),
            (Request::List(None), (Method::GET, "/v1/tunnels".to_owned(), None)),
            (
                Request::Update(id(), changes),
                (Method::POST, one.clone(), Some(body.to_owned())),
            ),
            (Request::Delete(id()), (Method::DELETE, one, None)),
        ] {
            assert_eq!(shape(&request), expected);
        }
    }
}
