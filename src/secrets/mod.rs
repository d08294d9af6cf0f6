//! Where secrets come from: environment variables and files, named by references, wiped after use.

#![forbid(unsafe_code)]

mod environment;
mod files;
mod reference;

pub use environment::Environment;
pub use files::{Disk, Files};
pub use reference::{Reference, ReferenceError};
