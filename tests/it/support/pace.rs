//! Pauses that are the stimulus of a test: a slow server, a connection that idles. What a test waits for is an event, see
//! [`wait`](super::wait).

use std::time::Duration;

/// Pauses for this reason, which says why no event can take the place of the time.
pub fn pause(_reason: &str, time: Duration) {
    std::thread::sleep(time);
}
