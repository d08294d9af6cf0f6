//! Redirects: where one leads, and whether that is the same origin.

use std::fmt;

use http::Uri;
use http::uri::Authority;

use crate::config::HttpUrl;

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFollowed {
    /// It turns the request into another, or means something else.
    Status(u16),
    /// It has no `Location`.
    Nowhere,
    /// Its `Location` is no URL.
    Unreadable,
    /// It leads to another origin.
    OtherOrigin,
    /// It leads to the same host, from `https` to `http` or the other way round.
    OtherScheme,
    /// Its `Location` carries a user.
    UserInfo,
}

impl fmt::Display for NotFollowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status(status) => {
                return write!(
                    f,
                    "it redirects with HTTP {status}, and only 307 and 308 keep a request as it is"
                );
            }
            Self::Nowhere => "it redirects and does not say where to",
            Self::Unreadable => "it redirects to what is no URL",
            Self::OtherOrigin => "it redirects to another origin, where credentials are not sent",
            Self::OtherScheme => "it redirects from https to http or the other way round on the same host",
            Self::UserInfo => "it redirects to a URL with a user in it",
        })
    }
}

impl HttpUrl {
    /// The path and query that a `Location` (RFC 9110, section 10.2.2) means in an answer from the path `from`, if it stays
    /// on this origin. A relative one is resolved (RFC 3986, section 5.2).
    ///
    /// # Errors
    /// [`NotFollowed`] says where else it leads.
    pub fn same_origin_location(&self, from: &Uri, location: &str) -> Result<Uri, NotFollowed> {
        let location = location.split('#').next().unwrap_or_default();
        let (path, query) = if let Some((scheme, rest)) = split_scheme(location) {
            let tls = match scheme {
                _ if scheme.eq_ignore_ascii_case("https") => true,
                _ if scheme.eq_ignore_ascii_case("http") => false,
                _ => return Err(NotFollowed::OtherOrigin),
            };
            let rest = rest.strip_prefix("//").ok_or(NotFollowed::Unreadable)?;
            self.stays(tls, rest)?
        } else if let Some(rest) = location.strip_prefix("//") {
            self.stays(self.tls, rest)?
        } else {
            let (path, query) = split_query(location);
            let base = from.path();
            match path {
                "" if query.is_none() => return Err(NotFollowed::Unreadable),
                "" => (base.to_owned(), query),
                _ if path.starts_with('/') => (path.to_owned(), query),
                _ => {
                    let directory = base.rfind('/').map_or("/", |at| &base[..=at]);
                    (format!("{directory}{path}"), query)
                }
            }
        };
        let mut target = without_dots(&path);
        if let Some(query) = query {
            target = format!("{target}?{query}");
        }
        target.parse().map_err(|_| NotFollowed::Unreadable)
    }

    /// Path and query behind an authority that is this origin's.
    fn stays<'a>(&self, tls: bool, rest: &'a str) -> Result<(String, Option<&'a str>), NotFollowed> {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let authority: Authority = rest[..end].parse().map_err(|_| NotFollowed::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(NotFollowed::UserInfo);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let same_host = host.eq_ignore_ascii_case(&self.host);
        if same_host && tls != self.tls {
            return Err(NotFollowed::OtherScheme);
        }
        if !same_host || port != self.port {
            return Err(NotFollowed::OtherOrigin);
        }
        let (path, query) = split_query(&rest[end..]);
        Ok((if path.is_empty() { "/" } else { path }.to_owned(), query))
    }
}

fn split_query(text: &str) -> (&str, Option<&str>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    }
}

/// A scheme and what follows its colon (RFC 3986, section 3.1).
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut bytes = scheme.bytes();
    let is_scheme = bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

/// An absolute path without `.` and `..` (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let last = segments.len().saturating_sub(1);
    for (at, segment) in segments.into_iter().enumerate() {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
        if at == last && matches!(segment, "." | "..") {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(tls: bool, host: &str, port: u16) -> HttpUrl {
        HttpUrl {
            tls,
            host: host.into(),
            port,
            explicit_port: false,
            path_and_query: "/mcp".into(),
        }
    }

    #[test]
    fn locations_on_the_same_origin_are_followed_in_every_form() {
        let base = url(true, "h", 443);
        for (from, location, target) in [
            ("/mcp", "/mcp/", "/mcp/"),
            ("/mcp", "https://H:443/x?y#z", "/x?y"),
            ("/mcp", "https://h", "/"),
            ("/mcp", "https://h?q", "/?q"),
            ("/mcp", "//h/x", "/x"),
            ("/mcp", "mcp/", "/mcp/"),
            ("/mcp/", "v2", "/mcp/v2"),
            ("/a/b/c?q", "../d", "/a/d"),
            ("/a/b/c", "./", "/a/b/"),
            ("/a/b/c", "..", "/a/"),
            ("/a", "../../../x", "/x"),
            ("/a", "/x/./y/../z/.", "/x/z/"),
            ("/a/b?old", "?new", "/a/b?new"),
            ("/a", "x:y/z", ""),
            ("/a", "./x:y", "/x:y"),
            ("/a", "x//y", "/x//y"),
        ] {
            let from: Uri = from.parse().unwrap_or_default();
            let to = base.same_origin_location(&from, location).map(|uri| uri.to_string());
            assert_eq!(to.unwrap_or_default(), target, "{from} {location}");
        }
    }

    #[test]
    fn other_locations_are_refused_for_what_they_are() {
        let base = url(true, "h", 443);
        let from = Uri::from_static("/mcp");
        for (location, why) in [
            ("http://h/x", NotFollowed::OtherScheme),
            ("http://h:443/x", NotFollowed::OtherScheme),
            ("https://h:8443/x", NotFollowed::OtherOrigin),
            ("https://other/x", NotFollowed::OtherOrigin),
            ("//other/x", NotFollowed::OtherOrigin),
            ("//h:80/x", NotFollowed::OtherOrigin),
            ("https://u@h/x", NotFollowed::UserInfo),
            ("https://h@other/x", NotFollowed::UserInfo),
            ("mailto:x", NotFollowed::OtherOrigin),
            ("https:/x", NotFollowed::Unreadable),
            ("https://", NotFollowed::Unreadable),
            ("", NotFollowed::Unreadable),
            ("#x", NotFollowed::Unreadable),
            ("x y", NotFollowed::Unreadable),
            ("https://h\\@other/x", NotFollowed::Unreadable),
        ] {
            assert_eq!(base.same_origin_location(&from, location), Err(why), "{location}");
        }
    }
}
