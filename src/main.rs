//! The `tunnel-client` binary: parse, call the library, map the error to an exit code.

use std::process::ExitCode;

/// musl's own allocator costs a third of the CPU time on the data path (benches/README.md).
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    match tunnel_client::cli::execute(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::from(error.exit_code())
        }
    }
}
