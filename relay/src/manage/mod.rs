//! Tunnels and their management.

mod api;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod store;
mod tunnel;

pub(crate) use api::{create, delete, list, one, update};
pub(crate) use store::Tunnels;
