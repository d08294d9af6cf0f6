//! Accepts connections, shakes hands, serves requests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::{fmt, io};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::admission::{Admission, MakeRoom, Place};
use super::connection::{Connection, Ends, Via, Watched};
use super::counted::Counted;
use super::handshakes::Handshakes;
use super::places::places;
use super::response::Served;
use super::route;
use super::seldom::Seldom;
use crate::credentials::Generation;
use crate::relay::Relay;
use crate::{limits, log};

/// A bound listener.
pub(crate) struct Listener {
    tcp: TcpListener,
    tls: Option<Handshakes>,
}

impl Listener {
    /// Binds; `tls` has the certificates in use, and is none for plain HTTP.
    pub(crate) async fn bind(addr: &[SocketAddr], tls: Option<watch::Receiver<Arc<Generation>>>) -> io::Result<Self> {
        Ok(Self {
            tcp: TcpListener::bind(addr).await?,
            tls: tls.map(Handshakes::start).transpose()?,
        })
    }

    /// Where it listens.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// Accepts until dropped, whatever limit is reached. When `stop` turns true, connections end after the request that
/// they serve.
pub(crate) async fn serve(listener: Listener, relay: Arc<Relay>, stop: watch::Receiver<bool>) {
    let admission = Admission::new(places(relay.max_connections), relay.max_anonymous_per_address);
    let (not_accepted, not_shaken) = (Seldom::default(), Arc::new(Seldom::default()));
    let mut crowd = Crowd::default();
    loop {
        let (stream, peer) = match listener.tcp.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                if let Some(more) = not_accepted.pass() {
                    log::warn("connection cannot be accepted", &[("error", &error), ("more", &more)]);
                }
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(place) = place(&admission, &mut crowd, peer).await else {
            // Closed at once and without a trace in the kernel.
            let _ = stream.set_zero_linger();
            continue;
        };
        let (relay, tls, stop) = (Arc::clone(&relay), listener.tls.clone(), stop.clone());
        let not_shaken = Arc::clone(&not_shaken);
        tokio::spawn(async move {
            // A broken connection is its peer's business; requests log what an operator can act on.
            let _ = connection(stream, peer, place, tls, &not_shaken, relay, stop).await;
        });
    }
}

/// Log lines for connections that exceed the limits.
#[derive(Default)]
struct Crowd {
    refused: Seldom,
    closed: Seldom,
}

/// Takes a place for a new connection.
async fn place(admission: &Arc<Admission>, crowd: &mut Crowd, peer: SocketAddr) -> Option<Place> {
    let mut entered = admission.enter(peer.ip(), MakeRoom::No);
    if entered.is_none() {
        // Earlier connections first get to read what has arrived: a peer that shows a key then needs no anonymous
        // place.
        tokio::task::yield_now().await;
        entered = admission.enter(peer.ip(), MakeRoom::Yes);
    }
    if entered.is_none() {
        // Closed connections have not ended yet; that takes processor time.
        let left = async {
            while entered.is_none() {
                admission.left().await;
                entered = admission.enter(peer.ip(), MakeRoom::Yes);
            }
        };
        let _ = tokio::time::timeout(limits::ACCEPT_PAUSE, left).await;
    }
    let Some((place, closed)) = entered else {
        if let Some(more) = crowd.refused.pass() {
            log::warn(
                "connection refused: no place is free",
                &[("peer", &peer), ("more", &more)],
            );
        }
        return None;
    };
    if closed > 0
        && let Some(more) = crowd.closed.pass()
    {
        log::warn(
            "connection without a key closed to make room for another",
            &[("peer", &peer), ("more", &more)],
        );
    }
    Some(place)
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    tls: Option<Handshakes>,
    not_shaken: &Seldom,
    relay: Arc<Relay>,
    stop: watch::Receiver<bool>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    socket2::SockRef::from(&stream).set_tcp_notsent_lowat(limits::UNSENT)?;
    let ends = Ends {
        address: stream.local_addr()?,
        tls: tls.is_some(),
        peer,
    };
    // Before the handshake: authorities that go meanwhile have let it in.
    let since = relay.credentials.current().number;
    let shared = Arc::new(Connection::new(place));
    let stream = Counted::new(stream, Arc::clone(&shared));
    let Some(tls) = tls else {
        return requests(stream, ends, since, shared, relay, stop).await;
    };
    let activity = Arc::clone(shared.activity());
    let shaken = tokio::select! {
        shaken = tls.shake(stream) => shaken,
        () = activity.closing() => return Err(io::ErrorKind::ConnectionAborted.into()),
    };
    match shaken {
        Ok(stream) => {
            activity.quiet();
            requests(stream, ends, since, shared, relay, stop).await
        }
        Err(error) => {
            if error.kind() != io::ErrorKind::TimedOut
                && let Some(more) = not_shaken.pass()
            {
                let fields: [(&str, &dyn fmt::Display); 3] = [("peer", &peer), ("error", &error), ("more", &more)];
                log::info("TLS handshake failed", &fields);
            }
            Err(error)
        }
    }
}

async fn requests<S>(
    stream: S,
    ends: Ends,
    since: u64,
    shared: Arc<Connection>,
    relay: Arc<Relay>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&shared)));
    let activity = Arc::clone(shared.activity());
    let mut credentials = relay.credentials.subscribe();
    let of_connection = Arc::clone(&shared);
    let service = service_fn(move |request| {
        // Now, not when the future is first polled: hyper looks for the peer's end in between.
        let serving = shared.activity().serve();
        let hold = route::waits(&request).then(|| shared.hold_eof());
        let via = Via {
            ends,
            connection: Arc::clone(&shared),
            hold,
        };
        let response = route::serve(Arc::clone(&relay), via, request);
        async move {
            let response = response.await;
            Ok::<_, Infallible>(response.map(|body| Served::new(body, serving)))
        }
    });
    let mut serving = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::REQUEST_HEAD)
            .max_buf_size(limits::REQUEST_HEAD_BYTES)
            .serve_connection(io, service)
    );
    tokio::select! {
        served = serving.as_mut() => return served.map_err(io::Error::other),
        () = activity.closing() => {
            if !activity.is_known() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            serving.as_mut().graceful_shutdown();
        }
        // The sender lives until the process ends.
        _ = stop.wait_for(|stop| *stop) => serving.as_mut().graceful_shutdown(),
        // Whoever is no longer let in keeps no place.
        _ = credentials.wait_for(|now| of_connection.is_revoked() || since < now.clients_since) => {
            serving.as_mut().graceful_shutdown();
        }
    }
    serving.await.map_err(io::Error::other)
}
