//! Which layers of the sandbox are in force, for whoever asks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// User, groups, capabilities, no new privileges.
    Privileges,
    /// Core files, debuggers, descriptors, processes.
    Process,
    /// Files, TCP ports, other processes.
    Landlock,
    /// System calls.
    Seccomp,
}

/// How much of it, from all to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All that was asked for.
    Enforced,
    /// What this kernel knows of it.
    Partial,
    /// Nothing: the kernel cannot.
    Missing,
    /// Nothing: `hardening.mode` is `off`.
    Off,
}

/// One layer and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub layer: Layer,
    /// How much.
    pub state: State,
    /// What it does here, or why it does not; one sentence without its full stop.
    pub detail: String,
}

/// All layers, in the order in which they came into force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    findings: Vec<Finding>,
    /// The version of landlock that is enforced; 0: none.
    landlock: u8,
}

impl Layer {
    /// Every layer, in the order in which they come into force.
    pub const ALL: [Self; 4] = [Self::Process, Self::Privileges, Self::Landlock, Self::Seccomp];

    /// One word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Privileges => "privileges",
            Self::Process => "process",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
        }
    }
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Enforced, Self::Partial, Self::Missing, Self::Off];

    /// One word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Partial => "partial",
            Self::Missing => "missing",
            Self::Off => "off",
        }
    }
}

impl Status {
    /// Nothing, because nothing was asked for.
    #[must_use]
    pub fn off() -> Self {
        let off = |layer| Finding {
            layer,
            state: State::Off,
            detail: "hardening.mode is off".to_owned(),
        };
        Self {
            findings: Layer::ALL.map(off).to_vec(),
            landlock: 0,
        }
    }

    pub(super) fn add(&mut self, layer: Layer, state: State, detail: impl Into<String>) {
        self.findings.push(Finding {
            layer,
            state,
            detail: detail.into(),
        });
    }

    pub(super) fn landlock_is(&mut self, version: u8) {
        self.landlock = version;
    }

    /// The version of landlock that is enforced; 0: none.
    #[must_use]
    pub fn landlock(&self) -> u8 {
        self.landlock
    }

    /// Whether system calls are filtered.
    #[must_use]
    pub fn filters_calls(&self) -> bool {
        let is_filter = |finding: &Finding| finding.layer == Layer::Seccomp && finding.state == State::Enforced;
        self.findings.iter().any(is_filter)
    }

    /// Layer by layer.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What there is to say of one.
    #[must_use]
    pub fn finding(&self, layer: Layer) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.layer == layer)
    }

    /// The state of the layer that does the least.
    #[must_use]
    pub fn worst(&self) -> State {
        let states = self.findings.iter().map(|finding| finding.state);
        states.max().unwrap_or(State::Enforced)
    }
}

impl Finding {
    /// Without the name of the layer.
    #[must_use]
    pub fn state_and_detail(&self) -> String {
        format!("{} ({})", self.state.as_str(), self.detail)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.layer.as_str(), self.state.as_str(), self.detail)
    }
}
