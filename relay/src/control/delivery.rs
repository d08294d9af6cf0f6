//! Commands on their way to a client.

use std::fmt;
use std::sync::Arc;

use super::presence::Busy;
use crate::ids::TunnelId;
use crate::queue::{Lease, Queue};

/// Commands that are being written. Dropped before [`Delivery::commit`], they go back to the queue.
pub(crate) struct Delivery {
    queue: Arc<dyn Queue>,
    tunnel: TunnelId,
    leases: Vec<Lease>,
    /// Its client is there while it takes the answer. Dropped last: what goes back waits for a client from then on.
    poll: Option<Busy>,
}

impl Delivery {
    /// Of commands that were just taken.
    pub(crate) fn new(queue: Arc<dyn Queue>, tunnel: TunnelId, leases: Vec<Lease>) -> Self {
        Self {
            queue,
            tunnel,
            leases,
            poll: None,
        }
    }

    /// The same, as the answer of a poll.
    pub(crate) fn by(self, poll: Busy) -> Self {
        let mut delivery = self;
        delivery.poll = Some(poll);
        delivery
    }

    /// The commands.
    pub(crate) fn leases(&self) -> &[Lease] {
        &self.leases
    }

    /// All of the answer was written: the commands are the client's.
    pub(crate) fn commit(mut self) {
        self.queue.delivered(&self.tunnel, std::mem::take(&mut self.leases));
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let leases = std::mem::take(&mut self.leases);
        if leases.is_empty() {
            return;
        }
        let count = leases.len();
        self.queue.give_back(&self.tunnel, leases);
        let fields: [(&str, &dyn fmt::Display); 2] = [("tunnel", &self.tunnel), ("commands", &count)];
        crate::log::warn("poll answer was not fully written; its commands wait again", &fields);
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({}, {} commands)", self.tunnel, self.leases.len())
    }
}
