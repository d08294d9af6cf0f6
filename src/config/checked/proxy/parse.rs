//! A proxy as it is written.

use std::ffi::OsStr;
use std::fmt;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::checked::Proxy;
use crate::config::values::{HttpUrl, UrlError};
use crate::limits::SECRET_FILE_MAX;
use crate::secrets::{Environment, Files, Reference};

/// Why a text names no proxy. The text is not part of the message: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum ProxyError {
    /// Not UTF-8.
    NotText,
    /// Neither `http` nor `https`.
    Scheme,
    /// User name and password cannot be read.
    Userinfo,
    /// Any other part of the URL.
    Url(UrlError),
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
        }
    }
}

impl Proxy {
    /// Whether both are the same in every respect.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let secrets = [self, other].map(|proxy| proxy.credentials.as_ref().map(|secret| secret.expose_secret()));
        self.origin() == other.origin()
            && self.source == other.source
            && self.file == other.file
            && secrets[0] == secrets[1]
    }

    /// The same proxy with the user and the password that its file holds now; `None` when it is not in a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or names no proxy or another one: names are resolved and ports allowed once, at start.
    pub(crate) fn read_again(&self, files: &dyn Files) -> Result<Option<Self>, String> {
        let Some(seen) = &self.file else { return Ok(None) };
        let reference = Reference::File(seen.path.clone());
        let read = reference.secret(&Environment::default(), files, SECRET_FILE_MAX);
        let fail = |error: &dyn fmt::Display| format!("{} refers to {reference}, which {error}", self.source);
        let url = read.map_err(|error| fail(&error))?;
        let proxy = Self::parse(url.expose_secret().trim(), &self.source).map_err(|error| fail(&error))?;
        if proxy.origin() != self.origin() {
            return Err(fail(&"names another proxy than at start; restart to use that one"));
        }
        let file = self.file.clone();
        Ok(Some(Self { file, ..proxy }))
    }

    /// A proxy as it is written: a URL.
    pub(in crate::config) fn parse(text: &str, source: &str) -> Result<Self, ProxyError> {
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
            file: None,
        })
    }

    /// A proxy as an environment variable names it: the scheme may be left out.
    pub(super) fn of_environment(name: &str, value: &OsStr) -> Result<Self, ProxyError> {
        let text = value.to_str().ok_or(ProxyError::NotText)?.trim();
        let source = format!("env:{name}");
        if text.contains("://") {
            Self::parse(text, &source)
        } else {
            Self::parse(&Zeroizing::new(format!("http://{text}")), &source)
        }
    }

    /// Scheme, host, port, and the setting that names it, for people.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} ({})", self.origin(), self.source)
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
}
