//! What the parts of the process have recorded, a file for each component of `/health` (contract: ops, section 9).
//!
//! Plain data: nothing here does I/O, and recording costs a few words. Times are taken when a fact is recorded.

mod audit;
mod changes;
mod control_plane;
mod credentials;
mod delivery;
mod dispatcher;
mod failed;
mod forwarding;
mod log;
mod observed;
mod queue;
mod sandbox;
mod servers;

pub(super) use audit::Audit;
pub(super) use changes::Changes;
pub use changes::Line;
pub use control_plane::Waits;
pub(super) use control_plane::{ControlPlane, Poll};
pub use credentials::Certificate;
pub(super) use credentials::Credentials;
pub(super) use delivery::Delivery;
pub use delivery::Disposition;
pub use dispatcher::Finished;
pub(super) use dispatcher::{Dispatcher, Phase};
pub use failed::{Category, Failed};
pub use forwarding::{Forwarded, Forwarding, Trouble};
pub use log::{Lines, Log};
pub use observed::{Catalog, Discovered, Identity, Observed, Proof};
pub(super) use queue::Queue;
pub use sandbox::Layer;
pub(super) use sandbox::Sandbox;
pub use servers::{Child, Evidence, Server, Transport};
pub(super) use servers::{Known, Servers};
