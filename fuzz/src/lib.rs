//! Fuzz targets: one module each, with `check`, which is fed by `fuzz_targets/` and panics when its oracle finds a fault.
//!
//! Private code is reached through the modules `fuzzing` of the two libraries, which exist under `cfg(fuzzing)` only.

// Messages of the client.
pub mod poll_response;

// Settings, secrets and logs of the client.

// Processes of the client.

// The relay.
