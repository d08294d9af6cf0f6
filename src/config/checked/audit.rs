//! The audit log.

use std::path::PathBuf;

/// Where records of commands go, and what happens when they cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// File that records are appended to.
    pub file: PathBuf,
    /// Key file of the chain; without one, records are not sealed.
    pub key_file: Option<PathBuf>,
    /// What happens while records cannot be written.
    pub on_failure: OnFailure,
    /// Records between two anchors.
    pub anchor_every: usize,
}

/// What happens to commands while their records cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// They are refused.
    Block,
    /// They are performed; the records that are lost are counted.
    DropAndCount,
}
