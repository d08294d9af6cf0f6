//! Waiting on events with a bound.

use std::fmt::Debug;
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
    match tried(bound, || probe().ok_or(())) {
        Ok(value) => value,
        Err(()) => panic!("not within {bound:?}: {what}"),
    }
}

/// Waits until `probe` succeeds, at most `bound`; a failure of the test shows why the last try did not.
#[track_caller]
pub fn settles<T, E: Debug>(bound: Duration, what: &str, probe: impl FnMut() -> Result<T, E>) -> T {
    match tried(bound, probe) {
        Ok(value) => value,
        Err(last) => panic!("not within {bound:?}: {what}; the last try gave {last:#?}"),
    }
}

/// The first success, or the failure of the last try.
fn tried<T, E>(bound: Duration, mut probe: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let start = Instant::now();
    loop {
        let outcome = probe();
        if outcome.is_ok() || start.elapsed() >= bound {
            return outcome;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until `done`, at most [`BOUND`], and checks all the time that `condition` is true.
#[track_caller]
pub fn holds_until(what: &str, mut done: impl FnMut() -> bool, mut condition: impl FnMut() -> bool) {
    eventually(&format!("the end of: {what}"), || {
        let is_done = done();
        assert!(is_done || condition(), "no longer true: {what}");
        is_done.then_some(())
    });
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
