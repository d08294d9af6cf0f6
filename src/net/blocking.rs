//! Single requests for the commands that ask one thing and end: ureq over the daemon's own connector.
//!
//! The only file that names ureq. Its transport interface is not covered by its promise of stability, which is why
//! Cargo.toml holds it at one minor version.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http::{Method, Request, Uri};
use secrecy::zeroize::{Zeroize, Zeroizing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use ureq::Agent;
use ureq::http::Response;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector as Connect, NextTimeout, Transport};

use super::connect::Connector;
use super::error::NetError;
use super::hop::{Hop, HopError};
use super::owner::Owners;
use super::stream::Stream;
use crate::config::HttpUrl;
use crate::limits::{BLOCKING_INPUT, BLOCKING_OUTPUT};

/// Sends single requests to one peer, each on a connection of its own. Redirects are answers like any other, the
/// environment's proxies are not looked at, and there are no cookies.
#[derive(Debug)]
pub struct BlockingClient {
    agent: Agent,
    connector: Connector,
    /// Scheme, host and port.
    origin: String,
    fault: Fault,
}

/// An answer, read to its end.
pub struct Answer {
    /// HTTP status, whatever it is.
    pub status: u16,
    /// Header fields.
    pub headers: HeaderMap,
    /// At most as many bytes as were allowed.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    /// Without the body and the values of headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.keys())
            .field("bytes", &self.body.len())
            .finish()
    }
}

impl Answer {
    /// The first value of a header, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }
}

/// Why there is no answer. Holds no URL path, no header, nothing that the peer wrote.
#[derive(Debug)]
pub enum BlockingError {
    /// A step on the way to the peer failed.
    Hop(Box<HopError>),
    /// The exchange failed after that.
    Net(NetError),
    /// The listener is not shown to belong to one of [`Owners`]; nothing was sent.
    Stranger,
    /// The path or a header cannot be sent.
    Request,
    /// The system grants no event loop.
    System(io::Error),
}

impl fmt::Display for BlockingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hop(error) => error.fmt(f),
            Self::Net(error) => error.fmt(f),
            Self::Stranger => f.write_str("the listener is not root's, process.user's or yours: no token sent"),
            Self::Request => f.write_str("the request cannot be written: its path or a header holds what HTTP forbids"),
            Self::System(error) => write!(f, "the event loop: {error}"),
        }
    }
}

impl std::error::Error for BlockingError {}

impl BlockingClient {
    /// A client of the peer of `connector`, whose URL is `url`; only scheme, host and port of it count.
    ///
    /// # Errors
    /// [`BlockingError::System`]; also inside of another event loop, which cannot be blocked.
    pub fn new(url: &HttpUrl, connector: Connector) -> Result<Self, BlockingError> {
        Self::to(url, connector, None)
    }

    /// The same for a peer on this host, whose listener belongs to one of `owners`, if there are any.
    ///
    /// # Errors
    /// As above.
    pub fn to(url: &HttpUrl, connector: Connector, owners: Option<Owners>) -> Result<Self, BlockingError> {
        if tokio::runtime::Handle::try_current().is_ok() {
            let error = io::Error::other("a blocking request cannot be made inside of an event loop");
            return Err(BlockingError::System(error));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(BlockingError::System)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(0)
            .max_response_header_size(BLOCKING_INPUT)
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .build();
        let fault = Fault::default();
        let dial = Dial {
            connector: connector.clone(),
            runtime: Arc::new(runtime),
            fault: fault.clone(),
            owners,
        };
        Ok(Self {
            agent: Agent::with_parts(config, dial, Unresolved),
            connector,
            origin: url.origin(),
            fault,
        })
    }

    /// Sends one request and reads its answer. `limit` bounds the answer's body in bytes, `within` the whole exchange.
    ///
    /// # Errors
    /// [`BlockingError`]; no HTTP status is one, but for a forwarding proxy's 407.
    pub fn send(
        &self,
        method: &Method,
        path_and_query: &str,
        headers: HeaderMap,
        body: Option<&[u8]>,
        limit: usize,
        within: Duration,
    ) -> Result<Answer, BlockingError> {
        let uri: Uri = format!("{}{path_and_query}", self.origin)
            .parse()
            .ok()
            .filter(|_| path_and_query.starts_with('/'))
            .ok_or(BlockingError::Request)?;
        let mut request = Request::new(());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let generation = self.connector.live().current();
        self.connector.prepare(&mut request, &generation);
        if let Some(key) = self.connector.key(&generation) {
            let mut key = HeaderValue::from_bytes(key.expose()).map_err(|_| BlockingError::Request)?;
            key.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, key);
        }
        self.fault.clear();
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(within))
            .build();
        let answered = match body {
            Some(body) => self.agent.run(request.map(|()| body)),
            None => self.agent.run(request),
        };
        let response = answered.map_err(|error| self.fault.explain(&error))?;
        if let Some(demand) = self.connector.demanded(&response, &generation) {
            return Err(BlockingError::Net(NetError::ProxyDemand(demand)));
        }
        self.read(response, limit)
    }

    fn read(&self, response: Response<ureq::Body>, limit: usize) -> Result<Answer, BlockingError> {
        let (head, mut body) = response.into_parts();
        let body = body
            .with_config()
            .limit(limit as u64)
            .read_to_vec()
            .map_err(|error| self.fault.explain(&error))?;
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    }
}

/// What went wrong beneath ureq, which hands on less than is known.
#[derive(Debug, Clone, Default)]
struct Fault(Arc<Mutex<Option<BlockingError>>>);

impl Fault {
    fn clear(&self) {
        self.take();
    }

    fn set(&self, error: BlockingError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn take(&self) -> Option<BlockingError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn explain(&self, error: &ureq::Error) -> BlockingError {
        self.take().unwrap_or_else(|| match error {
            ureq::Error::Timeout(_) => BlockingError::Net(NetError::Timeout),
            ureq::Error::BodyExceedsLimit(_) => BlockingError::Net(NetError::TooLarge),
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => BlockingError::Net(NetError::Eof),
            ureq::Error::Io(_) => BlockingError::Net(NetError::Closed),
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => BlockingError::Request,
            _ => BlockingError::Net(NetError::NotHttp),
        })
    }
}

/// ureq's idea of a connector, made of ours.
#[derive(Debug)]
struct Dial {
    connector: Connector,
    runtime: Arc<Runtime>,
    fault: Fault,
    owners: Option<Owners>,
}

impl Connect<()> for Dial {
    type Out = Wire;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Wire>, ureq::Error> {
        // Observed like doctor's: there is one connection, and what is known of its end is worth more than its speed.
        let mut unheard = |_: Hop| {};
        let opened = self.runtime.block_on(async {
            let generation = self.connector.live().current();
            let opening = self.connector.open(&generation, Some(&mut unheard));
            timeout(*details.timeout.after, opening).await
        });
        let stream = match opened {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                self.fault.set(BlockingError::Hop(Box::new(error)));
                return Err(ureq::Error::ConnectionFailed);
            }
            Err(_) => return Err(ureq::Error::Timeout(details.timeout.reason)),
        };
        if self.owners.as_ref().is_some_and(|owners| !owners.own(&stream)) {
            self.fault.set(BlockingError::Stranger);
            return Err(ureq::Error::ConnectionFailed);
        }
        Ok(Some(Wire {
            stream,
            runtime: Arc::clone(&self.runtime),
            buffers: Wiped::new(),
            // ureq writes the origin form only.
            absolute: self
                .connector
                .is_forwarded()
                .then(|| format!("http://{}", authority(details.uri))),
            connector: self.connector.clone(),
            fault: self.fault.clone(),
        }))
    }
}

fn authority(uri: &Uri) -> &str {
    uri.authority().map_or("", |authority| authority.as_str())
}

/// One connection, for one exchange.
#[derive(Debug)]
struct Wire {
    stream: Stream,
    runtime: Arc<Runtime>,
    buffers: Wiped,
    /// Goes before the path of the request line, once.
    absolute: Option<String>,
    connector: Connector,
    fault: Fault,
}

impl Wire {
    fn failed(fault: &Fault, connector: &Connector, error: io::Error) -> ureq::Error {
        fault.set(BlockingError::Net(connector.judge(NetError::from_stream(&error))));
        ureq::Error::Io(error)
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, limit: NextTimeout) -> Result<(), ureq::Error> {
        let Self {
            stream,
            buffers,
            absolute,
            ..
        } = self;
        let output = buffers.output.get(..amount).unwrap_or_default();
        // The request line begins with the method and one space, which is all that is cut here.
        let absolute = absolute.take();
        let method = match absolute {
            Some(_) => output.iter().position(|byte| *byte == b' ').map_or(0, |at| at + 1),
            None => 0,
        };
        let (method, rest) = output.split_at_checked(method).unwrap_or((output, &[]));
        let sent = self.runtime.block_on(async {
            timeout(*limit.after, async {
                stream.write_all(method).await?;
                stream.write_all(absolute.unwrap_or_default().as_bytes()).await?;
                stream.write_all(rest).await?;
                stream.flush().await
            })
            .await
        });
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Self::failed(&self.fault, &self.connector, error)),
            Err(_) => Err(ureq::Error::Timeout(limit.reason)),
        }
    }

    fn await_input(&mut self, limit: NextTimeout) -> Result<bool, ureq::Error> {
        let Self { stream, buffers, .. } = self;
        let room = buffers.input_append_buf();
        if room.is_empty() {
            return Err(ureq::Error::LargeResponseHeader(BLOCKING_INPUT, BLOCKING_INPUT));
        }
        let read = self
            .runtime
            .block_on(async { timeout(*limit.after, stream.read(room)).await });
        match read {
            Ok(Ok(amount)) => {
                buffers.input_appended(amount);
                Ok(amount > 0)
            }
            Ok(Err(error)) => Err(Self::failed(&self.fault, &self.connector, error)),
            Err(_) => Err(ureq::Error::Timeout(limit.reason)),
        }
    }

    /// Never used twice.
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        !matches!(self.stream, Stream::Tcp(_) | Stream::Unix(_))
    }
}

/// Names are resolved by the connector.
#[derive(Debug)]
struct Unresolved;

impl Resolver for Unresolved {
    fn resolve(&self, _: &Uri, _: &ureq::config::Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// Buffers of a fixed size that are wiped at the end: ureq's own keep the last request, key and all.
struct Wiped {
    input: Zeroizing<Vec<u8>>,
    /// What is in `input` and not consumed yet.
    start: usize,
    end: usize,
    output: Zeroizing<Vec<u8>>,
    progress: bool,
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wiped")
    }
}

impl Wiped {
    fn new() -> Self {
        Self {
            input: Zeroizing::new(vec![0; BLOCKING_INPUT]),
            start: 0,
            end: 0,
            output: Zeroizing::new(vec![0; BLOCKING_OUTPUT]),
            progress: false,
        }
    }

    fn compact(&mut self) {
        self.input.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if let Some(free) = self.input.get_mut(self.end..) {
            free.zeroize();
        }
    }
}

impl Buffers for Wiped {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        self.input.get(self.start..self.end).unwrap_or_default()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.compact();
        }
        self.input.get_mut(self.end..).unwrap_or_default()
    }

    fn input_appended(&mut self, amount: usize) {
        self.end = (self.end + amount).min(self.input.len());
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.start = (self.start + amount).min(self.end);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        if self.start > 0 {
            self.compact();
        }
        (self.input.get_mut(self.end..).unwrap_or_default(), &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.start < self.end && self.progress
    }
}
