//! Which proxy leads to which URL (spec: config, section 6).

use super::checked::{HttpUrl, Proxy};

/// What a connection is for; decides which setting names its proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The control plane.
    ControlPlane,
    /// An MCP server, and OAuth discovery on its behalf.
    Mcp,
    /// A target of the harpoon channel.
    Harpoon,
}

/// The proxies of the configuration and of the environment.
#[derive(Debug, Clone, Default)]
pub struct Proxies {}

impl Proxies {
    /// The proxy on the way to `url`: that of the class, else the global one, else that of the environment by the rules of
    /// `NO_PROXY`.
    #[must_use]
    pub fn of(&self, _class: Class, _url: &HttpUrl) -> Option<Proxy> {
        None
    }
}
