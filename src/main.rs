//! The `tunnel-client` binary: parse, call the library, map the error to an exit code.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use tunnel_client::broker;
use tunnel_client::ops::janitor;
use tunnel_client::own_program::is_asked_for;
use tunnel_client::sys::allocator::Wiping;

/// What is freed is wiped first.
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

fn main() -> ExitCode {
    // Before anything else: these processes are to be small, and code that they never run never gets into their memory.
    if is_asked_for(broker::ROLE, std::env::args_os()) {
        return broker::serve();
    }
    if is_asked_for(janitor::ROLE, std::env::args_os()) {
        return janitor::serve();
    }
    match tunnel_client::cli::execute(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::from(error.exit_code())
        }
    }
}
