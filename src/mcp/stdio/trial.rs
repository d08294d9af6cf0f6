//! One start of a stdio server for `doctor`: does it answer `initialize`?

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::time::timeout;

use super::frame::{Frame, Framer};
use crate::broker::{self, Broker, Instructions, Starting};
use crate::limits::{STDIO_READ, STDIO_STOP_STEP};
use crate::mcp::http::{INITIALIZE, PROBE_ID};
use crate::wire::jsonrpc::{Id, Kind, Message};

/// How a trial ended, and how much the server wrote on its output that is no message.
#[derive(Debug)]
pub(crate) struct Trial {
    /// How it ended.
    pub(crate) end: End,
    /// Bytes on standard output that are no JSON-RPC.
    pub(crate) noise: usize,
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
    /// It did not answer in time.
    Silent,
}

/// Starts the server as `run` does, through a broker of its own, asks it, and stops it with everything that it started.
pub(crate) async fn try_start(instructions: &Instructions, bound: Duration) -> Trial {
    let mut noise = 0;
    let end = match Starting::launch() {
        Ok(starting) => match starting.connect(instructions).await {
            Ok(broker) => {
                let end = ask(&broker, bound, &mut noise).await;
                broker.close().await;
                end
            }
            Err(error) => End::NoBroker(error),
        },
        Err(error) => End::NoBroker(error),
    };
    Trial { end, noise }
}

async fn ask(broker: &Broker, bound: Duration, noise: &mut usize) -> End {
    let (mut child, stdin, stdout) = match broker.start(0).await {
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
async fn converse(mut stdin: pipe::Sender, mut stdout: pipe::Receiver, noise: &mut usize) -> End {
    let request = format!("{INITIALIZE}\n");
    if stdin.write_all(request.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
        return End::Gone(None);
    }
    let mut framer = Framer::default();
    loop {
        while let Some(frame) = framer.next() {
            match frame {
                Frame::Message(message) if is_answer(message) => return End::Answered(Bytes::copy_from_slice(message)),
                Frame::Message(_) => {}
                Frame::Noise(bytes) => *noise += bytes,
                Frame::TooLong => return End::Flooded,
            }
        }
        let buffer = framer.buffer();
        buffer.reserve(STDIO_READ);
        match stdout.read_buf(buffer).await {
            Ok(0) | Err(_) => return End::Gone(None),
            Ok(_) => {}
        }
    }
}

fn is_answer(message: &[u8]) -> bool {
    let parsed = std::str::from_utf8(message)
        .ok()
        .and_then(|text| Message::parse(text).ok());
    match parsed.map(|message| message.kind) {
        Some(Kind::Response { id: Some(id), .. }) => Id::from_json(PROBE_ID) == Some(id),
        _ => false,
    }
}
