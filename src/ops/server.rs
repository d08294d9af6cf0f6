//! The health listener: `/healthz`, `/readyz`, `/metrics` (contract: ops, section 1).

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use log::debug;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::hosts::Hosts;
use super::listener::{Listener, Stream};
use crate::limits::{HEALTH_ACCEPT_PAUSE, HEALTH_CONNECTIONS, HEALTH_HEADER_TIMEOUT, HEALTH_TIMEOUT};
use crate::monitor::Monitor;
use crate::sandbox::Status;
use crate::telemetry::log::lost_lines;

const TEXT: &str = "text/plain; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What serves the listener.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    shown: Arc<Shown>,
}

/// Facts that it shows.
#[derive(Debug)]
struct Shown {
    monitor: Arc<Monitor>,
    /// Which layers of the sandbox are in force.
    sandbox: Status,
}

impl Server {
    /// For a bound listener; nothing is answered before [`Server::run`].
    pub fn new(listener: Listener, monitor: Arc<Monitor>, sandbox: Status) -> Self {
        let shown = Arc::new(Shown { monitor, sandbox });
        Self { listener, shown }
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
                Ok(stream) => {
                    let (shown, hosts) = (Arc::clone(&self.shown), hosts.clone());
                    tokio::spawn(async move {
                        serve(stream, shown, hosts).await;
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

async fn serve(stream: Box<dyn Stream>, shown: Arc<Shown>, hosts: Option<Arc<Hosts>>) {
    let service = service_fn(move |request| {
        let refused = hosts.as_ref().and_then(|hosts| hosts.check(&request).err());
        let response = match refused {
            Some((status, text)) => answer(status, TEXT, text),
            None => respond(&shown, &request),
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

fn respond(shown: &Shown, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    match request.uri().path() {
        "/healthz" => answer(StatusCode::OK, TEXT, "live"),
        path @ ("/readyz" | "/metrics") => {
            if !matches!(*request.method(), Method::GET | Method::HEAD) {
                let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "method not allowed");
                refused
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                return refused;
            }
            let readiness = shown.monitor.health.readiness();
            if path == "/metrics" {
                return answer(
                    StatusCode::OK,
                    OPENMETRICS,
                    shown.monitor.metrics.render(readiness.ready, lost_lines()),
                );
            }
            let status = if readiness.ready {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            match is_verbose(request.uri().query()) {
                false => answer(status, TEXT, readiness.text),
                true => answer(status, TEXT, verbose(readiness.text, &shown.sandbox)),
            }
        }
        _ => answer(StatusCode::NOT_FOUND, TEXT, "404 page not found"),
    }
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
