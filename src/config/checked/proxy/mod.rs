//! Which proxy leads to which URL (contract: config, section 7).

mod environment;
mod parse;

use crate::config::checked::Proxy;
use crate::config::values::{HttpUrl, is_loopback};
pub(in crate::config) use environment::{BrokenVariable, EnvironmentProxies};

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
pub struct Proxies {
    pub(in crate::config) control_plane: Option<Proxy>,
    pub(in crate::config) mcp: Option<Proxy>,
    pub(in crate::config) harpoon: Option<Proxy>,
    pub(in crate::config) global: Option<Proxy>,
    pub(in crate::config) environment: EnvironmentProxies,
}

impl Proxies {
    /// The proxy on the way to `url`: that of the class, else the global one, else that of the environment by the rules of
    /// `NO_PROXY`, which the others ignore.
    ///
    /// A variable of the environment that names none that can be used counts as unset, as in Go; for the URLs of the
    /// configuration it was a mistake.
    #[must_use]
    pub fn of(&self, class: Class, url: &HttpUrl) -> Option<Proxy> {
        self.checked(class, url).unwrap_or_default()
    }

    /// As [`Proxies::of`].
    ///
    /// # Errors
    ///
    /// A variable of the environment leads to `url` and names no proxy that can be used: to ignore it would send traffic
    /// where nobody expects it.
    pub(in crate::config) fn checked(&self, class: Class, url: &HttpUrl) -> Result<Option<Proxy>, BrokenVariable> {
        match self.written(class) {
            Some(proxy) => Ok(Some(proxy.clone())),
            None => self.environment.of(url),
        }
    }

    /// Every proxy there is, used or not.
    pub(in crate::config) fn all(&self) -> impl Iterator<Item = &Proxy> {
        let written = [&self.control_plane, &self.mcp, &self.harpoon, &self.global];
        let environment = [&self.environment.http, &self.environment.https];
        let environment = environment.into_iter().filter_map(|proxy| proxy.as_ref().ok());
        written.into_iter().chain(environment).flatten()
    }

    /// The proxy that the configuration names for a class.
    pub(in crate::config) fn written(&self, class: Class) -> Option<&Proxy> {
        let own = match class {
            Class::ControlPlane => &self.control_plane,
            Class::Mcp => &self.mcp,
            Class::Harpoon => &self.harpoon,
        };
        own.as_ref().or(self.global.as_ref())
    }
}

impl HttpUrl {
    /// Whether what is sent can be read on a network, or by the proxy it goes through: a proxy of the configuration is used
    /// for this machine's own names too.
    #[must_use]
    pub fn leaves_in_clear(&self, proxy: Option<&Proxy>) -> bool {
        let stays = self.is_loopback() && proxy.is_none_or(|proxy| is_loopback(&proxy.host));
        !self.tls && !stays
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_nearest_setting_wins_and_ignores_no_proxy() {
        let proxy = |name: &str| Some(Proxy::parse(&format!("http://{name}"), name).unwrap());
        let environment = [("HTTPS_PROXY", "http://env"), ("NO_PROXY", "direct.example")];
        let mut proxies = Proxies {
            environment: EnvironmentProxies::of_environment(&environment.into_iter().collect()),
            ..Proxies::default()
        };
        let route = |proxies: &Proxies, class, url: &str| {
            proxies
                .of(class, &HttpUrl::parse(url).unwrap())
                .map(|proxy| proxy.source)
        };
        let (url, direct) = ("https://h", "https://direct.example");
        assert_eq!(route(&proxies, Class::Mcp, url).as_deref(), Some("env:HTTPS_PROXY"));
        assert_eq!(route(&proxies, Class::Mcp, direct), None);
        proxies.global = proxy("http-proxy");
        assert_eq!(route(&proxies, Class::Mcp, direct).as_deref(), Some("http-proxy"));
        proxies.mcp = proxy("mcp.http-proxy");
        assert_eq!(route(&proxies, Class::Mcp, url).as_deref(), Some("mcp.http-proxy"));
        assert_eq!(route(&proxies, Class::ControlPlane, url).as_deref(), Some("http-proxy"));
        proxies.control_plane = proxy("control-plane.http-proxy");
        proxies.harpoon = proxy("harpoon.http-proxy");
        assert_eq!(
            route(&proxies, Class::ControlPlane, url).as_deref(),
            Some("control-plane.http-proxy")
        );
        assert_eq!(
            route(&proxies, Class::Harpoon, url).as_deref(),
            Some("harpoon.http-proxy")
        );
    }
}
