//! Evidence of one child of a stdio server: what its own answers to callers have shown (contract: ops, section 10).
//!
//! Names and versions only: no schema, description, argument, output, error or cursor is kept.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::monitor::component::Moment;

/// What the answers of one child have shown.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The child's own number, new for each: 32 hexadecimal digits.
    pub generation: Option<Box<str>>,
    /// Requests `initialize` that were written, to all children.
    pub initialize_epoch: u64,
    /// Requests `server/discover` of MCP 2026-07-28 that were written, to all children.
    pub discover_epoch: u64,
    /// How far the evidence goes.
    pub proof: Proof,
    /// Why it goes no further.
    pub reason: Option<&'static str>,
    /// The answer to `initialize`.
    pub initialize: Option<Identity>,
    /// The answer to `server/discover`.
    pub discover: Option<Discovered>,
    /// The answers to `tools/list`.
    pub tools: Catalog,
    /// When the newest of it was seen.
    pub observed_at: Option<Moment>,
}

/// How far the evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proof {
    /// Nothing was answered yet.
    #[default]
    None,
    /// `initialize` was answered.
    Initialized,
    /// `server/discover` was answered.
    ServerDiscovered,
    /// `tools/list` was followed from its first to its last page.
    Discovered,
    /// An answer was none, or did not come.
    Failed,
}

/// Who a server says it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// It was accepted.
    pub ok: bool,
    /// Nothing of it was left out.
    pub identity_complete: bool,
    /// Something was left out, because it is too long.
    pub limited: bool,
    /// When it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Moment>,
    /// Version of MCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<Box<str>>,
    /// Name of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<Box<str>>,
    /// Version of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_version: Option<Box<str>>,
    /// Capabilities, of those that the contract names.
    pub capability_names: BTreeSet<&'static str>,
}

/// What a server without sessions says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Discovered {
    /// It was accepted.
    pub ok: bool,
    /// Something was left out, because there is too much of it.
    pub limited: bool,
    /// When it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Moment>,
    /// Versions of MCP.
    pub supported_versions: BTreeSet<Box<str>>,
    /// Capabilities, of those that the contract names.
    pub capability_names: BTreeSet<&'static str>,
}

/// Tools that a server listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Catalog {
    /// The last page was accepted.
    pub ok: bool,
    /// When it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Moment>,
    /// Their names.
    pub tool_names: BTreeSet<Box<str>>,
    /// Number of names.
    pub retained_count: usize,
    /// All pages were seen, one after the other, and nothing was left out.
    pub complete: bool,
    /// Some pages were seen, and not all.
    pub partial: bool,
    /// Something was left out, because there is too much of it.
    pub limited: bool,
}

impl Observed {
    /// Whether something was left out.
    pub(super) fn is_limited(&self) -> bool {
        let identity = self.initialize.as_ref().is_some_and(|found| found.limited);
        let discover = self.discover.as_ref().is_some_and(|found| found.limited);
        identity || discover || self.tools.limited || self.reason.is_some_and(|reason| reason.ends_with("_limit"))
    }
}
