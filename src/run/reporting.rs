//! What the service manager is told: facts that the parts have recorded, never the success of anybody else.

use std::sync::Arc;

use log::{info, warn};
use tokio::time::sleep;

use crate::limits::{STATUS_INTERVAL, WATCHDOG_RECHECK};
use crate::monitor::Monitor;
use crate::service_manager::ServiceManager;

/// Reports until it is dropped. To be spawned after the health listener and the poll loop, so that the event loop has begun with both
/// when this says that the start is complete.
pub(super) async fn report(manager: ServiceManager, monitor: Arc<Monitor>) {
    if !manager.is_there() {
        return;
    }
    monitor.progress.begun().await;
    manager.ready(&monitor.status());
    tokio::join!(manager.resend(), tell(&manager, &monitor), watch(&manager, &monitor));
}

/// Tells how things are when that changes.
async fn tell(manager: &ServiceManager, monitor: &Monitor) {
    loop {
        monitor.health.changed().await;
        manager.status(&monitor.status());
        sleep(STATUS_INTERVAL).await;
    }
}

/// Sends the watchdog's messages while the poll loop turns. That the event loop turns is shown by the message itself.
async fn watch(manager: &ServiceManager, monitor: &Monitor) {
    let Some(period) = manager.watchdog() else { return };
    let mut was_stuck = false;
    loop {
        let is_stuck = !monitor.progress.is_turning();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    use super::*;
    use crate::monitor::{Health, Metrics, Progress};
    use crate::secrets::Environment;
    use crate::service_manager::Offer;

    /// Takes what comes in that time; returns how many messages of the watchdog were among it.
    async fn watchdog_messages(receiver: &tokio::net::UnixDatagram, time: Duration) -> usize {
        let (mut messages, mut buffer) = (0, [0; 4096]);
        let _ = tokio::time::timeout(time, async {
            loop {
                let length = receiver.recv(&mut buffer).await.unwrap();
                messages += usize::from(buffer[..length].ends_with(b"WATCHDOG=1"));
            }
        })
        .await;
        messages
    }

    #[test]
    fn a_poll_loop_that_does_not_come_to_the_end_of_a_step_stops_the_watchdog_messages() {
        let path = std::env::temp_dir().join(format!("tunnel-client-stuck-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let receiver = UnixDatagram::bind(&path).unwrap();
        receiver.set_nonblocking(true).unwrap();
        let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "40000")];
        let environment: Environment = variables.into_iter().collect();
        let manager = ServiceManager::connect(Offer::of(&environment, 1, &mut Vec::new()));
        let monitor = Arc::new(Monitor {
            health: Health::new(std::iter::empty()),
            metrics: Metrics::new(1, 1),
            progress: Progress::default(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let receiver = tokio::net::UnixDatagram::from_std(receiver).unwrap();
            tokio::spawn(report(manager, Arc::clone(&monitor)));
            let little = Duration::from_millis(200);
            assert_eq!(watchdog_messages(&receiver, little).await, 0, "the loop has not begun");
            monitor.progress.step(Duration::ZERO);
            let lively = Duration::from_secs(2);
            assert!(watchdog_messages(&receiver, lively).await > 2);
            monitor.progress.overrun();
            // What was sent before.
            watchdog_messages(&receiver, little).await;
            assert_eq!(watchdog_messages(&receiver, lively).await, 0);
            monitor.progress.step(Duration::ZERO);
            assert!(watchdog_messages(&receiver, lively).await > 2);
        });
        std::fs::remove_file(path).unwrap();
    }
}
