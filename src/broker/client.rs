//! The daemon's end: it starts the broker, and asks it for servers.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log::warn;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{Shutdown, shutdown};
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::ROLE;
use super::child::Child;
use super::connection::{Message, SpecificationWriter, receive, send};
use super::protocol::{Reply, Request};
use super::spec::{Instructions, ServerNumber};
use super::words::pass_on;
use crate::limits::{BROKER_END_TIMEOUT, BROKER_READY_TIMEOUT, BROKER_REAP_INTERVAL, BROKER_WORDS_TIMEOUT};
use crate::own_program;
use crate::sandbox::selinux::{Context, Refused};
use crate::shutdown::Signal;
use crate::sys::child::Failure;
use crate::sys::watched;
use crate::telemetry::stream::Stream;

/// The broker cannot be had, or is gone.
#[derive(Debug)]
pub enum Error {
    /// There is no /proc, through which this program is executed again.
    NoProc,
    /// Its process cannot be started.
    Start(io::Error),
    /// SELinux refuses its domain.
    Domain(Refused),
    /// It does not take what it is to start.
    Specifications(io::Error),
    /// It did not get ready.
    NotReady(Option<ExitStatus>),
    /// It ended, or broke the protocol, while it was needed.
    Lost(Option<ExitStatus>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, status) = match self {
            Self::NoProc => {
                return f.write_str(
                    "the broker of stdio MCP servers (mcp.commands) cannot be started: there is no /proc here, by which \
                     tunnel-client executes itself again; mount it (mount -t proc proc /proc), or serve these MCP servers by a URL",
                );
            }
            Self::Start(error) => {
                return write!(
                    f,
                    "the broker of stdio MCP servers (mcp.commands) cannot be started: {error}"
                );
            }
            Self::Domain(refused) => {
                return write!(
                    f,
                    "the broker of stdio MCP servers (mcp.commands) cannot be started: {refused}"
                );
            }
            Self::Specifications(error) => {
                return write!(
                    f,
                    "the broker of stdio MCP servers cannot be told the commands and environments of mcp.commands: {error}"
                );
            }
            Self::NotReady(status) => ("did not get ready", status),
            Self::Lost(status) => ("is gone, and no other can be started; start tunnel-client anew", status),
        };
        write!(f, "the broker of stdio MCP servers {what}")?;
        match status {
            Some(status) => write!(f, " ({status})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// A broker that was just started.
#[derive(Debug)]
pub struct Starting {
    socket: OwnedFd,
    process: std::process::Child,
    words: Words,
}

/// The pipe that it writes the lines of servers to, and where they go.
#[derive(Debug)]
struct Words {
    from: OwnedFd,
    to: Stream,
}

impl Starting {
    /// Executes this binary again as the broker, with an empty environment and, under the policy module of tunnel-client, in the
    /// broker's domain.
    ///
    /// # Errors
    /// There is no process.
    pub fn launch() -> Result<Self, Error> {
        let (from, theirs) = io::pipe().map_err(Error::Start)?;
        let words = Words {
            from: from.into(),
            to: Stream::error().map_err(Error::Start)?,
        };
        let context = Context::of_broker();
        let (socket, process) =
            own_program::launch(ROLE, context.as_ref(), Stdio::from(theirs)).map_err(|error| match error {
                own_program::Error::NoProc => Error::NoProc,
                own_program::Error::Domain(refused) => Error::Domain(refused),
                own_program::Error::Start(error) => Error::Start(error),
            })?;
        Ok(Self { socket, process, words })
    }

    /// Blocks until it is taken, for a bounded time.
    fn tell(&self, instructions: &Instructions) -> io::Result<()> {
        set_socket_timeout(&self.socket, Timeout::Send, Some(BROKER_READY_TIMEOUT))?;
        let mut writer = SpecificationWriter::new(self.socket.as_fd());
        serde_json::to_writer(&mut writer, instructions).map_err(io::Error::from)?;
        writer.finish()
    }

    /// Tells it what there is to start, waits until it is ready, and serves it from now on. To be called within the event loop.
    ///
    /// # Errors
    /// It does not take what it is told, or did not get ready in time.
    pub async fn connect(self, instructions: &Instructions) -> Result<Broker, Error> {
        let told = self.tell(instructions);
        let from = pipe::Receiver::from_owned_fd(self.words.from).map_err(Error::Start)?;
        let words = tokio::spawn(pass_on(from, self.words.to));
        if let Err(error) = told {
            drop((self.socket, self.process));
            let _ = timeout(BROKER_WORDS_TIMEOUT, words).await;
            return Err(Error::Specifications(error));
        }
        let socket = watched::readable(self.socket).map_err(Error::Start)?;
        let first = timeout(BROKER_READY_TIMEOUT, next(&socket)).await;
        let broker = Broker(Arc::new(Shared {
            socket,
            process: Mutex::new(self.process),
            words: Mutex::new(Some(words)),
            servers: instructions.numbers(),
            runs: Mutex::default(),
            gone: Signal::default(),
        }));
        match first {
            Ok(Ok(Some(message))) if message.reply == Reply::Ready && message.pipes.is_none() => {
                tokio::spawn(listen(Arc::clone(&broker.0)));
                Ok(broker)
            }
            _ => {
                broker.0.hang_up();
                let status = broker.0.reap().await;
                broker.0.hear_out().await;
                Err(Error::NotReady(status))
            }
        }
    }
}

/// The broker at work. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Broker(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    socket: AsyncFd<OwnedFd>,
    process: Mutex<std::process::Child>,
    /// Passes on the lines of servers, to the end.
    words: Mutex<Option<JoinHandle<()>>>,
    /// Numbers of the servers that it may start, by channel.
    servers: BTreeMap<Box<str>, ServerNumber>,
    runs: Mutex<Runs>,
    /// It ends no server, starts none and tells of none any more.
    gone: Signal,
}

#[derive(Debug, Default)]
struct Runs {
    /// The greatest number of a run so far.
    last: u64,
    waiting: BTreeMap<u64, Waiting>,
}

/// Who waits for news of a run.
#[derive(Debug)]
struct Waiting {
    started: Option<oneshot::Sender<io::Result<Started>>>,
    exited: oneshot::Sender<ExitStatus>,
    /// Given to the child once it is one.
    exit: Option<oneshot::Receiver<ExitStatus>>,
}

/// A server that runs, and the pipes to it and from it.
pub type Started = (Child, pipe::Sender, pipe::Receiver);

impl Broker {
    /// Starts the server of this channel.
    ///
    /// # Errors
    /// It cannot be started, the broker was told of none, or the broker is gone.
    pub async fn start(&self, channel: &str) -> io::Result<Started> {
        let number = self.0.servers.get(channel).ok_or(io::ErrorKind::NotFound)?;
        let (started, outcome) = oneshot::channel();
        let (exited, exit) = oneshot::channel();
        let run = {
            let mut runs = self.0.runs();
            if self.0.gone.is_set() {
                return Err(gone());
            }
            runs.last += 1;
            let waiting = Waiting {
                started: Some(started),
                exited,
                exit: Some(exit),
            };
            let run = runs.last;
            runs.waiting.insert(run, waiting);
            run
        };
        self.0.send(Request::Start {
            index: number.index(),
            run,
        });
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Returns when the broker is gone though nobody closed it.
    pub async fn lost(&self) -> Error {
        self.0.gone.wait().await;
        Error::Lost(self.0.reap().await)
    }

    /// Lets it end, with every server that still runs, and waits for that for a bounded time.
    pub async fn close(&self) -> Option<ExitStatus> {
        // It learns that no more requests follow, and can still report the processes that it could not end.
        let _ = shutdown(self.0.socket.get_ref(), Shutdown::Write);
        let _ = timeout(2 * BROKER_END_TIMEOUT, self.0.gone.wait()).await;
        self.0.hang_up();
        let status = self.0.reap().await;
        self.0.hear_out().await;
        status
    }
}

impl Shared {
    /// Sends a request. A broker that does not take it is no broker any more: it reads at once, and each server has few
    /// messages on their way, so that they always find room.
    pub(super) fn send(&self, request: Request) {
        if send(self.socket.get_ref().as_fd(), request).is_err() {
            self.hang_up();
        }
    }

    /// The task that listens hears the end.
    fn hang_up(&self) {
        let _ = shutdown(self.socket.get_ref(), Shutdown::Both);
    }

    /// Takes a message; false when it makes no sense.
    fn take(self: &Arc<Self>, message: Message) -> bool {
        let mut runs = self.runs();
        match (message.reply, message.pipes) {
            (Reply::Started { run, pid }, Some((stdin, stdout))) => {
                let Some(waiting) = runs.waiting.get_mut(&run) else {
                    return false;
                };
                let (Some(started), Some(exit)) = (waiting.started.take(), waiting.exit.take()) else {
                    return false;
                };
                drop(runs);
                // Dropped, because nobody waits for it or for want of a pipe, the child is killed.
                let child = Child::new(Arc::clone(self), run, pid.unsigned_abs(), exit);
                let piped = pipe::Sender::from_owned_fd(stdin)
                    .and_then(|stdin| Ok((child, stdin, pipe::Receiver::from_owned_fd(stdout)?)));
                let _ = started.send(piped);
            }
            (Reply::Failed { run, failure }, None) => {
                let Some(started) = runs.waiting.remove(&run).and_then(|waiting| waiting.started) else {
                    return false;
                };
                let _ = started.send(Err(error_of(failure)));
            }
            (Reply::Exited { run, status }, None) => {
                let Some(waiting) = runs.waiting.remove(&run) else {
                    return false;
                };
                if waiting.started.is_some() {
                    return false;
                }
                let _ = waiting.exited.send(ExitStatus::from_raw(status));
            }
            (Reply::Remaining(remaining), None) => {
                let (count, pids) = remaining.shown();
                warn!(count, pids; "processes of stdio MCP servers did not end when killed");
            }
            _ => return false,
        }
        true
    }

    /// How the process ended. It is gone, or about to go.
    async fn reap(&self) -> Option<ExitStatus> {
        let deadline = Instant::now() + 2 * BROKER_END_TIMEOUT;
        loop {
            let status = {
                let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
                process.try_wait()
            };
            match status {
                Ok(None) if Instant::now() < deadline => sleep(BROKER_REAP_INTERVAL).await,
                status => return status.ok().flatten(),
            }
        }
    }

    /// Waits until its last words are passed on, for a bounded time. It is gone, so that they have an end.
    async fn hear_out(&self) {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(words) = words {
            let _ = timeout(BROKER_WORDS_TIMEOUT, words).await;
        }
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears the broker until it is gone.
async fn listen(shared: Arc<Shared>) {
    while let Ok(Some(message)) = next(&shared.socket).await {
        if !shared.take(message) {
            break;
        }
    }
    shared.hang_up();
    shared.gone.set();
    // Whoever waits for one of them learns that nothing will come.
    shared.runs().waiting.clear();
}

/// The next message; `None` when the broker is gone.
async fn next(socket: &AsyncFd<OwnedFd>) -> io::Result<Option<Message>> {
    loop {
        let mut ready = socket.readable().await?;
        if let Ok(received) = ready.try_io(|socket| receive(socket.get_ref().as_fd())) {
            return received;
        }
    }
}

fn error_of(failure: Failure) -> io::Error {
    match failure {
        Failure::Program(number) => io::Error::from_raw_os_error(number),
        Failure::Cage(number) => {
            let error = io::Error::from_raw_os_error(number);
            io::Error::new(error.kind(), format!("its sandbox cannot be applied: {error}"))
        }
    }
}

pub(super) fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the broker of stdio MCP servers is gone")
}
