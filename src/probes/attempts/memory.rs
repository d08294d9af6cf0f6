//! Memory: nothing that was written becomes code.

use crate::probes::probe::{Attempt, By, Expected, Failure, Probe};
use crate::probes::scene::Scene;
use crate::sys::attempts::calls;

/// What is on the list, but not with these arguments, ends the process all the same: nobody goes on without it.
pub(super) const PROBES: &[Probe] = &[
    Probe::killed(
        "map memory for code (mmap)",
        "Code of their own in this process.",
        &calls::MMAP_EXECUTABLE,
    ),
    Probe::killed(
        "make memory code (mprotect)",
        "Code of their own in this process.",
        &calls::MPROTECT_EXECUTABLE,
    ),
    Probe::killed(
        "make memory code (pkey_mprotect)",
        "Code of their own in this process.",
        &calls::PKEY_MPROTECT,
    ),
    Probe::killed("shared memory (shmget)", "A way to another process.", &calls::SHMGET),
    Probe::killed(
        "shared memory as code (shmat)",
        "Code of their own in this process.",
        &calls::SHMAT,
    ),
    Probe::killed(
        "handle page faults (userfaultfd)",
        "The kernel waits in the middle of a copy.",
        &calls::USERFAULTFD,
    ),
    Probe::killed(
        "less random memory (personality)",
        "Addresses that can be guessed.",
        &calls::PERSONALITY,
    ),
    Probe::new(
        "a panic",
        "Nothing: a mistake ends the process at once, with its message, and leaves no core.",
        Expected::Aborts,
        By::Nobody,
        Attempt::Code(panic),
    ),
];

#[expect(clippy::panic, reason = "what becomes of one is what is tried")]
fn panic(_: &Scene) -> Result<(), Failure> {
    // The build for development unwinds, the one that is shipped does not come back from here.
    let _ = std::panic::catch_unwind(|| panic!("a probe of the sandbox panics, as it should"));
    std::process::abort()
}
