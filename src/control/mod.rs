//! The control plane's side: polling for commands, delivering responses.

pub mod backoff;
pub mod client;
mod headers;
mod held;
mod poller;
mod responder;
mod told;

pub use client::{ControlPlane, Metadata, Room};
pub use headers::USER_AGENT_VALUE;
pub(crate) use headers::{bearer, identification, instance_id};
pub use poller::Poller;
pub use responder::{Delivery, Notifier, Responder};
