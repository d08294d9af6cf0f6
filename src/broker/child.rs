//! One run of a stdio server, as the daemon sees it.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::client::{Shared, gone};
use super::protocol::{Kill, Request};
use crate::limits::STDIO_STOP_STEP;

/// A server that runs. Dropped, its whole process group is killed.
#[derive(Debug)]
pub struct Child {
    broker: Arc<Shared>,
    run: u64,
    pid: u32,
    end: End,
}

#[derive(Debug)]
enum End {
    /// Its status comes here.
    Awaited(oneshot::Receiver<ExitStatus>),
    /// The broker reaped it and killed what it left.
    Known(ExitStatus),
    /// There is no broker any more to tell.
    Unknown,
}

impl Child {
    pub(super) fn new(broker: Arc<Shared>, run: u64, pid: u32, exit: oneshot::Receiver<ExitStatus>) -> Self {
        Self {
            broker,
            run,
            pid,
            end: End::Awaited(exit),
        }
    }

    /// Its process id. After its end it may be another's.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid
    }

    /// Waits for its end, after which nothing of its group is left.
    ///
    /// # Errors
    /// The broker is gone, and all servers with it.
    pub async fn exited(&mut self) -> io::Result<ExitStatus> {
        if let End::Awaited(exit) = &mut self.end {
            self.end = exit.await.map_or(End::Unknown, End::Known);
        }
        match &self.end {
            End::Known(status) => Ok(*status),
            End::Awaited(_) | End::Unknown => Err(gone()),
        }
    }

    /// Ends it after its stdin was closed: waits, SIGTERM, SIGKILL.
    pub async fn stop(&mut self) {
        for kill in [Kill::Term, Kill::Kill] {
            if timeout(STDIO_STOP_STEP, self.exited()).await.is_ok() {
                return;
            }
            self.signal(kill);
        }
        // SIGKILL cannot be refused; the wait is for the kernel alone.
        let _ = timeout(STDIO_STOP_STEP, self.exited()).await;
    }

    fn signal(&self, kill: Kill) {
        if matches!(self.end, End::Awaited(_)) {
            self.broker.send(Request::Signal { run: self.run, kill });
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(Kill::Kill);
    }
}
