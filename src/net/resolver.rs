//! Name resolution on a thread of its own: `getaddrinfo` blocks, and nothing may create a thread later.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

use super::error::NetError;
use crate::limits::{ADDRESSES_MAX, RESOLVE_QUEUE, RESOLVE_TIMEOUT, RESOLVER_STACK};

/// Resolves names one after the other. Clones share the thread, which ends with the last of them.
///
/// The control plane and the MCP servers have one each: a name server that does not answer for the one must not hold up
/// the other.
#[derive(Debug, Clone)]
pub struct Resolver {
    requests: mpsc::SyncSender<Request>,
}

#[derive(Debug)]
struct Request {
    host: Box<str>,
    port: u16,
    reply: oneshot::Sender<io::Result<Vec<SocketAddr>>>,
}

impl Resolver {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system grants no thread.
    pub fn start(name: &str) -> io::Result<Self> {
        let (requests, inbox) = mpsc::sync_channel::<Request>(RESOLVE_QUEUE);
        thread::Builder::new()
            .name(name.to_owned())
            .stack_size(RESOLVER_STACK)
            .spawn(move || {
                while let Ok(request) = inbox.recv() {
                    // One that has been given up is not looked up any more.
                    if !request.reply.is_closed() {
                        let found = (&*request.host, request.port).to_socket_addrs();
                        let _ = request
                            .reply
                            .send(found.map(|addresses| addresses.take(ADDRESSES_MAX).collect()));
                    }
                }
            })?;
        Ok(Self { requests })
    }

    /// The addresses of a host, in the system's order; an IP literal is its own.
    ///
    /// # Errors
    /// [`NetError::Dns`] when there is none, when too many names wait, or after [`RESOLVE_TIMEOUT`].
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, NetError> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let (reply, answer) = oneshot::channel();
        self.requests
            .try_send(Request {
                host: host.into(),
                port,
                reply,
            })
            .map_err(|_| NetError::Dns)?;
        match tokio::time::timeout(RESOLVE_TIMEOUT, answer).await {
            Ok(Ok(Ok(addresses))) if !addresses.is_empty() => Ok(addresses),
            _ => Err(NetError::Dns),
        }
    }
}
