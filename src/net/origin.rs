//! Redirects: which URLs are the same place.

use http::Uri;

use crate::config::HttpUrl;

impl HttpUrl {
    /// The path and query of a `Location` (RFC 9110, section 10.2.2) that stays on this origin.
    ///
    /// `None` when it leaves the origin, carries userinfo, is relative to the path, or cannot be read.
    pub fn same_origin_location(&self, location: &str) -> Option<Uri> {
        let location = location.split('#').next().unwrap_or_default();
        if location.starts_with('/') && !location.starts_with("//") {
            return location.parse().ok();
        }
        let uri: Uri = location.parse().ok()?;
        let tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let same = tls == self.tls && host.eq_ignore_ascii_case(&self.host) && port == self.port;
        if !same || authority.as_str().contains('@') {
            return None;
        }
        uri.path_and_query().map_or("/", |p| p.as_str()).parse().ok()
    }
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
    fn only_locations_on_the_same_origin_are_followed() {
        let base = url(true, "h", 443);
        let path = |l: &str| base.same_origin_location(l).map(|uri| uri.to_string());
        assert_eq!(path("/mcp/").as_deref(), Some("/mcp/"));
        assert_eq!(path("https://H:443/x?y#z").as_deref(), Some("/x?y"));
        for elsewhere in [
            "http://h/x",
            "https://h:8443/x",
            "https://other/x",
            "//other/x",
            "https://u@h/x",
            "mailto:x",
            "",
            "x y",
        ] {
            assert_eq!(path(elsewhere), None, "{elsewhere}");
        }
    }
}
