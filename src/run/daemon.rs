//! The parts of a running daemon: made, served, drained.

use std::sync::Arc;
use std::time::Duration;

use log::{error, info, warn};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::reporting::report;
use super::{Error, Outside, told, transitions};
use crate::audit::AuditLog;
use crate::broker::{self, Broker};
use crate::config::Config;
use crate::control::{ControlPlane, Metadata, Poller};
use crate::delivery::Responder;
use crate::dispatch::audit::{Audit, Records};
use crate::dispatch::{Bounds, Dispatcher};
use crate::identity;
use crate::limits::{
    DRAIN_ANSWER_TIMEOUT, DRAIN_TIMEOUT, END_TIMEOUT, IDLE_SWEEP, METADATA_WAIT, START_SETTLES, STARTUP_PROBE_TIMEOUT,
    STEP_SLACK,
};
use crate::mcp::Transport;
use crate::mcp::http::{HttpServer, Prober};
use crate::mcp::servers::Servers;
use crate::monitor::health::{Served, Setup};
use crate::monitor::{self, Health, Layer, Metrics, Monitor, Progress};
use crate::net::{Network, Way};
use crate::ops::banner::{self, Summary};
use crate::ops::janitor::Custody;
use crate::ops::{PageSetup, Server, Shown};
use crate::rotation::{Rotation, SettingsFile};
use crate::sandbox::{State, Status};
use crate::service_manager::ServiceManager;
use crate::shutdown::{Hangup, Interrupts, Signal};
use crate::sys;
use crate::telemetry::log as sink;
use crate::wire::command::MAIN_CHANNEL;

/// The parts of a running daemon.
pub(super) struct Daemon {
    control: Arc<ControlPlane>,
    dispatcher: Dispatcher<Transport, ControlPlane>,
    monitor: Arc<Monitor>,
    prober: Option<Prober>,
    /// There is one when there are stdio servers.
    broker: Option<Broker>,
    supervisors: JoinSet<()>,
    stop_polling: Signal,
    stop_servers: Signal,
    summary: Summary,
    manager: ServiceManager,
    /// Removed at the end.
    _files: Option<Custody>,
}

/// What was made before the cage was shut.
pub(super) struct Parts<'a> {
    pub(super) broker: Option<Broker>,
    pub(super) audit: Option<AuditLog>,
    pub(super) outside: Outside,
    /// The layers of the sandbox that are in force.
    pub(super) status: Status,
    pub(super) hangup: Hangup,
    /// The configuration file.
    pub(super) settings: Option<SettingsFile>,
    /// The configuration as it was written, for the status page.
    pub(super) written: &'a str,
}

impl Daemon {
    pub(super) async fn start(
        config: &Config,
        instance_id: &str,
        network: &Arc<Network>,
        parts: Parts<'_>,
    ) -> Result<Self, Error> {
        let Parts {
            broker,
            audit,
            outside,
            status: sandbox,
            hangup,
            settings,
            written,
        } = parts;
        let Outside {
            listener,
            files,
            manager,
            process,
        } = outside;
        let mcp = &config.mcp;
        // A broken server beside the main one does not make the tunnel useless; a broken child is ours to keep alive.
        let served = config.served().map(|binding| Served {
            channel: &binding.channel,
            transport: match binding.is_stdio() {
                true => monitor::Transport::Stdio,
                false => monitor::Transport::Http,
            },
            counts: binding.is_stdio() || binding.channel == MAIN_CHANNEL,
        });
        let setup = Setup {
            instance_id,
            servers: served.collect(),
            queue_capacity: config.control_plane.max_inflight,
            pool_limit: mcp.max_concurrent_requests,
            log: Some(told::log),
        };
        let mut metrics = Metrics::new(setup.queue_capacity, setup.pool_limit);
        metrics.describe(identity::build(), process.is_some());
        metrics.count_connections(network.connections());
        if let Some(forwarding) = audit.as_ref().and_then(AuditLog::forwarding) {
            metrics.show_forwarding(forwarding);
        }
        let monitor = Arc::new(Monitor {
            health: Health::of(&setup),
            metrics,
            progress: Progress::default(),
        });
        show_layers(&monitor, &sandbox);
        let connector = network.connector(&Way::to_control_plane(config)).map_err(Error::Tls)?;
        let control = Arc::new(ControlPlane::new(config, instance_id, connector).map_err(Error::Header)?);
        let responder = Responder::new(Arc::clone(&control), Arc::clone(&monitor), mcp.max_concurrent_requests);

        // A certificate that a peer will refuse can be replaced while the daemon runs, so it does not keep it from starting.
        let rotation = Rotation::new(
            Arc::clone(network),
            Arc::clone(&monitor),
            manager.clone(),
            hangup,
            settings,
            config.reload_interval,
        );

        let stop_servers = Signal::default();
        let servers = Servers::start(config, network, broker.as_ref(), &monitor, &stop_servers)
            .await
            .map_err(Error::Server)?;
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
            pass_error_text: mcp.pass_error_text,
        };
        let audit = audit.map(|audit| {
            audit.report_to(&monitor);
            Arc::new(audit) as Arc<dyn Audit>
        });
        let page = PageSetup::of(config, sink::kept(), written);
        let records = Records {
            audit,
            recent: page.as_ref().map(PageSetup::recent),
        };
        let dispatcher = Dispatcher::new(servers.transports, bounds, responder, Arc::clone(&monitor), records);

        if config.announce_ui {
            banner::announce_page(&listener);
        }
        let summary = Summary::new(config, &listener);
        let shown = Shown {
            monitor: Arc::clone(&monitor),
            sandbox,
            process,
            details: config.health.show_details,
        };
        tokio::spawn(Server::new(listener, Arc::new(shown), page).run());
        tokio::spawn(transitions::log(Arc::clone(&monitor)));
        tokio::spawn(settle());
        tokio::spawn(sweep(Arc::clone(&control), servers.http));
        tokio::spawn(rotation.run());
        Ok(Self {
            control,
            dispatcher,
            monitor,
            prober: servers.prober,
            broker,
            supervisors: servers.supervisors,
            stop_polling: Signal::default(),
            stop_servers,
            summary,
            manager,
            _files: files,
        })
    }

    /// Until a signal, or until the broker is lost, which is given.
    pub(super) async fn serve(mut self, config: &Config, mut interrupts: Interrupts) -> Option<broker::Error> {
        let wait = config.mcp.startup_wait_timeout;
        let poller = Poller::new(
            Arc::clone(&self.control),
            self.dispatcher.clone(),
            Arc::clone(&self.monitor),
            self.stop_polling.clone(),
        );
        let (prober, stop) = (self.prober.take(), self.stop_polling.clone());
        let monitor = Arc::clone(&self.monitor);
        let polling = tokio::spawn(async move {
            match prober {
                Some(mut prober) if !wait.is_zero() => {
                    info!("waiting for MCP startup probe before first control-plane poll");
                    monitor.progress.step(wait.saturating_add(STARTUP_PROBE_TIMEOUT));
                    tokio::select! {
                        () = prober.first(wait) => {}
                        () = stop.wait() => {}
                    }
                    tokio::spawn(prober.watch());
                }
                Some(mut prober) => {
                    tokio::spawn(async move {
                        prober.first(wait).await;
                        prober.watch().await;
                    });
                }
                None => {}
            }
            poller.run().await;
        });
        tokio::spawn(report(self.manager.clone(), Arc::clone(&self.monitor)));
        tokio::spawn(announce(
            Arc::clone(&self.control),
            Arc::clone(&self.monitor),
            self.summary.clone(),
            tunnel_url(config),
        ));
        let lost = tokio::select! {
            () = interrupts.next() => None,
            lost = lost(self.broker.as_ref()) => Some(lost),
        };
        if let Some(lost) = &lost {
            error!("{lost}");
        }
        self.drain(polling, interrupts).await;
        lost
    }

    /// Stops taking work, finishes what was taken, answers the rest. A second signal cuts it short (contract: wire, section 11).
    async fn drain(mut self, polling: JoinHandle<()>, mut interrupts: Interrupts) {
        info!("shutting down: no more polls; finishing what was taken");
        self.monitor.health.draining();
        self.manager.stopping(self.step(DRAIN_TIMEOUT), &self.monitor.status());
        self.stop_polling.set();
        let orderly = async {
            let finished = async {
                let _ = polling.await;
                self.dispatcher.drained().await;
            };
            if timeout(DRAIN_TIMEOUT, finished).await.is_err() {
                warn!("shutting down: some commands did not finish in time; answering them with an error");
                self.manager.extend(self.step(DRAIN_ANSWER_TIMEOUT));
                self.dispatcher.abandon();
                if timeout(DRAIN_ANSWER_TIMEOUT, self.dispatcher.drained()).await.is_err() {
                    warn!("shutting down: some answers could not be delivered");
                }
            }
            self.monitor.health.drained();
            self.manager.extend(self.step(END_TIMEOUT));
            self.stop_servers.set();
            while self.supervisors.join_next().await.is_some() {}
        };
        tokio::select! {
            () = orderly => info!("stopped"),
            () = interrupts.next() => warn!("second signal: stopping at once"),
        }
        // The audit log ends before anything else runs.
        self.dispatcher.lose_the_rest();
    }

    /// A step of the drain that ends within this. Returns how long the service manager should wait for the next.
    fn step(&self, bound: Duration) -> Duration {
        self.monitor.progress.drain(bound);
        bound.saturating_add(STEP_SLACK)
    }
}

/// Puts the layers of the sandbox, which do not change, into metrics and health.
fn show_layers(Monitor { health, metrics, .. }: &Monitor, sandbox: &Status) {
    health.sandboxed(sandbox.findings().iter().map(|finding| Layer {
        name: finding.layer.as_str(),
        state: finding.state.as_str(),
    }));
    for finding in sandbox.findings() {
        for state in State::ALL {
            metrics.sandbox_layer(finding.layer.as_str(), state.as_str(), state == finding.state);
        }
    }
}

/// Returns when the broker is lost: never, when there is none.
async fn lost(broker: Option<&Broker>) -> broker::Error {
    match broker {
        Some(broker) => broker.lost().await,
        None => std::future::pending().await,
    }
}

/// Fetches the tunnel's name for the banner; its success is also a first sign of life.
async fn announce(control: Arc<ControlPlane>, monitor: Arc<Monitor>, summary: Summary, tunnel_url: String) {
    let fetch = control.metadata();
    tokio::pin!(fetch);
    let (metadata, failure) = match timeout(METADATA_WAIT, &mut fetch).await {
        Ok(Ok(metadata)) => {
            monitor.health.metadata_succeeded();
            (Some(metadata), None)
        }
        Ok(Err(error)) => {
            info!(error:% = error; "tunnel metadata not available");
            (None, Some(format!("control plane: {error}")))
        }
        Err(_) => (None, None),
    };
    summary.log(monitor.health.failing().or(failure).as_deref());
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

/// Gives back what only the start needed, once the first poll is held open: its handshakes and probes used the program's pages again.
async fn settle() {
    sleep(START_SETTLES).await;
    sys::program::release();
}

/// Closes idle connections.
async fn sweep(control: Arc<ControlPlane>, servers: Vec<HttpServer>) {
    loop {
        sleep(IDLE_SWEEP).await;
        control.sweep();
        servers.iter().for_each(HttpServer::sweep);
    }
}
