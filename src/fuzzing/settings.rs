//! Settings: files, flags, references, addresses.

pub use crate::cli::fuzzing::*;
pub use crate::config::fuzzing::*;
pub use crate::service_manager::fuzzing::*;
