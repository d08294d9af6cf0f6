//! The end of a key, for what it has under way.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::{Code, Refusal};

/// Whether a key was removed; clones tell of the same key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Revocation(Arc<watch::Sender<bool>>);

impl Revocation {
    /// From now on.
    pub(super) fn revoke(&self) {
        self.0.send_replace(true);
    }

    /// Whether the key was removed.
    pub(crate) fn is_revoked(&self) -> bool {
        *self.0.borrow()
    }

    /// Whether both tell of the same key.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Completes when the key is removed.
    pub(crate) async fn revoked(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|revoked| *revoked).await;
    }

    /// What those are told who wait under the key.
    pub(crate) fn refusal() -> Refusal {
        Refusal::new(
            Code::InvalidApiKey,
            "the relay no longer knows this key: it was removed or changed",
        )
    }
}
