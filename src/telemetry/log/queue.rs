//! Records that wait for a reader: written later, taken by the task that keeps the connection to a log server, or given up at the end.

use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{SINK, Sink};
use crate::limits::{LOG_BATCH_BYTES, LOG_LAST_WAIT, LOG_LOSS_RETRY, LOG_RETRY};
use crate::telemetry::output::Reconnect;
use crate::telemetry::records::reconnected;
use crate::telemetry::settings::Log;

/// Time between attempts at the end of the process.
const LAST_RETRY: Duration = Duration::from_millis(10);

/// Writes what waits once its reader takes it, and that lines were lost once there is room to say so: there may be no other record for
/// long. Never returns. Not for a log server, whose records are taken by [`first`].
pub(crate) async fn keep_up() {
    if let Some(sink) = SINK.get() {
        keep_up_with(sink).await;
    }
}

pub(super) async fn keep_up_with(sink: &Sink) {
    loop {
        sink.waits.notified().await;
        while let Some(pause) = pause(sink) {
            sleep(pause).await;
        }
    }
}

/// Writes what is taken; when to try the rest, if there is any.
fn pause(sink: &Sink) -> Option<Duration> {
    if resume(sink) {
        return Some(LOG_RETRY);
    }
    sink.output().output.has_lost().then_some(LOG_LOSS_RETRY)
}

/// Gives a reader that takes nothing a last moment. A log server had its own.
pub(crate) fn finish() {
    let Some(sink) = SINK.get().filter(|sink| !sink.output().output.is_server()) else {
        return;
    };
    let end = Instant::now() + LOG_LAST_WAIT;
    while resume(sink) && Instant::now() < end {
        thread::sleep(LAST_RETRY);
    }
}

/// Writes what is taken; whether records still wait.
fn resume(sink: &Sink) -> bool {
    let mut writing = sink.output();
    if let Some(told) = writing.output.resume(|lost| sink.notice(lost)) {
        sink.tell(&told);
    }
    writing.output.is_waiting()
}

/// The first records that wait, once there are some, and their number.
pub(crate) async fn first() -> (String, usize) {
    let Some(sink) = SINK.get() else {
        return std::future::pending().await;
    };
    loop {
        let found = sink.output().output.first(LOG_BATCH_BYTES);
        if found.1 > 0 {
            return found;
        }
        sink.waits.notified().await;
    }
}

/// So many records were taken; whether more wait.
pub(crate) fn taken(count: usize) -> bool {
    let Some(sink) = SINK.get() else { return false };
    sink.output().output.drop_first(count);
    resume(sink)
}

/// The log server cannot be reached: said on standard error, now and then.
pub(crate) fn trouble(error: String) {
    let Some(sink) = SINK.get() else { return };
    let told = sink.output().output.trouble(error);
    told.inspect(|told| sink.tell(told));
}

/// A duplicate of the socket of this host that records go to, and its path, where it may have to be connected again.
pub(crate) fn socket(settings: &Log) -> Option<(OwnedFd, PathBuf)> {
    let path = reconnected(&settings.target)?.to_owned();
    let socket = SINK.get()?.output().output.socket_clone()?;
    Some((socket, path))
}

/// Whoever asks for a connection of that socket to whoever receives at its path by now.
pub(crate) fn reconnect_by(ask: impl Fn() + Send + 'static) {
    if let Some(sink) = SINK.get() {
        sink.output().output.reconnect_by(Reconnect::new(ask));
    }
}

/// The socket of this host that records go to.
pub(crate) fn kept_socket() -> Option<RawFd> {
    SINK.get()?.output().output.socket()
}
