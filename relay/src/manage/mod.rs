//! Tunnels and their management.

mod api;
#[cfg(fuzzing)]
#[path = "../fuzzing/tunnels.rs"]
pub(crate) mod fuzzing;
mod store;
mod tunnel;

pub(crate) use api::{create, delete, list, one, update};
pub(crate) use store::Tunnels;
