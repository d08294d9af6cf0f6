//! The `tunnel-client` binary: parse, call the library, map the error to an exit code.

use std::process::ExitCode;

use tunnel_client::sys::allocator::Wiping;

/// What is freed is wiped first.
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

fn main() -> ExitCode {
    match tunnel_client::cli::execute(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::from(error.exit_code())
        }
    }
}
