//! What the control plane makes of the key: the tunnel's metadata, asked for as `run` does at start.

use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::answer::{Route, words};
use crate::config::{Config, ControlPlane as Settings};
use crate::control::client::ControlError;
use crate::control::{ControlPlane, Metadata};
use crate::doctor::advice::proxy_credentials;
use crate::doctor::report::Check;
use crate::limits::{DOCTOR_CLOCK_MAX, DOCTOR_METADATA_TIMEOUT};
use crate::links;
use crate::net::{Connector, NetError};
use crate::wire::api_error::{ApiError, ErrorStatus};

pub(super) const AUTH: &str = "control_plane_auth";
pub(super) const CLOCK: &str = "clock";

/// Asks for the tunnel's metadata with the key, as `run` does at start.
pub(super) async fn ask(config: &Config, connector: Connector, route: Route<'_>) -> (Check, Option<Metadata>) {
    let control = match ControlPlane::new(config, &crate::identity::instance_id(), connector) {
        Ok(control) => control,
        Err(error) => {
            return (
                Check::fail(AUTH, error.to_string()).next(["correct that setting"]),
                None,
            );
        }
    };
    match timeout(DOCTOR_METADATA_TIMEOUT, control.metadata()).await {
        Ok(Ok(metadata)) => (accepted(config, &metadata), Some(metadata)),
        Ok(Err(error)) => (refused(config, &error, route), None),
        Err(_) => {
            let seconds = DOCTOR_METADATA_TIMEOUT.as_secs();
            let check = Check::fail(AUTH, format!("no answer within {seconds} s")).next([
                "look at the status of the control plane, or try again: it took the connection and stayed silent",
            ]);
            (check, None)
        }
    }
}

fn accepted(config: &Config, metadata: &Metadata) -> Check {
    let control = &config.control_plane;
    if !metadata.id.is_empty() && metadata.id != control.tunnel_id {
        return Check::fail(
            AUTH,
            format!("the control plane answers for another tunnel: {}", metadata.id),
        )
        .next(["check control_plane.base_url, control_plane.url_path and what stands between"]);
    }
    let name = match metadata.name.as_str() {
        "" => "the key is accepted for this tunnel".to_owned(),
        name => format!("the key is accepted for the tunnel {name:?}"),
    };
    let description = (!metadata.description.is_empty()).then(|| format!("description: {}", metadata.description));
    // A poll would take commands from the daemon.
    Check::pass(AUTH, name)
        .evidence(description)
        .evidence(["the tunnel's record was read; polls, which need the right to use the tunnel, are not tried"])
}

fn refused(config: &Config, error: &ControlError, route: Route<'_>) -> Check {
    match error {
        ControlError::Status(ErrorStatus {
            status,
            error,
            request_id,
            ..
        }) => {
            let (mut summary, steps) = of_status(*status, &config.control_plane);
            let foreign = is_foreign(error);
            match (
                route.summary(*status).filter(|_| foreign),
                route.forwarding().filter(|_| foreign),
            ) {
                (Some(about), _) => summary = about,
                (None, Some(proxy)) => {
                    summary = format!(
                        "HTTP {status} from the control plane, or from the proxy {} before it",
                        proxy.name()
                    );
                }
                (None, None) => {}
            }
            // The service's own error is about what it says; a page may be somebody else's.
            let (first, then) = match foreign {
                true => (route.steps(*status), steps),
                false => (steps, route.steps(*status)),
            };
            let request_id = request_id.as_ref().map(|id| format!("x-request-id: {id}"));
            let check = match status {
                429 => Check::warn(AUTH, summary),
                _ => Check::fail(AUTH, summary),
            };
            check
                .evidence(said(error))
                .evidence(request_id)
                .next(error.mitigation())
                .next(first)
                .next(then)
        }
        ControlError::Net {
            error: NetError::ProxyDemand(demand),
            ..
        } => Check::fail(AUTH, demand.to_string()).next(proxy_credentials(*demand, route.proxy, route.authority)),
        ControlError::Net {
            error: NetError::NotHttp | NetError::TooLarge,
            ..
        } => Check::fail(AUTH, "what answers there is no control plane").next([
            "check scheme, host and port of control_plane.base_url, and control_plane.url_path",
            "a login page of the network can answer in its place: look at the address with a browser",
        ]),
        ControlError::Net { error, .. } => Check::fail(AUTH, format!("asking for the tunnel: {error}")).next([
            "the connection stood and broke: look at what lies between, such as a proxy or a firewall that inspects TLS",
        ]),
    }
}

/// What a status means here, and what to do.
fn of_status(status: u16, settings: &Settings) -> (String, Vec<String>) {
    let source = match settings.api_key_source.as_str() {
        "" => "control_plane.api_key",
        source => source,
    };
    match status {
        401 => (
            "HTTP 401: the control plane does not accept the API key".to_owned(),
            vec![
                format!("the key comes from {source}; check that it is complete, and one of this service"),
                format!(
                    "a key that was revoked stays refused; make a new one {}",
                    place(settings, links::RUNTIME_KEYS)
                ),
            ],
        ),
        403 => (
            "HTTP 403: the control plane knows the API key, but it may not use this tunnel".to_owned(),
            vec![
                format!("let the owner of the tunnel grant it to the principal of the key, which comes from {source}"),
                "or use a key of the organization or workspace that owns the tunnel".to_owned(),
                "a policy on addresses or client certificates answers 403 too; ask who runs the control plane"
                    .to_owned(),
            ],
        ),
        404 => (
            "HTTP 404: the control plane knows no such tunnel for this key".to_owned(),
            vec![
                format!(
                    "compare control_plane.tunnel_id with the tunnels {}",
                    place(settings, links::TUNNELS)
                ),
                "a tunnel of another organization looks the same; set control_plane.organization_id, or use its key"
                    .to_owned(),
                "behind a gateway, check control_plane.url_path".to_owned(),
            ],
        ),
        300..=399 => (
            format!(
                "HTTP {status}: the control plane redirects, which is refused because it would carry the key elsewhere"
            ),
            vec!["set control_plane.base_url to the address that answers itself".to_owned()],
        ),
        407 => (
            "HTTP 407: a proxy on the way wants credentials".to_owned(),
            vec!["set the proxy with its credentials in http_proxy or control_plane.http_proxy".to_owned()],
        ),
        429 => (
            "HTTP 429: too many requests; the key was not judged".to_owned(),
            vec!["wait a minute and run doctor again".to_owned()],
        ),
        500..=599 => (
            format!("HTTP {status}: the control plane, or a gateway before it, is not well"),
            vec![
                "try again in some minutes; if it stays, ask who runs the control plane, with the x-request-id"
                    .to_owned(),
            ],
        ),
        _ => (
            format!("HTTP {status}: no answer of a control plane"),
            vec!["check control_plane.base_url and control_plane.url_path".to_owned()],
        ),
    }
}

/// Where something is managed: the page of the hosted service is of no use for another one.
fn place(settings: &Settings, page: &str) -> String {
    match links::is_hosted(&settings.base_url) {
        true => format!("at {page}"),
        false => format!("at the service {}", settings.base_url.origin()),
    }
}

/// Whether this is not how the service tells of errors.
fn is_foreign(error: &ApiError) -> bool {
    let (code, kind) = (error.code.as_str(), error.kind.as_str());
    code.is_empty() && kind.is_empty() && (error.message.is_empty() || error.message.starts_with('<'))
}

/// The service's own words. The code stands behind: before a colon, its name would make the scrubber suspicious.
fn said(error: &ApiError) -> Option<String> {
    match (error.code.as_str(), error.message.as_str()) {
        ("", "") => None,
        ("", message) => Some(format!("it says: {}", words(message))),
        (code, "") => Some(format!("it says: {code}")),
        (code, message) => Some(format!("it says: {message} ({code})")),
    }
}

pub(super) fn clock(theirs: SystemTime, ours: SystemTime) -> Check {
    let off = ours.duration_since(theirs).unwrap_or_else(|error| error.duration());
    let off = Duration::from_secs(off.as_secs());
    if off <= DOCTOR_CLOCK_MAX {
        return Check::pass(
            CLOCK,
            format!("within {} s of the control plane's", off.as_secs().max(1)),
        );
    }
    let direction = if ours > theirs { "ahead of" } else { "behind" };
    Check::warn(
        CLOCK,
        format!("this clock is {} s {direction} the control plane's", off.as_secs()),
    )
    .next(["set the clock, and keep it right: timedatectl set-ntp true"])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::config::{self, Flags};
    use crate::doctor::Status;
    use crate::secrets::{Disk, Environment};
    use crate::telemetry::redact;

    fn config(base_url: &str) -> Config {
        let variables = [
            ("CONTROL_PLANE_BASE_URL", base_url),
            ("CONTROL_PLANE_TUNNEL_ID", "tunnel_0123456789abcdef0123456789abcdef"),
            ("CONTROL_PLANE_API_KEY", "sk-auth-test-0123456789"),
            ("MCP_COMMAND", "true"),
        ];
        let environment: Environment = variables.into_iter().collect();
        config::read(&Flags::default(), &environment, &Disk::default()).unwrap()
    }

    #[test]
    fn a_clock_is_judged_in_both_directions() {
        let now = SystemTime::now();
        for (seconds, status) in [(0, Status::Pass), (300, Status::Pass), (302, Status::Warn)] {
            let other = now + Duration::from_secs(seconds);
            assert_eq!(clock(other, now).status, status, "{seconds} s behind");
            assert_eq!(clock(now, other).status, status, "{seconds} s ahead");
        }
    }

    #[test]
    fn statuses_are_told_apart_and_their_texts_survive_the_scrubber() {
        let config = config("https://relay.example");
        let mut summaries = Vec::new();
        for status in [401, 403, 404, 302, 407, 429, 503, 200] {
            let (summary, steps) = of_status(status, &config.control_plane);
            for text in steps.iter().chain([&summary]) {
                assert_eq!(redact::scrub(text), text.as_str());
            }
            assert!(!summaries.contains(&summary), "{summary} twice");
            summaries.push(summary);
        }
    }

    #[test]
    fn the_pages_of_the_hosted_service_are_named_for_it_only() {
        for (base_url, expected) in [
            ("https://api.openai.com", "at page"),
            ("https://relay.example", "at the service https://relay.example"),
            (
                "https://api.openai.com.example",
                "at the service https://api.openai.com.example",
            ),
        ] {
            assert_eq!(place(&config(base_url).control_plane, "page"), expected);
        }
    }

    #[test]
    fn the_services_words_survive_the_scrubber() {
        let error = ApiError {
            code: "invalid_api_key".to_owned(),
            kind: String::new(),
            message: "the key is not known".to_owned(),
        };
        let said = said(&error).unwrap();
        assert_eq!(redact::scrub(&said), said.as_str());
    }
}
