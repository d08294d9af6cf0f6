//! One component of the process as `/health` shows it (contract: ops, section 9).

use std::time::SystemTime;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::telemetry::utc::Utc;

/// Whether a component does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Ok,
    /// Its last work failed, or it cannot work.
    Degraded,
    /// Nothing is known yet.
    #[default]
    Unknown,
    /// This process has no such component.
    Disabled,
}

impl Status {
    /// One word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
        }
    }
}

/// Status of a component, its state and the reason for it: words of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Brief {
    /// Whether it does its work.
    pub status: Status,
    /// What it does, at most 32 characters of `[a-z0-9_-]`.
    pub state: &'static str,
    /// Why, at most 64 of the same characters.
    pub reason: Option<&'static str>,
}

impl Brief {
    /// A status and a state without a reason.
    #[must_use]
    pub(super) const fn new(status: Status, state: &'static str) -> Self {
        Self {
            status,
            state,
            reason: None,
        }
    }

    /// The same for a reason.
    #[must_use]
    pub(super) const fn because(self, reason: Option<&'static str>) -> Self {
        Self { reason, ..self }
    }
}

/// What is known of one component at one moment.
#[derive(Debug)]
pub struct Component {
    /// Its name in paths and lists.
    pub name: Box<str>,
    /// Status, state, reason.
    pub brief: Brief,
    /// When the newest of its facts was recorded.
    pub observed_at: Option<Moment>,
    /// Something was left out, because a bound was reached.
    pub limited: bool,
    /// A JSON object.
    pub details: Option<Box<RawValue>>,
}

/// A moment as text: UTC, RFC 3339, milliseconds. Moments have no order, because the clock may be set back between two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(SystemTime);

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self(SystemTime::now())
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Self(time)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Utc::of(self.0))
    }
}

/// The JSON of details. They hold numbers and words of this program, so that there is always one.
pub(super) fn details(details: &impl Serialize) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(details).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds() {
        let moment = Moment::from(UNIX_EPOCH + Duration::from_millis(1_795_395_723_045));
        assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2026-11-23T01:02:03.045Z\"");
    }
}
