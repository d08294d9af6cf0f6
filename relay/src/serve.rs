//! The story of `tunnel-relay serve`: keys, tunnels, TLS, listener, requests, drain.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::auth::Lines;
use crate::calls::{Calls, ServerRequests};
use crate::control::Presence;
use crate::credentials::{Credentials, Reload, Sources};
use crate::files;
use crate::ids::TunnelId;
use crate::manage::Tunnels;
use crate::notify::{Offer, ServiceManager};
use crate::queue::MemoryQueue;
use crate::refusals::Refusals;
use crate::relay::{Draining, Relay};
use crate::server::{Listener, Memory};
use crate::tls::TlsFiles;
use crate::{audit, limits, log, server};

/// What the command line says, checked as far as a value can be by itself.
#[derive(Debug)]
pub(crate) struct ServeOptions {
    /// `host:port`.
    pub(crate) listen: String,
    /// None: plain HTTP.
    pub(crate) tls: Option<TlsFiles>,
    /// The keys.
    pub(crate) keys_file: Option<PathBuf>,
    /// More keys, from the environment; taken and wiped once they are hashed.
    pub(crate) keys: Option<SecretString>,
    /// Where tunnels are stored; none: nowhere.
    pub(crate) tunnels_file: Option<PathBuf>,
    /// Tunnels given up front.
    pub(crate) tunnels: Vec<(TunnelId, String)>,
    /// Where to write the base URL.
    pub(crate) url_file: Option<PathBuf>,
    /// Further names of the relay.
    pub(crate) allow_host: Vec<Box<str>>,
    /// Further origins.
    pub(crate) allow_origin: Vec<Box<str>>,
    /// How long a call may take.
    pub(crate) call_timeout: Duration,
    /// Connections served at once.
    pub(crate) max_connections: usize,
    /// Bound on connections of one address that have not shown an accepted key; `None`: no limit.
    pub(crate) max_anonymous_per_address: Option<usize>,
    /// Between two looks at the files of keys and certificates; `None`: they are read again on SIGHUP only.
    pub(crate) reload_interval: Option<Duration>,
    /// The audit log.
    pub(crate) audit: Option<audit::Settings>,
    /// The form of log lines.
    pub(crate) log_format: log::Format,
    /// What the service manager wants to be told.
    pub(crate) notify: Offer,
}

/// Runs until SIGTERM or SIGINT; all mistakes in the options are reported at once.
pub(crate) async fn serve(options: ServeOptions) -> Result<(), Vec<String>> {
    log::choose(options.log_format);
    let one = |mistake: String| vec![mistake];
    let mut options = options;
    // First: until then, SIGHUP ends the process.
    let Signals {
        mut terminate,
        mut interrupt,
        hangup,
        file_size: _file_size,
    } = Signals::receive().map_err(|error| one(format!("signals cannot be received: {error}")))?;
    let (manager, sending) = ServiceManager::connect(&options.notify);
    let (listener, relay) = prepare(&mut options).await?;
    let url = announce(&listener, &options).map_err(one)?;
    let fields: [(&str, &dyn std::fmt::Display); 3] = [
        ("url", &url),
        ("tunnels", &relay.tunnels.len()),
        ("keys", &relay.credentials.current().keys.len()),
    ];
    log::info("relay listening", &fields);
    let (stop, stopping) = watch::channel(false);
    let accepting = tokio::spawn(server::serve(listener, Arc::clone(&relay), stopping));
    manager.ready();
    let reload = Reload::new(Arc::clone(&relay), manager.clone(), hangup, options.reload_interval);
    let reloading = tokio::spawn(reload.run());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    log::info("relay draining", &[("calls", &relay.calls.len())]);
    manager.stopping(limits::DRAIN + limits::DRAIN_CONNECTIONS + limits::DRAIN_SLACK);
    tokio::select! {
        () = drain(&relay) => {}
        // A second signal: at once.
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.send_replace(true);
    accepting.abort();
    reloading.abort();
    drop(manager);
    finish(&stop).await;
    if let Some(audit) = &relay.audit {
        block_in_place(|| audit.end());
    }
    sending.finish().await;
    log::info("relay stopped", &[]);
    Ok(())
}

/// Reads everything that the options name and binds.
async fn prepare(options: &mut ServeOptions) -> Result<(Listener, Arc<Relay>), Vec<String>> {
    let mut mistakes = Vec::new();
    let variable = options.keys.take();
    let variable = variable.as_ref().map(SecretString::expose_secret);
    let sources = Sources {
        keys_file: options.keys_file.clone(),
        variable: Lines::parse(variable.unwrap_or_default()),
        tls: options.tls.take(),
        names: options.allow_host.clone(),
    };
    let is_plain = sources.tls.is_none();
    let credentials = Credentials::load(sources)
        .map_err(|more| mistakes.extend(more.iter().map(ToString::to_string)))
        .ok();
    let tunnels = Tunnels::load(options.tunnels_file.clone(), options.tunnels.clone())
        .map_err(|mistake| mistakes.push(mistake))
        .ok();
    let audit = options.audit.take().map(audit::Opened::of).transpose();
    let audit = audit.map_err(|mistake| mistakes.push(mistake)).ok();
    let listener = match addresses(&options.listen) {
        Err(mistake) => Err(mistake),
        Ok(_) if !mistakes.is_empty() => Err(String::new()),
        Ok(addresses) => {
            if is_plain && addresses.iter().any(|address| !address.ip().is_loopback()) {
                log::warn(
                    "plain HTTP on an address that is not loopback: keys and payloads travel in clear",
                    &[("listen", &options.listen)],
                );
            }
            let tls = credentials.as_ref().filter(|_| !is_plain);
            Listener::bind(&addresses, tls.map(Credentials::subscribe))
                .await
                .map_err(|error| format!("--listen {}: {error}", options.listen))
        }
    };
    match (listener, credentials, tunnels, audit) {
        (Ok(listener), Some(credentials), Some(tunnels), Some(audit)) if mistakes.is_empty() => {
            // Last: it moves the key of the chain on.
            let audit = audit.map(audit::Opened::start).transpose();
            let audit = audit.map_err(|mistake| vec![mistake])?;
            Ok((
                listener,
                Arc::new(relay(credentials, Arc::new(tunnels), audit, options)),
            ))
        }
        (listener, ..) => {
            mistakes.extend(listener.err().filter(|mistake| !mistake.is_empty()));
            Err(mistakes)
        }
    }
}

fn relay(
    credentials: Credentials,
    tunnels: Arc<Tunnels>,
    audit: Option<audit::AuditLog>,
    options: &ServeOptions,
) -> Relay {
    Relay {
        credentials,
        queue: Arc::new(MemoryQueue::new(Arc::clone(&tunnels))),
        calls: Arc::new(Calls::default()),
        server_requests: ServerRequests::new(Arc::clone(&tunnels)),
        tunnels,
        presence: Arc::new(Presence::default()),
        memory: Memory::new(),
        draining: Draining::new(),
        refusals: Refusals::default(),
        audit,
        allowed_hosts: options.allow_host.clone(),
        allowed_origins: options.allow_origin.clone(),
        call_timeout: options.call_timeout,
        max_connections: options.max_connections,
        max_anonymous_per_address: options.max_anonymous_per_address,
    }
}

fn addresses(listen: &str) -> Result<Vec<SocketAddr>, String> {
    let found = listen
        .to_socket_addrs()
        .map_err(|error| format!("--listen {listen}: {error} (give HOST:PORT)"))?;
    Ok(found.collect())
}

/// The base URL, written to the URL file if one is asked for.
fn announce(listener: &Listener, options: &ServeOptions) -> Result<String, String> {
    let address = listener
        .local_addr()
        .map_err(|error| format!("--listen {}: {error}", options.listen))?;
    let host = options.listen.rsplit_once(':').map_or("", |(host, _)| host);
    // A wildcard is no address that anybody can connect to.
    let unspecified = address.ip().is_unspecified();
    let host = if unspecified {
        if address.is_ipv6() { "[::1]" } else { "127.0.0.1" }
    } else {
        host
    };
    let url = format!("{}://{host}:{}", listener.scheme(), address.port());
    write_url_file(options.url_file.as_deref(), &url)?;
    Ok(url)
}

/// Writes a URL for whoever waits for it, all at once.
pub(crate) fn write_url_file(path: Option<&Path>, url: &str) -> Result<(), String> {
    let Some(path) = path else { return Ok(()) };
    files::replace(path, format!("{url}\n").as_bytes())
        .map_err(|error| format!("--url-file {}: {error}", path.display()))
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// What goes beyond a limit on the size of files fails; it does not end the process.
    file_size: Signal,
}

impl Signals {
    fn receive() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            file_size: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }
}

/// Polls end, what no client has taken is refused, what a client has taken may still be answered for a while. What is
/// being written becomes one or the other.
async fn drain(relay: &Relay) {
    relay.draining.begin();
    let until = Instant::now() + limits::DRAIN;
    loop {
        relay.calls.finish_all(
            |call| relay.queue.withdraw_waiting(&call.tunnel, call.shard_token.request()),
            || relay.draining.refusal(),
        );
        if relay.calls.len() == 0 || Instant::now() >= until {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    relay.calls.finish_all(|_| true, || relay.draining.too_late());
}

/// Connections finish what they write; every one of them holds a receiver.
async fn finish(stop: &watch::Sender<bool>) {
    let _ = tokio::time::timeout(limits::DRAIN_CONNECTIONS, stop.closed()).await;
}
