//! Settings: files, flags, references, addresses.
