//! Who may do what: keys with scopes, kept as hashes, compared in constant time.

pub(crate) mod keygen;
pub(crate) mod keys;
mod revocation;
mod scopes;

pub(crate) use keys::{Key, Keys, Lines};
pub(crate) use revocation::Revocation;
pub(crate) use scopes::Need;
