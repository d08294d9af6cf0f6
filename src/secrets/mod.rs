//! Where secrets come from: environment variables and files, named by references, wiped after use.

#![forbid(unsafe_code)]

mod environment;
mod error;
mod files;
mod guard;
mod reference;
mod seen;
mod way;

#[cfg(test)]
mod tests;

pub use environment::Environment;
pub use error::{Fault, FileError};
pub use files::{Disk, Files, open, read};
pub use guard::Guard;
pub use reference::{Prefix, Reference, ReferenceError};
pub use seen::{SeenFile, Stamp};
