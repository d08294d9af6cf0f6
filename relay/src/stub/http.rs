//! Streamable HTTP, with sessions for those who initialize and without for requests that stand alone.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{mpsc, oneshot};

use super::protocol::{Answer, Call, Misbehaviour, Parts, Stub, error};
use super::sse;
use crate::json::{Kind, classify};
use crate::limits;
use crate::server::{Body, Events, Memory, bytes_of, empty, json, read_body};
use crate::share::Holder;

const SESSION: &str = "mcp-session-id";

/// Serves a TCP listener for ever.
pub(super) async fn serve_tcp(listener: TcpListener, stub: Arc<Stub>) -> Result<(), String> {
    loop {
        let (stream, _) = listener.accept().await.map_err(|error| format!("accept: {error}"))?;
        let _ = stream.set_nodelay(true);
        tokio::spawn(connection(stream, Arc::clone(&stub)));
    }
}

/// Serves a unix socket for ever.
pub(super) async fn serve_unix(listener: UnixListener, stub: Arc<Stub>) -> Result<(), String> {
    loop {
        let (stream, _) = listener.accept().await.map_err(|error| format!("accept: {error}"))?;
        tokio::spawn(connection(stream, Arc::clone(&stub)));
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin>(stream: S, stub: Arc<Stub>) {
    let service = service_fn(move |request| {
        let stub = Arc::clone(&stub);
        async move { Ok::<_, Infallible>(serve(&stub, request).await) }
    });
    // Broken connections are part of what is tested.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn serve(stub: &Arc<Stub>, request: Request<Incoming>) -> Response<Body> {
    if request.uri().path() != "/mcp" {
        return empty(StatusCode::NOT_FOUND);
    }
    let session = request
        .headers()
        .get(SESSION)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    match *request.method() {
        Method::POST => {}
        Method::DELETE => {
            return empty(if session.is_some_and(|id| stub.end_session(&id)) {
                StatusCode::OK
            } else {
                StatusCode::NOT_FOUND
            });
        }
        _ => {
            let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("POST, DELETE"));
            return response;
        }
    }
    let (head, body) = request.into_parts();
    // A server for tests: each request has memory of its own.
    let share = Memory::new().share(Holder {
        key: "caller".into(),
        tunnel: None,
    });
    let Ok(body) = read_body(body, limits::CALLER_BODY, share).await else {
        return refused(StatusCode::BAD_REQUEST, -32700, "the body cannot be read");
    };
    if session.is_some_and(|id| !stub.has_session(&id)) {
        return refused(StatusCode::NOT_FOUND, -32001, "no such session");
    }
    match classify(body.bytes()) {
        Err(cause) => refused(StatusCode::BAD_REQUEST, -32700, cause.reason()),
        Ok(Kind::Notification) => {
            stub.notifications.fetch_add(1, Ordering::Relaxed);
            empty(StatusCode::ACCEPTED)
        }
        Ok(Kind::Response { .. }) => empty(if stub.answered(body.bytes()) {
            StatusCode::ACCEPTED
        } else {
            StatusCode::BAD_REQUEST
        }),
        Ok(Kind::Call { id, method }) => call(stub, &head.headers, id, method, body.bytes().clone()).await,
    }
}

/// Runs a call on its own, so that its messages can be streamed while it runs.
async fn call(stub: &Arc<Stub>, headers: &HeaderMap, id: Box<str>, method: Box<str>, body: Bytes) -> Response<Body> {
    let begins = &*method == "initialize";
    let streams = headers
        .get_all(ACCEPT)
        .iter()
        .any(|value| value.to_str().is_ok_and(|value| value.contains("text/event-stream")));
    let (stream, mut messages) = mpsc::channel(16);
    let (answered, mut answer) = oneshot::channel();
    let (worker, headers) = (Arc::clone(stub), headers_as_json(headers));
    let running = tokio::spawn(async move {
        let params = serde_json::from_slice::<Parts<'_>>(&body)
            .ok()
            .and_then(|parts| parts.params);
        let call = Call {
            id: &id,
            method: &method,
            params: params.map(|params| params.get()),
            stream: streams.then_some(stream),
            headers,
        };
        let _ = answered.send(worker.answer(call).await);
    });
    // A caller that leaves cancels its call.
    let running = AbortOnDrop(running);
    tokio::select! {
        biased;
        Some(first) = messages.recv() => sse::response(first, sse::Running { messages, answer, _task: running }),
        answer = &mut answer => match answer {
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
            Ok(Answer::Misbehave(way)) => misbehave(way).await,
            Ok(Answer::Message(message)) => {
                let mut response = json(StatusCode::OK, Bytes::from(message));
                if begins && let Ok(id) = HeaderValue::try_from(stub.begin_session()) {
                    response.headers_mut().insert(SESSION, id);
                }
                response
            }
        }
    }
}

/// Ends a call's task with whoever waits for it.
pub(super) struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn misbehave(way: Misbehaviour) -> Response<Body> {
    let text = |status: StatusCode, kind: &'static str, text: &'static str| {
        let mut response = bytes_of(status, Bytes::from_static(text.as_bytes()));
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    };
    match way {
        Misbehaviour::Status(code) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            let mut response = text(status, "text/plain", "failed as asked");
            if status == StatusCode::UNAUTHORIZED {
                response
                    .headers_mut()
                    .insert("www-authenticate", HeaderValue::from_static("Bearer realm=\"stub\""));
            }
            response
        }
        Misbehaviour::Garbage => text(StatusCode::OK, "application/json", "{\"jsonrpc\": garb"),
        Misbehaviour::Html => text(StatusCode::OK, "text/html", "<html><body>please log in</body></html>"),
        Misbehaviour::EndOfStream => text(StatusCode::OK, "text/event-stream", ": nothing to say\n\n"),
        Misbehaviour::Drop => {
            // Fewer bytes than announced: hyper closes the connection.
            let source = async { Some((Bytes::from_static(b"{\"jsonrpc\":"), Events::End)) };
            let mut response = Response::new(Body::Events(Some(Box::pin(source))));
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("1000"));
            response
        }
        Misbehaviour::Hang => std::future::pending().await,
        Misbehaviour::Crash => super::crash(),
    }
}

fn refused(status: StatusCode, code: i32, message: &str) -> Response<Body> {
    json(status, Bytes::from(error("null", code, message)))
}

fn headers_as_json(headers: &HeaderMap) -> serde_json::Value {
    headers
        .keys()
        .map(|name| {
            let values: Vec<_> = headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            (name.as_str().to_owned(), values)
        })
        .collect()
}
