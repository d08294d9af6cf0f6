//! The story of the daemon: log, secrets and TLS, listener, privileges, threads, sandbox, servers, polling, drain.

mod check;
mod daemon;
mod enclosure;
mod error;
mod log_server;
mod records;
mod reporting;
mod told;
mod transitions;

use std::sync::Arc;

use log::warn;
use tokio::signal::unix::Signal;
use tokio::task::JoinHandle;

use crate::audit;
use crate::broker::Starting;
use crate::config::Config;
use crate::identity;
use crate::mcp::stdio::{exposures, specifications};
use crate::net::{Network, Way};
use crate::ops::embedded::BoundStub;
use crate::ops::files::Files;
use crate::ops::janitor::{self, Custody, Janitor, LogSocket, Purpose};
use crate::ops::{Listener, OwnProcess};
use crate::own_program;
use crate::rotation::SettingsFile;
use crate::sandbox::{self, JanitorCage};
use crate::secrets::{self, SecludedFile};
use crate::service_manager::{Offer, ServiceManager};
use crate::shutdown::{self, Interrupts};
use crate::sys;
use crate::telemetry::{log as sink, reconnected, redact};

pub use check::{Findings, check};
use daemon::{Daemon, Parts};
pub(crate) use enclosure::{Caged, Enclosure};
pub use error::Error;
use records::{Outlet, RecordSender};

/// Runs until SIGTERM or SIGINT and the drain that follows. `offer`: what the service manager wants to be told; `warnings`: one line each for
/// the log, after those of the configuration; `written`: the configuration as it was written, as a support bundle shows it.
///
/// # Errors
/// [`Error`] when it cannot start, and when the broker is lost; other faults are logged and survived.
pub fn run(mut config: Config, offer: Offer, warnings: &[String], written: &str) -> Result<(), Error> {
    let umask = sandbox::seclude();
    sys::signals::ignore_unused();
    config.for_each_secret(redact::protect);
    let instance_id = identity::instance_id();
    let base = [
        ("client_instance_id", instance_id.clone()),
        ("tunnel_id", config.control_plane.tunnel_id.clone()),
    ];
    let keep = config.page.as_ref().map(|page| page.log_lines);
    sink::init(&config.log, &base, sandbox::log_owners(&config), keep).map_err(Error::Log)?;
    let unprotected = sandbox::unprotected(&config);
    for warning in config.warnings.iter().chain(warnings).chain(&unprotected) {
        warn!("{warning}");
    }
    let manager = ServiceManager::connect(offer);
    // Before anything is forbidden to this process and before there is a thread: the broker inherits neither.
    let servers = specifications(&config);
    for server in &servers {
        let check = server.cage.check(&server.argv);
        check.map_err(|error| Error::ServerCage(server.name.clone(), error))?;
    }
    let broker = match servers.is_empty() {
        true => None,
        false => Some(Starting::launch().map_err(Error::Broker)?),
    };
    let has_socket = reconnected(&config.log.target)
        .or_else(|| records::reconnected(&config))
        .is_some();
    let janitor = match Files::are_configured(&config) || has_socket {
        true => janitor()?,
        false => None,
    };
    let mut network = Network::load(&config)?;
    config.secluded.iter().for_each(SecludedFile::warn);
    // The network has it now, and lets go of it when it is rotated.
    drop(config.take_api_key());
    let settings = config.take_file().map(SettingsFile::open);
    if let Some(error) = network.broken_certificate() {
        return Err(Error::Tls(error));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::System("the event loop", e))?;
    let ended = runtime.block_on(async {
        let hangup = shutdown::hangup().map_err(|e| Error::System("a signal handler", e))?;
        let user_signal = shutdown::user_signal().map_err(|e| Error::System("a signal handler", e))?;
        tokio::spawn(reopen_log(user_signal));
        let second_signal = shutdown::second_user_signal().map_err(|e| Error::System("a signal handler", e))?;
        tokio::spawn(change_level(second_signal));
        if config.log_server.is_none() {
            tokio::spawn(sink::keep_up());
        }
        // Before the file is opened: a rotation after that is not missed.
        let audit_hangup = shutdown::hangup().map_err(|e| Error::System("a signal handler", e))?;
        let audit_signal = shutdown::user_signal().map_err(|e| Error::System("a signal handler", e))?;
        let records = audit::Opened::of(&config).map_err(Error::Audit)?;
        let interrupts = Interrupts::catch().map_err(|e| Error::System("signal handlers", e))?;
        // The cage allows a connection to the port that the kernel chose.
        let mut stub = BoundStub::bind(&mut config).await.map_err(Error::Stub)?;
        let mut enclosure = Enclosure::of(&config, &network, umask)?;
        told::replaceable_programs(exposures(&config, &enclosure.servers_account()))?;
        told::closed_directories(&config, &enclosure.servers_account());
        told::readable_program(&config);
        if let Some(janitor) = &janitor {
            enclosure.protect(janitor.id());
        }
        if let Some(descriptor) = manager.descriptor() {
            enclosure.keep_manager(descriptor);
        }
        if let Some(descriptor) = sink::kept_socket() {
            enclosure.keep_log(descriptor);
        }
        let mut outlet = Outlet::open(&config)?;
        if let Some(descriptor) = outlet.as_ref().and_then(Outlet::descriptor) {
            enclosure.keep_audit(descriptor);
        }
        let cage = enclosure.own().of_janitor();
        let outside = Outside::open(&config, stub.as_mut(), janitor, cage, outlet.as_mut(), manager).await?;
        let broker = broker.map(|starting| (starting, servers));
        let servers_uid = enclosure.servers_uid();
        secrets::end_proofs();
        let mut enclosure = enclosure.give_up_privileges()?;
        let audit = records.map(|records| enclosure.start_audit(records)).transpose()?;
        if let Some(audit) = &audit {
            tokio::spawn(reopen_audit(audit.clone(), audit_hangup, audit_signal));
        }
        let enclosure = enclosure.start_resolvers(&mut network)?;
        let Caged { status, broker } = enclosure.shut(&config, broker).await?;
        told::layers(&status, &network);
        if broker.is_some() {
            told::exposed(&config, servers_uid);
        }
        if let Some(stub) = stub {
            tokio::spawn(stub.serve());
        }
        let network = Arc::new(network);
        let log_server = LogSender::start(&config, &network)?;
        let records = RecordSender::start(&config, &network, audit.as_ref(), outlet)?;
        let parts = Parts {
            broker: broker.clone(),
            audit: audit.clone(),
            outside,
            status,
            hangup,
            settings,
            written,
        };
        let daemon = Daemon::start(&config, &instance_id, &network, parts).await?;
        // What only the start needed.
        sys::program::release();
        let lost = daemon.serve(&config, interrupts).await;
        if let Some(audit) = &audit {
            audit.end();
        }
        if let Some(broker) = broker {
            broker.close().await;
        }
        records.finish().await;
        if let Some(audit) = &audit {
            audit.close();
        }
        log_server.finish().await;
        lost.map_or(Ok(()), |error| Err(Error::Broker(error)))
    });
    sink::finish();
    ended?;
    // What is left are connections and idle tasks; nothing of it is worth waiting for.
    runtime.shutdown_background();
    Ok(())
}

/// Opens the log again at each SIGUSR1.
async fn reopen_log(mut signal: Signal) {
    while signal.recv().await.is_some() {
        sink::reopen();
    }
}

/// Opens the audit log again at each SIGHUP and SIGUSR1.
async fn reopen_audit(audit: audit::AuditLog, mut hangup: Signal, mut user_signal: Signal) {
    loop {
        let signal = tokio::select! {
            signal = hangup.recv() => signal,
            signal = user_signal.recv() => signal,
        };
        if signal.is_none() {
            return;
        }
        audit.reopen();
    }
}

/// Logs more, or as much as before, at each SIGUSR2.
async fn change_level(mut signal: Signal) {
    while signal.recv().await.is_some() {
        sink::toggle();
    }
}

/// The task that sends the log to a syslog server, when a connection leads to one.
struct LogSender {
    stop: shutdown::Signal,
    task: Option<JoinHandle<()>>,
}

impl LogSender {
    fn start(config: &Config, network: &Network) -> Result<Self, Error> {
        let stop = shutdown::Signal::default();
        let task = match &config.log_server {
            Some(server) => {
                let connector = network.connector(&Way::to_log_server(server)).map_err(Error::Tls)?;
                Some(tokio::spawn(log_server::send(connector, stop.clone())))
            }
            None => None,
        };
        Ok(Self { stop, task })
    }

    /// Sends what still waits, within a bound.
    async fn finish(self) {
        self.stop.set();
        if let Some(task) = self.task {
            let _ = task.await;
        }
    }
}

/// Starts the process that removes files at the end; `None` where it cannot exist for lack of /proc.
fn janitor() -> Result<Option<Janitor>, Error> {
    match Janitor::launch() {
        Ok(janitor) => Ok(Some(janitor)),
        Err(error @ janitor::Error::Start(own_program::Error::NoProc)) => {
            warn!("{error}; these files will not be removed at the end, and a log socket is not connected again");
            Ok(None)
        }
        Err(error) => Err(Error::Janitor(error)),
    }
}

/// What others see of the process: made while it may make files and sockets.
struct Outside {
    listener: Listener,
    /// Removed at the end.
    files: Option<Custody>,
    manager: ServiceManager,
    /// Figures of the process for metrics.
    process: Option<OwnProcess>,
}

impl Outside {
    async fn open(
        config: &Config,
        stub: Option<&mut BoundStub>,
        janitor: Option<Janitor>,
        cage: JanitorCage,
        outlet: Option<&mut Outlet>,
        manager: ServiceManager,
    ) -> Result<Self, Error> {
        let mut listener = Listener::bind(&config.health).await.map_err(Error::Health)?;
        // Scripts that wait for the files find a listener that is bound.
        let mut files = Files::write(config, &listener).map_err(Error::File)?;
        if let Some(stub) = stub {
            files.add_stub(stub);
        }
        let no_descriptor = |error| Error::System("a descriptor", error);
        let log = sink::socket(&config.log).map(|(socket, path)| LogSocket {
            purpose: Purpose::Log,
            socket,
            path,
        });
        let records = match &outlet {
            Some(outlet) => outlet.reconnected(config).map_err(no_descriptor)?,
            None => None,
        };
        let sockets: Vec<_> = log.into_iter().chain(records).collect();
        let files = files
            .entrust(&mut listener, janitor, cage, &sockets)
            .map_err(Error::Janitor)?;
        let reconnector = |purpose| {
            let files = files
                .as_ref()
                .filter(|_| sockets.iter().any(|socket| socket.purpose == purpose));
            files
                .map(|files| files.reconnector(purpose))
                .transpose()
                .map_err(no_descriptor)
        };
        if let Some(reconnector) = reconnector(Purpose::Log)? {
            sink::reconnect_by(move || reconnector.ask());
        }
        if let Some((outlet, reconnector)) = outlet.zip(reconnector(Purpose::Records)?) {
            outlet.reconnect_by(reconnector);
        }
        Ok(Self {
            listener,
            files,
            manager,
            process: OwnProcess::open(sandbox::descriptors_in_cage(config)),
        })
    }
}
