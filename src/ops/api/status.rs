//! `/api/status` (contract: status, section 3).

use serde_json::{Value, json};

use super::about::{About, Channel};
use crate::identity::CLIENT_VERSION;
use crate::monitor::health::{Server, ServerFacts};
use crate::monitor::{Moment, Monitor, Status, hops};
use crate::ops::health::Shown;
use crate::ops::report;
use crate::telemetry::log::lost_lines;
use crate::telemetry::redact;

/// The version of these shapes. Readers ignore members that they do not know.
pub(super) const SCHEMA: u32 = 1;

/// The process, its hops and channels, and its numbers.
pub(super) fn status(about: &About, shown: &Shown) -> Value {
    let monitor = &*shown.monitor;
    let runtime = monitor.health.runtime();
    let readiness = monitor.health.readiness();
    let servers = monitor.health.servers();
    let of_channel = |channel: &Channel| {
        let facts = servers.iter().find(|facts| *facts.channel == *channel.name);
        channel_status(channel, facts, monitor)
    };
    json!({
        "schema_version": SCHEMA,
        "generated_at": Moment::now(),
        "version": CLIENT_VERSION,
        "client_instance_id": runtime.instance_id,
        "started_at": Moment::from(runtime.started_at),
        "uptime_seconds": runtime.uptime.as_secs_f64(),
        "lifecycle": runtime.lifecycle,
        "ready": readiness.ready,
        "ready_reason": readiness.text,
        "health_listen_addr": about.listen_addr,
        "control_plane_base_url": about.base_url,
        "control_plane_tunnel_id": about.tunnel_id,
        "control_plane_max_inflight": about.max_inflight,
        "control_plane_poll_timeout": about.poll_timeout,
        "control_plane_poll_deadline_guardrail": about.poll_guardrail,
        "mcp_server_url": about.server_url,
        "mcp_resource_metadata_urls": [],
        "hops": hops::hops(&report(shown), &readiness.text),
        "channels": about.channels.iter().map(of_channel).collect::<Vec<_>>(),
        "control_plane_route": about.control_route,
        "mcp_routes": about.server_routes,
        "raw_http_logging_enabled": false,
        "warnings": about.warnings,
        "counters": counters(shown),
    })
}

/// The report of `/health`, with details.
pub(super) fn report(shown: &Shown) -> Value {
    let written = report::all(&shown.monitor.health, true).unwrap_or_default();
    serde_json::from_slice(&written).unwrap_or_default()
}

/// State and error of the last probe.
pub(super) fn probe(server: Option<&Server>) -> (&'static str, &str) {
    match server {
        None | Some(Server::Pending) => ("pending", ""),
        Some(Server::Good) => ("ok", ""),
        Some(Server::AuthRequired(reason)) => ("auth-required", reason),
        Some(Server::Slow(reason)) => ("timeout", reason),
        Some(Server::Failing(reason)) => ("failed", reason),
    }
}

fn channel_status(channel: &Channel, facts: Option<&ServerFacts>, monitor: &Monitor) -> Value {
    let (probe_status, probe_error) = probe(facts.map(|facts| &facts.server));
    let (status, state, reason) = match facts {
        None => (Status::Disabled, "disabled", None),
        Some(ServerFacts { brief, .. }) => (brief.status, brief.state, brief.reason),
    };
    // What a probe has shown is no evidence of the contract's component, and good enough for people.
    let (status, state, reason) = match (status, probe_status) {
        (Status::Unknown, "ok" | "auth-required" | "timeout") => (Status::Ok, "answering", None),
        known => (known.0, state, reason),
    };
    json!({
        "name": channel.name,
        "enabled": channel.is_polled,
        "server_kind": "external",
        "transport_kind": channel.transport,
        "probe_status": probe_status,
        "probe_error": probe_error,
        "status": status,
        "state": state,
        "reason_code": reason,
        "in_flight": monitor.metrics.in_flight(&channel.name),
        "details": [{"key": "address", "value": channel.address}],
    })
}

fn counters(Shown { monitor, process, .. }: &Shown) -> Value {
    let totals = monitor.health.totals();
    let metrics = &monitor.metrics;
    let figures = process.as_ref().and_then(|process| process.figures());
    json!({
        "polls": metrics.poll_cycles.get(),
        "poll_errors": metrics.poll_errors(),
        "commands": metrics.commands_polled.get(),
        "answered": totals.answered,
        "failed": totals.failed,
        "refused": totals.refused,
        "undelivered": totals.undelivered,
        "in_flight": totals.active,
        "queued": totals.queued,
        "queue_capacity": totals.queue_capacity,
        "redactions": redact::redactions(),
        "log_lines_lost": lost_lines(),
        "audit_records_dropped": metrics.audit_records_dropped.get(),
        "rss_bytes": figures.as_ref().map_or(0, |figures| figures.resident_bytes),
        "cpu_seconds": figures.as_ref().map_or(0.0, |figures| figures.cpu_seconds),
        "last_poll_age_seconds": metrics.last_poll_age(),
    })
}
