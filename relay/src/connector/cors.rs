//! Web pages of other origins that may call: what their browser must read (Fetch standard, section 3.2, the CORS protocol).
//!
//! A key is sent as a header by the page itself. Cookies and other credentials of the browser have no meaning here, so
//! `Access-Control-Allow-Credentials` is never sent.

use std::sync::LazyLock;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

use crate::calls::passed_names;
use crate::limits;
use crate::server::{Body, empty};

/// Headers that a page may read: those of the server that pass, and the relay's own about a refusal.
static EXPOSED: LazyLock<HeaderValue> = LazyLock::new(|| {
    let own = [
        RETRY_AFTER.as_str(),
        ALLOW.as_str(),
        WWW_AUTHENTICATE.as_str(),
        "x-request-id",
    ];
    let mut names: Vec<&str> = own.into_iter().chain(passed_names()).collect();
    names.sort_unstable();
    names.dedup();
    // Names of headers are fit for a value.
    HeaderValue::try_from(names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("mcp-session-id"))
});
/// Methods that MCP clients use; the answer to `GET` is that there is no stream.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");
/// Headers that MCP clients send, for a preflight that names none.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept, Authorization, Content-Type, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, X-Tunnel-Relay-Key",
);
/// A page of a public address asks for a private one (Private Network Access).
const ASKS_PRIVATE: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOWS_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Whether a request of a page is the question that goes before another request. It carries no key.
pub(super) fn is_preflight(head: &Parts) -> bool {
    head.method == Method::OPTIONS && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to it. It is the same for every tunnel, whether or not there is one.
pub(super) fn preflight(headers: &HeaderMap) -> Response<Body> {
    let mut response = empty(StatusCode::NO_CONTENT);
    let answer = response.headers_mut();
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    // Servers have headers of their own, so all that a page of an allowed origin asks for may be sent.
    let asked = headers
        .get(ACCESS_CONTROL_REQUEST_HEADERS)
        .filter(|asked| are_names(asked));
    answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.cloned().unwrap_or(HEADERS));
    answer.insert(ACCESS_CONTROL_MAX_AGE, limits::PREFLIGHT_AGE.as_secs().into());
    if headers.get(ASKS_PRIVATE).is_some_and(|asks| asks == "true") {
        answer.insert(ALLOWS_PRIVATE, HeaderValue::from_static("true"));
    }
    answer.append(
        VARY,
        HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers"),
    );
    response
}

/// Lets a page of this origin, which was found to be allowed, read an answer.
pub(super) fn allow(origin: HeaderValue, response: &mut Response<Body>) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // Beside those that the MCP server names.
    headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED.clone());
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

/// Whether it is a list of header names, of a length that MCP has use for.
fn are_names(list: &HeaderValue) -> bool {
    list.len() <= limits::PREFLIGHT_HEADERS
        && list.to_str().is_ok_and(|list| {
            list.split(',')
                .all(|name| HeaderName::from_bytes(name.trim().as_bytes()).is_ok())
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn headers_are_allowed_as_asked_for_unless_they_are_no_names() {
        let allowed = |asked: &str| {
            let headers = HeaderMap::from_iter([(ACCESS_CONTROL_REQUEST_HEADERS, asked.parse().unwrap())]);
            preflight(&headers).headers()[ACCESS_CONTROL_ALLOW_HEADERS].clone()
        };
        assert_eq!(allowed("authorization,x-own"), "authorization,x-own");
        for asked in ["*/*", "a b", "", &"a,".repeat(limits::PREFLIGHT_HEADERS)] {
            assert_eq!(allowed(asked), HEADERS, "{asked:.20}");
        }
    }
}
