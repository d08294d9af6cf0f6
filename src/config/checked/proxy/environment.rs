//! The proxies of the process environment.

use std::ffi::OsStr;
use std::fmt;

use super::parse::ProxyError;
use crate::config::checked::Proxy;
use crate::config::values::{HttpUrl, NoProxy};
use crate::secrets::Environment;

/// The proxies of the process environment, by the rules of Go's `net/http`: the variable of the URL's scheme, upper case
/// before lower case; never for this machine; not for what `NO_PROXY` names.
#[derive(Debug, Clone)]
pub(in crate::config) struct EnvironmentProxies {
    pub(super) http: Result<Option<Proxy>, BrokenVariable>,
    pub(super) https: Result<Option<Proxy>, BrokenVariable>,
    no_proxy: NoProxy,
}

impl Default for EnvironmentProxies {
    fn default() -> Self {
        Self {
            http: Ok(None),
            https: Ok(None),
            no_proxy: NoProxy::default(),
        }
    }
}

impl EnvironmentProxies {
    /// Reads the variables.
    pub(in crate::config) fn of_environment(environment: &Environment) -> Self {
        let read = |names: [&'static str; 2]| match variable(environment, names) {
            None => Ok(None),
            Some((name, value)) => Proxy::of_environment(name, value)
                .map(Some)
                .map_err(|error| BrokenVariable { name, error }),
        };
        // A web server that runs us as a CGI program hands out the client's `Proxy:` header under this name.
        let is_cgi = environment.value("REQUEST_METHOD").is_some();
        Self {
            http: if is_cgi {
                Ok(None)
            } else {
                read(["HTTP_PROXY", "http_proxy"])
            },
            https: read(["HTTPS_PROXY", "https_proxy"]),
            no_proxy: variable(environment, ["NO_PROXY", "no_proxy"])
                .map(|(_, value)| NoProxy::parse(&value.to_string_lossy()))
                .unwrap_or_default(),
        }
    }

    pub(super) fn of(&self, url: &HttpUrl) -> Result<Option<Proxy>, BrokenVariable> {
        if self.no_proxy.is_direct(&url.host, url.port) {
            return Ok(None);
        }
        if url.tls { &self.https } else { &self.http }.clone()
    }
}

/// A variable of the environment that names no proxy that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct BrokenVariable {
    pub(in crate::config) name: &'static str,
    error: ProxyError,
}

impl fmt::Display for BrokenVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}; or set http-proxy, which takes its place",
            self.name, self.error
        )
    }
}

fn variable<'a>(environment: &'a Environment, names: [&'static str; 2]) -> Option<(&'static str, &'a OsStr)> {
    names
        .into_iter()
        .find_map(|name| Some((name, environment.value(name)?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn route(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let environment = EnvironmentProxies::of_environment(&variables.iter().copied().collect());
        let proxy = environment.of(&HttpUrl::parse(url).unwrap()).unwrap()?;
        Some(format!("{} {}", proxy.source, proxy.origin()))
    }

    #[test]
    fn the_environment_has_one_proxy_for_each_scheme() {
        let both = [("HTTP_PROXY", "plain:1"), ("https_proxy", "http://secure:2")];
        assert_eq!(route(&both, "http://h"), Some("env:HTTP_PROXY http://plain:1".into()));
        assert_eq!(
            route(&both, "https://h"),
            Some("env:https_proxy http://secure:2".into())
        );
        assert_eq!(route(&both[..1], "https://h"), None);
        let cases = [("HTTP_PROXY", "upper:1"), ("http_proxy", "lower:1")];
        assert_eq!(route(&cases, "http://h"), Some("env:HTTP_PROXY http://upper:1".into()));
        let empty = [("HTTP_PROXY", ""), ("http_proxy", "lower:1")];
        assert_eq!(route(&empty, "http://h"), Some("env:http_proxy http://lower:1".into()));
    }

    #[test]
    fn a_cgi_program_does_not_trust_http_proxy() {
        let set = [
            ("HTTP_PROXY", "evil:1"),
            ("HTTPS_PROXY", "fine:1"),
            ("REQUEST_METHOD", "GET"),
        ];
        assert_eq!(route(&set, "http://h"), None);
        assert!(route(&set, "https://h").is_some());
    }

    #[test]
    fn a_bad_variable_is_named_and_not_shown() {
        for value in ["socks5://u:sekret@h:1", "http://u:sek%zzret@h", "h:sekret"] {
            let environment: Environment = [("HTTPS_PROXY", value)].into_iter().collect();
            let proxies = EnvironmentProxies::of_environment(&environment);
            let broken = proxies.of(&HttpUrl::parse("https://h").unwrap()).unwrap_err();
            let shown = broken.to_string();
            assert!(shown.starts_with("HTTPS_PROXY ") && !shown.contains("sek"), "{shown}");
            assert!(proxies.of(&HttpUrl::parse("http://h").unwrap()).is_ok());
        }
    }
}
