//! What operators and machines see: health, readiness, metrics.

pub mod banner;
pub mod files;
pub mod health;
mod hosts;
pub mod janitor;
pub mod listener;
pub mod metrics;
mod own_file;
mod server;
pub mod unix_url;

use crate::sandbox::Status;

pub use listener::Listener;
pub use server::Server;

/// Facts that the parts report and the health listener shows.
#[derive(Debug)]
pub struct Ops {
    /// Liveness and readiness.
    pub health: health::Health,
    /// Counters and gauges.
    pub metrics: metrics::Metrics,
    /// Which layers of the sandbox are in force.
    pub sandbox: Status,
}
