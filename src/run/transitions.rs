//! Changes of the status of components, as lines of the log.

use std::sync::Arc;
use std::time::Instant;

use log::{Level, log};
use tokio::time::sleep_until;

use crate::monitor::{Line, Monitor, Status};

/// Logs changes until it is dropped. Nothing wakes while nothing changes.
pub(super) async fn log(monitor: Arc<Monitor>) {
    let mut next = None;
    loop {
        tokio::select! {
            () = monitor.health.component_changed() => {}
            () = until(next) => {}
        }
        let (lines, later) = monitor.health.changes(Instant::now());
        for (component, line) in &lines {
            tell(component, line);
        }
        next = later;
    }
}

fn tell(component: &str, Line { from, to, changes, .. }: &Line) {
    log!(
        level(from.status, to.status),
        component,
        from = from.status.as_str(),
        to = to.status.as_str(),
        state = to.state,
        reason = to.reason,
        changes = *changes;
        "health of a component changed"
    );
}

/// Faults and their end are news. That something is known of a component, or not yet, is none.
fn level(from: Status, to: Status) -> Level {
    match (from, to) {
        (_, Status::Degraded) => Level::Warn,
        (Status::Degraded, _) => Level::Info,
        _ => Level::Debug,
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
