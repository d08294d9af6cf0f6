//! One start of a stdio server for `doctor`: does it answer `initialize`?

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::time::timeout;

use super::frame::{Frame, Framer};
use super::misfit::Misfit;
use super::shown::shown;
use crate::broker::{self, Broker, Instructions, Starting};
use crate::limits::{STDIO_LINE_END_WAIT, STDIO_READ, STDIO_STOP_STEP, STDIO_SUSPECT_GRACE};
use crate::mcp::http::{INITIALIZE, PROBE_ID};
use crate::wire::jsonrpc::{Id, Kind, Message};

/// How a trial ended, and what the server wrote on its output that is no message.
#[derive(Debug)]
pub(crate) struct Trial {
    /// How it ended.
    pub(crate) end: End,
    /// Text on standard output that is no JSON-RPC.
    pub(crate) noise: Noise,
}

/// Text on standard output that is no JSON-RPC.
#[derive(Debug, Default)]
pub(crate) struct Noise {
    /// Bytes of it.
    pub(crate) bytes: usize,
    /// The beginning of its first line.
    pub(crate) beginning: String,
}

impl Noise {
    fn add(&mut self, line: &[u8]) {
        if self.bytes == 0 {
            self.beginning = shown(line);
        }
        self.bytes += line.len();
    }
}

/// How a trial ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The response to `initialize`.
    Answered(Bytes),
    /// There is nobody to start it.
    NoBroker(broker::Error),
    /// The program could not be started.
    NotStarted(io::Error),
    /// It ended, or closed its output, before it answered.
    Gone(Option<ExitStatus>),
    /// It wrote without end.
    Flooded,
    /// It wrote something that was meant as its answer, and is none.
    Misfit {
        /// What is wrong with it.
        why: &'static str,
        /// Its beginning.
        beginning: String,
    },
    /// It did not answer in time.
    Silent,
}

/// Starts the server of a channel as `run` does, through a broker of its own, asks it, and stops it with everything that it started.
pub(crate) async fn try_start(instructions: &Instructions, channel: &str, bound: Duration) -> Trial {
    let mut noise = Noise::default();
    let end = match Starting::launch() {
        Ok(starting) => match starting.connect(instructions).await {
            Ok(broker) => {
                let end = ask(&broker, channel, bound, &mut noise).await;
                broker.close().await;
                end
            }
            Err(error) => End::NoBroker(error),
        },
        Err(error) => End::NoBroker(error),
    };
    Trial { end, noise }
}

async fn ask(broker: &Broker, channel: &str, bound: Duration, noise: &mut Noise) -> End {
    let (mut child, stdin, stdout) = match broker.start(channel).await {
        Ok(started) => started,
        Err(error) => return End::NotStarted(error),
    };
    let end = match timeout(bound, converse(stdin, stdout, noise)).await {
        Ok(End::Gone(_)) => {
            let status = timeout(STDIO_STOP_STEP, child.exited()).await;
            End::Gone(status.ok().and_then(Result::ok))
        }
        Ok(end) => end,
        Err(_) => End::Silent,
    };
    child.stop().await;
    end
}

/// Asks, and reads until the answer. The pipes are closed at the end.
async fn converse(mut stdin: pipe::Sender, mut stdout: pipe::Receiver, noise: &mut Noise) -> End {
    let request = format!("{INITIALIZE}\n");
    // A server that ended at once may have written why.
    let is_unread = stdin.write_all(request.as_bytes()).await.is_err() || stdin.flush().await.is_err();
    let mut framer = Framer::default();
    let mut misfit = None;
    loop {
        while let Some(frame) = framer.next() {
            match frame {
                Frame::Message(line) => match judge(line) {
                    Judged::Answer => return End::Answered(Bytes::copy_from_slice(line)),
                    Judged::Misfit(end) => misfit = misfit.or(Some(end)),
                    Judged::Other => {}
                },
                Frame::Noise(line) => {
                    noise.add(line);
                    misfit = misfit.or_else(|| Misfit::of(line).map(End::from));
                }
                Frame::Unfinished(line) => noise.add(line),
                Frame::TooLong => return End::Flooded,
            }
        }
        let pending = framer.pending();
        let buffer = framer.buffer();
        buffer.reserve(STDIO_READ);
        let read = stdout.read_buf(buffer);
        let read = match misfit.take() {
            // The answer itself may follow, as in `run`.
            Some(end) => match timeout(STDIO_SUSPECT_GRACE, read).await {
                Ok(read) => {
                    misfit = Some(end);
                    read
                }
                Err(_) => return end,
            },
            None if pending > 0 => match timeout(STDIO_LINE_END_WAIT, read).await {
                Ok(read) => read,
                Err(_) => {
                    framer.end_line();
                    continue;
                }
            },
            None if is_unread => match timeout(STDIO_STOP_STEP, read).await {
                Ok(read) => read,
                Err(_) => return End::Gone(None),
            },
            None => read.await,
        };
        match read {
            Ok(0) | Err(_) => return misfit.unwrap_or(End::Gone(None)),
            Ok(_) => {}
        }
    }
}

/// What a message is for the request that waits.
enum Judged {
    Answer,
    Misfit(End),
    Other,
}

fn judge(line: &[u8]) -> Judged {
    let misfit = || Misfit::of(line).map_or(Judged::Other, |misfit| Judged::Misfit(misfit.into()));
    let Some(message) = std::str::from_utf8(line)
        .ok()
        .and_then(|text| Message::parse(text).ok())
    else {
        return misfit();
    };
    match message.kind {
        Kind::Response { id: Some(id), .. } if Id::from_json(PROBE_ID) == Some(id) => Judged::Answer,
        // An error of a server that could not read the request.
        Kind::Response {
            id: None,
            is_error: true,
        } => Judged::Answer,
        Kind::Response { .. } => Judged::Misfit(End::Misfit {
            why: "it answers an id that nobody used",
            beginning: shown(line),
        }),
        Kind::Call { .. } | Kind::Notification { .. } => Judged::Other,
    }
}

impl From<Misfit<'_>> for End {
    fn from(misfit: Misfit<'_>) -> Self {
        Self::Misfit {
            why: misfit.why,
            beginning: misfit.beginning,
        }
    }
}
