//! Outgoing connections: one way to resolve, connect, encrypt, keep and reuse them.

pub mod blocking;
mod body;
mod challenge;
mod collect;
mod connect;
mod dial;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
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
mod standing;
mod steps;
mod stream;
mod unpack;
mod unresolved;
mod waited;
mod wiped;

pub use body::RequestBody;
pub(crate) use challenge::challenges;
pub use challenge::{Demand, Schemes};
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
pub(crate) use stream::Stream;
pub use unpack::Packing;
pub use unresolved::Unresolved;
pub use waited::{Waited, bound};
