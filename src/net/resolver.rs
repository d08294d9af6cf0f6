//! Name resolution on a thread of its own: `getaddrinfo` blocks, and nothing may create a thread later.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::error::NetError;
use crate::limits::{RESOLVE_QUEUE, RESOLVED_MAX, RESOLVER_STACK};

/// Resolves one name. Clones share the thread, which ends with the last of them.
///
/// Every host has one of its own: a name server that does not answer for the one must not hold up the others.
#[derive(Debug, Clone)]
pub struct Resolver {
    /// An address needs no thread.
    requests: Option<mpsc::SyncSender<Request>>,
}

/// The resolvers of all hosts.
#[derive(Debug, Default)]
pub struct Resolvers(BTreeMap<String, Resolver>);

impl Resolvers {
    /// Starts a thread for each name among the hosts.
    ///
    /// # Errors
    /// When the system grants no thread.
    pub fn start<'a>(hosts: impl Iterator<Item = &'a str>) -> io::Result<Self> {
        let mut resolvers = BTreeMap::new();
        for host in hosts.filter(|host| host.parse::<IpAddr>().is_err()) {
            if !resolvers.contains_key(host) {
                resolvers.insert(host.to_owned(), Resolver::start()?);
            }
        }
        Ok(Self(resolvers))
    }

    /// The resolver of a host.
    pub fn of(&self, host: &str) -> Resolver {
        self.0.get(host).cloned().unwrap_or(Resolver { requests: None })
    }
}

#[derive(Debug)]
struct Request {
    host: Box<str>,
    port: u16,
    reply: oneshot::Sender<io::Result<Vec<SocketAddr>>>,
}

impl Resolver {
    fn start() -> io::Result<Self> {
        let (requests, inbox) = mpsc::sync_channel::<Request>(RESOLVE_QUEUE);
        thread::Builder::new()
            .name("resolve".to_owned())
            .stack_size(RESOLVER_STACK)
            .spawn(move || {
                while let Ok(request) = inbox.recv() {
                    // One that has been given up is not looked up any more.
                    if !request.reply.is_closed() {
                        let found = (&*request.host, request.port).to_socket_addrs();
                        let _ = request
                            .reply
                            .send(found.map(|addresses| addresses.take(RESOLVED_MAX).collect()));
                    }
                }
            })?;
        Ok(Self {
            requests: Some(requests),
        })
    }

    /// The addresses of a host, in the system's order; an IP literal is its own.
    ///
    /// # Errors
    /// [`NetError::Dns`] when there is none or too many lookups wait, [`NetError::Timeout`] after
    /// `within`.
    pub async fn resolve(&self, host: &str, port: u16, within: Duration) -> Result<Vec<SocketAddr>, NetError> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let (reply, answer) = oneshot::channel();
        let host = Box::from(host);
        let asked = self
            .requests
            .as_ref()
            .map(|requests| requests.try_send(Request { host, port, reply }));
        if !matches!(asked, Some(Ok(()))) {
            return Err(NetError::Dns);
        }
        match tokio::time::timeout(within, answer).await {
            Ok(Ok(Ok(addresses))) if !addresses.is_empty() => Ok(addresses),
            Ok(_) => Err(NetError::Dns),
            Err(_) => Err(NetError::Timeout),
        }
    }
}
