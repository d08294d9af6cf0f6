//! The message of a panic on standard error, without secrets.

use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::thread;

use super::redact;

/// Stands for a message that cannot be searched for secrets.
const WITHHELD: &str = "a panic; its message is withheld, because secrets were being added at the same time";

/// Prints the messages of all panics from now on, scrubbed, in place of the standard library. Without a trace: the program that ships has
/// no names to show in one, and is without what unwinds a stack.
pub(crate) fn scrub_messages() {
    panic::set_hook(Box::new(print));
}

/// Takes no lock that the thread may hold already.
fn print(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let place = panic
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    let text = format!(
        "thread '{}' panicked{place}:\n{message}\n",
        thread.name().unwrap_or("?")
    );
    let text = redact::try_scrub(&text).map_or_else(|| format!("{WITHHELD}\n"), std::borrow::Cow::into_owned);
    // There is nowhere to report that reporting failed.
    let _ = io::stderr().write_all(text.as_bytes());
}
