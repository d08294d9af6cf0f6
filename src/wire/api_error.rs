//! Error answers of the control plane (contract: wire, section 4).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::limits::API_ERROR_TEXT_MAX;
use crate::telemetry::redact;

/// Message of the service in an answer with an error status. The text comes from outside: it is scrubbed here, and again where it
/// is shown, for secrets learned since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiError {
    /// A stable code such as `rate_limit_exceeded`.
    pub code: String,
    /// An error category such as `invalid_request_error`.
    pub kind: String,
    /// For people.
    pub message: String,
}

/// An answer of the control plane with an error status.
#[derive(Debug)]
pub struct ErrorStatus {
    /// HTTP status.
    pub status: u16,
    /// Message of the service.
    pub error: ApiError,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The answer's `x-request-id`.
    pub request_id: Option<Box<str>>,
}

impl ApiError {
    /// Reads an error body: `{"error":{..}}`, the members at the top, `detail`, or text that is no JSON.
    pub fn parse(body: &[u8]) -> Self {
        #[derive(Deserialize, Default)]
        struct Members<'a> {
            #[serde(borrow)]
            message: Option<Cow<'a, str>>,
            #[serde(borrow, rename = "type")]
            kind: Option<Cow<'a, str>>,
            #[serde(borrow)]
            code: Option<Cow<'a, str>>,
        }
        #[derive(Deserialize)]
        struct Body<'a> {
            #[serde(borrow)]
            error: Option<&'a RawValue>,
            #[serde(borrow)]
            detail: Option<&'a RawValue>,
        }
        let text = String::from_utf8_lossy(body);
        let Ok(outer) = serde_json::from_str::<Body<'_>>(&text) else {
            return Self {
                message: shortened(text.trim()),
                ..Self::default()
            };
        };
        let members: Members<'_> = outer
            .error
            .and_then(|e| serde_json::from_str(e.get()).ok())
            .or_else(|| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let detail = || {
            let raw = outer.detail?.get();
            Some(serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned()))
        };
        Self {
            code: shortened(&members.code.unwrap_or_default()),
            kind: shortened(&members.kind.unwrap_or_default()),
            message: shortened(&members.message.map(Cow::into_owned).or_else(detail).unwrap_or_default()),
        }
    }

    /// What an operator can do about it, for the codes of the published contract.
    pub fn mitigation(&self) -> Option<&'static str> {
        Some(match self.code.as_str() {
            "invalid_tunnel_id_format" => "copy the tunnel id exactly: tunnel_ and 32 lower-case letters or digits",
            "invalid_channel_format" => "use lower-case letters, digits, hyphens and underscores in channel names",
            "rate_limit_exceeded" => "fewer requests at once; the client retries by itself",
            "request_body_too_large" => "let the MCP server answer with less in one message",
            "invalid_json_payload" => {
                "the MCP server or its caller sends text that is not valid Unicode JSON; mend it there"
            }
            "missing_mcp_session_id" => "the caller must send Mcp-Session-Id when it ends a session",
            "rfc9728_www_authenticate_unsupported" => "use the well-known OAuth discovery documents",
            "tunnel_missing_principals" => "use a runtime key of the organization or workspace that owns the tunnel",
            "tunnel_management_permission_required" => "this needs a key that may read and manage tunnels",
            "tunnel_use_forbidden" => "use a key of a principal that may use this tunnel",
            "tunnel_active_organization_required" => {
                "set control_plane.organization_id (CONTROL_PLANE_ORGANIZATION_ID)"
            }
            "tunnel_active_organization_context_required" => "pass the organization's id",
            "tunnel_principal_validation_override_management_permission_required" => {
                "this needs a key that may manage overrides"
            }
            "tunnel_principal_validation_override_automatically_derivable" => {
                "no override is needed; create the tunnel directly"
            }
            "tunnel_principal_association_unverified" => {
                "use principals that belong together, or ask for a reviewed override"
            }
            "tunnel_principal_limit_exceeded" => "name fewer tenants, workspaces or organizations",
            "tunnel_request_mismatch" => {
                "two clients use different tunnel ids with one service; check control_plane.tunnel_id"
            }
            "pending_request_not_found" => {
                "nothing for a single race; if it repeats, look for a second client of this tunnel"
            }
            "tunnel_queue_full" => "callers send more than this client drains; raise the concurrency or add a client",
            "tunnel_client_not_seen" | "tunnel_client_not_connected" => {
                "start the client for this tunnel and look at its /readyz"
            }
            "oauth_shim_invalid_target_uri" => "use an absolute http(s) URI or harpoon:// and a configured label",
            "oauth_shim_unshimmable_endpoint" => "configure OAuth endpoints that the tunnel can reach",
            "oauth_shim_target_not_found" => "add or correct the harpoon target with this label",
            "oauth_shim_harpoon_call_failed" => "look at the harpoon target's URL and health",
            "oauth_shim_upstream_timeout" => "make the target answer before the tunnel's time is up",
            _ => return None,
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for part in [self.code.as_str(), self.message.as_str()]
            .into_iter()
            .filter(|p| !p.is_empty())
        {
            write!(f, "{separator}{part}")?;
            separator = ": ";
        }
        match self.mitigation() {
            Some(hint) => write!(f, "{separator}mitigation: {hint}"),
            None => Ok(()),
        }
    }
}

/// Scrubbed before it is cut: the rest of a secret at the cut would not be recognized afterwards.
fn shortened(text: &str) -> String {
    let text = redact::scrub(text);
    match text.char_indices().nth(API_ERROR_TEXT_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_is_read() {
        let want = ApiError {
            code: "c".into(),
            kind: "t".into(),
            message: "m".into(),
        };
        assert_eq!(
            ApiError::parse(br#"{"error":{"message":"m","type":"t","code":"c","param":null}}"#),
            want
        );
        assert_eq!(ApiError::parse(br#"{"message":"m","type":"t","code":"c"}"#), want);
        assert_eq!(ApiError::parse(br#"{"detail":"gone"}"#).message, "gone");
        assert_eq!(ApiError::parse(br#"{"detail":[{"x":1}]}"#).message, r#"[{"x":1}]"#);
        assert_eq!(ApiError::parse(b"<html>no</html>").message, "<html>no</html>");
        assert_eq!(ApiError::parse(b""), ApiError::default());
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let long = "\u{e4}".repeat(API_ERROR_TEXT_MAX + 5);
        let message = ApiError::parse(long.as_bytes()).message;
        assert_eq!(message.chars().count(), API_ERROR_TEXT_MAX + 3);
        assert!(message.ends_with("..."));
    }

    #[test]
    fn a_secret_at_the_cut_leaves_no_part_of_itself() {
        redact::protect("cut-0123456789-secret");
        for from_end in [1, 10, 20] {
            let before = "x ".repeat((API_ERROR_TEXT_MAX - from_end) / 2);
            for secret in ["cut-0123456789-secret", "Y3V0LTAxMjM0NTY3ODktc2VjcmV0"] {
                let message = ApiError::parse(format!("{before}{secret}").as_bytes()).message;
                assert!(!message.contains("cut-") && !message.contains("Y3V0"), "{message}");
            }
        }
    }

    #[test]
    fn known_codes_say_what_to_do() {
        let error = ApiError::parse(br#"{"error":{"message":"no","type":"t","code":"tunnel_use_forbidden"}}"#);
        assert!(error.to_string().starts_with("tunnel_use_forbidden: no: mitigation: "));
    }
}
