//! Which proxy leads to which URL (spec: config, section 6).

use std::ffi::OsStr;
use std::fmt;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::checked::{HttpUrl, Proxy};
use super::no_proxy::NoProxy;
use super::url::UrlError;
use crate::secrets::{Environment, Prefix, Reference};

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
    pub(super) control_plane: Option<Proxy>,
    pub(super) mcp: Option<Proxy>,
    pub(super) harpoon: Option<Proxy>,
    pub(super) global: Option<Proxy>,
    pub(super) environment: EnvironmentProxies,
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
    pub(super) fn checked(&self, class: Class, url: &HttpUrl) -> Result<Option<Proxy>, BrokenVariable> {
        match self.written(class) {
            Some(proxy) => Ok(Some(proxy.clone())),
            None => self.environment.of(url),
        }
    }

    /// Every proxy there is, used or not.
    pub(super) fn all(&self) -> impl Iterator<Item = &Proxy> {
        let written = [&self.control_plane, &self.mcp, &self.harpoon, &self.global];
        let environment = [&self.environment.http, &self.environment.https];
        let environment = environment.into_iter().filter_map(|proxy| proxy.as_ref().ok());
        written.into_iter().chain(environment).flatten()
    }

    /// The proxy that the configuration names for a class.
    pub(super) fn written(&self, class: Class) -> Option<&Proxy> {
        let own = match class {
            Class::ControlPlane => &self.control_plane,
            Class::Mcp => &self.mcp,
            Class::Harpoon => &self.harpoon,
        };
        own.as_ref().or(self.global.as_ref())
    }
}

/// The proxies of the process environment, by the rules of Go's `net/http`: the variable of the URL's scheme, upper case
/// before lower case; never for this machine; not for what `NO_PROXY` names.
#[derive(Debug, Clone)]
pub(super) struct EnvironmentProxies {
    http: Result<Option<Proxy>, BrokenVariable>,
    https: Result<Option<Proxy>, BrokenVariable>,
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
    pub(super) fn of_environment(environment: &Environment) -> Self {
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

    fn of(&self, url: &HttpUrl) -> Result<Option<Proxy>, BrokenVariable> {
        if self.no_proxy.is_direct(&url.host, url.port) {
            return Ok(None);
        }
        if url.tls { &self.https } else { &self.http }.clone()
    }
}

/// A variable of the environment that names no proxy that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BrokenVariable {
    pub(super) name: &'static str,
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

/// Why a text names no proxy. The text is not part of the message: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProxyError {
    /// Not UTF-8.
    NotText,
    /// Neither `http` nor `https`.
    Scheme,
    /// User name and password cannot be read.
    Userinfo,
    /// Any other part of the URL.
    Url(UrlError),
    /// `env:` and no name of a variable.
    Reference,
    /// The variable that it refers to has no value.
    NotSet(String),
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("is not UTF-8 text"),
            Self::Scheme => f.write_str(
                "needs a proxy that speaks HTTP; begin the URL with http:// or https:// (SOCKS is not supported)",
            ),
            Self::Userinfo => {
                f.write_str("has a user name or a password that cannot be read; percent-encode it, as in %40 for @")
            }
            Self::Url(error) => error.fmt(f),
            Self::Reference => f.write_str("is not a valid reference; write a URL or env:NAME"),
            Self::NotSet(name) => write!(f, "refers to variable {name}, which is not set; set it"),
        }
    }
}

impl Proxy {
    /// A proxy as a setting names it: a URL, or `env:` and the variable that holds one.
    pub(super) fn of_setting(environment: &Environment, text: &str, source: &str) -> Result<Self, ProxyError> {
        if !Reference::is_meant(text, Prefix::Exact) {
            return Self::parse(text, source);
        }
        let Some(Reference::Variable(name)) = Reference::parse(OsStr::new(text)) else {
            return Err(ProxyError::Reference);
        };
        let value = environment.value(&name).map(OsStr::to_str);
        match value {
            Some(Some(value)) => Self::parse(value.trim(), source),
            Some(None) => Err(ProxyError::NotText),
            None => Err(ProxyError::NotSet(name)),
        }
    }

    /// A proxy as it is written: a URL.
    pub(super) fn parse(text: &str, source: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = text.split_once("://").ok_or(ProxyError::Scheme)?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(ProxyError::Scheme);
        }
        // What follows the authority has no meaning for a proxy and is ignored, as by Go.
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, authority),
        };
        let url = HttpUrl::parse(&format!("{scheme}://{place}")).map_err(ProxyError::Url)?;
        Ok(Self {
            tls: url.tls,
            host: url.host,
            port: url.port,
            credentials: userinfo.map(credentials).transpose()?.flatten(),
            source: source.to_owned(),
        })
    }

    /// A proxy as an environment variable names it: the scheme may be left out.
    fn of_environment(name: &str, value: &OsStr) -> Result<Self, ProxyError> {
        let text = value.to_str().ok_or(ProxyError::NotText)?.trim();
        let source = format!("env:{name}");
        if text.contains("://") {
            Self::parse(text, &source)
        } else {
            Self::parse(&Zeroizing::new(format!("http://{text}")), &source)
        }
    }

    /// Scheme, host and port: what may be shown.
    #[must_use]
    pub fn origin(&self) -> String {
        let url = HttpUrl {
            tls: self.tls,
            host: self.host.clone(),
            port: self.port,
            explicit_port: true,
            path_and_query: String::new(),
        };
        url.origin()
    }
}

/// `user:password`, percent-decoded; `None` when there is neither.
fn credentials(userinfo: &str) -> Result<Option<SecretString>, ProxyError> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(userinfo.len() + 1));
    let mut bytes = userinfo.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let digits = [bytes.next(), bytes.next()].map(|digit| char::from(digit?).to_digit(16));
                match digits {
                    [Some(high), Some(low)] => u8::try_from(high * 16 + low).map_err(|_| ProxyError::Userinfo)?,
                    _ => return Err(ProxyError::Userinfo),
                }
            }
            other => other,
        };
        decoded.push(byte);
    }
    if !decoded.contains(&b':') {
        decoded.push(b':');
    }
    let text = std::str::from_utf8(&decoded).map_err(|_| ProxyError::Userinfo)?;
    if text.chars().any(char::is_control) {
        return Err(ProxyError::Userinfo);
    }
    Ok((text != ":").then(|| SecretString::from(text)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use secrecy::ExposeSecret;

    use super::*;

    fn parts(text: &str) -> Result<(String, Option<String>), ProxyError> {
        let proxy = Proxy::parse(text, "http-proxy")?;
        let credentials = proxy
            .credentials
            .as_ref()
            .map(|secret| secret.expose_secret().to_owned());
        Ok((proxy.origin(), credentials))
    }

    #[test]
    fn a_proxy_is_a_url_with_or_without_a_password() {
        for (text, origin, credentials) in [
            ("http://proxy:3128", "http://proxy:3128", None),
            ("HTTP://Proxy.Example.COM", "http://proxy.example.com:80", None),
            ("https://proxy/ignored?x", "https://proxy:443", None),
            ("http://[::1]:3128", "http://[::1]:3128", None),
            ("http://user:pa%40ss@proxy:1", "http://proxy:1", Some("user:pa@ss")),
            ("http://user@proxy:1", "http://proxy:1", Some("user:")),
            ("http://a:b@c@proxy:1", "http://proxy:1", Some("a:b@c")),
            ("http://:@proxy:1", "http://proxy:1", None),
        ] {
            let expected = (origin.to_owned(), credentials.map(str::to_owned));
            assert_eq!(parts(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_http_proxy_is_refused() {
        for (text, error) in [
            ("proxy:3128", ProxyError::Scheme),
            ("socks5://proxy:1080", ProxyError::Scheme),
            ("", ProxyError::Scheme),
            ("http://", ProxyError::Url(UrlError::Host)),
            ("http://proxy:x", ProxyError::Url(UrlError::Port)),
            ("http://u:%zz@proxy", ProxyError::Userinfo),
            ("http://u:%0a@proxy", ProxyError::Userinfo),
            ("http://u:%ff@proxy", ProxyError::Userinfo),
            ("http://u:%4@proxy", ProxyError::Userinfo),
        ] {
            assert_eq!(parts(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let proxy = Proxy::parse("http://user:sekret@proxy:1", "http-proxy").unwrap();
        assert!(!format!("{proxy:?}").contains("sekret"));
    }

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
