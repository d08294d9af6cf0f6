//! `/api/system` (contract: status, section 4).

use std::time::SystemTime;

use serde_json::{Value, json};

use super::about::About;
use super::status::{SCHEMA, probe, report};
use crate::limits::CERTIFICATE_ENDS_SOON;
use crate::monitor::{Certificate, Moment};
use crate::ops::health::Shown;
use crate::wire::command::MAIN_CHANNEL;

/// Sandbox, certificates, and every component.
pub(super) fn system(about: &About, shown: &Shown) -> Value {
    let mut report = report(shown);
    let components = report["components"].take();
    let findings = shown.sandbox.findings().iter().map(
        |finding| json!({"name": finding.layer.as_str(), "state": finding.state.as_str(), "detail": finding.detail}),
    );
    let sandbox = &components["sandbox"];
    let credentials = &components["credentials"];
    let certificates = shown.monitor.health.known_certificates();
    let main = shown.monitor.health.server_state(MAIN_CHANNEL);
    let (probe_status, probe_error) = probe(main.as_ref());
    let identities = about.server_routes.iter().chain([&about.control_route]);
    let identities = identities.filter(|route| route["route_mode"] == "proxy");
    json!({
        "schema_version": SCHEMA,
        "generated_at": Moment::now(),
        "sandbox": {
            "status": sandbox["status"],
            "state": sandbox["state"],
            "layers": findings.collect::<Vec<_>>(),
        },
        "credentials": {
            "status": credentials["status"],
            "state": credentials["state"],
            "reason_code": credentials["reason_code"],
            "generation": credentials["details"]["generation"],
            "certificates": certificates.iter().map(certificate).collect::<Vec<_>>(),
        },
        "components": components,
        "tls": {"system_trust": {}},
        "proxy_identity_map": identities.map(|route| json!({
            "proxy_id": "",
            "proxy_url": route["proxy_url"],
            "proxy_source": route["proxy_source"],
        })).collect::<Vec<_>>(),
        "proxy_health": [],
        "main_channel_probe_status": probe_status,
        "main_channel_probe_error": probe_error,
    })
}

/// A certificate and how long it still holds.
fn certificate(certificate: &Certificate) -> Value {
    let now = SystemTime::now();
    let left = certificate.not_after.duration_since(now).unwrap_or_default();
    let is_early = certificate.not_before.is_some_and(|start| now < start);
    let state = match () {
        () if left.is_zero() => "expired",
        () if is_early => "not_yet_valid",
        () if left < CERTIFICATE_ENDS_SOON => "ends_soon",
        () => "valid",
    };
    json!({
        "name": certificate.setting,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before.map(Moment::from),
        "not_after": Moment::from(certificate.not_after),
        "days_left": left.as_secs_f64() / 86_400.0,
        "state": state,
    })
}
