//! What the kernel forbids this process, once it has started.

#![forbid(unsafe_code)]

mod egress;
mod sockets;

pub use egress::{Egress, NotEnforced};
