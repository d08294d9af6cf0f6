//! Waiting on events with a bound.

use std::time::{Duration, Instant};

/// The bound of every wait that should end at once: generous, because the machine may be busy. Less than a minute, the pause of a
/// client that was refused.
pub const BOUND: Duration = Duration::from_secs(45);

/// Waits until `probe` gives a value, at most [`BOUND`].
#[track_caller]
pub fn eventually<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    within(BOUND, what, probe)
}

/// Waits until `probe` gives a value, at most `bound`.
#[track_caller]
pub fn within<T>(bound: Duration, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(start.elapsed() < bound, "not within {bound:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Checks that `condition` stays true for `time`: for behaviour whose point is that nothing happens.
#[track_caller]
pub fn holds_for(time: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < time {
        assert!(condition(), "no longer true after {:?}: {what}", start.elapsed());
        std::thread::sleep(Duration::from_millis(10));
    }
}
