//! What the service manager is told: facts that the parts have recorded, never the success of anybody else.

use std::sync::Arc;

use log::{info, warn};
use tokio::time::sleep;

use crate::limits::{STATUS_INTERVAL, WATCHDOG_RECHECK};
use crate::ops::Ops;
use crate::service_manager::ServiceManager;

/// Reports until it is dropped. To be spawned after the health listener and the poll loop, so that the event loop has begun with both
/// when this says that the start is complete.
pub(super) async fn report(manager: ServiceManager, ops: Arc<Ops>) {
    ops.progress.begun().await;
    manager.ready(&ops.status());
    tokio::join!(manager.resend(), tell(&manager, &ops), watch(&manager, &ops));
}

/// Tells how things are when that changes.
async fn tell(manager: &ServiceManager, ops: &Ops) {
    loop {
        ops.health.changed().await;
        manager.status(&ops.status());
        sleep(STATUS_INTERVAL).await;
    }
}

/// Sends the watchdog's messages while the poll loop turns. That the event loop turns is shown by the message itself.
async fn watch(manager: &ServiceManager, ops: &Ops) {
    let Some(period) = manager.watchdog() else { return };
    let mut was_stuck = false;
    loop {
        let is_stuck = !ops.progress.is_turning();
        match (was_stuck, is_stuck) {
            (false, true) => warn!("poll loop is stuck; watchdog messages stopped"),
            (true, false) => info!("poll loop turns again; watchdog messages resumed"),
            _ => {}
        }
        was_stuck = is_stuck;
        if is_stuck {
            sleep(period.min(WATCHDOG_RECHECK)).await;
        } else {
            manager.alive();
            sleep(period).await;
        }
    }
}
