//! The documents of OAuth discovery (RFC 9728, RFC 8414). The stub takes calls without a token: its authorization server is a
//! document alone, which offers no way to get one.

use serde_json::{Value, json};

use super::About;

/// The path of the MCP endpoint.
pub(super) const MCP: &str = "/mcp";

/// The metadata of the protected resource, with the path of the resource behind it (RFC 9728, section 3.1).
const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
/// The same for clients that leave the path out.
const RESOURCE_AT_ROOT: &str = "/.well-known/oauth-protected-resource";
const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
const KEYS: &str = "/jwks";

impl About {
    /// URL of the MCP endpoint.
    #[must_use]
    pub fn mcp_url(&self) -> String {
        format!("{}{MCP}", self.origin)
    }

    /// URL of the metadata of the protected resource.
    #[must_use]
    pub fn resource_metadata_url(&self) -> String {
        format!("{}{RESOURCE}", self.origin)
    }

    /// URL of the metadata of the authorization server.
    #[must_use]
    pub fn server_metadata_url(&self) -> String {
        format!("{}{AUTHORIZATION_SERVER}", self.origin)
    }
}

/// The document at a path.
pub(super) fn document(about: &About, path: &str) -> Option<Value> {
    let origin = &about.origin;
    match path {
        RESOURCE | RESOURCE_AT_ROOT => Some(json!({
            "resource": about.mcp_url(),
            "resource_name": about.name,
            "authorization_servers": [origin],
            "bearer_methods_supported": ["header"],
        })),
        AUTHORIZATION_SERVER => Some(json!({
            "issuer": origin,
            "jwks_uri": format!("{origin}{KEYS}"),
            "grant_types_supported": [],
            "response_types_supported": [],
        })),
        KEYS => Some(json!({"keys": []})),
        _ => None,
    }
}
