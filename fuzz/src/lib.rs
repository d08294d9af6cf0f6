//! Fuzz targets: one module each, with `check`, which is fed by `fuzz_targets/` and panics when its oracle finds a fault.
//!
//! Private code is reached through the modules `fuzzing` of the two libraries, which exist under `cfg(fuzzing)` only.

pub mod audit_line;
pub mod every;
pub mod support;

// Messages of the client.
pub mod http_message;
pub mod http_unpack;
pub mod jsonrpc_message;
pub mod jsonrpc_splice;
pub mod poll_response;
pub mod response_timeout;
pub mod retry_after;
pub mod server_words;
pub mod set_cookie;
pub mod sse_stream;
pub mod stderr_lines;
pub mod stdio_framing;
pub mod www_authenticate;

// Settings, secrets and logs of the client.
pub mod certificate;
pub mod cidr;
pub mod command_words;
pub mod config_file;
pub mod duration;
pub mod error_text;
pub mod flags_and_environment;
pub mod log_line;
pub mod no_proxy;
pub mod pem;
pub mod proxy_answer;
pub mod redaction;
pub mod references;
pub mod sealed_writer;
pub mod service_manager;
pub mod urls;
pub mod written_profile;

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
