//! Name resolution on a thread of its own: `getaddrinfo` blocks, and nothing may create a thread later.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::gettid;
use tokio::sync::oneshot;

use super::hop::Cause;
use super::unresolved::Unresolved;
use crate::limits::{RESOLVE_QUEUE, RESOLVED_MAX, RESOLVER_STACK};
use crate::sandbox::{self, ResolverCage};
use crate::sys::lookup;

/// Resolves one name. Clones share the thread, which ends with the last of them.
///
/// Every host has one of its own: a name server that does not answer for the one must not hold up the others.
#[derive(Debug, Clone)]
pub struct Resolver {
    /// An address needs no thread.
    requests: Option<mpsc::SyncSender<Request>>,
}

/// Why there is no resolver.
#[derive(Debug)]
pub(super) enum StartError {
    /// The system grants no thread.
    Thread(io::Error),
    /// It cannot give up what it is to give up.
    Cage(sandbox::Error),
}

/// The resolvers of all hosts.
#[derive(Debug, Default)]
pub struct Resolvers {
    of_hosts: BTreeMap<String, Resolver>,
    threads: Vec<u32>,
}

impl Resolvers {
    /// Starts a thread for each name among the hosts, which enters `cage` first.
    ///
    /// # Errors
    /// [`StartError`].
    pub(super) fn start<'a>(hosts: impl Iterator<Item = &'a str>, cage: ResolverCage) -> Result<Self, StartError> {
        let mut resolvers = Self::default();
        for host in hosts.filter(|host| host.parse::<IpAddr>().is_err()) {
            if !resolvers.of_hosts.contains_key(host) {
                let (resolver, thread) = Resolver::start(cage)?;
                resolvers.of_hosts.insert(host.to_owned(), resolver);
                resolvers.threads.push(thread);
            }
        }
        Ok(resolvers)
    }

    /// The numbers of the threads.
    pub(super) fn threads(&self) -> &[u32] {
        &self.threads
    }

    /// The resolver of a host.
    pub fn of(&self, host: &str) -> Resolver {
        self.of_hosts.get(host).cloned().unwrap_or(Resolver { requests: None })
    }
}

#[derive(Debug)]
struct Request {
    host: Box<str>,
    port: u16,
    reply: oneshot::Sender<Result<Vec<SocketAddr>, Unresolved>>,
}

impl Resolver {
    fn start(cage: ResolverCage) -> Result<(Self, u32), StartError> {
        let (entered, outcome) = mpsc::sync_channel(1);
        let (requests, inbox) = mpsc::sync_channel::<Request>(RESOLVE_QUEUE);
        thread::Builder::new()
            .name("resolve".to_owned())
            .stack_size(RESOLVER_STACK)
            .spawn(move || {
                let thread = gettid().as_raw_nonzero().get().unsigned_abs();
                let result = cage.enter().map(|()| thread);
                let is_in = result.is_ok();
                if entered.send(result).is_err() || !is_in {
                    return;
                }
                while let Ok(request) = inbox.recv() {
                    // One that has been given up is not looked up any more.
                    if !request.reply.is_closed() {
                        let started = Instant::now();
                        let found = lookup::addresses(&request.host, request.port, RESOLVED_MAX);
                        let found = found.map_err(|failure| Unresolved::of(&failure, started.elapsed()));
                        let _ = request.reply.send(found);
                    }
                }
            })
            .map_err(StartError::Thread)?;
        let thread = match outcome.recv() {
            Ok(Ok(thread)) => thread,
            Ok(Err(error)) => return Err(StartError::Cage(error)),
            Err(_) => return Err(StartError::Thread(io::Error::other("it ended before it began"))),
        };
        let resolver = Self {
            requests: Some(requests),
        };
        Ok((resolver, thread))
    }

    /// The addresses of a host, in the system's order; an IP literal is its own.
    ///
    /// # Errors
    /// [`Cause::Unresolved`] when there is none or too many lookups wait, [`Cause::Timeout`] after `within`.
    pub async fn resolve(&self, host: &str, port: u16, within: Duration) -> Result<Vec<SocketAddr>, Cause> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let (reply, answer) = oneshot::channel();
        let host = Box::from(host);
        let asked = self
            .requests
            .as_ref()
            .map(|requests| requests.try_send(Request { host, port, reply }));
        match asked {
            Some(Ok(())) => {}
            Some(Err(mpsc::TrySendError::Full(_))) => return Err(Cause::Unresolved(Unresolved::Busy)),
            Some(Err(mpsc::TrySendError::Disconnected(_))) | None => {
                return Err(Cause::Unresolved(Unresolved::System));
            }
        }
        match tokio::time::timeout(within, answer).await {
            Ok(Ok(Ok(addresses))) if !addresses.is_empty() => Ok(addresses),
            Ok(Ok(Ok(_))) => Err(Cause::Unresolved(Unresolved::Nothing)),
            Ok(Ok(Err(why))) => Err(Cause::Unresolved(why)),
            Ok(Err(_)) => Err(Cause::Unresolved(Unresolved::System)),
            Err(_) => Err(Cause::Timeout),
        }
    }
}
