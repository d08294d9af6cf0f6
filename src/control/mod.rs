//! The control plane's side: polling for commands, delivering responses.

pub mod backoff;
pub mod client;
mod poller;
mod responder;

pub use client::{ControlPlane, Metadata, Room, USER_AGENT_VALUE};
pub use poller::Poller;
pub use responder::{Delivery, Notifier, Responder};
