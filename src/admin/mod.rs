//! The management of tunnels: create, list, read, change, delete them at the control plane (`/v1/tunnels`).
//!
//! A [`Request`] can only be made from checked ids; a [`Client`] sends it and gives a [`Tunnel`], a [`TunnelList`], or an
//! [`Error`] that says what to do. Nothing here prints.

#![forbid(unsafe_code)]

mod client;
mod error;
mod request;
mod tunnel;

pub use client::Client;
pub use error::{Cause, Error, Refusal};
pub use request::{Changes, PrincipalId, Request, Scope, TunnelId};
pub use tunnel::{Tunnel, TunnelList};
