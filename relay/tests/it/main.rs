//! Tests of the relay as it is run: processes, sockets and files are real. A module is a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

mod admission;
mod audit;
mod connector;
mod control;
mod cors;
mod delivery;
mod log;
mod manage;
mod memory;
mod mounts;
mod notify;
mod openapi;
mod paths;
mod process;
mod reload;
mod server_requests;
mod shares;
mod stub;
mod tls;
