//! Who may do what: keys with scopes, kept as hashes, compared in constant time.

pub(crate) mod keygen;
mod keys;
mod scopes;

pub(crate) use keys::{Key, Keys};
pub(crate) use scopes::Need;
