//! The JSON of `/health` (contract: ops, section 9): bounded, and never cut inside.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::identity::CLIENT_VERSION;
use crate::limits::{HEALTH_COMPONENT_MAX, HEALTH_COMPONENT_RESERVE, HEALTH_QUERY_MAX, HEALTH_REPORT_MAX};
use crate::monitor::{Component, Health, Moment, Status};

/// The version of these shapes. Readers ignore keys and components that they do not know.
const SCHEMA: u32 = 1;

/// Whether the components are wanted: what the query says, or `otherwise`. `None` for any other query.
pub(super) fn wants_details(query: Option<&str>, otherwise: bool) -> Option<bool> {
    match query {
        None => Some(otherwise),
        Some(query) if query.len() > HEALTH_QUERY_MAX => None,
        Some("details=true") => Some(true),
        Some("details=false") => Some(false),
        Some(_) => None,
    }
}

/// The body of an error.
pub(super) fn error(code: &'static str) -> Vec<u8> {
    format!("{{\"error\":\"{code}\"}}").into_bytes()
}

/// The process, and with `details` every component. `None` when it cannot be written.
pub(super) fn all(health: &Health, details: bool) -> Option<Vec<u8>> {
    let runtime = health.runtime();
    let mut report = Report {
        schema_version: SCHEMA,
        live: true,
        ready: health.readiness().ready,
        snapshot_at: Moment::now(),
        runtime: Runtime {
            instance_id: runtime.instance_id,
            version: CLIENT_VERSION,
            started_at: runtime.started_at.into(),
            uptime_seconds: runtime.uptime.as_secs_f64(),
            lifecycle: runtime.lifecycle,
        },
        components: None,
        truncated: false,
    };
    if !details {
        return serde_json::to_vec(&report).ok();
    }
    report.components = Some(health.components().into_iter().map(Shown::of).collect());
    fitting(report)
}

/// One component, always with its details. `None` when there is none of this name.
pub(super) fn one(health: &Health, name: &str) -> Option<Option<Vec<u8>>> {
    let (name, shown) = Shown::of(health.component(name)?);
    let report = ComponentReport {
        schema_version: SCHEMA,
        snapshot_at: Moment::now(),
        component: &name,
        shown,
    };
    Some(serde_json::to_vec(&report).ok())
}

/// Leaves out details, in the order of names, until the whole fits.
fn fitting(mut report: Report<'_>) -> Option<Vec<u8>> {
    let mut written = serde_json::to_vec(&report).ok()?;
    while written.len() > HEALTH_REPORT_MAX {
        let components = report.components.as_mut()?;
        let largest = components.values_mut().find(|shown| shown.details.is_some())?;
        largest.details = None;
        largest.limited = true;
        report.truncated = true;
        written = serde_json::to_vec(&report).ok()?;
    }
    Some(written)
}

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    live: bool,
    ready: bool,
    snapshot_at: Moment,
    runtime: Runtime<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<BTreeMap<Box<str>, Shown>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

#[derive(Serialize)]
struct Runtime<'a> {
    instance_id: &'a str,
    version: &'static str,
    started_at: Moment,
    uptime_seconds: f64,
    lifecycle: &'static str,
}

#[derive(Serialize)]
struct ComponentReport<'a> {
    schema_version: u32,
    snapshot_at: Moment,
    component: &'a str,
    #[serde(flatten)]
    shown: Shown,
}

/// One component without its name.
#[derive(Serialize)]
struct Shown {
    status: Status,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_at: Option<Moment>,
    limited: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Box<RawValue>>,
}

impl Shown {
    fn of(component: Component) -> (Box<str>, Self) {
        let room = HEALTH_COMPONENT_MAX - HEALTH_COMPONENT_RESERVE;
        let fits = |details: &RawValue| details.get().len() <= room;
        let is_large = component.details.as_deref().is_some_and(|details| !fits(details));
        let shown = Self {
            status: component.brief.status,
            state: component.brief.state,
            reason_code: component.brief.reason,
            observed_at: component.observed_at,
            limited: component.limited || is_large,
            details: component.details.filter(|details| fits(details)),
        };
        (component.name, shown)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::monitor::component::Brief;

    fn component(name: &str, size: usize) -> Component {
        Component {
            name: name.into(),
            brief: Brief {
                status: Status::Ok,
                state: "x",
                reason: None,
            },
            observed_at: None,
            limited: false,
            details: Some(RawValue::from_string(format!("\"{}\"", "y".repeat(size))).unwrap()),
        }
    }

    #[test]
    fn only_the_two_queries_are_accepted() {
        assert_eq!(wants_details(None, true), Some(true));
        assert_eq!(wants_details(None, false), Some(false));
        assert_eq!(wants_details(Some("details=true"), false), Some(true));
        assert_eq!(wants_details(Some("details=false"), true), Some(false));
        let long = format!("details=true&{}", "x".repeat(HEALTH_QUERY_MAX));
        for query in [
            "",
            "details",
            "details=",
            "details=TRUE",
            "details=1",
            "details=true&details=true",
            "details=true&x=1",
            "x=1",
            "%",
            "details=%zz",
            &long,
        ] {
            assert_eq!(wants_details(Some(query), true), None, "{query}");
        }
    }

    #[test]
    fn a_component_that_is_too_large_loses_its_details() {
        let room = HEALTH_COMPONENT_MAX - HEALTH_COMPONENT_RESERVE - 2;
        let (_, fitting) = Shown::of(component("a", room));
        assert!(!fitting.limited && serde_json::to_vec(&fitting).unwrap().len() <= HEALTH_COMPONENT_MAX);
        let (_, large) = Shown::of(component("a", room + 1));
        assert!(large.limited && large.details.is_none());
    }

    #[test]
    fn a_report_that_is_too_large_loses_details_in_the_order_of_names() {
        let components = ["a", "b", "c", "d"].map(|name| Shown::of(component(name, 23_000)));
        let report = Report {
            schema_version: SCHEMA,
            live: true,
            ready: true,
            snapshot_at: Moment::now(),
            runtime: Runtime {
                instance_id: "x",
                version: CLIENT_VERSION,
                started_at: Moment::now(),
                uptime_seconds: 1.5,
                lifecycle: "running",
            },
            components: Some(components.into_iter().collect()),
            truncated: false,
        };
        let written = fitting(report).unwrap();
        assert!(written.len() <= HEALTH_REPORT_MAX);
        let read: serde_json::Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(read["truncated"], true);
        let has = ["a", "b", "c", "d"].map(|name| read["components"][name]["details"].is_string());
        assert_eq!(has, [false, false, true, true]);
        assert_eq!(read["components"]["b"]["limited"], true);
    }
}
