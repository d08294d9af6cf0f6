//! Delivery of responses to the service (contract: wire, section 7).
//!
//! How a response is sent is up to [`Post`]: this room knows what an answer of the service means, and nothing of HTTP.

#![forbid(unsafe_code)]

mod events;
mod notifier;
mod post;
mod questions;
mod responder;
mod verdict;

pub use events::Events;
pub use notifier::Notifier;
pub use post::{Credentials, Post, PostError};
pub use responder::Responder;
pub use verdict::Delivery;
