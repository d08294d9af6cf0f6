//! The health listener: connections and their bounds, and which part answers which path (contract: ops, section 1; status, section 1).

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use log::debug;
use tokio::sync::{Notify, Semaphore};
use tokio::time::sleep;

use super::answer::{Answer, TEXT, answer};
use super::health::{Asked, Shown};
use super::hosts::Hosts;
use super::listener::{Accepted, Listener};
use super::page::{self, Page};
use super::stall::Impatient;
use crate::limits::{ACCEPT_PAUSE, ANSWER_STALL, HEALTH_CONNECTIONS, HEALTH_HEADER_TIMEOUT, HEALTH_TIMEOUT};

/// What serves the listener.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    served: Arc<Served>,
}

/// What requests are answered from.
#[derive(Debug)]
struct Served {
    shown: Arc<Shown>,
    hosts: Arc<Hosts>,
    /// Every path has its host checked; on a unix socket only those of the page.
    checks_hosts: bool,
    page: Option<Page>,
    /// Connections wait that cannot be served yet.
    pressure: Notify,
}

impl Server {
    /// For a bound listener; nothing is answered before [`Server::run`]. `page`: the status page, if there is one.
    pub fn new(listener: Listener, shown: Arc<Shown>, page: Option<page::Setup>) -> Self {
        let hosts = listener.hosts();
        let page = page.map(|setup| Page::new(setup, Arc::clone(&shown), Arc::clone(&hosts), &listener));
        let served = Served {
            shown,
            hosts,
            checks_hosts: !listener.is_unix(),
            page,
            pressure: Notify::new(),
        };
        Self {
            listener,
            served: Arc::new(served),
        }
    }

    /// Serves until it is dropped.
    pub async fn run(self) {
        let slots = Arc::new(Semaphore::new(HEALTH_CONNECTIONS));
        loop {
            if slots.available_permits() == 0 {
                // Those that are idle end, the others after the request that they carry: whoever keeps connections open without a
                // token cannot keep out probes for longer than that.
                self.served.pressure.notify_waiters();
            }
            // The permit is taken first: what exceeds the bound waits in the kernel's queue.
            let Ok(permit) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok(accepted) => {
                    let served = Arc::clone(&self.served);
                    tokio::spawn(async move {
                        served.serve(accepted).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Out of descriptors, or the peer went away: neither ends the listener.
                    debug!(error:% = error; "health listener could not accept");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl Served {
    /// Serves one connection, however many requests it carries, until its time is up.
    async fn serve(self: Arc<Self>, Accepted { stream, is_local }: Accepted) {
        // Of an answer that takes longer than others, which is the last of its connection.
        let patience = Arc::new(OnceLock::new());
        let service = service_fn(|request| {
            let (served, patience) = (Arc::clone(&self), Arc::clone(&patience));
            async move {
                let answer = served.answer(request, is_local).await;
                if let Some(longer) = answer.body().patience() {
                    let _ = patience.set(longer);
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEALTH_HEADER_TIMEOUT)
            .max_buf_size(16 * 1024)
            .serve_connection(TokioIo::new(Impatient::new(stream, ANSWER_STALL)), service);
        let mut connection = pin!(connection);
        let mut time = pin!(sleep(HEALTH_TIMEOUT));
        let mut is_extended = false;
        loop {
            tokio::select! {
                _ = connection.as_mut() => return,
                () = self.pressure.notified() => connection.as_mut().graceful_shutdown(),
                () = time.as_mut() => {
                    let Some(longer) = patience.get().filter(|_| !is_extended) else { return };
                    is_extended = true;
                    time.set(sleep(*longer));
                }
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>, is_local: bool) -> Answer {
        let (request, body) = request.into_parts();
        if let Some(page) = &self.page
            && page::has(request.uri.path())
        {
            return page.answer(&request, body, is_local).await;
        }
        if self.checks_hosts
            && let Err((status, text)) = self.hosts.check(&request)
        {
            return answer(status, TEXT, text);
        }
        self.shown.respond(&Asked {
            path: request.uri.path(),
            query: request.uri.query(),
            method: &request.method,
            headers: &request.headers,
            is_local,
        })
    }
}
