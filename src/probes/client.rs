//! A process that is the client as far as its cage goes: it shuts itself in as the daemon does, and then an attempt is made on one of
//! its threads, or by a server that its broker starts.

use std::io;
use std::sync::mpsc;

use rustix::process::geteuid;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::outcome::Outcome;
use super::probe::{Place, Probe};
use super::role::{Named, Role};
use super::scene::{Facts, Scene};
use super::trial::{self, ROLE};
use crate::broker::{Broker, Specification, Starting};
use crate::config::{Binding, Config, Level, Target};
use crate::limits::SANDBOX_PROBE_TIMEOUT;
use crate::mcp::stdio;
use crate::net::{Network, NetworkError};
use crate::run::{Caged, Enclosure, Error};
use crate::sandbox;

/// What its cage is like.
pub(super) fn facts(config: &Config) -> Result<Facts, Error> {
    let client = Client::new(config, sandbox::seclude())?;
    let mut facts = Facts::of(config, client.enclosure.own());
    facts.status = event_loop()?.block_on(client.shut_alone())?.status;
    facts.root = geteuid().is_root();
    Ok(facts)
}

/// Makes an attempt in the cage that it is meant for.
pub(super) fn attempt(probe: &'static Probe, scene: &Scene, config: &Config) -> Result<Outcome, Error> {
    let level = match probe.place {
        Place::Main => {
            let client = Client::new(config, sandbox::seclude())?;
            event_loop()?.block_on(client.shut_alone())?;
            return Ok(Outcome::of(&probe.attempt(scene)));
        }
        Place::Resolver | Place::Audit => return in_thread(probe, scene, config),
        Place::Server => Level::Default,
        Place::Strict => Level::Strict,
    };
    by_broker(&serve_role(probe, scene), config, level)
}

/// Makes the same attempt without a cage, in a process that knows no configuration.
pub(super) fn attempt_freely(probe: &'static Probe, scene: &Scene) -> Result<Outcome, Error> {
    match probe.place {
        Place::Main | Place::Resolver | Place::Audit => Ok(Outcome::of(&probe.attempt(scene))),
        Place::Server | Place::Strict => {
            let server = trial::start_server(&serve_role(probe, scene));
            let ended = server.and_then(|server| Ok(server.end()?));
            Ok(ended.map_err(|error| failed(io::Error::other(error)))?.1)
        }
    }
}

/// Role of the server that makes the attempt; this process is its client.
fn serve_role(probe: &'static Probe, scene: &Scene) -> Role {
    Role::Serve {
        probe: Named::from(probe),
        scene: Box::new(Scene {
            client: Some(std::process::id()),
            ..scene.clone()
        }),
    }
}

fn in_thread(probe: &'static Probe, scene: &Scene, config: &Config) -> Result<Outcome, Error> {
    let Client {
        enclosure,
        network: _network,
        ..
    } = Client::new(config, sandbox::seclude())?;
    let unprivileged = enclosure.give_up_privileges()?;
    let (resolver, audit) = (unprivileged.of_resolvers(), unprivileged.of_audit());
    let thread = match probe.place {
        Place::Audit => Thread::start(probe, scene.clone(), move || audit.enter())?,
        _ => Thread::start(probe, scene.clone(), move || resolver.enter())?,
    };
    event_loop()?.block_on(unprivileged.without_resolvers().shut(config, None))?;
    Ok(thread.attempt())
}

/// Has a server try it that is started as those of the configuration are.
fn by_broker(role: &Role, config: &Config, level: Level) -> Result<Outcome, Error> {
    let umask = sandbox::seclude();
    // As the daemon does: before this process reads what it needs, and before anything is forbidden to it.
    let starting = Starting::launch().map_err(Error::Broker)?;
    let client = Client::new(config, umask)?;
    let server = specification(config, level)?;
    let channel = server.name.clone();
    let line = serde_json::to_vec(role).map_err(|error| failed(error.into()))?;
    event_loop()?.block_on(async {
        let Client {
            mut network, enclosure, ..
        } = client;
        // Its threads live until the attempt has ended; the daemon's, until the daemon ends.
        let resolving = enclosure.give_up_privileges()?.start_resolvers(&mut network)?;
        let caged = resolving.shut(config, Some((starting, vec![server]))).await?;
        let Some(broker) = caged.broker else {
            return Ok(Outcome::Broken);
        };
        let ended = timeout(SANDBOX_PROBE_TIMEOUT, serve(&broker, &channel, line)).await;
        broker.close().await;
        match ended {
            Ok(outcome) => outcome.map_err(failed),
            Err(_) => Ok(Outcome::Silent),
        }
    })
}

async fn serve(broker: &Broker, channel: &str, mut line: Vec<u8>) -> io::Result<Outcome> {
    let (mut child, mut stdin, _stdout) = broker.start(channel).await?;
    line.push(b'\n');
    // A process that is gone already tells why by its end.
    let _ = stdin.write_all(&line).await;
    drop(stdin);
    Ok(Outcome::of_status(child.exited().await?))
}

/// The first server with this level, but with this program in place of its own.
fn specification(config: &Config, level: Level) -> Result<Specification, Error> {
    let is_meant =
        |binding: &&Binding| matches!(&binding.target, Target::Stdio { sandbox, .. } if sandbox.level == level);
    let found = config.served().find(is_meant);
    let server = found.and_then(|binding| stdio::specification(config, binding));
    let mut server = server.ok_or(failed(io::ErrorKind::NotFound.into()))?;
    let program = std::env::current_exe().map_err(failed)?;
    let program = program.into_os_string().into_string();
    let program = program.map_err(|_| failed(io::Error::other("the path of this program is no UTF-8")))?;
    server.argv = vec![program, "doctor".to_owned(), format!("--{ROLE}")];
    Ok(server)
}

fn failed(error: io::Error) -> Error {
    Error::System("a stdio server that makes the attempt", error)
}

/// The client up to the moment at which it shuts itself in.
struct Client<'a> {
    config: &'a Config,
    network: Network,
    enclosure: Enclosure,
}

impl<'a> Client<'a> {
    /// `umask` as [`sandbox::seclude`] gives it, which comes before anything is opened.
    fn new(config: &'a Config, umask: u32) -> Result<Self, Error> {
        let network = Network::load(config)?;
        let enclosure = Enclosure::of(config, &network, umask)?;
        Ok(Self {
            config,
            network,
            enclosure,
        })
    }

    /// Shuts this process in, without other threads and without a broker.
    async fn shut_alone(self) -> Result<Caged, Error> {
        let resolving = self.enclosure.give_up_privileges()?.without_resolvers();
        resolving.shut(self.config, None).await
    }
}

fn event_loop() -> Result<Runtime, Error> {
    let made = tokio::runtime::Builder::new_current_thread().enable_all().build();
    made.map_err(|error| Error::System("the event loop", error))
}

/// A thread like those that resolve names, or the one that writes the audit log.
struct Thread {
    go: mpsc::Sender<()>,
    outcome: mpsc::Receiver<Outcome>,
}

impl Thread {
    /// It is in its cage when this returns.
    fn start(
        probe: &'static Probe,
        scene: Scene,
        enter: impl FnOnce() -> Result<(), sandbox::Error> + Send + 'static,
    ) -> Result<Self, NetworkError> {
        let (entered, result) = mpsc::sync_channel(1);
        let (go, begin) = mpsc::channel();
        let (ended, outcome) = mpsc::channel();
        let body = move || {
            let is_in = enter();
            if entered.send(is_in).is_ok() && begin.recv().is_ok() {
                let _ = ended.send(Outcome::of(&probe.attempt(&scene)));
            }
        };
        std::thread::Builder::new().spawn(body).map_err(NetworkError::Thread)?;
        match result.recv() {
            Ok(entered) => entered.map_err(NetworkError::Cage)?,
            Err(_) => return Err(NetworkError::Thread(io::Error::other("it ended before it began"))),
        }
        Ok(Self { go, outcome })
    }

    fn attempt(self) -> Outcome {
        let _ = self.go.send(());
        self.outcome.recv().unwrap_or(Outcome::Broken)
    }
}
