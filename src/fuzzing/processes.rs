//! Processes: the broker and its messages, programs and their interpreters, what `/proc` and system files say, attribution on a pipe,
//! queues and budgets.

/// Messages between daemon and broker.
pub mod broker {
    pub use crate::broker::fuzzing::*;
}

/// Members of groups.
pub mod groups {
    pub use crate::files::groups_fuzzing::*;
}

/// The queue of commands.
pub mod lanes {
    pub use crate::dispatch::fuzzing::*;
}

/// URL files of health listeners.
pub mod locator {
    pub use crate::cli::locator_fuzzing::*;
}

/// Mounts of processes.
pub mod mounts {
    pub use crate::files::mounts_fuzzing::*;
}

/// Programs of stdio servers.
pub mod programs {
    pub use crate::preflight::fuzzing::*;
}

/// Rooms of messages in the memory budget.
pub mod rooms {
    pub use crate::memory::fuzzing::*;
}

/// Attribution and admission on the pipe of one stdio server.
pub mod router {
    pub use crate::mcp::stdio::router_fuzzing::*;
}

/// Security contexts.
pub mod selinux {
    pub use crate::sandbox::selinux::fuzzing::*;
}
