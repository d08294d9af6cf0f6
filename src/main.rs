//! The `tunnel-client` binary: parse, call the library, map the error to an exit code.

use std::process::ExitCode;

use tunnel_client::broker;
use tunnel_client::sys::allocator::Wiping;

/// What is freed is wiped first.
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

fn main() -> ExitCode {
    // Before anything else: the broker is to be small, and what it never runs it never has in memory.
    if broker::is_asked_for(std::env::args_os()) {
        return broker::serve();
    }
    match tunnel_client::cli::execute(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::from(error.exit_code())
        }
    }
}
