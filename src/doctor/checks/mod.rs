//! The checks, one file for each part of the way.

mod answer;
pub(super) mod audit;
mod auth;
mod challenge;
#[cfg(fuzzing)]
pub use challenge::fuzzing as challenge_fuzzing;
pub(super) mod control;
pub(super) mod files;
pub(super) mod health;
mod initialize;
pub(super) mod log_server;
pub(super) mod mcp;
pub(super) mod names;
mod oauth;
pub(super) mod sandbox;
pub(super) mod settings;
pub(super) mod stdio;
pub(super) mod trust;
