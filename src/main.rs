//! The `tunnel-client` binary: parse, call the library, map the error to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match tunnel_client::cli::execute(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::FAILURE
        }
    }
}
