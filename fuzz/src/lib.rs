//! Fuzz targets: one module each, with `check`, which is fed by `fuzz_targets/` and panics when its oracle finds a fault.
//!
//! Private code is reached through the modules `fuzzing` of the two libraries, which exist under `cfg(fuzzing)` only.

// Messages of the client.
pub mod poll_response;

// Settings, secrets and logs of the client.

// Processes of the client.
pub mod broker_protocol;
pub mod dispatch_queue;
pub mod groups;
pub mod health_url;
pub mod message_memory;
pub mod mounts;
pub mod program_file;
pub mod selinux_context;
pub mod stdio_admission;
pub mod stdio_router;

// The relay.
mod decimal;
pub mod relay_keys;
pub mod relay_manage;
pub mod relay_message;
pub mod relay_poll_round_trip;
pub mod relay_queue;
pub mod relay_request;
pub mod relay_response;
