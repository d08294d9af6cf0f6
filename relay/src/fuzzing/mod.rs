//! Doors to private code for `fuzz/`. They exist in builds for fuzzing only (`cfg(fuzzing)`): thin wrappers, without decisions.

pub mod keys;
pub mod messages;
pub mod shares;

/// Answers of clients to the calls of one relay.
pub mod answers {
    pub use crate::control::response_fuzzing::*;
}

/// Paths of requests.
pub mod paths {
    pub use crate::server::fuzzing::*;
}

/// Polls: their queries, and answers to them as they are written.
pub mod polls {
    pub use crate::control::poll_fuzzing::*;
}

/// The queue of a relay.
pub mod queue {
    pub use crate::queue::fuzzing::*;
}

/// Requests of callers: headers, origins, accepted forms.
pub mod requests {
    pub use crate::connector::fuzzing::*;
}

/// Records of tunnels.
pub mod tunnels {
    pub use crate::manage::fuzzing::*;
}
