//! Bounds of the service manager's notify protocol.

use std::time::Duration;

/// Bytes of the status text: one line of `systemctl status`, with the longest cause of a failed connection.
pub const STATUS_MAX: usize = 240;
/// Least time between two status texts that say how things are: an outage with many faces costs one datagram a second.
pub const STATUS_INTERVAL: Duration = Duration::from_secs(1);
/// Pause before what found no room in the service manager's socket is sent again. At boot that socket can be full for a moment.
pub const NOTIFY_RETRY: Duration = Duration::from_millis(100);
/// Least time between two watchdog messages, however short the service manager's interval: a loop of its own is no sign of life.
pub const WATCHDOG_PERIOD_MIN: Duration = Duration::from_millis(10);
/// How soon it is looked again whether the poll loop turns, after it did not.
pub const WATCHDOG_RECHECK: Duration = Duration::from_secs(1);
/// Added to the bound of each step of the poll loop before it counts as stuck: a busy machine, and the pauses of a virtual one.
pub const STEP_SLACK: Duration = Duration::from_secs(10);
/// How often the poll loop shows that it still waits for a place in its queue.
pub const ROOM_LOOK: Duration = Duration::from_secs(5);
