//! What the processes give up once they have started, so that code that gets into one of them can do as little as possible.
//!
//! `cage` says in which order; the other files hold one layer each; `seccomp` holds the lists of system calls, as data.

#![forbid(unsafe_code)]

mod broker;
mod cage;
mod devices;
mod hidden;
mod homes;
mod host;
mod identity;
mod janitor;
mod names;
mod privileges;
mod process;
mod program;
mod reach;
mod rules;
mod seccomp;
pub mod selinux;
pub mod server;
mod signal_scope;
mod status;
mod streams;
mod trusted;
mod users;

pub use broker::{BrokerCage, Entered, Seal};
pub use cage::{AuditCage, Cage, Error, ResolverCage};
pub use host::is_read_only;
pub use janitor::JanitorCage;
pub use names::on_the_way as names_on_the_way;
pub use privileges::{Privileges, becomes, log_owners};
pub use process::{conceal, current_umask, descriptors_in_cage, reveal, seclude};
pub use program::ReadableProgram;
#[doc(hidden)]
pub use seccomp::listed;
pub use signal_scope::SignalScope;
pub use status::{Finding, Layer, State, Status};
pub use trusted::{outsiders, unprotected};
pub use users::uid_of;
