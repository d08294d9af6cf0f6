//! The broker's own process: one thread that waits for requests and for ends of servers.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::cmsg_space;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketType,
    recvmsg, sendmsg, sockopt,
};
use rustix::process::{Pid, Signal, getpid, getppid, set_child_subreaper, set_parent_process_death_signal, setsid};

use super::adopted;
use super::oom::OomScore;
use super::protocol::{Remaining, Reply, Request, SIZE};
use super::received::{Pieces, Refused};
use super::running::{Ended, NoChild, Running};
use super::sink::Sink;
use super::spec::Instructions;
use super::startable::{Startable, Started};
use super::stderr::Stderr;
use crate::limits::{
    BROKER_CLEAR_INTERVAL, BROKER_CLEAR_TIMEOUT, BROKER_END_TIMEOUT, BROKER_MEMORY_INTERVAL, BROKER_MEMORY_RETRIES_MAX,
    BROKER_PIECE_MAX, BROKER_REAPS_MAX, BROKER_WORDS_TIMEOUT,
};
use crate::sandbox::{self, Entered, SignalScope};
use crate::sys::child::Failure;
use crate::sys::{program, signals};

/// Why the broker ends before the daemon does.
enum Error {
    /// It was not started by the daemon.
    NoDaemon,
    /// The system refuses what it needs.
    System(&'static str, io::Error),
    /// What it is to start makes no sense.
    Specifications(Refused),
    /// It cannot be shut in.
    Sandbox(sandbox::Error),
    /// A message makes no sense.
    Message,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDaemon => f.write_str("it is started by tunnel-client run and does nothing without it"),
            Self::System(what, error) => write!(f, "{what}: {error}"),
            Self::Specifications(refused) => refused.fmt(f),
            Self::Sandbox(error) => error.fmt(f),
            Self::Message => f.write_str("a message of the daemon makes no sense; ending with all servers"),
        }
    }
}

/// Serves the daemon at the other end of standard input until that closes. Nothing it started is left then.
#[must_use]
pub fn serve() -> ExitCode {
    match obey() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nowhere to report that reporting failed.
            let _ = writeln!(io::stderr(), "tunnel-client broker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn obey() -> Result<(), Error> {
    let stdin = io::stdin();
    let daemon = stdin.as_fd();
    if sockopt::socket_type(daemon) != Ok(SocketType::SEQPACKET) {
        return Err(Error::NoDaemon);
    }
    let parent = getppid();
    // Files of this process that are closed to it once it is not dumpable, or is somebody else.
    let oom_score = OomScore::open();
    let sink = Sink::open().map_err(|error| Error::System("standard error", error))?;
    let signals = settle()?;
    let Some(Instructions { cage, servers }) = receive_instructions(daemon)? else {
        return Ok(());
    };
    let Entered { scope, seal } = cage.enter().map_err(Error::Sandbox)?;
    let seal = Arc::new(seal);
    // The kernel forgets it when a process changes its user.
    die_with_daemon()?;
    let mut broker = Server {
        daemon,
        signals,
        parent,
        // As the user who it is now, and before a server can change what it is made from.
        servers: servers
            .into_iter()
            .map(|server| Startable::new(server, Arc::clone(&seal)))
            .collect(),
        scope,
        running: Running::default(),
        stderr: Stderr::new(sink),
        oom_score,
        last_run: 0,
        has_more: false,
    };
    broker.reply(Reply::Ready)?;
    // What only the start needed.
    program::release();
    let outcome = broker.run();
    broker.end_all();
    outcome
}

/// Makes this a process that nothing but the daemon's end reaches, and whose children inherit nothing.
fn settle() -> Result<OwnedFd, Error> {
    // It is about to be told what its servers keep secret.
    sandbox::conceal().map_err(|error| Error::System("being closed to others", error))?;
    signals::set_defaults();
    // A terminal and a service manager signal every process; the daemon decides when servers end.
    // Those that mean nothing are read and forgotten: ignored ones would stay so in the servers.
    let mut received = vec![libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP];
    received.extend(signals::unused());
    let signals = signals::receive(&received).map_err(|error| Error::System("signals", error))?;
    // It leads no group already: it was just started by another process, in whose group it is.
    setsid().map_err(|error| Error::System("a session of its own", error.into()))?;
    die_with_daemon()?;
    // What servers leave behind comes here, to be ended.
    set_child_subreaper(Some(getpid())).map_err(|error| Error::System("orphans of servers", error.into()))?;
    Ok(signals)
}

/// The signal is read as any other: what is left of the daemon's children has to be killed first.
fn die_with_daemon() -> Result<(), Error> {
    set_parent_process_death_signal(Some(Signal::TERM))
        .map_err(|error| Error::System("the signal of the daemon's end", error.into()))
}

/// `None`: the daemon is gone.
fn receive_instructions(daemon: BorrowedFd<'_>) -> Result<Option<Instructions>, Error> {
    let mut pieces = Pieces::default();
    let mut buffer = vec![0; BROKER_PIECE_MAX + 1];
    loop {
        let Some(message) = receive(daemon, &mut buffer, RecvFlags::empty())? else {
            return Ok(None);
        };
        if let Some(instructions) = pieces.add(message).map_err(Error::Specifications)? {
            return Ok(Some(instructions));
        }
    }
}

struct Server<'d> {
    daemon: BorrowedFd<'d>,
    signals: OwnedFd,
    parent: Option<Pid>,
    servers: Vec<Startable>,
    /// Signal scope of the kernel; with it, descendants are ended in one step.
    scope: Option<SignalScope>,
    running: Running,
    stderr: Stderr,
    oom_score: Option<OomScore>,
    /// The greatest number of a run so far.
    last_run: u64,
    /// There may be more children that have ended.
    has_more: bool,
}

impl Server<'_> {
    /// Until the daemon is gone.
    fn run(&mut self) -> Result<(), Error> {
        let mut buffer = [0; SIZE + 1];
        loop {
            let [has_request, has_signal, has_words] = self.wait()?;
            if has_signal || self.has_more {
                self.forget_signals();
                self.reap()?;
                if getppid() != self.parent {
                    return Ok(());
                }
            }
            if has_words {
                self.stderr.turn();
            }
            if has_request {
                let Some(message) = receive(self.daemon, &mut buffer, RecvFlags::DONTWAIT)? else {
                    return Ok(());
                };
                let request = Request::decode(message).map_err(|_| Error::Message)?;
                self.obey(request)?;
            }
        }
    }

    fn obey(&mut self, request: Request) -> Result<(), Error> {
        match request {
            Request::Start { index, run } => {
                let server = self.servers.get_mut(usize::from(index)).ok_or(Error::Message)?;
                if run <= self.last_run {
                    return Err(Error::Message);
                }
                self.last_run = run;
                let running = &mut self.running;
                let started = match &mut self.oom_score {
                    Some(score) => score.raised(|| running.start(run, server)),
                    None => running.start(run, server),
                };
                match started {
                    Ok(started) => self.hand_over(index, run, started),
                    Err(failure) => self.reply(Reply::Failed { run, failure }),
                }
            }
            Request::Signal { run, kill } => {
                if run > self.last_run {
                    return Err(Error::Message);
                }
                self.running.signal(run, kill.into());
                Ok(())
            }
        }
    }

    /// Gives the daemon a server that was just started. Servers can use up what that takes: the kernel counts the descriptors that a
    /// user has in flight (unix(7), ETOOMANYREFS). The server is killed then, and its start has failed.
    fn hand_over(&mut self, index: u16, run: u64, started: Started) -> Result<(), Error> {
        let Started {
            pid,
            stdin,
            stdout,
            stderr,
        } = started;
        let name = self.servers.get(usize::from(index)).map_or("", Startable::name);
        let pid = pid.as_raw_nonzero().get();
        let pipes = [stdin.as_fd(), stdout.as_fd()];
        let handed = self.stderr.add(run, name, stderr);
        let handed = handed.and_then(|()| send(self.daemon, Reply::Started { run, pid }, &pipes));
        let Err(error) = handed else { return Ok(()) };
        self.running.fail(run);
        let failure = Failure::of(&error.into());
        self.reply(Reply::Failed { run, failure })
    }

    /// Sends a message. A daemon that is gone shows at the next look at the socket.
    fn reply(&self, reply: Reply) -> Result<(), Error> {
        self.try_reply(reply).map(drop)
    }

    /// Sends a message; returns whether the daemon is there to receive it.
    fn try_reply(&self, reply: Reply) -> Result<bool, Error> {
        match patiently(|| send(self.daemon, reply, &[])) {
            Ok(()) => Ok(true),
            Err(Errno::PIPE | Errno::CONNRESET) => Ok(false),
            Err(error) => Err(Error::System("a message to the daemon", error.into())),
        }
    }

    /// Tells of runs that have ended, up to a number of children.
    fn reap(&mut self) -> Result<(), Error> {
        for _ in 0..BROKER_REAPS_MAX {
            match self.running.reap() {
                Ok(Some(Ended::Run(run, status))) => {
                    self.ended(run)?;
                    self.reply(Reply::Exited { run, status })?;
                }
                Ok(Some(Ended::Failed(run))) => self.ended(run)?,
                Ok(Some(Ended::Other)) => {}
                Ok(None) | Err(NoChild) => {
                    self.has_more = false;
                    return Ok(());
                }
            }
        }
        self.has_more = true;
        Ok(())
    }

    /// Passes on the last words of a run. After the last run, kills what servers have left.
    fn ended(&mut self, run: u64) -> Result<(), Error> {
        self.stderr.end(run);
        self.stderr.turn();
        if self.running.is_empty()
            && let Some(remaining) = self.clear(BROKER_CLEAR_TIMEOUT)
        {
            self.reply(Reply::Remaining(remaining))?;
        }
        Ok(())
    }

    /// Whether there are a request (or the end of them), a signal, and words of servers to pass on.
    fn wait(&self) -> Result<[bool; 3], Error> {
        let mut all = vec![
            PollFd::new(&self.daemon, PollFlags::IN),
            PollFd::new(&self.signals, PollFlags::IN),
        ];
        all.extend(self.stderr.watched());
        let due = match self.has_more {
            true => Some(Duration::ZERO),
            false => self.stderr.due(),
        };
        // What is due is so within a second.
        let due = due.and_then(|due| Timespec::try_from(due).ok());
        patiently(|| poll(&mut all, due.as_ref())).map_err(|error| Error::System("waiting", error.into()))?;
        let mut ready = all.iter().map(|one| !one.revents().is_empty());
        let (has_request, has_signal) = (ready.next() == Some(true), ready.next() == Some(true));
        let has_words = ready.any(|one| one) || (due.is_some() && !has_request && !has_signal);
        Ok([has_request, has_signal, has_words])
    }

    /// Which signals there were does not matter: each is a reason to look.
    fn forget_signals(&self) {
        let mut signal = [0; signals::RECEIVED];
        while rustix::io::read(&self.signals, &mut signal).is_ok_and(|length| length > 0) {}
    }

    /// Kills every server with all that it started, waits until they are gone, and passes on their last words.
    fn end_all(&mut self) {
        self.running.kill_all();
        if let Some(remaining) = self.clear(BROKER_END_TIMEOUT) {
            let is_told = self.try_reply(Reply::Remaining(remaining));
            if !matches!(is_told, Ok(true)) {
                let (count, pids) = remaining.shown();
                self.stderr.say(&format!(
                    "tunnel-client broker: processes of MCP servers did not end when killed: count={count} pids=[{pids}]"
                ));
            }
        }
        self.stderr.finish(Instant::now() + BROKER_WORDS_TIMEOUT);
    }

    /// Kills every descendant and waits until there is none, for a bounded time. Returns the remaining ones.
    fn clear(&mut self, bound: Duration) -> Option<Remaining> {
        let deadline = Instant::now() + bound;
        loop {
            if self.reap_all() {
                return None;
            }
            if Instant::now() >= deadline {
                return adopted::remaining();
            }
            adopted::kill_descendants(self.scope.as_ref());
            let interval = Timespec::try_from(BROKER_CLEAR_INTERVAL).unwrap_or_default();
            let mut signal = [PollFd::new(&self.signals, PollFlags::IN)];
            let _ = poll(&mut signal, Some(&interval));
            self.forget_signals();
        }
    }

    /// Reaps ended children, up to a number; returns whether no child remains.
    fn reap_all(&mut self) -> bool {
        for _ in 0..BROKER_REAPS_MAX {
            match self.running.reap() {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(NoChild) => return true,
            }
        }
        false
    }
}

/// Sends a message with these descriptors.
fn send(daemon: BorrowedFd<'_>, reply: Reply, descriptors: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let bytes = reply.encode();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    retry_on_intr(|| sendmsg(daemon, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)).map(drop)
}

/// Repeats a call for as long as the kernel lacks memory for it, a bounded number of times.
fn patiently<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 0..BROKER_MEMORY_RETRIES_MAX {
        match retry_on_intr(&mut call) {
            Err(Errno::NOMEM | Errno::NOBUFS) => thread::sleep(BROKER_MEMORY_INTERVAL),
            outcome => return outcome,
        }
    }
    retry_on_intr(call)
}

/// The next message, or `None` when the daemon is gone. One that is too long, or that brings descriptors, is an error.
fn receive<'b>(daemon: BorrowedFd<'_>, buffer: &'b mut [u8], flags: RecvFlags) -> Result<Option<&'b [u8]>, Error> {
    let mut control = RecvAncillaryBuffer::default();
    let received = patiently(|| recvmsg(daemon, &mut [IoSliceMut::new(buffer)], &mut control, flags));
    match received {
        Ok(received) if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) => Err(Error::Message),
        Ok(received) if received.bytes == 0 => Ok(None),
        Ok(received) => buffer.get(..received.bytes).map(Some).ok_or(Error::Message),
        Err(Errno::CONNRESET) => Ok(None),
        Err(error) => Err(Error::System("a message of the daemon", error.into())),
    }
}
