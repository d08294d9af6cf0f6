//! Output of a child: read to its end, and handed on message by message.

use bytes::BufMut as _;
use log::{debug, warn};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use super::frame::{Frame, Framer};
use super::received::Lost;
use super::{StdioServer, until};
use crate::limits::{STDIO_LINE_END_WAIT, STDIO_MESSAGE_MAX, STDIO_READ, STDIO_READ_MAX, STDIO_SILENCE, STDIO_TURN};
use crate::mcp::pace::Pace;
use crate::memory::Room;
use crate::monitor::Monitor;

/// Why there is no more output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The child closed it.
    Closed,
    /// It wrote too much without the end of a message.
    Flooded,
    /// It did not end a large message in time.
    Slow,
}

/// Reader of one child's output.
#[derive(Debug)]
pub(super) struct Output<'a> {
    server: &'a StdioServer,
    monitor: &'a Monitor,
    /// Text that is no message was logged.
    warned: bool,
    /// So was a message without a line end.
    warned_of_line_ends: bool,
    pace: Pace,
}

impl<'a> Output<'a> {
    /// A reader for the calls of this server.
    pub(super) fn new(server: &'a StdioServer, monitor: &'a Monitor) -> Self {
        Self {
            server,
            monitor,
            warned: false,
            warned_of_line_ends: false,
            pace: Pace::default(),
        }
    }

    /// Reads to the end.
    pub(super) async fn read(&mut self, mut stdout: impl AsyncRead + Unpin) -> Ended {
        let mut framer = Framer::default();
        let mut room = Room::default();
        let mut turn = 0;
        // Bytes of an unfinished line that was looked at already.
        let mut looked_at = 0;
        loop {
            let pending = framer.pending();
            let size = (pending + STDIO_READ_MAX).min(STDIO_MESSAGE_MAX);
            if room.is_short_of(size) {
                self.make_room(&mut room, size).await;
            }
            let buffer = framer.buffer();
            buffer.reserve(STDIO_READ);
            let mut bounded = buffer.limit(STDIO_READ_MAX);
            let read = stdout.read_buf(&mut bounded);
            let read = tokio::select! {
                biased;
                read = read => Some(read),
                () = until(room.until().map(Into::into)) => return Ended::Slow,
                () = sleep(STDIO_LINE_END_WAIT), if pending > 0 && pending != looked_at => None,
            };
            let mut is_over = false;
            match read {
                None => {
                    looked_at = pending;
                    if framer.end_line() {
                        self.log_missing_line_end();
                    }
                }
                // The last message may lack its line end.
                Some(Ok(0)) => is_over = true,
                Some(Ok(size)) => {
                    turn += size;
                    looked_at = 0;
                    self.server.heard();
                }
                Some(Err(error)) => {
                    debug!(channel = self.channel(), error:% = error; "the output of the stdio MCP server cannot be read");
                    is_over = true;
                }
            }
            if is_over {
                framer.buffer().extend_from_slice(b"\n");
            }
            while let Some(frame) = framer.next() {
                if frame == Frame::TooLong {
                    return Ended::Flooded;
                }
                self.take(&frame);
            }
            if is_over {
                return Ended::Closed;
            }
            // After the end of a message, only the rest of one read is left.
            if room.until().is_some() && framer.pending() <= STDIO_READ_MAX {
                // Frees the message, and then its room.
                framer.buffer();
                room.clear();
            }
            // A child that always has more to say must not have the thread for itself.
            if turn >= STDIO_TURN {
                turn = 0;
                yield_now().await;
            }
        }
    }

    fn take(&mut self, frame: &Frame<'_>) {
        let lost = match *frame {
            Frame::Message(text) => self.server.received(text).err(),
            Frame::Noise(text) => Some(self.server.misfit(text)),
            Frame::Unfinished(text) => Some(Lost::unfinished(text)),
            Frame::TooLong => None,
        };
        if let Some(lost) = lost {
            self.log(&lost, frame.size());
        }
    }

    fn log(&mut self, lost: &Lost, bytes: usize) {
        let channel = self.channel();
        self.monitor.metrics.stdio_unattributed(channel);
        match lost {
            Lost::Text { beginning } if !self.warned => {
                self.warned = true;
                warn!(channel, bytes, beginning = &**beginning;
                    "the stdio MCP server writes text to its output that is no MCP message; it belongs on its standard error");
            }
            Lost::Text { .. } => {
                debug!(channel, bytes, reason = "it is no MCP message"; "output of the stdio MCP server was dropped");
            }
            Lost::Ordinary(reason) => {
                debug!(channel, bytes, reason; "output of the stdio MCP server was dropped");
            }
            Lost::Answer { reason, beginning } => {
                if let Some(not_logged) = self.pace.next() {
                    warn!(channel, bytes, reason, beginning = &**beginning, not_logged;
                        "an answer of the stdio MCP server that reaches no call was dropped");
                }
            }
        }
    }

    fn log_missing_line_end(&mut self) {
        if !std::mem::replace(&mut self.warned_of_line_ends, true) {
            warn!(channel = self.channel();
                "the stdio MCP server writes messages without a line end; each waits a second for it");
        }
    }

    fn channel(&self) -> &'a str {
        &self.server.0.channel
    }

    /// Waits for room for a message of the child, which is not to be blamed for its silence meanwhile.
    async fn make_room(&self, room: &mut Room, size: usize) {
        let covered = room.cover(size, STDIO_MESSAGE_MAX);
        tokio::pin!(covered);
        while timeout(STDIO_SILENCE / 2, &mut covered).await.is_err() {
            self.server.heard();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::ReadBuf;

    use super::*;
    use crate::monitor::{Health, Metrics, Progress};

    /// An output that always has more, until its end.
    struct Flood {
        left: usize,
    }

    impl AsyncRead for Flood {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            const LINE: &[u8] = b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n";
            while buffer.remaining() >= LINE.len() && self.left >= LINE.len() {
                buffer.put_slice(LINE);
                self.left -= LINE.len();
            }
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_flood_leaves_turns_to_everybody_else() {
        const READS: usize = 100;
        let server = StdioServer::new("main", false);
        let monitor = Monitor {
            health: Health::new(std::iter::empty()),
            metrics: Metrics::new(1, 1),
            progress: Progress::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let turns = Cell::new(0);
        let ended = runtime.map(|runtime| {
            runtime.block_on(async {
                let mut output = Output::new(&server, &monitor);
                tokio::select! {
                    biased;
                    ended = output.read(Flood { left: READS * STDIO_TURN }) => ended,
                    () = async {
                        loop {
                            turns.set(turns.get() + 1);
                            yield_now().await;
                        }
                    } => unreachable!("it has no end"),
                }
            })
        });
        assert_eq!(ended.ok(), Some(Ended::Closed));
        assert!(turns.get() >= READS / 2, "{} turns in {READS} reads", turns.get());
    }
}
