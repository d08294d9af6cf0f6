//! The story of the daemon: log, TLS, threads, listener, rotation, servers, polling, drain.

use std::fmt;
use std::io;
use std::mem;
use std::sync::Arc;

use log::{debug, info, warn};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::config::Config;
use crate::control::{self, ControlPlane, Metadata, Poller, Responder};
use crate::dispatch::{Bounds, Dispatcher};
use crate::limits::{DRAIN_ANSWER_TIMEOUT, DRAIN_TIMEOUT, IDLE_SWEEP, METADATA_WAIT};
use crate::mcp::http::{HttpServer, Prober};
use crate::mcp::servers::{self, Servers};
use crate::mcp::stdio::Environment;
use crate::net::{BadHeader, Network, NetworkError, Way};
use crate::ops::banner::{self, Summary};
use crate::ops::files::{self, Files};
use crate::ops::{Listener, Ops, Server, health, listener, metrics};
use crate::rotation::Rotation;
use crate::sandbox::{Egress, NotEnforced};
use crate::shutdown::{self, Hangup, Interrupts, Signal};
use crate::sys;
use crate::telemetry::{log as sink, redact};
use crate::tls;
use crate::wire::command::MAIN_CHANNEL;

/// Why the daemon could not start.
#[derive(Debug)]
pub enum Error {
    /// The log cannot be written.
    Log(io::Error),
    /// TLS cannot be set up.
    Tls(Arc<tls::Error>),
    /// The configuration holds what cannot be sent.
    Header(BadHeader),
    /// The health listener cannot be bound.
    Health(listener::BindError),
    /// A file cannot be written.
    File(files::Error),
    /// An MCP server cannot be served.
    Server(servers::Error),
    /// The system refuses a thread, a signal handler or an event queue.
    System(&'static str, io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(error) => write!(f, "the log (log.file, LOG_FILE) cannot be opened: {error}"),
            Self::Tls(error) => error.fmt(f),
            Self::Header(error) => error.fmt(f),
            Self::Health(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
            Self::Server(error) => error.fmt(f),
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// Runs until SIGTERM or SIGINT and the drain that follows. `children` is the environment of stdio servers.
///
/// # Errors
/// [`Error`] when it cannot start; later faults are logged and survived.
pub fn run(mut config: Config, children: Environment) -> Result<(), Error> {
    config.for_each_secret(redact::protect);
    let instance_id = control::instance_id();
    let base = [
        ("client_instance_id", instance_id.clone()),
        ("tunnel_id", config.control_plane.tunnel_id.clone()),
    ];
    sink::init(&config.log, &base).map_err(Error::Log)?;
    for warning in &config.warnings {
        warn!("{warning}");
    }
    // Before the first thread: rules of landlock hold for the thread that makes them and for those that it creates.
    let egress = Egress::of(&config);
    if egress.is_none() && config.lockdown.require_proxy {
        warn!(
            "lockdown: where this process connects to is not limited by the kernel, because stdio MCP servers would inherit that"
        );
    }
    limit(egress.as_ref(), Egress::limit_ports);
    // Threads come next: later none may be created.
    let network = Network::of(&config).map_err(|error| match error {
        NetworkError::Tls(error) => Error::Tls(Arc::new(error)),
        NetworkError::Thread(error) => Error::System("a thread for name resolution", error),
    })?;
    // The network has it now, and lets go of it when it is rotated.
    drop(mem::take(&mut config.control_plane.api_key));
    if let Some(error) = network.broken_certificate() {
        return Err(Error::Tls(error));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::System("the event loop", e))?;
    runtime.block_on(async {
        limit(egress.as_ref(), Egress::limit_sockets);
        let hangup = shutdown::hangup().map_err(|e| Error::System("a signal handler", e))?;
        let interrupts = Interrupts::catch().map_err(|e| Error::System("signal handlers", e))?;
        sys::relocations::release();
        let daemon = Daemon::start(&config, children, &instance_id, &Arc::new(network), hangup).await?;
        daemon.serve(&config, interrupts).await;
        Ok(())
    })?;
    // What is left are connections and idle tasks; nothing of it is worth waiting for.
    runtime.shutdown_background();
    Ok(())
}

/// Has the kernel keep `lockdown.require_proxy` too. Where it cannot, the connector keeps it alone.
fn limit(egress: Option<&Egress>, enforce: fn(&Egress) -> Result<(), NotEnforced>) {
    let Some(egress) = egress else { return };
    let ports = egress.ports();
    match enforce(egress) {
        Ok(()) => debug!(ports, udp = egress.udp(); "lockdown: the kernel limits where this process connects to"),
        Err(reason) => {
            warn!(ports, reason:% = reason; "lockdown: the kernel does not limit where this process connects to, only the client itself");
        }
    }
}

/// The parts of a running daemon.
struct Daemon {
    control: Arc<ControlPlane>,
    dispatcher: Dispatcher,
    ops: Arc<Ops>,
    prober: Option<Prober>,
    supervisors: JoinSet<()>,
    stop_polling: Signal,
    stop_servers: Signal,
    summary: Summary,
    /// Removed at the end.
    _files: Files,
}

impl Daemon {
    async fn start(
        config: &Config,
        children: Environment,
        instance_id: &str,
        network: &Arc<Network>,
        hangup: Hangup,
    ) -> Result<Self, Error> {
        let mcp = &config.mcp;
        // A broken server beside the main one does not make the tunnel useless; a broken child is ours to keep alive.
        let counted = config.served().filter(|b| b.is_stdio() || b.channel == MAIN_CHANNEL);
        let ops = Arc::new(Ops {
            health: health::Health::new(counted.map(|b| b.channel.as_str())),
            metrics: metrics::Metrics::new(config.control_plane.max_inflight, mcp.max_concurrent_requests),
        });
        let connector = network.connector(&Way::to_control_plane(config)).map_err(Error::Tls)?;
        let control = Arc::new(ControlPlane::new(config, instance_id, connector).map_err(Error::Header)?);
        let responder = Responder::new(Arc::clone(&control), Arc::clone(&ops), mcp.max_concurrent_requests);

        let listener = Listener::bind(&config.health.listen).await.map_err(Error::Health)?;

        // A certificate that a peer will refuse can be replaced while the daemon runs, so it does not keep it from starting.
        let rotation = Rotation::new(Arc::clone(network), Arc::clone(&ops), hangup, config.reload_interval);

        let stop_servers = Signal::default();
        let servers = Servers::start(config, children, network, &ops, &stop_servers).map_err(Error::Server)?;
        let bounds = Bounds {
            poll_channels: config
                .control_plane
                .poll_channels
                .iter()
                .map(|name| name.as_str().into())
                .collect(),
            max_inflight: config.control_plane.max_inflight,
            max_concurrent: mcp.max_concurrent_requests,
            connection_max_ttl: mcp.connection_max_ttl,
        };
        let dispatcher = Dispatcher::new(servers.transports, bounds, responder, Arc::clone(&ops));

        // Scripts that wait for the files find a listener that is bound and answers soon.
        let files = Files::write(config, &listener).map_err(Error::File)?;
        if config.announce_ui {
            banner::announce_page(&listener);
        }
        let summary = Summary::new(config, &listener);
        tokio::spawn(Server::new(listener, Arc::clone(&ops)).run());
        tokio::spawn(sweep(Arc::clone(&control), servers.http));
        tokio::spawn(rotation.run());
        Ok(Self {
            control,
            dispatcher,
            ops,
            prober: servers.prober,
            supervisors: servers.supervisors,
            stop_polling: Signal::default(),
            stop_servers,
            summary,
            _files: files,
        })
    }

    async fn serve(mut self, config: &Config, mut interrupts: Interrupts) {
        let wait = config.mcp.startup_wait_timeout;
        let poller = Poller::new(
            Arc::clone(&self.control),
            self.dispatcher.clone(),
            Arc::clone(&self.ops),
            self.stop_polling.clone(),
        );
        let (prober, stop) = (self.prober.take(), self.stop_polling.clone());
        let polling = tokio::spawn(async move {
            match prober {
                Some(prober) if !wait.is_zero() => {
                    info!("waiting for MCP startup probe before first control-plane poll");
                    tokio::select! {
                        () = prober.first(wait) => {}
                        () = stop.wait() => {}
                    }
                    tokio::spawn(prober.watch());
                }
                Some(prober) => {
                    tokio::spawn(async move {
                        prober.first(wait).await;
                        prober.watch().await;
                    });
                }
                None => {}
            }
            poller.run().await;
        });
        tokio::spawn(announce(
            Arc::clone(&self.control),
            Arc::clone(&self.ops),
            self.summary.clone(),
            tunnel_url(config),
        ));
        interrupts.next().await;
        self.drain(polling, interrupts).await;
    }

    /// Stops taking work, finishes what was taken, answers the rest. A second signal cuts it short (spec: better 6).
    async fn drain(mut self, polling: JoinHandle<()>, mut interrupts: Interrupts) {
        info!("shutting down: no more polls; finishing what was taken");
        self.ops.health.draining();
        self.stop_polling.set();
        let orderly = async {
            let finished = async {
                let _ = polling.await;
                self.dispatcher.drained().await;
            };
            if timeout(DRAIN_TIMEOUT, finished).await.is_err() {
                warn!("shutting down: some commands did not finish in time; answering them with an error");
                self.dispatcher.abandon();
                if timeout(DRAIN_ANSWER_TIMEOUT, self.dispatcher.drained()).await.is_err() {
                    warn!("shutting down: some answers could not be delivered");
                }
            }
            self.stop_servers.set();
            while self.supervisors.join_next().await.is_some() {}
        };
        tokio::select! {
            () = orderly => info!("stopped"),
            () = interrupts.next() => warn!("second signal: stopping at once"),
        }
    }
}

/// Fetches the tunnel's name for the banner; its success is also a first sign of life.
async fn announce(control: Arc<ControlPlane>, ops: Arc<Ops>, summary: Summary, tunnel_url: String) {
    let fetch = control.metadata();
    tokio::pin!(fetch);
    let (metadata, failure) = match timeout(METADATA_WAIT, &mut fetch).await {
        Ok(Ok(metadata)) => {
            ops.health.metadata_succeeded();
            (Some(metadata), None)
        }
        Ok(Err(error)) => {
            info!(error:% = error; "tunnel metadata not available");
            (None, Some(format!("control plane: {error}")))
        }
        Err(_) => (None, None),
    };
    summary.log(ops.health.failing().or(failure).as_deref());
    let known = |part: fn(&Metadata) -> &str| metadata.as_ref().map_or("not fetched yet", part);
    info!(
        tunnel_url,
        name = known(|m| &m.name),
        description = known(|m| &m.description),
        version = env!("CARGO_PKG_VERSION");
        "🟢 tunnel-client started"
    );
}

/// The tunnel's address, for people.
fn tunnel_url(config: &Config) -> String {
    let c = &config.control_plane;
    format!("{}{}/v1/tunnels/{}", c.base_url.origin(), c.url_path, c.tunnel_id)
}

/// Closes idle connections.
async fn sweep(control: Arc<ControlPlane>, servers: Vec<HttpServer>) {
    loop {
        sleep(IDLE_SWEEP).await;
        control.sweep();
        servers.iter().for_each(HttpServer::sweep);
    }
}
