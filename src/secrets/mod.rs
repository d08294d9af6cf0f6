//! Where secrets come from: environment variables and files, named by references, wiped after use.

#![forbid(unsafe_code)]

mod arguments;
mod credential;
mod environment;
mod error;
mod files;
mod guard;
mod key;
mod neighbours;
mod outsiders;
mod reference;
mod seclusion;
mod seen;

#[cfg(test)]
mod tests;

pub use arguments::{Masking, mask_flags, mask_secret};
pub use credential::Credential;
pub(crate) use credential::directory as credentials_directory;
pub use environment::Environment;
pub use error::{Excess, Fault, FileError, Remedy};
pub use files::{Disk, Files, open_trusted, read, read_trusted};
pub use guard::Guard;
pub use key::ApiKey;
pub use neighbours::{Doubt, end_proofs};
pub use outsiders::Outsiders;
pub(crate) use outsiders::is_roots_alone;
pub(crate) use reference::is_variable_name;
pub use reference::{Prefix, Reference, ReferenceError};
pub use seclusion::{Accepted, Open, SecludedFile, Seclusion};
pub use seen::{SeenFile, Stamp};
