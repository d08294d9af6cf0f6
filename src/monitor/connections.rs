//! Connections that were opened and used again, by kind of peer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of one kind of peer. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    opened: AtomicU64,
    reused: AtomicU64,
}

/// Counts of both kinds of peers. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    /// Of the control plane.
    pub control_plane: Tally,
    /// Of MCP servers.
    pub servers: Tally,
}

impl Tally {
    /// A connection was opened.
    pub fn opened(&self) {
        self.0.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// A kept connection carries another request.
    pub fn reused(&self) {
        self.0.reused.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections that were opened, and times that one was used again.
    pub(super) fn counts(&self) -> (u64, u64) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (of(&self.0.opened), of(&self.0.reused))
    }
}

impl Connections {
    /// Each kind with the word that metrics have for it.
    pub(super) fn kinds(&self) -> [(&'static str, &Tally); 2] {
        [("control_plane", &self.control_plane), ("mcp", &self.servers)]
    }
}
