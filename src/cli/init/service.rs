//! Whose control plane a profile is for, and where tunnels, keys and connectors are managed there.

use crate::config::HttpUrl;
use crate::links;

/// The control plane of a profile.
pub(in crate::cli) enum Service {
    /// The hosted one, with its pages.
    Hosted,
    /// Another one: scheme, host and port.
    Other(String),
}

impl Service {
    /// The one at a base URL. What is no URL is refused elsewhere.
    pub(in crate::cli) fn of(base_url: &str) -> Self {
        match HttpUrl::parse(base_url) {
            Ok(url) if !links::is_hosted(&url) => Self::Other(url.origin()),
            _ => Self::Hosted,
        }
    }

    /// What a list of places is called.
    pub(super) fn heading(&self) -> &'static str {
        match self {
            Self::Hosted => "Canonical setup URLs:",
            Self::Other(_) => "Setup:",
        }
    }

    /// Where things are managed, one line each.
    pub(super) fn places(&self) -> String {
        match self {
            Self::Hosted => links::ALL
                .iter()
                .map(|(name, url)| format!("  {name}: {url}\n"))
                .collect(),
            Self::Other(origin) => format!(
                "  Tunnels: tunnel-client admin tunnels list --control-plane.base-url {origin}\n  \
                 Keys: from the operator of {origin}; on a relay of your own: tunnel-relay keygen\n  \
                 Callers: a relay of your own serves them at {origin}/v1/mcp/TUNNEL_ID\n"
            ),
        }
    }

    /// The flag that other commands need to go there, with a space before it.
    pub(super) fn flag_for_admin(&self) -> String {
        match self {
            Self::Hosted => String::new(),
            Self::Other(origin) => format!(" --control-plane.base-url {origin}"),
        }
    }
}
