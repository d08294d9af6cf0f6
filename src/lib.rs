//! The hardened client of a Secure MCP Tunnel: it polls a control plane over outbound HTTPS, forwards MCP JSON-RPC to
//! private MCP servers, and posts the answers back.
//!
//! Data goes one way: `control::poller` to `dispatch` to `mcp` to `delivery`.
#![deny(unsafe_code)]

pub mod admin;
pub mod audit;
pub mod backoff;
pub mod broker;
pub mod bundle;
pub mod cli;
pub mod config;
pub mod control;
pub mod delivery;
pub mod dispatch;
pub mod doctor;
#[cfg(test)]
mod every;
pub mod explain;
pub mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod identity;
pub mod limits;
mod links;
pub mod mcp;
pub mod memory;
pub mod monitor;
#[cfg(test)]
#[allow(unreachable_pub, reason = "shared with the integration tests")]
#[path = "../tests/it/support/needs.rs"]
mod needs;
pub mod net;
pub mod ops;
pub mod own_program;
pub mod preflight;
pub mod probes;
#[cfg(test)]
mod processor_time;
pub mod rotation;
pub mod run;
pub mod samples;
pub mod sandbox;
pub mod secrets;
pub mod service_manager;
pub mod shutdown;
pub mod stub;
pub mod sys;
pub mod telemetry;
pub mod tls;
pub mod wire;
