//! Audit log: one JSON line a command, sealed by a forward-secure chain, with the writer and the verifier.
//!
//! The installation has an initial key, which the auditor keeps. The host keeps only what the chain needs from here on: each start
//! takes a key for its own records from the stored one and moves the stored one on; each record moves the key of the records on.
//! All steps are one-way (HMAC-SHA-256), and the old keys are wiped. `docs/audit-log.md` has the format and the threat model.

#![forbid(unsafe_code)]

#[cfg(feature = "log")]
mod gate;
#[cfg(feature = "log")]
mod hex;
#[cfg(feature = "log")]
mod key;
#[cfg(feature = "log")]
mod key_file;
#[cfg(feature = "log")]
pub mod limits;
#[cfg(feature = "log")]
mod line;
#[cfg(feature = "log")]
mod position;
#[cfg(feature = "log")]
mod record;
#[cfg(feature = "log")]
mod slot;
#[cfg(feature = "log")]
mod tail;
#[cfg(feature = "log")]
mod thread;
#[cfg(feature = "log")]
mod torn;
mod utc;
#[cfg(feature = "log")]
mod verify;
#[cfg(feature = "log")]
mod writer;

#[cfg(feature = "log")]
pub use self::{
    gate::{Gate, OnFailure, Places, Ticket, Watch},
    key::{Head, InitialKey, NotAKey, SessionKey, Tag},
    key_file::{Error as KeyFileError, KeyFile},
    line::{Event, Gap, Line, Opening},
    position::{Fit, Position, PositionFile, Stored},
    record::{Command, time_of},
    tail::Tail,
    thread::{Message, Next, NoRequest, Notice, Program, Queued, Thread},
    torn::TornLines,
    verify::{AnchorState, Fault, Finding, Note, Report, Verdict, Verifier},
    writer::{AuditLog, Sink},
};
pub use utc::Utc;
