//! The control plane's requests (contract: wire, section 1; wire, section 2; wire, section 3; wire, section 4; wire, section 7; wire, section 13).

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Request, Uri};
use serde::Deserialize;
use tokio::time::timeout;

use super::correction::{Correction, WRONG_CLUSTER};
use super::headers::{CLIENT_REQUEST_ID, SHARD_TOKEN, headers};
use super::wait::Wait;
use crate::config;
use crate::dispatch::{Arrival, Room};
use crate::limits::{ACK_BODY_MAX, API_ERROR_BODY_MAX, CONTROL_IDLE_MAX, POLL_BODY_MAX};
use crate::monitor::Waits;
use crate::net::{BadHeader, Connector, Live, NetError, Patience, Phase, Pool, Reply, RequestBody, Reuse, SendError};
use crate::wire::api_error::{ApiError, ErrorStatus};
use crate::wire::command::Route;
use crate::wire::response::Parts;
use crate::wire::retry_after;

/// The service can carry a server's requests to the caller and answers back.
const SERVER_REQUESTS: &str = "server-requests-v1";

/// The service of one tunnel.
#[derive(Debug)]
pub struct ControlPlane {
    polls: Pool,
    responses: Pool,
    /// Those of every request; the key comes with the connection.
    headers: HeaderMap,
    live: Live,
    origin: String,
    proxy: Option<String>,
    path: String,
    response_uri: Uri,
    wait: Wait,
    request_timeout: Duration,
    connect_bound: Duration,
}

/// What the service knows of the tunnel.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// The tunnel's id.
    #[serde(default)]
    pub id: String,
    /// For people.
    #[serde(default)]
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// The service's clock, from the head of its answer.
    #[serde(skip)]
    pub date: Option<SystemTime>,
}

/// A poll that was answered.
pub struct PollAnswer {
    /// The body, empty for 204.
    pub body: Bytes,
    /// Data that its commands inherit.
    pub arrival: Arrival,
}

impl fmt::Debug for PollAnswer {
    /// Without the body: it holds credentials of end users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollAnswer")
            .field("bytes", &self.body.len())
            .field("arrival", &self.arrival)
            .finish()
    }
}

/// A poll that failed.
#[derive(Debug)]
pub(super) struct FailedPoll {
    /// Why.
    pub(super) error: ControlError,
    /// Where the service wants to be polled instead.
    pub(super) correction: Option<Correction>,
}

impl<E: Into<ControlError>> From<E> for FailedPoll {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            correction: None,
        }
    }
}

/// A request that failed.
#[derive(Debug)]
pub enum ControlError {
    /// There was no answer.
    Net {
        /// Why.
        error: NetError,
        /// False when not one byte was written.
        written: bool,
        /// True when the other end had kept the connection from an earlier request, and closed it without a byte of an answer.
        stale: bool,
    },
    /// The answer is an error status, redirects included: they are never followed (contract: wire, section 2).
    Status(ErrorStatus),
}

impl From<NetError> for ControlError {
    /// Of an answer whose head had arrived.
    fn from(error: NetError) -> Self {
        Self::Net {
            error,
            written: true,
            stale: false,
        }
    }
}

impl From<SendError> for ControlError {
    fn from(failed: SendError) -> Self {
        Self::Net {
            error: failed.error,
            written: failed.written,
            stale: failed.stale,
        }
    }
}

impl fmt::Display for ControlError {
    /// Without the service's own text, which has to be scrubbed first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net { error, .. } => error.fmt(f),
            Self::Status(answer) => write!(f, "HTTP status {}", answer.status),
        }
    }
}

impl ControlPlane {
    /// The service that the configuration names. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BadHeader`] when the organization or an extra header cannot be a header value.
    pub fn new(config: &config::Config, instance_id: &str, connector: Connector) -> Result<Self, BadHeader> {
        let c = &config.control_plane;
        let path = format!("{}/v1/tunnels/{}", c.url_path, c.tunnel_id);
        let response_uri = path_uri(&format!("{path}/response")).ok_or(BadHeader("control_plane.url_path"))?;
        let wait = Wait::new(c);
        let request_timeout = wait.longest();
        // Connecting has bounds of its own: a slow way there must not cost a poll that the service may hold for its whole time.
        let patience = Patience {
            first_byte: Some(request_timeout),
            ..Patience::keeping(CONTROL_IDLE_MAX)
        };
        Ok(Self {
            live: connector.live().clone(),
            polls: Pool::watched(connector.clone(), patience),
            responses: Pool::new(connector, patience),
            headers: headers(config, instance_id)?,
            origin: c.base_url.origin(),
            proxy: c.proxy.as_ref().map(config::Proxy::name),
            path,
            response_uri,
            wait,
            request_timeout,
            connect_bound: config.timeouts.whole(),
        })
    }

    /// Fetches the tunnel's name and description, once.
    ///
    /// # Errors
    /// [`ControlError`]; an answer that is no metadata counts as [`NetError::NotHttp`].
    pub async fn metadata(&self) -> Result<Metadata, ControlError> {
        let request = self.request(
            Method::GET,
            path_uri(&self.path).unwrap_or_default(),
            RequestBody::empty(),
        );
        let mut reply = self.exchange(&self.responses, request).await?;
        let body = bounded(self.request_timeout, reply.collect(ACK_BODY_MAX)).await?;
        if reply.status != 200 {
            return Err(status_error(&reply, &body));
        }
        let mut metadata: Metadata = serde_json::from_slice(&body).map_err(|_| NetError::NotHttp)?;
        metadata.date = reply
            .header("date")
            .and_then(|date| httpdate::parse_http_date(date).ok());
        Ok(metadata)
    }

    /// Asks for as many commands as there is room for and waits as long as the service holds the poll. `token` names the part of the
    /// service that is polled.
    ///
    /// # Errors
    /// [`FailedPoll`]; from the request to its answer at most the deadline of `waits` may pass, and from there to the end of the body
    /// the poll timeout plus the guardrail.
    pub(super) async fn poll(
        &self,
        room: &Room,
        waits: Waits,
        token: Option<HeaderValue>,
    ) -> Result<PollAnswer, FailedPoll> {
        let wait_ms = waits.effective.as_nanos().div_ceil(1_000_000).max(1);
        let mut path = format!("{}/poll?limit={}&timeout_ms={wait_ms}", self.path, room.places);
        for channel in &room.channels {
            // Channel names are checked: no character needs an escape.
            path.push_str("&channel=");
            path.push_str(channel);
        }
        let uri = path_uri(&path).unwrap_or_default();
        let mut request = self.request(Method::GET, uri, RequestBody::empty());
        if let Some(token) = token {
            request.headers_mut().insert(SHARD_TOKEN, token);
        }
        let sent = self.polls.send_within(Some(waits.deadline), request, Reuse::Any);
        let mut reply = sent.await?;
        let received = Instant::now();
        let body = match reply.status {
            204 => Bytes::new(),
            200 => bounded(self.request_timeout, reply.collect(POLL_BODY_MAX)).await?,
            status => {
                let read = bounded(self.request_timeout, reply.collect(API_ERROR_BODY_MAX)).await;
                return Err(match status {
                    409 => conflict(&reply, read),
                    _ => status_error(&reply, &read.unwrap_or_default()).into(),
                });
            }
        };
        Ok(PollAnswer {
            body,
            arrival: Arrival {
                received,
                server_requests: reply
                    .header("x-tunnel-service-capabilities")
                    .is_some_and(|v| v.split(',').any(|c| c.trim() == SERVER_REQUESTS)),
                request_id: request_id(&reply),
            },
        })
    }

    /// How long polls may take, before the first one.
    pub(super) fn wait(&self) -> Wait {
        self.wait
    }

    /// Ends the sending side of the poll's connection: a service that has not answered yet will not any more, and one that
    /// has is still read.
    pub fn half_close_poll(&self) {
        self.polls.half_close();
    }

    /// Scheme, host and port, for people.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The proxy on the way, and the setting that names it, for people.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// The generations of keys and certificates.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// The most time that one poll can take, from resolving the name to the end of the answer.
    pub fn poll_bound(&self) -> Duration {
        // Twice: a kept connection that turns out closed is replaced, and the answer's head and body have their bounds each.
        self.connect_bound
            .saturating_add(self.request_timeout)
            .saturating_mul(2)
    }

    /// Where the poll is.
    pub fn poll_phase(&self) -> Phase {
        self.polls.phase()
    }

    /// Posts one response, one attempt.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn respond(&self, route: &Route, body: Parts) -> Result<(), ControlError> {
        let mut request = self.request(Method::POST, self.response_uri.clone(), RequestBody::parts(body));
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(mut token) = HeaderValue::from_str(&route.shard_token) {
            token.set_sensitive(true);
            headers.insert(SHARD_TOKEN, token);
        }
        if let Some(id) = route
            .client_request_id
            .as_deref()
            .and_then(|id| HeaderValue::from_str(id).ok())
        {
            headers.insert(CLIENT_REQUEST_ID, id);
        }
        let mut reply = self.exchange(&self.responses, request).await?;
        let body = bounded(self.request_timeout, reply.collect(ACK_BODY_MAX)).await;
        if reply.status == 200 {
            Ok(())
        } else {
            Err(status_error(&reply, &body.unwrap_or_default()))
        }
    }

    /// Closes connections that have been idle for too long.
    pub fn sweep(&self) {
        self.polls.sweep();
        self.responses.sweep();
    }

    fn request(&self, method: Method, uri: Uri, body: RequestBody) -> Request<RequestBody> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        request
    }

    async fn exchange(&self, pool: &Pool, request: Request<RequestBody>) -> Result<Reply, ControlError> {
        Ok(pool.send(request, Reuse::Any).await?)
    }
}

fn path_uri(path: &str) -> Option<Uri> {
    path.parse().ok()
}

fn request_id(reply: &Reply) -> Option<Box<str>> {
    reply.header("x-request-id").map(Box::from)
}

/// The answer 409 of a poll. Of one that speaks of a correction no text of the service is kept: it may hold the token.
fn conflict(reply: &Reply, read: Result<Bytes, NetError>) -> FailedPoll {
    let body = match read {
        Err(error) if error != NetError::TooLarge => return error.into(),
        read => read.unwrap_or_default(),
    };
    let mut answer = error_status(reply, &body);
    if Correction::is_meant(&reply.headers, &body, &answer.error.code) {
        answer.error = ApiError {
            code: WRONG_CLUSTER.to_owned(),
            ..ApiError::default()
        };
    }
    FailedPoll {
        error: ControlError::Status(answer),
        correction: Correction::read(&reply.headers, &body),
    }
}

fn status_error(reply: &Reply, body: &[u8]) -> ControlError {
    ControlError::Status(error_status(reply, body))
}

fn error_status(reply: &Reply, body: &[u8]) -> ErrorStatus {
    let mut error = ApiError::parse(body);
    if (300..400).contains(&reply.status) && error.message.is_empty() {
        error.message = "a redirect was refused: the control plane must be configured by its real address".to_owned();
    }
    ErrorStatus {
        status: reply.status,
        error,
        retry_after: reply
            .header("retry-after")
            .and_then(|v| retry_after::parse(v, SystemTime::now())),
        request_id: request_id(reply),
    }
}

async fn bounded<T>(limit: Duration, step: impl Future<Output = Result<T, NetError>>) -> Result<T, NetError> {
    timeout(limit, step).await.unwrap_or(Err(NetError::Timeout))
}
