//! MCP over Streamable HTTP (MCP 2025-06-18 and later, "Transports"; contract: mcp, section 1; mcp, section 2).

mod cookies;
mod fixed;
#[cfg(fuzzing)]
pub mod fuzzing;
mod lookup;
mod message;
mod odd;
mod probe;
mod sse;
mod stream;
mod watch;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT,
};
use http::{Method, Request, Uri};
use log::{debug, warn};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::cookies::{Jars, Visit};
pub use fixed::FixedHeaders;
pub(crate) use probe::{INITIALIZE, PROBE_ID, describe, initialize};
pub use watch::Prober;

use super::{Ack, Call, Outcome};
use crate::config::{self, HttpUrl};
use crate::dispatch::server::Events;
use crate::identity;
use crate::limits::{
    MCP_BODY_MAX, MCP_ERROR_BODY_MAX, MCP_IDLE_MAX, MCP_IDLE_RECENT, REDIRECTS_MAX, SIDE_POST_TIMEOUT, TAIL_MAX,
    TAIL_TIMEOUT,
};
use crate::mcp::pace::Pace;
use crate::net::{Connector, NetError, NotFollowed, Patience, Pool, Reply, RequestBody, Reuse};
use crate::telemetry::redact;
use crate::wire::answer::{Verdict, judge};
use crate::wire::caller::Caller;
use crate::wire::command::Headers;
use crate::wire::failure::{Failure, error_json};
use crate::wire::headers::{ResponseHeaders, is_forwarded, is_media_type};
use crate::wire::jsonrpc::{Invalid, METHOD_NOT_FOUND, Message};
use crate::wire::said::Said;

/// How long connections to MCP servers wait.
pub(crate) fn patience(config: &config::Mcp) -> Patience {
    Patience {
        first_byte: config.first_byte_timeout,
        silence: config.idle_timeout,
        recent: MCP_IDLE_RECENT,
        ..Patience::keeping(MCP_IDLE_MAX)
    }
}

/// One MCP server behind a URL. Clones share the connections.
#[derive(Debug, Clone)]
pub struct HttpServer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    channel: Box<str>,
    url: HttpUrl,
    uri: Uri,
    host: HeaderValue,
    pool: Pool,
    fixed: FixedHeaders,
    warned: odd::Warned,
    /// Warnings about answers to the server's own requests, which it can ask for without end.
    aside: Mutex<Pace>,
    jars: Arc<Jars>,
}

impl Shared {
    /// Whether one more warning about such an answer may be logged; gives the number of those that were left out.
    fn warns_aside(&self) -> Option<u64> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}

/// Where a message comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    /// The command's.
    pub(super) headers: &'a Headers,
    /// As far as the command shows it.
    pub(super) caller: Caller,
    /// The message is an `initialize`.
    pub(super) opens_session: bool,
    /// The message may be sent again.
    pub(super) repeatable: bool,
}

impl<'a> Sender<'a> {
    /// Of a message that opens no session and must not be sent twice.
    pub(super) fn new(headers: &'a Headers, caller: Caller) -> Self {
        Self {
            headers,
            caller,
            opens_session: false,
            repeatable: false,
        }
    }
}

impl HttpServer {
    /// The server at `url`, reached through `connector`; every request carries `fixed`. `None` when the URL cannot be sent.
    pub fn new(
        channel: &str,
        url: &HttpUrl,
        connector: Connector,
        patience: Patience,
        fixed: FixedHeaders,
    ) -> Option<Self> {
        Some(Self(Arc::new(Shared {
            channel: channel.into(),
            host: HeaderValue::from_str(&url.authority()).ok()?,
            uri: url.path_and_query.parse().ok()?,
            url: url.clone(),
            pool: Pool::new(connector, patience),
            fixed,
            warned: odd::Warned::default(),
            aside: Mutex::default(),
            jars: Arc::new(Jars::new(url)),
        })))
    }

    /// The same server over the same connections, with other fixed headers.
    pub fn with_headers(&self, fixed: FixedHeaders) -> Self {
        let Shared {
            channel,
            url,
            uri,
            host,
            pool,
            fixed: _,
            warned: _,
            aside: _,
            jars,
        } = &*self.0;
        Self(Arc::new(Shared {
            channel: channel.clone(),
            url: url.clone(),
            uri: uri.clone(),
            host: host.clone(),
            pool: pool.clone(),
            fixed,
            warned: odd::Warned::default(),
            aside: Mutex::default(),
            jars: Arc::clone(jars),
        }))
    }

    /// Sends a request and reads its answer. Without `events` what precedes the answer is dropped.
    pub(super) async fn call<E: Events>(&self, call: Call<'_>, events: Option<&mut E>) -> Outcome {
        let sender = Sender {
            opens_session: call.initialize,
            repeatable: call.repeatable,
            ..Sender::new(call.headers, call.caller)
        };
        let mut reply = match self.post(call.payload, sender).await {
            Ok(reply) => reply,
            Err(error) => return error.failure().into(),
        };
        let headers = response_headers(&reply);
        let media_type = reply.header("content-type").unwrap_or_default();
        if let (200..=299, Err(why)) = (reply.status, headers.check_session()) {
            let failure = Failure::protocol("invalid_protocol_response");
            return failure.because(format!("its Mcp-Session-Id {why}")).into();
        }
        match reply.status {
            200..=299 if is_media_type(media_type, "text/event-stream") => {
                stream::Stream::new(self, call, headers, events).read(reply).await
            }
            // 202 and 204 say that there will be no answer; a call must have one (contract: wire, section 8).
            202 | 204 => Outcome::Failed {
                failure: Failure::protocol("non_protocol_response"),
                headers,
            },
            200..=299 if is_media_type(media_type, "application/json") => {
                let status = reply.status;
                match reply.collect_in_room(MCP_BODY_MAX).await {
                    Ok(payload) => {
                        let stream = stream::Stream::new(self, call, headers, events);
                        stream.whole(status, message::without_mark(payload)).await
                    }
                    Err(error) => Outcome::Failed {
                        failure: error.failure(),
                        headers,
                    },
                }
            }
            // What the server says in another form is not read at all.
            200..=299 if reply.is_empty() => Outcome::Failed {
                failure: Failure::protocol("response_body_missing"),
                headers,
            },
            200..=299 => Outcome::Failed {
                failure: Failure::protocol("non_protocol_response"),
                headers,
            },
            _ => error_reply(reply, call.id, headers).await,
        }
    }

    /// Sends a message that has no answer.
    pub(super) async fn send(&self, payload: &Bytes, sender: Sender<'_>) -> Ack {
        acknowledge(self.post(payload, sender).await).await
    }

    /// `DELETE` of the session that the headers name.
    pub(super) async fn terminate(&self, sender: Sender<'_>) -> Ack {
        let request = || self.request(Method::DELETE, &self.0.uri, sender.headers, RequestBody::empty());
        let reply = self.exchange(request, sender, &mut self.0.jars.visit(sender)).await;
        if reply.as_ref().is_ok_and(|reply| (200..300).contains(&reply.status)) {
            self.0.jars.end(&sender.caller);
        }
        acknowledge(reply).await
    }

    /// Closes connections that have been idle for too long, and wipes cookies that are out of use.
    pub fn sweep(&self) {
        self.0.pool.sweep();
        self.0.jars.sweep();
    }

    /// Posts one message. Redirects that keep the method are followed on this origin only, because the headers hold an end
    /// user's credentials (contract: mcp, section 4).
    async fn post(&self, payload: &Bytes, sender: Sender<'_>) -> Result<Reply, NetError> {
        let mut uri = self.0.uri.clone();
        let mut visit = self.0.jars.visit(sender);
        for _ in 0..=REDIRECTS_MAX {
            let request = || self.request(Method::POST, &uri, sender.headers, RequestBody::full(payload.clone()));
            let reply = self.exchange(request, sender, &mut visit).await?;
            match self.redirect(&uri, &reply)? {
                Some(next) => uri = next,
                None => return Ok(reply),
            }
        }
        warn!(channel = &*self.0.channel; "the MCP server redirects in a circle; set mcp.server_urls to the address that answers");
        Err(NetError::Redirects)
    }

    /// Where an answer from the path `from` redirects to; an error if that may not be followed.
    fn redirect(&self, from: &Uri, reply: &Reply) -> Result<Option<Uri>, NetError> {
        if !(300..400).contains(&reply.status) {
            return Ok(None);
        }
        let target = match (reply.status, reply.headers.get(LOCATION)) {
            (307 | 308, Some(location)) => {
                let location = location.to_str().map_err(|_| NotFollowed::Unreadable);
                location.and_then(|location| self.0.url.same_origin_location(from, location))
            }
            (307 | 308, None) => Err(NotFollowed::Nowhere),
            (status, _) => Err(NotFollowed::Status(status)),
        };
        target.map(Some).map_err(NetError::Redirected)
    }

    /// Reopens a broken event stream.
    async fn resume(&self, sender: Sender<'_>, last_event_id: &str) -> Result<Reply, NetError> {
        // The parser keeps no other ids.
        let id = HeaderValue::from_bytes(last_event_id.as_bytes()).map_err(|_| NetError::NotHttp)?;
        let request = || {
            let mut request = self.request(Method::GET, &self.0.uri, sender.headers, RequestBody::empty());
            let headers = request.headers_mut();
            headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
            headers.insert(HeaderName::from_static("last-event-id"), id.clone());
            request
        };
        self.exchange(request, sender, &mut self.0.jars.visit(sender)).await
    }

    /// Answers a request of the server without the caller, beside the stream that brought it.
    fn answer_aside(&self, sender: Sender<'_>, body: String, side_posts: &Arc<Semaphore>) {
        let Ok(permit) = Arc::clone(side_posts).try_acquire_owned() else {
            if let Some(not_logged) = self.0.warns_aside() {
                warn!(channel = &*self.0.channel, not_logged; "the MCP server asks faster than it takes answers; one was dropped");
            }
            return;
        };
        let (server, headers, caller) = (self.clone(), sender.headers.clone(), sender.caller);
        tokio::spawn(async move {
            let body = Bytes::from(body);
            let sent = timeout(SIDE_POST_TIMEOUT, server.send(&body, Sender::new(&headers, caller))).await;
            if !matches!(sent, Ok(Ack { code: 200..=299, .. }))
                && let Some(not_logged) = server.0.warns_aside()
            {
                warn!(channel = &*server.0.channel, not_logged; "the MCP server did not take the answer to its request");
            }
            drop(permit);
        });
    }

    /// Sends a request. What may be repeated takes any kept connection, and is sent once more over a new one when its peer closed that
    /// one without a word; the rest takes only those that its peer certainly keeps (contract: mcp, section 4). A redirect that may not be
    /// followed is an error; one that may is for the caller.
    async fn exchange(
        &self,
        request: impl Fn() -> Request<RequestBody>,
        sender: Sender<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<Reply, NetError> {
        let mut first = request();
        let uri = first.uri().clone();
        visit.add(uri.path(), first.headers_mut());
        let reuse = if sender.repeatable { Reuse::Any } else { Reuse::Recent };
        let mut sent = self.0.pool.send(first, reuse).await;
        if sender.repeatable && sent.as_ref().is_err_and(|error| error.stale) {
            debug!(channel = &*self.0.channel; "the MCP server closed a kept connection; the request is sent once more");
            let mut again = request();
            visit.add(uri.path(), again.headers_mut());
            sent = self.0.pool.send(again, Reuse::Never).await;
        }
        let mut reply = sent.map_err(|error| error.error)?.unpacked();
        visit.take(reply.status, &mut reply.headers, uri.path());
        if let Err(error) = self.redirect(&uri, &reply) {
            // The origin only: a path or a query may hold what is nobody's business.
            let location = reply.header("location").and_then(|to| HttpUrl::parse(to).ok());
            warn!(
                channel = &*self.0.channel, status_code = reply.status, reason:% = error,
                redirected_to = location.map(|url| url.origin()).as_deref();
                "a redirect of the MCP server was refused: only 307 and 308 on the same origin are followed; \
                 set mcp.server_urls to the address that answers"
            );
            return Err(error);
        }
        Ok(reply)
    }

    fn request(&self, method: Method, uri: &Uri, headers: &Headers, body: RequestBody) -> Request<RequestBody> {
        let mut request = Request::new(body);
        let headers = self.request_headers(headers, method == Method::POST, self.is_endpoint(uri));
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers;
        *request.method_mut() = method;
        request
    }

    /// Whether this is the configured path: the fixed headers, which may hold the operator's credentials, are for no other
    /// place, even on the same origin (contract: mcp, section 1).
    fn is_endpoint(&self, uri: &Uri) -> bool {
        uri.path().trim_end_matches('/') == self.0.uri.path().trim_end_matches('/')
    }

    /// The command's headers, without those of one connection, the fixed ones, and what is missing for MCP.
    fn request_headers(&self, command: &Headers, has_body: bool, is_endpoint: bool) -> HeaderMap {
        let connection: Vec<&str> = command
            .0
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
            .map(|(_, v)| &**v)
            .collect();
        let mut headers = HeaderMap::with_capacity(command.0.len() + 4);
        // First, because that is where the pool wants it.
        let is_authorization = |(name, _): &&(Box<str>, Box<str>)| name.eq_ignore_ascii_case("authorization");
        let authorization = command.0.iter().filter(is_authorization);
        let others = command.0.iter().filter(|header| !is_authorization(header));
        for (name, value) in authorization.chain(others) {
            if !is_forwarded(name, &connection) {
                continue;
            }
            // What is no header cannot be sent; it does not spoil the rest.
            let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
            else {
                continue;
            };
            value.set_sensitive(true);
            headers.append(name, value);
        }
        headers.insert(HOST, self.0.host.clone());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        self.0.fixed.apply(&mut headers, is_endpoint);
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("application/json, text/event-stream"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(identity::USER_AGENT));
        headers
    }
}

async fn acknowledge(reply: Result<Reply, NetError>) -> Ack {
    match reply {
        Ok(mut reply) => {
            let headers = response_headers(&reply);
            // Read to its end, so that the connection can be kept; what is in it is nobody's.
            if !is_media_type(reply.header("content-type").unwrap_or_default(), "text/event-stream") {
                let _ = timeout(TAIL_TIMEOUT, reply.collect(TAIL_MAX)).await;
            }
            let failure = (reply.status >= 300).then(|| Failure::http(reply.status, "http_status"));
            Ack {
                code: failure.as_ref().map_or(reply.status, |failure| failure.status),
                headers,
                failure,
            }
        }
        Err(error) => error.failure().into(),
    }
}

fn response_headers(reply: &Reply) -> ResponseHeaders {
    ResponseHeaders::filter(|| {
        reply
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
    })
}

/// An answer with an error status: MCP's own errors pass unchanged, of the rest the status and the words.
async fn error_reply(mut reply: Reply, id: &str, headers: ResponseHeaders) -> Outcome {
    let status = reply.status;
    let media_type = reply.header("content-type").unwrap_or_default().to_owned();
    let (kind, said) = match reply.collect(MCP_ERROR_BODY_MAX).await {
        Err(error @ NetError::Packed(_)) => {
            let failure = Failure::http(status, error.kind()).because(error.to_string());
            return Outcome::Failed { failure, headers };
        }
        Err(NetError::TooLarge) => ("response_body_too_large", None),
        Err(_) => ("response_body_unreadable", None),
        Ok(payload) => {
            let payload = message::without_mark(payload);
            let parsed = std::str::from_utf8(&payload).map(Message::parse);
            match parsed {
                _ if payload.trim_ascii().is_empty() => ("response_body_missing", None),
                Ok(Ok(message))
                    if judge(&message, id) == Verdict::Error && message.has_valid_error() && status >= 400 =>
                {
                    return Outcome::Reply {
                        code: status,
                        headers,
                        payload,
                    };
                }
                Ok(Err(Invalid::NotJson)) | Err(_) => ("malformed_json", said(&media_type, &payload)),
                Ok(_) => ("invalid_mcp_error", said(&media_type, &payload)),
            }
        }
    };
    Outcome::Failed {
        failure: Failure::http(status, kind).saying(said),
        headers,
    }
}

/// The server's own words in a body. It may repeat what it was sent: known secrets are taken out.
fn said(media_type: &str, body: &[u8]) -> Option<Said> {
    Said::of(media_type, body, |text| redact::scrub(text).into_owned())
}

/// The answer to a server's request that cannot reach a caller: `ping` is answered, the rest refused (contract: wire, section 10).
pub(crate) fn local_answer(method: &str, id: &str) -> String {
    if method == "ping" {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
    } else {
        error_json(
            Some(id),
            METHOD_NOT_FOUND,
            "the caller cannot be asked through this tunnel",
            None,
        )
    }
}
