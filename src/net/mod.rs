//! Outgoing connections: one way to resolve, connect, encrypt, keep and reuse them.

mod body;
mod connect;
mod error;
mod headers;
mod origin;
mod pool;
mod resolver;
mod stream;

pub use body::RequestBody;
pub use connect::{Connector, Via};
pub use error::NetError;
pub use headers::{BadHeader, configured};
pub use pool::{Phase, Pool, Reply, SendError};
pub use resolver::{Resolver, Resolvers};
