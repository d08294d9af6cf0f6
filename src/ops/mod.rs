//! What operators and machines see: health, readiness, metrics.

pub mod banner;
pub mod files;
pub mod health;
mod hosts;
pub mod janitor;
pub mod listener;
pub mod metrics;
mod own_file;
pub mod progress;
mod server;
pub mod unix_url;

use crate::sandbox::Status;
use crate::telemetry::redact;

pub use listener::Listener;
pub use server::Server;

/// Facts that the parts report and the health listener shows.
#[derive(Debug)]
pub struct Ops {
    /// Liveness and readiness.
    pub health: health::Health,
    /// Counters and gauges.
    pub metrics: metrics::Metrics,
    /// Whether the poll loop turns.
    pub progress: progress::Progress,
    /// Which layers of the sandbox are in force.
    pub sandbox: Status,
}

impl Ops {
    /// How things are, for the service manager: what `/readyz` says, and whether the last reload was rejected.
    pub fn status(&self) -> String {
        let text = self.health.readiness().text;
        let text = redact::scrub(&text);
        match self.health.is_reload_rejected() {
            false => text.into_owned(),
            true => format!("{text}; credential reload rejected, the log says why"),
        }
    }
}
