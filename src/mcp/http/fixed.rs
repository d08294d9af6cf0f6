//! The configured headers of requests to MCP servers, and how they meet those of a command.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName};

use crate::config::Mcp;
use crate::net::{BadHeader, configured};
use crate::wire::headers::is_same_variable;

/// Headers that every request to a server carries, whoever asked for it.
///
/// They replace headers of the same name that a caller sent: an operator who says which tenant or gateway token the
/// server sees must not be contradicted from outside. There is one exception, as in the existing client
/// (contract: mcp, section 1): what speaks for the caller stays the caller's. A configured `Authorization` is for callers who bring
/// none. If it replaced the credentials of those who do, a service that sends each end user's own token would let all of
/// them act with the operator's rights; the other way round a caller gets no rights but those of what he brings.
/// `Mcp-...` headers describe his message and session.
#[derive(Debug, Clone, Default)]
pub struct FixedHeaders(HeaderMap);

impl FixedHeaders {
    /// Those of the traffic of callers: `mcp.extra_headers`.
    ///
    /// # Errors
    /// [`BadHeader`] for what HTTP does not allow.
    pub fn of_traffic(mcp: &Mcp) -> Result<Self, BadHeader> {
        configured("mcp.extra_headers", &mcp.extra_headers).map(Self)
    }

    /// Those of probes and discovery: the same, and `mcp.discovery_extra_headers`, which win (contract: mcp, section 1).
    ///
    /// # Errors
    /// [`BadHeader`] for what HTTP does not allow.
    pub fn with_discovery(&self, mcp: &Mcp) -> Result<Self, BadHeader> {
        let mut headers = self.0.clone();
        let discovery = configured("mcp.discovery_extra_headers", &mcp.discovery_extra_headers)?;
        for (name, value) in &discovery {
            headers.insert(name, value.clone());
        }
        Ok(Self(headers))
    }

    /// The headers themselves.
    pub fn as_map(&self) -> &HeaderMap {
        &self.0
    }

    /// Puts them in the place of what a caller sent. Away from the endpoint they are not sent, and neither is what would
    /// pass for one of them.
    pub(super) fn apply(&self, headers: &mut HeaderMap, is_endpoint: bool) {
        if self.0.is_empty() {
            return;
        }
        let passing: Vec<HeaderName> = headers.keys().filter(|name| self.is_meant_by(name)).cloned().collect();
        for name in passing {
            headers.remove(name);
        }
        if is_endpoint {
            for (name, value) in &self.0 {
                headers.entry(name).or_insert_with(|| value.clone());
            }
        }
    }

    /// Whether a server may mistake a caller's header for one of ours. Many (CGI, WSGI, PHP) read `_`, and some any mark, as `-`.
    fn is_meant_by(&self, theirs: &HeaderName) -> bool {
        let means = |ours: &HeaderName| is_same_variable(ours.as_str(), theirs.as_str());
        !speaks_for_the_caller(theirs) && self.0.keys().any(means)
    }
}

fn speaks_for_the_caller(name: &HeaderName) -> bool {
    *name == AUTHORIZATION || name.as_str().starts_with("mcp-")
}
