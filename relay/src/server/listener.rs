//! Accepts connections, shakes hands, serves requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::{fmt, io};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use super::connection::{Connection, Local, Via, Watched};
use super::counted::Counted;
use super::places::places;
use super::route;
use super::seldom::Seldom;
use crate::relay::Relay;
use crate::{limits, log};

/// A bound listener.
pub(crate) struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Binds; `tls` is none for plain HTTP.
    pub(crate) async fn bind(addr: &[SocketAddr], tls: Option<TlsAcceptor>) -> io::Result<Self> {
        Ok(Self {
            tcp: TcpListener::bind(addr).await?,
            tls,
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

/// Accepts until dropped. When `stop` turns true, connections end after the request they serve.
pub(crate) async fn serve(listener: Listener, relay: Arc<Relay>, stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(places()));
    let (not_accepted, not_shaken) = (Seldom::default(), Arc::new(Seldom::default()));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let stream = match listener.tcp.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                if let Some(more) = not_accepted.pass() {
                    log::warn("connection cannot be accepted", &[("error", &error), ("more", &more)]);
                }
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (relay, tls, stop) = (Arc::clone(&relay), listener.tls.clone(), stop.clone());
        let not_shaken = Arc::clone(&not_shaken);
        tokio::spawn(async move {
            // A broken connection is its peer's business; requests log what an operator can act on.
            let _ = connection(stream, tls, &not_shaken, relay, stop).await;
            drop(place);
        });
    }
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    not_shaken: &Seldom,
    relay: Arc<Relay>,
    stop: watch::Receiver<bool>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let local = Local {
        address: stream.local_addr()?,
        tls: tls.is_some(),
    };
    let peer = stream.peer_addr()?;
    let shared = Arc::new(Connection::default());
    let stream = Counted::new(stream, Arc::clone(&shared));
    match tls {
        None => requests(stream, local, shared, relay, stop).await,
        Some(tls) => match tokio::time::timeout(limits::TLS_HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(stream)) => requests(stream, local, shared, relay, stop).await,
            Ok(Err(error)) => {
                if let Some(more) = not_shaken.pass() {
                    let fields: [(&str, &dyn fmt::Display); 3] = [("peer", &peer), ("error", &error), ("more", &more)];
                    log::info("TLS handshake failed", &fields);
                }
                Err(error)
            }
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        },
    }
}

async fn requests<S>(
    stream: S,
    local: Local,
    shared: Arc<Connection>,
    relay: Arc<Relay>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&shared)));
    let silence = silence(Arc::clone(&shared));
    let service = service_fn(move |request| {
        shared.asked();
        // Now, not when the future is first polled: hyper looks for the peer's end in between.
        let hold = route::waits(&request).then(|| shared.hold_eof());
        let via = Via {
            local,
            connection: Arc::clone(&shared),
            hold,
        };
        route::serve(Arc::clone(&relay), via, request)
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
        () = silence => return Err(io::ErrorKind::TimedOut.into()),
        // The sender lives until the process ends.
        _ = stop.wait_for(|stop| *stop) => serving.as_mut().graceful_shutdown(),
    }
    serving.await.map_err(io::Error::other)
}

/// Completes when a fresh connection has not asked anything in time; hyper's own bound is that of kept connections.
async fn silence(connection: Arc<Connection>) {
    tokio::time::sleep(limits::FIRST_REQUEST_HEAD).await;
    if connection.has_asked() {
        std::future::pending::<()>().await;
    }
}
