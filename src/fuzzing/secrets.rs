//! Secrets: redaction, log lines, sealed writer, certificates.

pub use crate::net::fuzzing::secrets::*;
pub use crate::telemetry::log::fuzzing::*;
pub use crate::tls::fuzzing::*;
