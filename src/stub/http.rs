//! Streamable HTTP: connections and their bounds, paths, methods.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use log::debug;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::discovery::{self, MCP};
use super::protocol::{self, Reply, SESSION};
use super::{Listener, Stub};
use crate::limits::{
    ACCEPT_PAUSE, CONNECTION_BUFFER_MAX, STUB_BODY_MAX, STUB_CONNECTIONS, STUB_HEADER_TIMEOUT, STUB_TIMEOUT,
};
use crate::wire::headers::is_media_type;

type Answer = Response<Full<Bytes>>;

/// A connection of either kind: one type, so that the program has the code for one.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Serves a listener for ever.
pub(super) async fn serve(stub: &Arc<Stub>, listener: &Listener) {
    let places = Arc::new(Semaphore::new(STUB_CONNECTIONS));
    loop {
        // The permit is taken first: what exceeds the bound waits in the kernel's queue.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let accepted = match listener {
            Listener::Tcp(listener) => listener
                .accept()
                .await
                .map(|(stream, _)| Box::new(stream) as Box<dyn Stream>),
            Listener::Unix(listener) => listener
                .accept()
                .await
                .map(|(stream, _)| Box::new(stream) as Box<dyn Stream>),
        };
        match accepted {
            Ok(stream) => begin(stub, stream, place),
            Err(error) => {
                debug!(error:% = error; "embedded MCP stub could not accept");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn begin(stub: &Arc<Stub>, stream: Box<dyn Stream>, place: OwnedSemaphorePermit) {
    let stub = Arc::clone(stub);
    tokio::spawn(async move {
        let service = service_fn(|request| {
            let stub = Arc::clone(&stub);
            async move { Ok::<_, Infallible>(answer(&stub, request).await) }
        });
        // One request: an idle connection would hold a place that another call waits for.
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(STUB_HEADER_TIMEOUT)
            .keep_alive(false)
            .max_buf_size(CONNECTION_BUFFER_MAX)
            .serve_connection(TokioIo::new(stream), service);
        // Whatever ends it, there is nobody left to tell.
        let _ = timeout(STUB_TIMEOUT, connection).await;
        drop(place);
    });
}

async fn answer(stub: &Stub, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    if !names_this_host(&head.headers) {
        return text(
            StatusCode::MISDIRECTED_REQUEST,
            "Host has to be an IP address or localhost",
        );
    }
    let is_read = matches!(head.method, Method::GET | Method::HEAD);
    match head.uri.path() {
        MCP => mcp(stub, &head, body).await,
        path => match (discovery::document(&stub.about, path), is_read) {
            (Some(document), true) => json(StatusCode::OK, document.to_string()),
            (Some(_), false) => not_allowed("GET, HEAD"),
            (None, _) => text(StatusCode::NOT_FOUND, "there is nothing here; the MCP endpoint is /mcp"),
        },
    }
}

async fn mcp(stub: &Stub, head: &Parts, body: Incoming) -> Answer {
    match (&head.method, &stub.sessions) {
        (&Method::POST, _) => {}
        (&Method::DELETE, Some(sessions)) => {
            return match protocol::single(&head.headers, SESSION) {
                Ok(Some(id)) if sessions.end(id) => empty(StatusCode::NO_CONTENT),
                Ok(Some(_)) => text(StatusCode::NOT_FOUND, "there is no such session"),
                _ => text(StatusCode::BAD_REQUEST, "Mcp-Session-Id is missing or stands twice"),
            };
        }
        // This server has nothing to say but answers, so it has no stream for a GET.
        (_, Some(_)) => return not_allowed("POST, DELETE"),
        (_, None) => return not_allowed("POST"),
    }
    if !is_json(&head.headers) {
        return text(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type has to be application/json",
        );
    }
    let body = match Limited::new(body, STUB_BODY_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return text(StatusCode::PAYLOAD_TOO_LARGE, "the body has more than 128 KiB");
        }
        Err(_) => return text(StatusCode::BAD_REQUEST, "the body cannot be read"),
    };
    // What is no UTF-8 is no JSON.
    let message = str::from_utf8(&body).unwrap_or_default();
    let Reply { status, body, session } = protocol::reply(stub, &head.headers, message, Instant::now());
    let mut answer = body.map_or_else(|| empty(status), |body| json(status, body));
    if let Some(session) = session.and_then(|id| HeaderValue::try_from(id).ok()) {
        answer.headers_mut().insert(HeaderName::from_static(SESSION), session);
    }
    answer
}

/// A web page whose name resolves to this host (DNS rebinding) still sends that name.
fn names_this_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else {
        return false;
    };
    let name = authority.host();
    let unbracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost") || unbracketed.unwrap_or(name).parse::<IpAddr>().is_ok()
}

/// A web page of another site sends this type only after it asked, and is not allowed to.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| is_media_type(kind, "application/json"))
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "this method is not served here");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

fn json(status: StatusCode, body: String) -> Answer {
    of_type(status, "application/json", Bytes::from(body))
}

fn text(status: StatusCode, body: &'static str) -> Answer {
    of_type(status, "text/plain; charset=utf-8", Bytes::from_static(body.as_bytes()))
}

fn of_type(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = empty(status);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *answer.body_mut() = Full::new(body);
    answer
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
