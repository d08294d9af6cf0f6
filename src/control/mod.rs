//! The control plane's side: its requests, and polling for commands.

pub mod client;
mod correction;
mod headers;
mod held;
mod poller;
mod post;
mod routing;
mod series;
mod told;
mod verdict;
mod wait;

pub use client::{ControlPlane, Metadata};
pub(crate) use headers::{bearer, identification};
pub use poller::Poller;
