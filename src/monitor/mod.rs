//! Facts that the parts report and the health listener shows: health, metrics, progress of the poll loop.

#![forbid(unsafe_code)]

pub mod component;
pub mod connections;
mod facts;
pub mod health;
pub mod hops;
pub mod metrics;
pub mod progress;
mod running;
mod upload;

pub use component::{Component, Moment, Status};
pub use connections::Connections;
pub use facts::{
    Catalog, Category, Certificate, Child, Discovered, Disposition, Failed, Finished, Forwarded, Forwarding, Identity,
    Layer, Line, Lines, Log, Observed, Proof, Transport, Trouble, Waits,
};
pub use health::Health;
pub use metrics::Metrics;
pub use progress::Progress;
pub use running::Running;
pub use upload::Upload;

use crate::telemetry::redact;

/// Facts of one process.
#[derive(Debug)]
pub struct Monitor {
    /// Liveness and readiness.
    pub health: Health,
    /// Counters and gauges.
    pub metrics: Metrics,
    /// Whether the poll loop turns.
    pub progress: Progress,
}

impl Monitor {
    /// For tests: of a process without servers.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        Self {
            health: Health::new(std::iter::empty()),
            metrics: Metrics::new(1, 1),
            progress: Progress::default(),
        }
    }

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
