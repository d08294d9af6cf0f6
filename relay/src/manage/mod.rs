//! Tunnels and their management.

mod api;
mod store;
mod tunnel;

pub(crate) use api::{create, delete, list, one, update};
pub(crate) use store::Tunnels;
