//! `/healthz`, `/readyz`, `/metrics` and `/health` (contract: ops, section 1; ops, section 9).

use std::sync::Arc;

use http::header::ACCEPT;
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;

use super::answer::{Answer, TEXT, allow, answer};
use super::process::OwnProcess;
use super::report;
use crate::monitor::Monitor;
use crate::monitor::metrics::Readings;
use crate::sandbox::{Finding, Status};
use crate::telemetry::log::lost_lines;
use crate::telemetry::redact;

const JSON: &str = "application/json";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The answer of `/health` to peers on other hosts.
const LOCAL_ONLY: &str = "health is restricted to loopback and the unix socket";

/// Facts that the listener shows.
#[derive(Debug)]
pub struct Shown {
    /// What the parts have recorded.
    pub monitor: Arc<Monitor>,
    /// Which layers of the sandbox are in force.
    pub sandbox: Status,
    /// The process as the system sees it.
    pub process: Option<OwnProcess>,
    /// `/health` has the components unless the request says otherwise.
    pub details: bool,
}

/// A request, and who sent it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
    pub(super) is_local: bool,
}

impl Shown {
    pub(super) fn respond(&self, asked: &Asked<'_>) -> Answer {
        if asked.path == "/health" || asked.path.starts_with("/health/") {
            return self.health(asked);
        }
        let is_json = wants_json(asked.headers);
        match asked.path {
            "/healthz" if is_json => json(StatusCode::OK, &Live { status: "live" }),
            "/healthz" => answer(StatusCode::OK, TEXT, "live"),
            "/readyz" | "/metrics" if !matches!(*asked.method, Method::GET | Method::HEAD) => allow(
                "GET, HEAD",
                answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "method not allowed"),
            ),
            "/metrics" => answer(StatusCode::OK, OPENMETRICS, self.metrics_text()),
            "/readyz" => self.readiness(is_json, is_verbose(asked.query)),
            _ => answer(StatusCode::NOT_FOUND, TEXT, "404 page not found"),
        }
    }

    /// `/metrics`.
    pub(super) fn metrics_text(&self) -> String {
        let readings = Readings {
            ready: self.monitor.health.readiness().ready,
            lost_lines: lost_lines(),
            redactions: redact::redactions(),
            process: self.process.as_ref().and_then(OwnProcess::figures),
        };
        self.monitor.metrics.render(&readings)
    }

    /// `/readyz?verbose`.
    pub(super) fn readiness_text(&self) -> String {
        verbose(self.monitor.health.readiness().text, &self.sandbox)
    }

    fn readiness(&self, is_json: bool, is_verbose: bool) -> Answer {
        let readiness = self.monitor.health.readiness();
        let status = if readiness.ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        match (is_json, is_verbose) {
            (false, false) => answer(status, TEXT, readiness.text),
            (false, true) => answer(status, TEXT, verbose(readiness.text, &self.sandbox)),
            (true, is_verbose) => {
                let body = Ready {
                    ready: readiness.ready,
                    reason: &readiness.text,
                    sandbox: is_verbose.then_some(self.sandbox.findings()),
                };
                json(status, &body)
            }
        }
    }

    /// `/health` and `/health/{component}`. Who may ask is decided before anything else of the request is looked at.
    fn health(&self, asked: &Asked<'_>) -> Answer {
        if !asked.is_local {
            return answer(StatusCode::FORBIDDEN, TEXT, LOCAL_ONLY);
        }
        if *asked.method != Method::GET {
            let refused = report::error("method_not_allowed");
            return allow("GET", answer(StatusCode::METHOD_NOT_ALLOWED, JSON, refused));
        }
        let health = &self.monitor.health;
        let body = match asked.path.strip_prefix("/health/") {
            None => report::wants_details(asked.query, self.details)
                .map(|details| report::all(health, details))
                .ok_or((StatusCode::BAD_REQUEST, "invalid_query")),
            Some(_) if asked.query.is_some() => Err((StatusCode::BAD_REQUEST, "invalid_query")),
            Some(name) => report::one(health, name).ok_or((StatusCode::NOT_FOUND, "unknown_component")),
        };
        match body {
            Ok(Some(body)) => answer(StatusCode::OK, JSON, body),
            Ok(None) => answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                JSON,
                report::error("snapshot_unavailable"),
            ),
            Err((status, code)) => answer(status, JSON, report::error(code)),
        }
    }
}

/// The body of `/healthz`.
#[derive(Serialize)]
struct Live {
    status: &'static str,
}

/// The body of `/readyz`.
#[derive(Serialize)]
struct Ready<'a> {
    ready: bool,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<&'a [Finding]>,
}

/// Whether a request asks for JSON: `Accept` names it, and does not name plain text. What accepts anything gets text, as scripts
/// expect.
fn wants_json(headers: &HeaderMap) -> bool {
    let named = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let types = named
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .map(str::trim);
    let (mut json, mut text) = (false, false);
    for name in types {
        json |= name.eq_ignore_ascii_case(JSON);
        text |= name.eq_ignore_ascii_case("text/plain");
    }
    json && !text
}

fn is_verbose(query: Option<&str>) -> bool {
    let mut parameters = query.unwrap_or_default().split('&');
    parameters.any(|parameter| matches!(parameter, "verbose" | "verbose=true" | "verbose=1"))
}

/// The answer of before, and a line for each layer of the sandbox.
fn verbose(text: impl Into<String>, sandbox: &Status) -> String {
    let mut text = text.into();
    for finding in sandbox.findings() {
        text.push_str("\nsandbox ");
        text.push_str(&finding.to_string());
    }
    text.push('\n');
    text
}

fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    // Texts and words: there is always JSON of them.
    answer(status, JSON, serde_json::to_vec(body).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_TYPE, HeaderValue};

    use super::*;
    use crate::monitor::{Health, Metrics, Progress};

    impl Shown {
        /// Of a process that has no servers and no sandbox.
        pub(in crate::ops) fn without_servers() -> Self {
            Self {
                monitor: Arc::new(Monitor {
                    health: Health::new(std::iter::empty()),
                    metrics: Metrics::new(1, 1),
                    progress: Progress::default(),
                }),
                sandbox: Status::off(),
                process: None,
                details: true,
            }
        }
    }

    #[test]
    fn peers_on_other_hosts_read_no_health_whatever_they_ask() {
        let shown = Shown::without_servers();
        let headers = HeaderMap::new();
        let ask = |path, query, method: &Method, is_local| {
            shown.respond(&Asked {
                path,
                query,
                method,
                headers: &headers,
                is_local,
            })
        };
        for (path, query, method) in [
            ("/health", None, Method::GET),
            ("/health", Some("details=x"), Method::GET),
            ("/health/mcp", None, Method::POST),
            ("/health/nothing", None, Method::GET),
        ] {
            let refused = ask(path, query, &method, false);
            assert_eq!(
                (refused.status(), refused.headers().get(CONTENT_TYPE)),
                (StatusCode::FORBIDDEN, Some(&HeaderValue::from_static(TEXT))),
                "{path}"
            );
        }
        assert_eq!(ask("/health", None, &Method::GET, true).status(), StatusCode::OK);
        for path in ["/healthz", "/metrics"] {
            assert_eq!(ask(path, None, &Method::GET, false).status(), StatusCode::OK, "{path}");
        }
    }

    #[test]
    fn json_is_for_those_who_name_it() {
        for (accept, expected) in [
            ("application/json", true),
            ("Application/JSON;q=0.9", true),
            ("text/html, application/json", true),
            ("*/*", false),
            ("application/*", false),
            ("text/plain, application/json", false),
            ("application/json-seq", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(wants_json(&headers), expected, "{accept}");
        }
        assert!(!wants_json(&HeaderMap::new()));
    }
}
