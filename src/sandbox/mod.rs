//! What the processes give up once they have started, so that code that gets into one of them can do as little as possible.
//!
//! `cage` says in which order; the other files hold one layer each; `seccomp` holds the lists of system calls, as data.

#![forbid(unsafe_code)]

mod account;
mod broker;
mod cage;
mod hidden;
mod homes;
mod janitor;
mod privileges;
mod process;
mod reach;
mod rules;
mod seccomp;
pub mod server;
mod signal_scope;
mod status;
mod users;

pub use account::Account;
pub use broker::{BrokerCage, Entered, Seal};
pub use cage::{Cage, Error, ResolverCage};
pub use hidden::is_read_only;
pub use janitor::JanitorCage;
pub use privileges::Privileges;
pub use process::{conceal, current_umask, seclude};
pub use signal_scope::SignalScope;
pub use status::{Finding, Layer, State, Status};
