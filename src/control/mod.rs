//! The control plane's side: polling for commands, delivering responses.

pub mod backoff;
pub mod client;
mod poller;
mod responder;

pub use client::{CLIENT_NAME, ControlPlane, Metadata};
pub use poller::Poller;
pub use responder::{Delivery, Notifier, Responder};
