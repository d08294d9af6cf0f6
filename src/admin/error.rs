//! Why a request failed, and what to do about it.

use std::fmt;

use http::{Method, StatusCode};

use super::request::Request;
use crate::links::{ADMIN_KEYS, TUNNELS};
use crate::telemetry::redact;
use crate::wire::api_error::ApiError;

/// A request that failed. Texts of the service are scrubbed; they may still hold control characters, which are taken out
/// where they are shown.
#[derive(Debug)]
pub struct Error {
    /// Its method.
    pub method: Method,
    /// Its path, without the configured prefix and the query.
    pub path: String,
    /// What happened.
    pub cause: Cause,
    /// Whether the runtime key is good enough.
    reads_one: bool,
    /// Whether it names a tunnel.
    names_tunnel: bool,
    /// Whether the service is the hosted one, whose pages can be named.
    is_hosted: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Cause {
    /// The service was not reached: the step that failed.
    Unreachable(String),
    /// The request was sent, or may have been, and there was no whole answer: what went wrong.
    NoAnswer(String),
    /// The service refused.
    Refused(Box<Refusal>),
    /// The answer is a success, and not what was asked for.
    NoTunnel {
        /// HTTP status.
        status: u16,
    },
}

/// What a service says that refuses.
#[derive(Debug)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Its reason.
    pub error: ApiError,
    /// The answer's `x-request-id`, which the service's support asks for.
    pub request_id: Option<String>,
}

impl Error {
    pub(super) fn new(request: &Request, cause: Cause, is_hosted: bool) -> Self {
        Self {
            method: request.method(),
            path: request.path(),
            cause,
            reads_one: matches!(request, Request::Get(_)),
            names_tunnel: request.tunnel().is_some(),
            is_hosted,
        }
    }

    /// HTTP status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.cause {
            Cause::Unreachable(_) | Cause::NoAnswer(_) => None,
            Cause::Refused(ref refusal) => Some(refusal.status),
            Cause::NoTunnel { status } => Some(status),
        }
    }

    /// What to do. 401, 403 and 404 are told apart: another key, another permission, another id.
    #[must_use]
    pub fn mitigation(&self) -> String {
        match &self.cause {
            Cause::NoAnswer(_) if self.method != Method::GET => {
                format!(
                    "it may have been done all the same: look with {} before you try again",
                    self.list()
                )
            }
            Cause::Unreachable(_) | Cause::NoAnswer(_) => {
                "check --control-plane.base-url, the proxy (--http-proxy) and the certificate \
                                      authorities (--ca-bundle)"
                    .to_owned()
            }
            Cause::NoTunnel { .. } => format!("{WRONG_PLACE}; what answers there is not the tunnel service"),
            Cause::Refused(refusal) => self.of_status(refusal.status, &refusal.error),
        }
    }

    /// The command that lists tunnels.
    fn list(&self) -> &'static str {
        match self.is_hosted {
            true => "\"tunnel-client admin tunnels list --organization-id ID\"",
            false => "\"tunnel-client admin tunnels list\"",
        }
    }

    /// Where keys are managed, in brackets.
    fn keys(&self) -> String {
        match self.is_hosted {
            true => format!("({ADMIN_KEYS})"),
            false => "(ask the operator of the service; on a relay of your own: tunnel-relay keygen)".to_owned(),
        }
    }

    fn of_status(&self, status: u16, error: &ApiError) -> String {
        match (status, error.mitigation()) {
            (401, _) if self.reads_one => format!(
                "the service does not know the key: it was revoked or mistyped, or belongs to another service; set \
                 OPENAI_ADMIN_KEY or CONTROL_PLANE_API_KEY to a key that is in force {}",
                self.keys()
            ),
            (401, _) => format!(
                "the service does not take the key: it was revoked or mistyped, or is a runtime key where an admin key is \
                 needed; set OPENAI_ADMIN_KEY or --admin-key to an admin key {}",
                self.keys()
            ),
            (_, Some(known)) => known.to_owned(),
            (403, _) => format!(
                "the service knows the key, but it may not do this: its owner needs the permission {} for tunnels in \
                 this organization or workspace",
                if self.reads_one { "Read" } else { "Read and Manage" }
            ),
            (404, _) if self.names_tunnel && self.is_hosted => format!(
                "there is no such tunnel, or the key's organization does not see it: compare the id with {TUNNELS}, or \
                 with what {} prints",
                self.list()
            ),
            (404, _) if self.names_tunnel => {
                format!("there is no such tunnel: compare the id with what {} prints", self.list())
            }
            (404 | 405, _) => WRONG_PLACE.to_owned(),
            (300..=399, _) => {
                "redirects are not followed, they could carry the key elsewhere; set --control-plane.base-url to the real \
                 address"
                    .to_owned()
            }
            (429, _) => "wait a minute and try again".to_owned(),
            (500..=599, _) => "try again; if it lasts, give the x-request-id to the service's support".to_owned(),
            _ => "correct the arguments; the service's words above say which".to_owned(),
        }
    }
}

const WRONG_PLACE: &str = "check --control-plane.base-url and --control-plane.url-path";

impl fmt::Display for Error {
    /// One line, without the mitigation (contract: cli, section 9).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {} {} failed: ", self.method, self.path)?;
        match &self.cause {
            Cause::Unreachable(problem) | Cause::NoAnswer(problem) => f.write_str(problem),
            Cause::NoTunnel { status } => write!(f, "{}, but the answer holds no tunnel", Status(*status)),
            Cause::Refused(refusal) => {
                let Refusal {
                    status,
                    error,
                    request_id,
                } = &**refusal;
                write!(f, "{}", Status(*status))?;
                if !error.message.is_empty() {
                    write!(f, " {}", redact::scrub(&error.message))?;
                }
                // In brackets: `some_api_key: text` would be taken for a key and its value.
                if !error.code.is_empty() {
                    write!(f, " ({})", redact::scrub(&error.code))?;
                }
                match request_id {
                    Some(id) => write!(f, " (x-request-id: {})", redact::scrub(id)),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for Error {}

/// `403 Forbidden`.
struct Status(u16);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match StatusCode::from_u16(self.0)
            .ok()
            .and_then(|status| status.canonical_reason())
        {
            Some(reason) => write!(f, " {reason}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::admin::{PrincipalId, Scope, TunnelId};

    fn refused(request: &Request, status: u16, body: &str) -> Error {
        let refusal = Refusal {
            status,
            error: ApiError::parse(body.as_bytes()),
            request_id: Some("req_1".to_owned()),
        };
        Error::new(request, Cause::Refused(Box::new(refusal)), true)
    }

    #[test]
    fn the_statuses_that_operators_meet_have_different_remedies() {
        let id = TunnelId::parse(&format!("tunnel_{}", "0".repeat(32))).unwrap();
        let list = Request::List(Some(Scope::Tenant(PrincipalId::parse("t").unwrap())));
        let get = Request::Get(id.clone());
        let delete = Request::Delete(id);
        for (request, status, gist) in [
            (&list, 401, "admin key is needed"),
            (&get, 401, "CONTROL_PLANE_API_KEY"),
            (&list, 403, "Read and Manage"),
            (&get, 403, "permission Read for"),
            (&delete, 404, "no such tunnel"),
            (&list, 404, "url-path"),
            (&list, 307, "redirects are not followed"),
            (&list, 429, "wait"),
            (&list, 502, "x-request-id"),
            (&list, 400, "correct the arguments"),
        ] {
            let mitigation = refused(request, status, "").mitigation();
            assert!(mitigation.contains(gist), "{status}: {mitigation}");
        }
        let known = r#"{"error":{"code":"tunnel_principal_limit_exceeded","message":"m","type":"t"}}"#;
        assert!(refused(&list, 400, known).mitigation().contains("fewer"));
    }

    #[test]
    fn the_pages_of_the_hosted_service_are_named_for_it_only() {
        let get = Request::Get(TunnelId::parse(&format!("tunnel_{}", "0".repeat(32))).unwrap());
        let delete = Request::Delete(TunnelId::parse(&format!("tunnel_{}", "0".repeat(32))).unwrap());
        for (request, status) in [(&get, 401), (&delete, 401), (&get, 404)] {
            let mut error = refused(request, status, "");
            assert!(error.mitigation().contains(".openai.com/"), "{}", error.mitigation());
            error.is_hosted = false;
            let mitigation = error.mitigation();
            assert!(
                !mitigation.contains("openai.com") && !mitigation.contains("--organization-id"),
                "{mitigation}"
            );
        }
    }

    #[test]
    fn an_error_is_one_line_with_the_services_words_and_no_secret() {
        let list = Request::List(Some(Scope::Tenant(PrincipalId::parse("t").unwrap())));
        let body = r#"{"error":{"code":"bad","message":"Incorrect API key provided: sk-0123456789abcdef","type":"t"}}"#;
        assert_eq!(
            refused(&list, 403, body).to_string(),
            "request GET /v1/tunnels failed: 403 Forbidden Incorrect API key provided: sk-REDACTED (bad) \
             (x-request-id: req_1)"
        );
    }
}
