//! Needs of a test that not every user or machine meets. Where one is not met the test fails, unless it was left out on purpose; then the
//! result says so.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};

/// The needs whose tests are left out where they are not met, separated by commas.
const WITHOUT: &str = "TUNNEL_CLIENT_TESTS_WITHOUT";
/// The file that gets a line for each test, or part of one, that was left out. `./check` reads it.
const LEFT_OUT: &str = "TUNNEL_CLIENT_TESTS_LEFT_OUT";

/// Whether the test may do what only root can do.
#[must_use]
#[track_caller]
pub fn root() -> bool {
    met("root", is_root())
}

/// Whether the tests run as root. For the scenery: what needs root asks [`root`].
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether the need of this name is met; false only if tests without it are to be left out.
#[must_use]
#[track_caller]
pub fn met(need: &str, is_met: bool) -> bool {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if is_met {
        return true;
    }
    let left_out = std::env::var(WITHOUT).unwrap_or_default();
    assert!(
        left_out.split(',').any(|name| name.trim() == need),
        "needs {need}, which is missing here; {WITHOUT}={need} leaves such tests out"
    );
    let number = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    let line = format!("{}: left out: needs {need}\n", Location::caller());
    // Not by a macro, whose text the harness keeps back when a test passes.
    let _ = std::io::stderr().write_all(format!("{number}. {line}").as_bytes());
    if let Some(file) = std::env::var_os(LEFT_OUT) {
        let appended = OpenOptions::new().append(true).create(true).open(&file);
        let written = appended.and_then(|mut file| file.write_all(line.as_bytes()));
        assert!(written.is_ok(), "{LEFT_OUT}: {}: {written:?}", file.display());
    }
    false
}
