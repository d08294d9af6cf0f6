//! The story of the daemon: TLS, connections, listener, servers, polling, drain.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log::{info, warn};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::config::{Config, Target};
use crate::control::client::BadHeader;
use crate::control::{ControlPlane, Metadata, Poller, Responder};
use crate::dispatch::{Bounds, Dispatcher};
use crate::limits::{DRAIN_ANSWER_TIMEOUT, DRAIN_TIMEOUT, IDLE_SWEEP, METADATA_WAIT};
use crate::mcp::Transport;
use crate::mcp::http::{HttpServer, Prober};
use crate::mcp::stdio::{Environment, StdioServer, Supervisor};
use crate::net::{Connector, Resolver};
use crate::ops::{Ops, Server, health, metrics};
use crate::shutdown::Signal;
use crate::telemetry::{log as sink, redact};
use crate::tls::{self, Tls};
use crate::wire::command::MAIN_CHANNEL;

/// Why the daemon could not start.
#[derive(Debug)]
pub enum Error {
    /// The log cannot be written.
    Log(io::Error),
    /// TLS cannot be set up.
    Tls(tls::Error),
    /// The configuration holds what cannot be sent.
    Header(BadHeader),
    /// The health listener cannot be bound.
    Health(std::net::SocketAddr, io::Error),
    /// A file cannot be written: which setting names it, and its path.
    File(&'static str, PathBuf, io::Error),
    /// The program of a stdio channel cannot be started.
    Command(Box<str>, io::Error),
    /// The system refuses a thread, a signal handler or an event queue.
    System(&'static str, io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(error) => write!(f, "the log (log.file, LOG_FILE) cannot be opened: {error}"),
            Self::Tls(error) => error.fmt(f),
            Self::Header(error) => error.fmt(f),
            Self::Health(addr, error) if error.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "health listener (health.listen_addr, HEALTH_LISTEN_ADDR): {addr}: address already in use"
                )
            }
            Self::Health(addr, error) => {
                write!(
                    f,
                    "health listener (health.listen_addr, HEALTH_LISTEN_ADDR): {addr}: {error}"
                )
            }
            Self::File(setting, path, error) => write!(f, "{setting}: {} cannot be written: {error}", path.display()),
            Self::Command(channel, error) => {
                write!(
                    f,
                    "mcp.command of channel {channel}: the program cannot be started: {error}"
                )
            }
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// Runs until SIGTERM or SIGINT and the drain that follows.
///
/// # Errors
/// [`Error`] when it cannot start; later faults are logged and survived.
pub fn run(config: Config) -> Result<(), Error> {
    redact::protect(&config.control_plane.api_key);
    let instance_id = instance_id();
    let base = [
        ("client_instance_id", instance_id.clone()),
        ("tunnel_id", config.control_plane.tunnel_id.clone()),
    ];
    sink::init(&config.log, &base).map_err(Error::Log)?;
    for warning in &config.warnings {
        warn!("{warning}");
    }
    let tls = Tls::new(config.ca_bundle.as_deref()).map_err(Error::Tls)?;
    // Threads come first: later none may be created.
    let thread = |name| Resolver::start(name).map_err(|e| Error::System("a thread for name resolution", e));
    let resolvers = Resolvers {
        control: thread("resolve-control")?,
        mcp: thread("resolve-mcp")?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::System("the event loop", e))?;
    runtime.block_on(Daemon::start(config, instance_id, tls, resolvers))?;
    // What is left are connections and idle tasks; nothing of it is worth waiting for.
    runtime.shutdown_background();
    Ok(())
}

struct Resolvers {
    control: Resolver,
    mcp: Resolver,
}

/// The parts of a running daemon.
struct Daemon {
    control: Arc<ControlPlane>,
    dispatcher: Dispatcher,
    ops: Arc<Ops>,
    stop_polling: Signal,
    stop_servers: Signal,
    supervisors: JoinSet<()>,
    files: Files,
}

impl Daemon {
    async fn start(config: Config, instance_id: String, tls: Tls, resolvers: Resolvers) -> Result<(), Error> {
        let signals = Signals::new().map_err(|e| Error::System("signal handlers", e))?;
        let mcp = &config.mcp;
        // A broken server beside the main one does not make the tunnel useless; a broken child is ours to keep alive.
        let counted = config
            .mcp
            .bindings
            .iter()
            .filter(|b| b.is_stdio() || b.channel == MAIN_CHANNEL);
        let counted = counted.map(|b| b.channel.as_str());
        let ops = Arc::new(Ops {
            health: health::Health::new(counted),
            metrics: metrics::Metrics::new(config.control_plane.max_inflight, mcp.max_concurrent_requests),
        });
        let control = ControlPlane::new(&config, &instance_id, &tls, resolvers.control).map_err(Error::Header)?;
        let control = Arc::new(control);
        let responder = Responder::new(Arc::clone(&control), Arc::clone(&ops), mcp.max_concurrent_requests);

        let listener = Server::bind(config.health.addr, Arc::clone(&ops)).await;
        let listener = listener.map_err(|e| Error::Health(config.health.addr, e))?;
        let port = listener
            .local_addr()
            .map_err(|e| Error::Health(config.health.addr, e))?
            .port();
        tokio::spawn(listener.run());
        let files = Files::write(&config, port)?;

        let (stop_polling, stop_servers) = (Signal::default(), Signal::default());
        let mut supervisors = JoinSet::new();
        let servers = Servers::build(&config, &tls, &resolvers.mcp, &ops, &stop_servers, &mut supervisors)?;
        let bounds = Bounds {
            max_inflight: config.control_plane.max_inflight,
            max_concurrent: mcp.max_concurrent_requests,
            connection_max_ttl: mcp.connection_max_ttl,
        };
        let dispatcher = Dispatcher::new(servers.transports, bounds, responder, Arc::clone(&ops));
        tokio::spawn(sweep(Arc::clone(&control), servers.http.clone()));

        let daemon = Self {
            control,
            dispatcher,
            ops,
            stop_polling,
            stop_servers,
            supervisors,
            files,
        };
        daemon.serve(&config, servers.probers, signals).await;
        Ok(())
    }

    async fn serve(self, config: &Config, probers: Vec<Prober>, mut signals: Signals) {
        let poller = Poller::new(
            Arc::clone(&self.control),
            self.dispatcher.clone(),
            Arc::clone(&self.ops),
            self.stop_polling.clone(),
        );
        let wait = config.mcp.startup_wait_timeout;
        let mut probing = JoinSet::new();
        for prober in probers {
            probing.spawn(async move {
                prober.first(wait).await;
                prober
            });
        }
        let polling = tokio::spawn({
            let stop = self.stop_polling.clone();
            async move {
                if !wait.is_zero() {
                    info!("waiting for MCP startup probe before first control-plane poll");
                    let settled = async { while probing.join_next().await.map(watch).is_some() {} };
                    tokio::select! { () = settled => {}, () = stop.wait() => {} }
                    poller.run().await;
                } else {
                    let settled = tokio::spawn(async move { while probing.join_next().await.map(watch).is_some() {} });
                    poller.run().await;
                    settled.abort();
                }
            }
        });
        tokio::spawn(announce(
            Arc::clone(&self.control),
            Arc::clone(&self.ops),
            banner(config),
        ));
        signals.next().await;
        self.drain(polling, signals).await;
    }

    /// Stops taking work, finishes what was taken, answers the rest. A second signal cuts it short (spec: better 6).
    async fn drain(mut self, polling: tokio::task::JoinHandle<()>, mut signals: Signals) {
        info!("shutting down: no more polls; finishing what was taken");
        self.ops.health.draining();
        self.stop_polling.set();
        let orderly = async {
            let _ = polling.await;
            if timeout(DRAIN_TIMEOUT, self.dispatcher.drained()).await.is_err() {
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
            () = signals.next() => warn!("second signal: stopping at once"),
        }
        self.files.remove();
    }
}

/// Transports by channel, and what else they need.
#[derive(Default)]
struct Servers {
    transports: Vec<(Box<str>, Transport)>,
    http: Vec<HttpServer>,
    probers: Vec<Prober>,
}

impl Servers {
    fn build(
        config: &Config,
        tls: &Tls,
        resolver: &Resolver,
        ops: &Arc<Ops>,
        stop: &Signal,
        supervisors: &mut JoinSet<()>,
    ) -> Result<Self, Error> {
        let mut servers = Self::default();
        let mut environment = None;
        for binding in &config.mcp.bindings {
            let channel = binding.channel.as_str();
            let transport = match &binding.target {
                Target::Http { url, unix_socket } => {
                    let connector = Connector::new(url, unix_socket.as_deref(), tls, resolver.clone());
                    let server =
                        HttpServer::new(channel, url, connector).ok_or(Error::Header(BadHeader("mcp.server_url")))?;
                    servers.http.push(server.clone());
                    if channel == MAIN_CHANNEL {
                        servers.probers.push(Prober::new(server.clone(), Arc::clone(ops)));
                    }
                    Transport::Http(server)
                }
                Target::Stdio { argv } => {
                    let environment = environment.get_or_insert_with(|| Arc::new(child_environment(config)));
                    let server = StdioServer::new(channel, config.mcp.stdio_send_initialized_notification);
                    let (ops, stop) = (Arc::clone(ops), stop.clone());
                    let supervisor =
                        Supervisor::start(server.clone(), argv.clone(), Arc::clone(environment), ops, stop)
                            .map_err(|e| Error::Command(channel.into(), e))?;
                    if channel == MAIN_CHANNEL {
                        info!("oauth discovery server URL is not configured");
                    }
                    supervisors.spawn(supervisor.run());
                    Transport::Stdio(server)
                }
            };
            servers.transports.push((channel.into(), transport));
        }
        Ok(servers)
    }
}

fn child_environment(config: &Config) -> Environment {
    let environment = Environment::choose(
        std::env::vars_os(),
        &config.mcp.pass_env,
        &config.secret_variables,
        &config.control_plane.api_key,
    );
    if !environment.withheld.is_empty() {
        info!(names = environment.withheld.join(",");
            "stdio MCP servers do not receive these variables; mcp.pass_env lets more through");
    }
    environment
}

/// Goes on watching a server after its first probe.
fn watch(first: Result<Prober, tokio::task::JoinError>) {
    if let Ok(prober) = first {
        tokio::spawn(prober.watch());
    }
}

/// Fetches the tunnel's name for the banner; its success is also a first sign of life.
async fn announce(control: Arc<ControlPlane>, ops: Arc<Ops>, tunnel_url: String) {
    let fetch = control.metadata();
    tokio::pin!(fetch);
    let metadata = match timeout(METADATA_WAIT, &mut fetch).await {
        Ok(Ok(metadata)) => {
            ops.health.metadata_succeeded();
            Some(metadata)
        }
        Ok(Err(error)) => {
            info!(error:% = error; "tunnel metadata not available");
            None
        }
        Err(_) => None,
    };
    let known = |part: fn(&Metadata) -> &str| metadata.as_ref().map_or("not fetched yet", part);
    info!(
        tunnel_url,
        name = known(|m| &m.name),
        description = known(|m| &m.description),
        version = env!("CARGO_PKG_VERSION");
        "🟢 tunnel-client started"
    );
}

fn banner(config: &Config) -> String {
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

/// SIGTERM and SIGINT.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The files that tell others where we are.
struct Files(Vec<PathBuf>);

impl Files {
    fn write(config: &Config, port: u16) -> Result<Self, Error> {
        let mut written = Vec::new();
        let host = match config.health.host.as_str() {
            "" | "0.0.0.0" | "::" | "[::]" => "localhost".to_owned(),
            host if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
            host => host.to_owned(),
        };
        let url = format!("http://{host}:{port}");
        if let Some(path) = &config.health.url_file {
            write_atomically(path, &url, 0o600).map_err(|e| Error::File("health.url_file", path.clone(), e))?;
            info!(url = &*url, path:% = path.display(); "HEALTH URL: {url} (written to {})", path.display());
            written.push(path.clone());
        }
        info!(addr:% = config.health.addr, health_url = &*url; "health server listening");
        if let Some(path) = &config.pid_file {
            let pid = format!("{}\n", std::process::id());
            write_atomically(path, &pid, 0o644).map_err(|e| Error::File("process.pid_file", path.clone(), e))?;
            info!(path:% = path.display(); "pid file written");
            written.push(path.clone());
        }
        Ok(Self(written))
    }

    fn remove(&self) {
        for path in &self.0 {
            // One that is gone already is as good.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Readers see the old content or the new; a symlink in the place is replaced, not followed.
fn write_atomically(path: &Path, content: &str, mode: u32) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory)?;
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let result = (|| {
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)?;
        file.write_all(content.as_bytes())?;
        std::fs::rename(&temporary, path)
    })();
    if result.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    result
}

/// 16 random bytes, new for every process (spec: wire, section 2).
fn instance_id() -> String {
    let mut bytes = [0; 16];
    // Without randomness the process id keeps instances on one host apart.
    if getrandom::fill(&mut bytes).is_err() {
        bytes[..4].copy_from_slice(&std::process::id().to_le_bytes());
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
