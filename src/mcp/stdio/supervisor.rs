//! The life of a stdio server: started, watched, restarted, told again who its client is, stopped (contract: mcp, section 5).

use std::future::pending;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use log::{error, info, warn};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::handshake::Handshake;
use super::inbox::{Event, Inbox};
use super::output::{Ended, Output};
use super::{INITIALIZED, StdioServer, closed, until};
use crate::backoff::Backoff;
use crate::broker::{Broker, Child, Started};
use crate::limits::{
    LARGE_MESSAGE, ROOM_TIMEOUT, STDIO_CRASH_LOOP, STDIO_LAST_WORDS, STDIO_LINE_LARGE, STDIO_MESSAGE_MAX,
    STDIO_REPLAY_TIMEOUT, STDIO_RESTART_MAX, STDIO_RESTART_MIN, STDIO_STABLE, STDIO_SUSPECT_GRACE, STDIO_WRITE_BATCH,
    STDIO_WRITE_QUEUE,
};
use crate::monitor::health::Server;
use crate::monitor::{Child as ChildState, Monitor};
use crate::shutdown::Signal;
use crate::sys::allocator::wipe_bytes;
use crate::wire::failure::Failure;
use crate::wire::jsonrpc::Message;

/// Keeps one stdio server running.
#[derive(Debug)]
pub struct Supervisor {
    server: StdioServer,
    broker: Broker,
    monitor: Arc<Monitor>,
    stop: Signal,
    /// The first run, which is started before polling.
    first: Option<Started>,
}

/// Why a run ended.
enum End {
    Exited(io::Result<ExitStatus>),
    OutputClosed,
    InputClosed,
    Flooded,
    Slow,
    Hung,
    ReplayFailed,
    Stopped,
}

impl End {
    /// The same in words of `/health`.
    fn reason_code(&self) -> &'static str {
        match self {
            Self::InputClosed => "stdio_write_failed",
            Self::Flooded | Self::Slow => "stdio_read_failed",
            Self::Hung => "discovery_response_deadline",
            Self::Exited(_) | Self::OutputClosed | Self::ReplayFailed | Self::Stopped => "stdio_connection_closed",
        }
    }
}

impl From<Ended> for End {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Closed => Self::OutputClosed,
            Ended::Flooded => Self::Flooded,
            Ended::Slow => Self::Slow,
        }
    }
}

impl Supervisor {
    /// Starts the server for the first time. `stop` ends it for good.
    ///
    /// # Errors
    /// When the program cannot be started, which at start is a mistake in the configuration.
    pub async fn start(server: StdioServer, broker: Broker, monitor: Arc<Monitor>, stop: Signal) -> io::Result<Self> {
        server.observe_for(&monitor);
        let first = Some(broker.start(&server.0.channel).await?);
        Ok(Self {
            server,
            broker,
            monitor,
            stop,
            first,
        })
    }

    /// Keeps the server running until `stop`.
    pub async fn run(mut self) {
        let channel = self.server.0.channel.clone();
        let channel = &*channel;
        let mut first = self.first.take();
        let mut backoff = Backoff::new(STDIO_RESTART_MIN, STDIO_RESTART_MAX);
        let mut quick_ends = 0_u32;
        loop {
            let started = Instant::now();
            let run = match first.take() {
                Some(first) => Ok(first),
                None => self.broker.start(channel).await,
            };
            let mut closed_by = "stdio_connection_closed";
            let reason = match run {
                Ok((child, stdin, stdout)) => {
                    info!(channel, pid = child.id(); "stdio MCP server started");
                    self.server.child_started();
                    let end = self.attend(child, stdin, stdout, quick_ends).await;
                    closed_by = end.reason_code();
                    match end {
                        End::Stopped => break,
                        End::Exited(Ok(status)) => format!("it ended: {status}"),
                        End::Exited(Err(error)) => format!("it cannot be waited for: {error}"),
                        End::OutputClosed => "it closed its output".to_owned(),
                        End::InputClosed => "it closed its input".to_owned(),
                        End::Flooded => {
                            format!("it wrote more than {STDIO_MESSAGE_MAX} bytes without the end of a message")
                        }
                        End::Slow => format!(
                            "it did not end a message of more than {LARGE_MESSAGE} bytes within {} s",
                            ROOM_TIMEOUT.as_secs()
                        ),
                        End::Hung => "it left too many calls unanswered".to_owned(),
                        End::ReplayFailed => "it did not answer the repeated initialize".to_owned(),
                    }
                }
                Err(error) => format!("it could not be started: {error}"),
            };
            if started.elapsed() >= STDIO_STABLE {
                quick_ends = 0;
                backoff.reset();
            }
            quick_ends = quick_ends.saturating_add(1);
            self.server.child_is(ChildState::Closed, Some(closed_by));
            self.monitor
                .health
                .server(channel, Server::Failing(format!("stdio server: {reason}")));
            let pause = backoff.next_pause();
            let retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            if quick_ends >= STDIO_CRASH_LOOP {
                error!(channel, reason, quick_ends, retry_in_ms; "stdio MCP server ends again and again; restarting it later");
            } else {
                warn!(channel, reason, retry_in_ms; "stdio MCP server is gone; restarting it");
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.wait() => break,
            }
            self.monitor.metrics.stdio_restarted(channel);
        }
        {
            let mut state = self.server.lock();
            state.stopped = true;
            state.pipe = None;
            state.router.close_all(&closed("closed_pipe"));
        }
        self.server.0.changed.notify_waiters();
    }

    /// One run, from the start of the child to its end.
    async fn attend(&self, mut child: Child, stdin: pipe::Sender, stdout: pipe::Receiver, quick_ends: u32) -> End {
        let (pipe, lines) = mpsc::channel(STDIO_WRITE_QUEUE);
        let mut writer = tokio::spawn(write(stdin, lines));
        {
            let mut state = self.server.lock();
            state.pipe = Some(pipe.clone());
            // Its silence counts from here.
            state.router.heard();
        }
        let end = {
            let mut output = Output::new(&self.server, &self.monitor);
            let output = output.read(stdout);
            let ready = self.make_ready(pipe, quick_ends);
            tokio::pin!(output, ready);
            let end = tokio::select! {
                ended = &mut output => ended.into(),
                status = child.exited() => End::Exited(status),
                () = &mut ready => End::ReplayFailed,
                // Its queue lives as long as this run: it ends only when the child does not take any more.
                _ = &mut writer => End::InputClosed,
                () = self.hung() => End::Hung,
                () = self.stop.wait() => End::Stopped,
            };
            match end {
                // Its last words may hold answers.
                End::Exited(_) => {
                    let _ = timeout(STDIO_LAST_WORDS, output).await;
                    end
                }
                // A pipe that closed is how an end shows first; the status is worth a moment.
                End::OutputClosed | End::InputClosed => {
                    let status = timeout(STDIO_LAST_WORDS, child.exited()).await;
                    if matches!(end, End::InputClosed) {
                        let _ = timeout(STDIO_LAST_WORDS, output).await;
                    }
                    status.map_or(end, End::Exited)
                }
                end => end,
            }
        };
        {
            let mut state = self.server.lock();
            state.pipe = None;
            state.ready = false;
            state.handshake = Handshake::default();
            state.router.close_all(&match end {
                End::Flooded | End::Slow => Failure::protocol("response_body_too_large"),
                _ => closed("eof"),
            });
        }
        // Closes the child's stdin.
        writer.abort();
        if matches!(end, End::Stopped) {
            child.stop().await;
        }
        // Dropped, the child takes its whole group along.
        end
    }

    /// Returns when the child is taken for hung.
    async fn hung(&self) {
        while !self.server.lock().router.is_hung() {
            self.server.0.hung.notified().await;
        }
    }

    /// Lets calls in, after the child was told again who its client is. Returns only when that fails.
    async fn make_ready(&self, pipe: mpsc::Sender<Bytes>, quick_ends: u32) {
        if timeout(STDIO_REPLAY_TIMEOUT, self.replay(pipe)).await != Ok(Some(())) {
            if quick_ends >= STDIO_CRASH_LOOP {
                // It will not have this client back: the next caller initializes it anew.
                self.server.lock().initialize = None;
            }
            return;
        }
        self.server.lock().ready = true;
        self.server.child_is(ChildState::Running, None);
        self.server.0.changed.notify_waiters();
        if quick_ends >= STDIO_CRASH_LOOP {
            // It has to prove itself first.
            sleep(STDIO_STABLE).await;
        }
        self.monitor.health.server(&self.server.0.channel, Server::Good);
        pending::<()>().await;
    }

    /// Repeats the last `initialize` that succeeded. Nobody sees the answer. Where there is none to repeat, or it is refused, the next
    /// caller initializes the child anew, and the sessions of the one before have ended with it.
    async fn replay(&self, pipe: mpsc::Sender<Bytes>) -> Option<()> {
        let payload = {
            let mut state = self.server.lock();
            if state.initialize.is_none() {
                state.sessions.end_all();
            }
            state.initialize.clone()
        };
        let Some(payload) = payload else { return Some(()) };
        let message = Message::parse(std::str::from_utf8(&payload).ok()?).ok()?;
        let inbox = Arc::new(Inbox::default());
        let (pipe_id, line) = self
            .server
            .lock()
            .router
            .open_internal(&message, Arc::clone(&inbox))
            .ok()?;
        pipe.send(line).await.ok()?;
        self.server.lock().handshake.begun(pipe_id);
        // It counts as any other: the child answers it, and callers go on with what it says.
        let ticket = self.server.observe_request(&message);
        let mut grace = None;
        let answered = loop {
            let event = tokio::select! {
                biased;
                event = inbox.next() => event,
                () = until(grace) => break None,
            };
            match event {
                Event::Reply { payload, is_error } => {
                    self.server.observe_answer(ticket.as_ref(), &payload, is_error);
                    break Some(!is_error);
                }
                Event::Unnamed(_) => break Some(false),
                Event::Closed(_) => break None,
                Event::Suspect(_) => {
                    grace.get_or_insert_with(|| tokio::time::Instant::now() + STDIO_SUSPECT_GRACE);
                }
                Event::Message(_) | Event::Request { .. } => {}
            }
        };
        {
            let mut state = self.server.lock();
            state.router.close(pipe_id);
            if answered? {
                state.handshake.succeeded(pipe_id);
            } else {
                state.initialize = None;
                state.sessions.end_all();
                return Some(());
            }
        }
        pipe.send(Bytes::from_static(INITIALIZED)).await.ok()?;
        self.server.lock().handshake.initialized();
        info!(channel = &*self.server.0.channel; "stdio MCP server initialized again");
        Some(())
    }
}

/// Writes lines, several at once where several wait.
async fn write(mut stdin: pipe::Sender, mut lines: mpsc::Receiver<Bytes>) {
    let mut batch = Vec::new();
    while let Some(first) = lines.recv().await {
        let large = gather(first, &mut lines, &mut batch);
        let mut written = stdin.write_all(&batch).await;
        // The next message may come hours later.
        wipe_bytes(&mut batch);
        batch.clear();
        if let (Some(line), Ok(())) = (large, &written) {
            written = match stdin.write_all(&line).await {
                Ok(()) => stdin.write_all(b"\n").await,
                Err(error) => Err(error),
            };
        }
        if written.is_err() {
            // The child does not read any more; its end is noticed elsewhere, and senders see the closed queue.
            return;
        }
    }
}

/// Takes waiting lines into `batch`, as far as they are written at once. Returns a line that is written by itself, and comes after
/// them.
fn gather(first: Bytes, lines: &mut mpsc::Receiver<Bytes>, batch: &mut Vec<u8>) -> Option<Bytes> {
    let mut line = first;
    for _ in 0..STDIO_WRITE_BATCH {
        if line.len() >= STDIO_LINE_LARGE {
            return Some(line);
        }
        batch.extend_from_slice(&line);
        batch.push(b'\n');
        if batch.len() >= STDIO_LINE_LARGE {
            return None;
        }
        line = lines.try_recv().ok()?;
    }
    Some(line)
}
