//! Processor time of a test's thread: the machine may be busy with other things.
#![allow(clippy::expect_used, reason = "tests")]

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What `act` gives, and the processor time that this thread took for it.
pub(crate) fn processor_time<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let start = clock_gettime(ClockId::ThreadCPUTime);
    let given = act();
    let took = clock_gettime(ClockId::ThreadCPUTime) - start;
    (given, Duration::try_from(took).expect("the clock does not go back"))
}
