//! Outgoing connections: one way to resolve, connect, encrypt, keep and reuse them.

pub mod blocking;
mod body;
mod connect;
mod error;
mod headers;
mod hop;
mod network;
mod origin;
mod pool;
mod proxy;
mod resolver;
mod steps;
mod stream;

pub use body::RequestBody;
pub use connect::{Connector, Via};
pub use error::{NetError, Unreached};
pub use headers::{BadHeader, configured};
pub use hop::{Cause, Hop, HopError, Step};
pub use network::{Error as NetworkError, Network};
pub use pool::{Phase, Pool, Reply, SendError};
pub use resolver::{Resolver, Resolvers};
