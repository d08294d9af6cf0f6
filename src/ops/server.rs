//! The health listener: `/healthz`, `/readyz`, `/metrics`, `/health` (contract: ops, section 1; ops, section 9).

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use log::debug;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::hosts::Hosts;
use super::listener::{Accepted, Listener};
use super::process::OwnProcess;
use super::report;
use crate::limits::{HEALTH_ACCEPT_PAUSE, HEALTH_CONNECTIONS, HEALTH_HEADER_TIMEOUT, HEALTH_TIMEOUT};
use crate::monitor::Monitor;
use crate::monitor::metrics::Readings;
use crate::sandbox::{Finding, Status};
use crate::telemetry::log::lost_lines;
use crate::telemetry::redact;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The answer of `/health` to peers on other hosts.
const LOCAL_ONLY: &str = "health is restricted to loopback and the unix socket";

/// What serves the listener.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    shown: Arc<Shown>,
}

/// Facts that it shows.
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
struct Asked<'a> {
    path: &'a str,
    query: Option<&'a str>,
    method: &'a Method,
    headers: &'a HeaderMap,
    is_local: bool,
}

impl Server {
    /// For a bound listener; nothing is answered before [`Server::run`].
    pub fn new(listener: Listener, shown: Shown) -> Self {
        Self {
            listener,
            shown: Arc::new(shown),
        }
    }

    /// Serves until it is dropped.
    pub async fn run(self) {
        let slots = Arc::new(Semaphore::new(HEALTH_CONNECTIONS));
        let hosts = self.listener.hosts();
        loop {
            // The permit is taken first: what exceeds the bound waits in the kernel's queue.
            let Ok(permit) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok(accepted) => {
                    let (shown, hosts) = (Arc::clone(&self.shown), hosts.clone());
                    tokio::spawn(async move {
                        serve(accepted, shown, hosts).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Out of descriptors, or the peer went away: neither ends the listener.
                    debug!(error:% = error; "health listener could not accept");
                    sleep(HEALTH_ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn serve(Accepted { stream, is_local }: Accepted, shown: Arc<Shown>, hosts: Option<Arc<Hosts>>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let refused = hosts.as_ref().and_then(|hosts| hosts.check(&request).err());
        let response = match refused {
            Some((status, text)) => answer(status, TEXT, text),
            None => shown.respond(&Asked {
                path: request.uri().path(),
                query: request.uri().query(),
                method: request.method(),
                headers: request.headers(),
                is_local,
            }),
        };
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEALTH_HEADER_TIMEOUT)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let _ = timeout(HEALTH_TIMEOUT, connection).await;
}

impl Shown {
    fn respond(&self, asked: &Asked<'_>) -> Response<Full<Bytes>> {
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
            "/metrics" => self.metrics(),
            "/readyz" => self.readiness(is_json, is_verbose(asked.query)),
            _ => answer(StatusCode::NOT_FOUND, TEXT, "404 page not found"),
        }
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let readings = Readings {
            ready: self.monitor.health.readiness().ready,
            lost_lines: lost_lines(),
            redactions: redact::redactions(),
            process: self.process.as_ref().and_then(OwnProcess::figures),
        };
        answer(StatusCode::OK, OPENMETRICS, self.monitor.metrics.render(&readings))
    }

    fn readiness(&self, is_json: bool, is_verbose: bool) -> Response<Full<Bytes>> {
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
    fn health(&self, asked: &Asked<'_>) -> Response<Full<Bytes>> {
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

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    // Texts and words: there is always JSON of them.
    answer(status, JSON, serde_json::to_vec(body).unwrap_or_default())
}

fn allow(methods: &'static str, mut refused: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let headers = refused.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(methods));
    refused
}

fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{Health, Metrics, Progress};

    #[test]
    fn peers_on_other_hosts_read_no_health_whatever_they_ask() {
        let shown = Shown {
            monitor: Arc::new(Monitor {
                health: Health::new(std::iter::empty()),
                metrics: Metrics::new(1, 1),
                progress: Progress::default(),
            }),
            sandbox: Status::off(),
            process: None,
            details: true,
        };
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
