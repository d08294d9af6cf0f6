//! What an HTTP status may mean beside what it says: it can be about the connection, or somebody else's answer.

use crate::config::Proxy;
use crate::doctor::way::Asked;
use crate::net::Demand;
use crate::telemetry::redact;

/// How a request went to the peer that answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route<'a> {
    /// The peer is spoken to over TLS.
    pub(super) tls: bool,
    /// It asked for a client certificate.
    pub(super) asked: Option<Asked>,
    /// Where that is set.
    pub(super) identity: &'a str,
    /// Where its address is set.
    pub(super) address: &'a str,
    /// `host:port` of it.
    pub(super) authority: &'a str,
    /// The proxy on the way.
    pub(super) proxy: Option<&'a Proxy>,
    /// What that demanded.
    pub(super) demand: Option<Demand>,
}

impl<'a> Route<'a> {
    /// The proxy that read the request, and may have answered it itself: in a tunnel it could not.
    pub(super) fn forwarding(&self) -> Option<&'a Proxy> {
        self.proxy.filter(|_| !self.tls)
    }

    /// What the status says about the connection: nginx answers 400 to a client certificate that is missing or wrong,
    /// after a handshake without complaint.
    pub(super) fn summary(&self, status: u16) -> Option<String> {
        match (status, self.asked?) {
            (400 | 495 | 496, Asked::InVain) => Some(format!(
                "HTTP {status}: the server asked for a client certificate, and got none"
            )),
            (400 | 495 | 496, Asked::AndGot) => Some(format!(
                "HTTP {status}: the server asked for a client certificate, and does not seem to accept the one that it got"
            )),
            _ => None,
        }
    }

    /// What to look at first because of the connection.
    pub(super) fn steps(&self, status: u16) -> Vec<String> {
        let mut steps = Vec::new();
        let identity = self.identity;
        match (status, self.asked) {
            (401 | 403, Some(Asked::InVain)) => steps.push(format!(
                "the server asked for a client certificate and got none: if it needs one, set {identity}"
            )),
            (400 | 495 | 496, Some(Asked::InVain)) => {
                steps.push(format!("the server asked for a client certificate: set {identity} to the one it expects"));
            }
            (400 | 401 | 403 | 495 | 496, Some(Asked::AndGot)) => steps.push(format!(
                "let the certificate in {identity} be one that an authority which the server trusts has issued, for this purpose"
            )),
            (400, None) if !self.tls => {
                steps.push(format!("if this port speaks TLS, begin the URL with https:// in {}", self.address));
            }
            _ => {}
        }
        if let Some(proxy) = self.forwarding() {
            let name = proxy.name();
            steps.push(match status {
                401 => format!(
                    "the answer can be that of the proxy {name}: check user and password in its URL, and its log"
                ),
                _ => format!(
                    "the answer can be that of the proxy {name}, which the request goes through: look into its log"
                ),
            });
        }
        steps
    }
}

/// What a peer wrote instead of a message, for people: of a page its title.
pub(super) fn words(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    match title(text) {
        Some(title) => format!("a page with the title {:?}", redact::scrub(title)),
        None => "a page".to_owned(),
    }
}

fn title(page: &str) -> Option<&str> {
    // ASCII only: the places stay the same.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let length = lower.get(start..)?.find("</title>")?;
    let title = page.get(start..start + length)?.trim();
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECT: Route<'static> = Route {
        tls: true,
        asked: None,
        identity: "IDENTITY",
        address: "ADDRESS",
        authority: "h:443",
        proxy: None,
        demand: None,
    };

    #[test]
    fn a_400_after_a_request_for_a_certificate_is_about_the_certificate() {
        for (asked, said, step) in [
            (None, None, None),
            (Some(Asked::InVain), Some("and got none"), Some("set IDENTITY")),
            (
                Some(Asked::AndGot),
                Some("does not seem to accept"),
                Some("in IDENTITY"),
            ),
        ] {
            let route = Route { asked, ..DIRECT };
            for status in [400, 495, 496] {
                let summary = route.summary(status);
                assert_eq!(summary.is_some(), said.is_some(), "{summary:?}");
                assert!(summary.unwrap_or_default().contains(said.unwrap_or_default()));
                let steps = route.steps(status).join("\n");
                assert!(steps.contains(step.unwrap_or_default()), "{steps}");
            }
            assert_eq!(route.summary(404), None);
            assert!(route.steps(404).is_empty());
        }
    }

    #[test]
    fn only_a_proxy_that_reads_the_request_can_have_answered_it() {
        let proxy = Proxy {
            tls: false,
            host: "proxy.example".to_owned(),
            port: 3128,
            credentials: Some("user:sekret".into()),
            source: "http-proxy".to_owned(),
            file: None,
        };
        for (tls, shown) in [(true, false), (false, true)] {
            let route = Route {
                tls,
                proxy: Some(&proxy),
                ..DIRECT
            };
            let steps = route.steps(503).join("\n");
            assert_eq!(
                steps.contains("http://proxy.example:3128 (http-proxy)"),
                shown,
                "{steps}"
            );
            assert!(!steps.contains("sekret"));
        }
    }

    #[test]
    fn of_a_page_only_the_title_is_shown() {
        for (text, shown) in [
            ("plain words", "plain words"),
            (
                "<html><TITLE> 400 No \u{e4} </title><p>x",
                "a page with the title \"400 No \u{e4}\"",
            ),
            ("\n<!DOCTYPE html><html>", "a page"),
            ("<title></title>", "a page"),
            ("<title>cut of", "a page"),
        ] {
            assert_eq!(words(text), shown);
        }
    }
}
