//! Models of what threads of the relay share: its own files, unchanged, over locks, channels and wake-ups of a model checker, which runs
//! each model under many schedules. Every use of one of these is a point where another thread may go on. A schedule in which all wait
//! for ever is a failure, so a lost wake-up shows.
#![allow(
    dead_code,
    unused_imports,
    reason = "the included files have more than the models use"
)]
#![allow(missing_docs, reason = "a program of tests")]

extern crate exchanged_std as std;
extern crate exchanged_tokio as tokio;

#[path = "../../../relay/src/calls/mod.rs"]
mod calls;
#[path = "../../../relay/src/error.rs"]
mod error;
#[path = "../../../relay/src/ids.rs"]
mod ids;
#[path = "../../../relay/src/json.rs"]
mod json;
#[path = "../../../relay/src/pending.rs"]
mod pending;
#[path = "../../../relay/src/queue/mod.rs"]
mod queue;
#[path = "../../../relay/src/share.rs"]
mod share;

mod run;

/// The models.
#[path = "relay"]
mod models {
    pub(crate) mod calls;
    pub(crate) mod memory_queue;
    pub(crate) mod pending;
    pub(crate) mod shares;
}

/// Keys, without their files.
mod auth {
    use std::sync::Arc;

    use tokio::sync::watch;

    #[derive(Debug, Clone)]
    pub(crate) struct Key {
        pub(crate) name: Arc<str>,
        pub(crate) revocation: Revocation,
    }

    impl Key {
        pub(crate) fn new(name: &str) -> Self {
            Self {
                name: name.into(),
                revocation: Revocation::default(),
            }
        }

        /// The key is removed from the relay's file.
        pub(crate) fn remove(&self) {
            self.revocation.0.send_replace(true);
        }
    }

    /// As in `relay/src/auth/revocation.rs`, which asks for a channel with a default; the one here has none.
    #[derive(Debug, Clone)]
    pub(crate) struct Revocation(Arc<watch::Sender<bool>>);

    impl Default for Revocation {
        fn default() -> Self {
            Self(Arc::new(watch::channel(false).0))
        }
    }

    impl Revocation {
        pub(crate) fn is_revoked(&self) -> bool {
            *self.0.borrow()
        }

        pub(crate) fn is_same(&self, other: &Self) -> bool {
            Arc::ptr_eq(&self.0, &other.0)
        }

        pub(crate) async fn revoked(&self) {
            let _ = self.0.subscribe().wait_for(|revoked| *revoked).await;
        }
    }
}

/// The relay's bounds. Time passes in no model: what waits for it waits for ever.
#[path = "../../.."]
mod limits {
    #[path = "relay/src/limits.rs"]
    mod of_relay;

    use std::time::Duration;

    pub(crate) use of_relay::*;

    /// Two years, which the model checker takes for never.
    const NEVER: Duration = Duration::from_secs(2 * 366 * 86_400);

    pub(crate) const CLIENT_SEEN: Duration = NEVER;
    pub(crate) const STREAM_WAIT: Duration = NEVER;
}

#[path = "../../.."]
mod control {
    #[path = "relay/src/control/presence.rs"]
    mod presence;

    pub(crate) use presence::{Busy, Presence};
}

mod log {
    pub(crate) fn info(_: &str, _: &[(&str, &dyn std::fmt::Display)]) {}
}

/// Records of tunnels, without their file.
mod manage {
    use std::collections::HashSet;
    use std::sync::{Mutex, PoisonError};

    use crate::ids::TunnelId;

    #[derive(Debug, Default)]
    pub(crate) struct Tunnels(Mutex<HashSet<TunnelId>>);

    impl Tunnels {
        pub(crate) fn of(tunnel: &TunnelId) -> Self {
            Self(Mutex::new(HashSet::from([tunnel.clone()])))
        }

        pub(crate) fn exists(&self, tunnel: &TunnelId) -> bool {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(tunnel)
        }

        pub(crate) fn remove(&self, tunnel: &TunnelId) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(tunnel);
        }
    }
}

/// A body, without the connection it came from.
mod server {
    use bytes::Bytes;

    #[derive(Debug)]
    pub(crate) struct Held(Bytes);

    impl Held {
        pub(crate) fn bytes(&self) -> &Bytes {
            &self.0
        }
    }

    impl From<Bytes> for Held {
        fn from(bytes: Bytes) -> Self {
            Self(bytes)
        }
    }
}

fn main() -> std::process::ExitCode {
    run::run(&[
        models::memory_queue::MODELS,
        models::calls::MODELS,
        models::pending::MODELS,
        models::shares::MODELS,
    ])
}
