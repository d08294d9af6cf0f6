//! The task that sends records of the audit log to their second place, in order, each until it is there.
//!
//! Over a connection, records count as sent once the collector's host has acknowledged their bytes: RFC 5425 and RFC 6587 have no
//! acknowledgement of their own. After a connection broke, or whoever received at a socket of this host closed it, those behind the stored
//! position are sent again, because the collector may have ended before it read them: the position is stored a second or two later than
//! they are sent.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, RawFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use audit_log::limits::REMINDER;
use log::{info, warn};
use rustix::io::Errno;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until, timeout};

use super::Error;
use super::log_server::ended;
use crate::audit::{AuditLog, Forwarder, Gone};
use crate::config::{Config, Forward};
use crate::limits::{
    AUDIT_FORWARD_LAST_WAIT, AUDIT_FORWARD_LOOK, AUDIT_FORWARD_LOOK_MAX, AUDIT_FORWARD_RETRY, AUDIT_FORWARD_STORE,
    LOG_SERVER_PAUSE, LOG_SERVER_PAUSE_MAX, LOG_SERVER_STALL,
};
use crate::monitor::Forwarding;
use crate::net::{Connector, Network, Stream, Way};
use crate::ops::janitor::{LogSocket, Purpose, Reconnector};
use crate::shutdown::Signal;
use crate::sys::tcp::Sent;
use crate::telemetry::{self, RecordForm, is_gone};

/// Name of the stream of records, in its messages.
const STREAM: &str = "audit";

/// What is made while the process may: the socket of this host that records go to, and what is the same in each message.
pub(super) struct Outlet {
    form: RecordForm,
    socket: Option<UnixDatagram>,
    /// What has the socket connected again.
    reconnector: Option<Reconnector>,
}

impl Outlet {
    /// That of a configuration, if it forwards records.
    pub(super) fn open(config: &Config) -> Result<Option<Self>, Error> {
        let Some(forward) = forward(config) else {
            return Ok(None);
        };
        let socket = telemetry::connect(&forward.target, "audit.forward").map_err(Error::Records)?;
        let form = RecordForm::of(&forward.target, STREAM);
        Ok(form.map(|form| Self {
            form,
            socket,
            reconnector: None,
        }))
    }

    /// The socket.
    pub(super) fn descriptor(&self) -> Option<RawFd> {
        self.socket.as_ref().map(UnixDatagram::as_raw_fd)
    }

    /// A duplicate of the socket for the process that connects it again, where whoever receives there may make it anew.
    ///
    /// # Errors
    /// There are too many descriptors.
    pub(super) fn reconnected(&self, config: &Config) -> io::Result<Option<LogSocket>> {
        let Some((socket, path)) = self.socket.as_ref().zip(reconnected(config)) else {
            return Ok(None);
        };
        Ok(Some(LogSocket {
            purpose: Purpose::Records,
            socket: socket.as_fd().try_clone_to_owned()?,
            path: path.to_owned(),
        }))
    }

    /// What has the socket connected again.
    pub(super) fn reconnect_by(&mut self, reconnector: Reconnector) {
        self.reconnector = Some(reconnector);
    }
}

/// The path of a socket that whoever receives there may make anew.
pub(super) fn reconnected(config: &Config) -> Option<&Path> {
    telemetry::reconnected(&forward(config)?.target)
}

fn forward(config: &Config) -> Option<&Forward> {
    config.audit.as_ref()?.forward.as_ref()
}

/// The running task, if there is one.
pub(super) struct RecordSender {
    stop: Signal,
    task: Option<JoinHandle<()>>,
}

impl RecordSender {
    pub(super) fn start(
        config: &Config,
        network: &Network,
        audit: Option<&AuditLog>,
        outlet: Option<Outlet>,
    ) -> Result<Self, Error> {
        let stop = Signal::default();
        let source = audit.and_then(AuditLog::forwarder);
        let Some(((forwarder, facts), outlet)) = source.zip(outlet) else {
            return Ok(Self { stop, task: None });
        };
        let Outlet {
            form,
            socket,
            reconnector,
        } = outlet;
        let server = forward(config).and_then(|forward| forward.server.as_ref());
        let server = server.map(Way::to_log_server);
        let connector = server.map(|way| network.connector(&way)).transpose();
        let connector = connector.map_err(Error::Tls)?;
        let sender = Sender {
            forwarder,
            form,
            facts,
            stop: stop.clone(),
            told: None,
            message: String::new(),
        };
        let to = match (socket, connector) {
            (Some(socket), _) => {
                let socket = tokio::net::UnixDatagram::from_std(socket);
                let socket = socket.map_err(|error| Error::System("the socket of the audit log", error))?;
                To::Socket(socket, reconnector)
            }
            (None, Some(connector)) => To::Server(Box::new(connector)),
            (None, None) => return Ok(Self { stop, task: None }),
        };
        let task = Some(tokio::spawn(sender.run(to)));
        Ok(Self { stop, task })
    }

    /// Sends what still waits, within a bound: the rest is sent after the next start.
    pub(super) async fn finish(self) {
        self.stop.set();
        if let Some(task) = self.task {
            let _ = task.await;
        }
    }
}

enum To {
    Socket(tokio::net::UnixDatagram, Option<Reconnector>),
    Server(Box<Connector>),
}

struct Sender {
    forwarder: Forwarder,
    form: RecordForm,
    facts: Arc<Forwarding>,
    stop: Signal,
    /// When the log was last told of a failure that lasts.
    told: Option<Instant>,
    message: String,
}

/// How a connection ended.
enum End {
    /// All is sent and no more will come.
    Done,
    /// By the server, while there was nothing to send.
    Closed,
    /// By a fault.
    Failed(String),
}

impl Sender {
    async fn run(mut self, to: To) {
        let stop = self.stop.clone();
        let last = async {
            stop.wait().await;
            sleep(AUDIT_FORWARD_LAST_WAIT).await;
        };
        let sending = async {
            let ended = match to {
                To::Socket(socket, reconnector) => self.over_socket(&socket, reconnector.as_ref()).await,
                To::Server(connector) => self.over_connections(&connector).await,
            };
            if let Err(Gone) = ended {
                warn!("audit log not forwarded any more: the thread that writes it is gone");
            }
        };
        tokio::select! {
            () = sending => {}
            () = last => {}
        }
    }

    /// The next lines; none once the process ends and all are sent.
    async fn next(&mut self) -> Result<Option<String>, Gone> {
        let stop = self.stop.clone();
        if !stop.is_set() {
            tokio::select! {
                found = self.forwarder.next(false) => return found.map(Some),
                () = stop.wait() => {}
            }
        }
        let rest = self.forwarder.next(true).await?;
        Ok(Some(rest).filter(|rest| !rest.is_empty()))
    }

    async fn over_connections(&mut self, connector: &Connector) -> Result<(), Gone> {
        let mut pause = LOG_SERVER_PAUSE;
        // No connection before there is something to send.
        while let Some(lines) = self.next().await? {
            let end = match connector.stream().await {
                Ok(stream) => self.over(stream, lines, &mut pause).await?,
                Err(error) => End::Failed(error.to_string()),
            };
            match end {
                End::Done => return Ok(()),
                End::Closed => {}
                End::Failed(error) => self.failed(&error),
            }
            self.forwarder.broken();
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(LOG_SERVER_PAUSE_MAX);
        }
        Ok(())
    }

    /// Sends over one connection.
    async fn over(&mut self, mut stream: Stream, mut lines: String, pause: &mut Duration) -> Result<End, Gone> {
        // A server that closes the connection at once has read nothing, whatever its host acknowledged.
        let (mut settles, mut heard) = (None, 0);
        loop {
            self.compose(&lines);
            if let Err(error) = deliver(&mut stream, self.message.as_bytes(), LOG_SERVER_STALL).await {
                return Ok(End::Failed(error.to_string()));
            }
            self.forwarder.taken();
            self.message = String::new();
            drop(lines);
            let settled = settles.get_or_insert_with(|| Some(tokio::time::Instant::now() + AUDIT_FORWARD_STORE));
            lines = loop {
                let (is_new, moment) = (settled.is_some(), settled.unwrap_or_else(tokio::time::Instant::now));
                tokio::select! {
                    biased;
                    // A server says nothing; its end shows here before a record is lost to it.
                    end = ended(&mut stream, &mut heard) => return Ok(match end {
                        Ok(()) if is_new => End::Failed("the server closed the connection".to_owned()),
                        Ok(()) => End::Closed,
                        Err(error) => End::Failed(error.to_string()),
                    }),
                    () = sleep_until(moment), if is_new => {
                        *settled = None;
                        *pause = LOG_SERVER_PAUSE;
                        self.succeeded();
                    }
                    next = self.next() => match next? {
                        Some(next) => break next,
                        None => {
                            let _ = timeout(AUDIT_FORWARD_LAST_WAIT, stream.shutdown()).await;
                            return Ok(End::Done);
                        }
                    },
                }
            };
        }
    }

    async fn over_socket(
        &mut self,
        socket: &tokio::net::UnixDatagram,
        reconnector: Option<&Reconnector>,
    ) -> Result<(), Gone> {
        // One that is connected again is tried more often: it is there soon after a restart.
        let longest = match reconnector {
            Some(_) => LOG_SERVER_PAUSE,
            None => LOG_SERVER_PAUSE_MAX,
        };
        let mut pause = AUDIT_FORWARD_RETRY;
        while let Some(lines) = self.next().await? {
            match self.pass_all(socket, &lines).await {
                Ok(()) => {
                    self.forwarder.taken();
                    pause = AUDIT_FORWARD_RETRY;
                }
                Err(error) => {
                    self.failed(&error.to_string());
                    self.forwarder.broken();
                    if let Some(reconnector) = reconnector {
                        reconnector.ask();
                    }
                    sleep(pause).await;
                    pause = pause.saturating_mul(2).min(longest);
                }
            }
            self.message = String::new();
        }
        Ok(())
    }

    /// Sends lines, each in a datagram of its own, and waits for room. Fails when nobody receives at the socket any more.
    async fn pass_all(&mut self, socket: &tokio::net::UnixDatagram, lines: &str) -> io::Result<()> {
        for line in lines.lines() {
            self.compose(line);
            let mut pause = AUDIT_FORWARD_RETRY;
            loop {
                let Err(error) = pass(socket, self.message.as_bytes(), LOG_SERVER_STALL).await else {
                    self.succeeded();
                    break;
                };
                if is_gone(&error) {
                    return Err(error);
                }
                // It was waited for long enough.
                if error.kind() == io::ErrorKind::TimedOut {
                    self.failed(&error.to_string());
                    continue;
                }
                match error.raw_os_error().map(Errno::from_raw_os_error) {
                    // It will never take this one.
                    Some(Errno::MSGSIZE) => {
                        self.facts.left_out(1);
                        self.failed(&error.to_string());
                        break;
                    }
                    // No memory for it at the moment.
                    Some(Errno::NOBUFS) => {}
                    _ => self.failed(&error.to_string()),
                }
                sleep(pause).await;
                pause = pause.saturating_mul(2).min(LOG_SERVER_PAUSE_MAX);
            }
        }
        Ok(())
    }

    /// Makes the messages of these lines.
    fn compose(&mut self, lines: &str) {
        self.message.clear();
        for line in lines.lines() {
            self.form.write(&mut self.message, line, audit_log::time_of(line));
        }
    }

    fn succeeded(&mut self) {
        if self.told.take().is_some() {
            info!(waiting_bytes = self.facts.facts().waiting_bytes; "audit log is forwarded again");
        }
    }

    fn failed(&mut self, error: &str) {
        self.facts.failed(error);
        let now = Instant::now();
        if self.told.is_none_or(|told| now.duration_since(told) >= REMINDER) {
            self.told = Some(now);
            warn!(
                error, waiting_bytes = self.facts.facts().waiting_bytes,
                action = "records stay in the audit file and are sent when the collector takes them";
                "audit log cannot be forwarded"
            );
        }
    }
}

/// Sends a datagram, within a bound: whoever receives at this host may have stopped.
async fn pass(socket: &tokio::net::UnixDatagram, message: &[u8], stall: Duration) -> io::Result<()> {
    match timeout(stall, socket.send(message)).await {
        Ok(sent) => sent.map(drop),
        Err(_) => Err(took_nothing("the socket", stall)),
    }
}

/// Sends bytes, and waits until the peer's host has them. A slow one gets all of them, as long as it takes some within each `stall`.
async fn deliver(stream: &mut Stream, bytes: &[u8], stall: Duration) -> io::Result<()> {
    let mut progress = Progress::new(stall);
    let mut rest = bytes;
    while !rest.is_empty() {
        // A write that is given up has taken nothing.
        match timeout(AUDIT_FORWARD_LOOK_MAX, stream.write(rest)).await {
            Ok(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(Ok(count)) => {
                rest = rest.get(count..).unwrap_or_default();
                progress.made();
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => progress.look(stream.sent())?,
        }
    }
    loop {
        match timeout(AUDIT_FORWARD_LOOK_MAX, stream.flush()).await {
            Ok(flushed) => break flushed?,
            Err(_) => progress.look(stream.sent())?,
        }
    }
    let mut pause = AUDIT_FORWARD_LOOK;
    loop {
        let sent = stream.sent();
        match sent {
            None | Some(Sent::Received) => return Ok(()),
            Some(Sent::Lost) => return Err(io::ErrorKind::ConnectionReset.into()),
            Some(Sent::Underway(_)) => progress.look(sent)?,
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(AUDIT_FORWARD_LOOK_MAX);
    }
}

/// When a peer last took something.
struct Progress {
    stall: Duration,
    last: Instant,
    acknowledged: u64,
}

impl Progress {
    fn new(stall: Duration) -> Self {
        Self {
            stall,
            last: Instant::now(),
            acknowledged: 0,
        }
    }

    fn made(&mut self) {
        self.last = Instant::now();
    }

    /// Fails where nothing was taken for too long.
    fn look(&mut self, sent: Option<Sent>) -> io::Result<()> {
        if let Some(Sent::Underway(acknowledged)) = sent
            && acknowledged > self.acknowledged
        {
            self.acknowledged = acknowledged;
            self.made();
        }
        match self.last.elapsed() >= self.stall {
            true => Err(took_nothing("the server", self.stall)),
            false => Ok(()),
        }
    }
}

fn took_nothing(who: &str, stall: Duration) -> io::Error {
    let seconds = stall.as_secs();
    io::Error::new(io::ErrorKind::TimedOut, format!("{who} took nothing for {seconds} s"))
}

#[cfg(test)]
mod tests;
