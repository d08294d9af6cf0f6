//! The client's `dispatch` and the rooms beneath it, its own files unchanged, in a crate without libraries for HTTP and TLS and
//! without the client's other rooms: if one of these files imports them, it does not compile. `tests/` passes commands through it.
#![allow(
    dead_code,
    unused_imports,
    reason = "the included files have more than dispatch uses"
)]

/// The client's files.
#[path = "../../../src"]
mod client {
    pub mod backoff;
    pub mod delivery;
    pub mod dispatch;
    pub mod limits;
    pub mod memory;
    pub mod monitor;
    pub mod shutdown;
    pub mod wire;

    /// Characters that texts for people must not contain, and redaction; the log itself needs files.
    pub mod telemetry {
        mod line;
        pub mod redact;
        mod settings;
        pub(crate) mod utc;

        pub(crate) use line::is_unsafe;
    }
}

pub use client::*;

mod sys {
    pub(crate) mod allocator {
        /// The client's allocator gives larger blocks mappings of their own.
        pub(crate) const MAPPED_MIN: usize = 256 * 1024;
    }
}
