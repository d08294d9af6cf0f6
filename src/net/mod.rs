//! Outgoing connections: one way to resolve, connect, encrypt, keep and reuse them.

pub mod blocking;
mod body;
mod collect;
mod connect;
mod dial;
mod error;
mod generation;
mod headers;
mod hop;
mod network;
mod origin;
mod plan;
mod pool;
mod proxy;
mod resolver;
mod reuse;
mod sealed;
mod steps;
mod stream;
mod unpack;
mod wiped;

pub use body::RequestBody;
pub use connect::{Connector, Peer, Via};
pub use error::{NetError, Unreached};
pub use generation::{Generation, Live, Refusal};
pub use headers::{BadHeader, configured};
pub use hop::{Cause, Hop, HopError, Step};
pub use network::{ClientCertificate, Error as NetworkError, Network, Way};
pub use origin::NotFollowed;
pub use plan::Watched;
pub use pool::{Patience, Phase, Pool, Reply, SendError};
pub use resolver::{Resolver, Resolvers};
pub use reuse::Reuse;
pub use unpack::Packing;
