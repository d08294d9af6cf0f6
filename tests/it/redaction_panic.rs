//! The message of a panic does not show a secret. The process that panics is this test program, started again.

use std::process::Command;

use tunnel_client::cli;
use tunnel_client::telemetry::redact;

const SECRET: &str = "panicsecret4711harbor";
/// Says that this process is the one that panics.
const PANICS: &str = "TUNNEL_CLIENT_TEST_PANICS";

#[test]
fn the_message_of_a_panic_has_no_secret() {
    if std::env::var_os(PANICS).is_some() {
        return panic_as_the_program();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "redaction_panic::the_message_of_a_panic_has_no_secret",
            "--nocapture",
        ])
        .env(PANICS, "1")
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{output:?}");
    assert!(
        shown.contains("panicked at") && shown.contains("the key [REDACTED] and Authorization: [REDACTED]"),
        "{shown}"
    );
    assert!(!shown.contains(SECRET) && !shown.contains("abcdefgh4711"), "{shown}");
}

fn panic_as_the_program() {
    // The first step of every command.
    cli::execute(["tunnel-client", "version"].map(Into::into)).unwrap();
    redact::protect(SECRET);
    panic!("the key {SECRET} and Authorization: Bearer abcdefgh4711");
}
