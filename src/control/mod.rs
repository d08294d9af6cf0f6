//! The control plane's side: polling for commands, delivering responses.

pub mod client;
mod headers;
mod held;
mod poller;
mod responder;
mod told;

pub use client::{ControlPlane, Metadata, Room};
pub(crate) use headers::{bearer, identification};
pub use poller::Poller;
pub use responder::{Delivery, Notifier, Responder};
