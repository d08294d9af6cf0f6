//! Audit log: one JSON line a command, sealed by a forward-secure chain, with the writer and the verifier.
//!
//! The installation has an initial key, which the auditor keeps. The host keeps only what the chain needs from here on: each start
//! takes a key for its own records from the stored one and moves the stored one on; each record moves the key of the records on.
//! All steps are one-way (HMAC-SHA-256), and the old keys are wiped. `docs/audit-log.md` has the format and the threat model.

#![forbid(unsafe_code)]

mod hex;
mod key;
mod key_file;
pub mod limits;
mod line;
mod position;
mod record;
mod tail;
mod torn;
mod utc;
mod verify;
mod writer;

pub use key::{Head, InitialKey, NotAKey, SessionKey, Tag};
pub use key_file::{Error as KeyFileError, KeyFile};
pub use line::{Event, Gap, Line, Opening};
pub use position::{Fit, Position, PositionFile, Stored};
pub use record::{Command, time_of};
pub use tail::Tail;
pub use torn::TornLines;
pub use utc::Utc;
pub use verify::{AnchorState, Fault, Finding, Note, Report, Verdict, Verifier};
pub use writer::{AuditLog, Sink};
