//! The questions that are put to the listener.

use serde::Serialize;

use super::get::get;
use super::locator::Base;
use super::metric;
use crate::limits::{HEALTH_BODY_MAX, HEALTH_METRICS_TIMEOUT, HEALTH_PROBE_TIMEOUT};
use crate::telemetry::redact;

/// The metric that tells when a poll last succeeded (contract: ops, section 4).
const LAST_POLL: &str = "commands_poll_last_successful_timestamp_seconds";

/// A daemon that just started is not broken: its first poll may be held open for as long as nothing is to do.
const NO_POLL: &str = "no successful control-plane poll observed; the first one ends after control_plane.poll_timeout at the \
                       latest";

/// `/healthz` or `/readyz`.
#[derive(Debug, Serialize)]
pub(super) struct Probe {
    pub(super) url: String,
    pub(super) ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// The last poll of the control plane that succeeded.
#[derive(Debug, Serialize)]
pub(super) struct Poll {
    pub(super) url: String,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<f64>,
    pub(super) ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// Any 2xx is good.
pub(super) fn probe(base: &Base, path: &str) -> Probe {
    let url = base.shown(path);
    match get(base, path, HEALTH_PROBE_TIMEOUT) {
        Ok(answer) => {
            let text = String::from_utf8_lossy(answer.body.get(..HEALTH_BODY_MAX).unwrap_or(&answer.body));
            let text = redact::scrub(text.trim());
            Probe {
                url,
                ok: (200..300).contains(&answer.status),
                status: Some(answer.status),
                body: (!text.is_empty()).then(|| text.into_owned()),
                error: None,
            }
        }
        Err(error) => Probe {
            url,
            ok: false,
            status: None,
            body: None,
            error: Some(error),
        },
    }
}

/// Good when there was one.
pub(super) fn last_poll(base: &Base) -> Poll {
    let found = match get(base, "/metrics", HEALTH_METRICS_TIMEOUT) {
        Err(error) => Err(error),
        Ok(answer) if answer.status != 200 => Err(format!("HTTP {}", answer.status)),
        Ok(answer) => metric::highest(&String::from_utf8_lossy(&answer.body), LAST_POLL)
            .ok_or_else(|| format!("the metrics hold no {LAST_POLL}")),
    };
    let ok = matches!(found, Ok(value) if value > 0.0);
    Poll {
        url: base.shown("/metrics"),
        value: found.as_ref().ok().copied(),
        ok,
        error: match found {
            Err(error) => Some(error),
            Ok(_) if ok => None,
            Ok(_) => Some(NO_POLL.to_owned()),
        },
    }
}
