//! The control plane: name or proxy, TCP, tunnel, TLS, then the tunnel's metadata with the key.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use crate::config::Config;
use crate::control::client::ControlError;
use crate::control::{ControlPlane, Metadata};
use crate::doctor::report::Check;
use crate::doctor::walk::Walk;
use crate::doctor::way::{Peer, Way, advice, proxy_name, tls_summary};
use crate::limits::{DOCTOR_CLOCK_MAX, DOCTOR_METADATA_TIMEOUT};
use crate::net::{Connector, Hop, NetError, Network, Step, Via};
use crate::wire::api_error::ApiError;

const ROUTE: &str = "control_plane_route";
const CONNECT: &str = "control_plane_connect";
const PROXY: &str = "control_plane_proxy";
const TLS: &str = "control_plane_tls";
const AUTH: &str = "control_plane_auth";
const CLOCK: &str = "clock";

/// Walks to the control plane and asks it for the tunnel.
pub(in crate::doctor) async fn control_plane(walk: &mut Walk<'_>, config: &Config, network: &Network) {
    let control = &config.control_plane;
    let via = Via::new(None, control.proxy.as_ref());
    let connector = match network.connector(&control.base_url, via, control.identity.as_ref()) {
        Ok(connector) => connector,
        // Already named by the check of the certificate.
        Err(_) => return blocked(walk, config, "client_certificate"),
    };
    walk.begin(ROUTE);
    let way = Way::walk(&connector).await;
    let failed = hops(walk, config, &way);
    if let Some(by) = failed {
        walk.add(Check::blocked(AUTH, by));
        walk.add(Check::blocked(CLOCK, by));
        return;
    }
    walk.begin(AUTH);
    let (check, metadata) = ask(config, connector).await;
    walk.add(check);
    walk.add(match metadata {
        Some(metadata) => match metadata.date {
            Some(date) => clock(date, SystemTime::now()),
            None => Check::skip(CLOCK, "the control plane's answer carries no date"),
        },
        None => Check::blocked(CLOCK, AUTH),
    });
}

/// All checks of this part, when nothing can be connected at all.
pub(in crate::doctor) fn blocked(walk: &mut Walk<'_>, config: &Config, by: &str) {
    for id in ids(config).into_iter().chain([AUTH, CLOCK]) {
        walk.add(Check::blocked(id, by));
    }
}

fn ids(config: &Config) -> Vec<&'static str> {
    let control = &config.control_plane;
    let asks_proxy = control
        .proxy
        .as_ref()
        .is_some_and(|proxy| proxy.tls || control.base_url.tls);
    let proxy = asks_proxy.then_some(PROXY);
    [Some(ROUTE), Some(CONNECT), proxy, Some(TLS)]
        .into_iter()
        .flatten()
        .collect()
}

/// One check for each step; gives the one that failed.
fn hops(walk: &mut Walk<'_>, config: &Config, way: &Way) -> Option<&'static str> {
    let control = &config.control_plane;
    let failing = way.failed_at().map(|step| match step {
        Step::Resolve => ROUTE,
        Step::Connect => CONNECT,
        Step::ProxyTls | Step::Tunnel => PROXY,
        Step::Tls => TLS,
    });
    let authority = format!("{}:{}", control.base_url.host, control.base_url.port);
    let peer = Peer {
        address: "control_plane.base_url (CONTROL_PLANE_BASE_URL)",
        identity: "control_plane.client_cert and control_plane.client_key",
        authority: &authority,
        proxy: control.proxy.as_ref(),
        unseen_names: walk.unseen_names(),
    };
    let mut checks = Vec::new();
    let mut failed = None;
    for id in ids(config) {
        checks.push(match (&way.error, failed) {
            (_, Some(by)) => Check::blocked(id, by),
            (Some(error), None) if failing == Some(id) => {
                failed = Some(id);
                Check::fail(id, error.to_string())
                    .evidence(route(config))
                    .evidence(way.evidence())
                    .next(advice(error, &peer))
            }
            _ => passed(id, config, way),
        });
    }
    checks.into_iter().for_each(|check| walk.add(check));
    failed
}

fn passed(id: &'static str, config: &Config, way: &Way) -> Check {
    let find = |wanted: fn(&Hop) -> Option<String>| way.hops.iter().find_map(wanted).unwrap_or_default();
    let control = &config.control_plane;
    match id {
        ROUTE => {
            let addresses = find(|hop| match hop {
                Hop::Resolved { host, addresses } if host.parse::<IpAddr>().is_err() => {
                    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
                    Some(format!(", {host} is {}", shown.join(", ")))
                }
                _ => None,
            });
            let route = match &control.proxy {
                Some(proxy) => format!("through the proxy {}", proxy_name(proxy)),
                None => format!("direct to {}", control.base_url.origin()),
            };
            Check::pass(id, format!("{route}{addresses}"))
        }
        CONNECT => Check::pass(
            id,
            find(|hop| match hop {
                Hop::Connected { peer } => Some(format!("connected to {peer}")),
                _ => None,
            }),
        ),
        PROXY => Check::pass(
            id,
            find(|hop| match hop {
                Hop::Tunnelled { status } => Some(format!("the proxy opened the tunnel with status {status}")),
                Hop::ProxyEncrypted(facts) => Some(format!("TLS with the proxy: {}", tls_summary(facts))),
                _ => None,
            }),
        )
        .evidence(way.evidence()),
        _ if !control.base_url.tls && control.base_url.is_loopback() => {
            Check::skip(id, "plain HTTP that does not leave this host")
        }
        _ if !control.base_url.tls => Check::warn(id, "plain HTTP: the API key and all payloads travel unencrypted")
            .next(["use https in control_plane.base_url (CONTROL_PLANE_BASE_URL)"]),
        _ => {
            let summary = find(|hop| match hop {
                Hop::Encrypted(facts) => Some(tls_summary(facts)),
                _ => None,
            });
            match way.expiring() {
                Some(soon) => Check::warn(id, soon).next(["have it renewed before that day"]),
                None => Check::pass(id, summary),
            }
            .evidence(way.evidence())
        }
    }
}

fn route(config: &Config) -> [String; 1] {
    [match &config.control_plane.proxy {
        Some(proxy) => format!("route: through the proxy {}", proxy_name(proxy)),
        None => format!("route: direct to {}", config.control_plane.base_url.origin()),
    }]
}

/// Asks for the tunnel's metadata with the key, as `run` does at start.
async fn ask(config: &Config, connector: Connector) -> (Check, Option<Metadata>) {
    let control = match ControlPlane::new(config, &crate::run::instance_id(), connector) {
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
        Ok(Err(error)) => (refused(config, &error), None),
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
        "" => "the key may use this tunnel".to_owned(),
        name => format!("the key may use the tunnel {name:?}"),
    };
    let description = (!metadata.description.is_empty()).then(|| format!("description: {}", metadata.description));
    Check::pass(AUTH, name).evidence(description)
}

fn refused(config: &Config, error: &ControlError) -> Check {
    let control = &config.control_plane;
    let key = match control.api_key_source.as_str() {
        "" => "control_plane.api_key (CONTROL_PLANE_API_KEY)",
        source => source,
    };
    match error {
        ControlError::Status {
            status,
            error,
            request_id,
            ..
        } => {
            let (summary, steps) = of_status(*status, key);
            let request_id = request_id.as_ref().map(|id| format!("x-request-id: {id}"));
            let check = if *status == 429 {
                Check::warn(AUTH, summary)
            } else {
                Check::fail(AUTH, summary)
            };
            check
                .evidence(said(error))
                .evidence(request_id)
                .next(error.mitigation())
                .next(steps)
        }
        ControlError::Net {
            error: NetError::Proxy(Some(407)),
            ..
        } => Check::fail(AUTH, "the proxy wants credentials that it accepts (status 407)")
            .next(["write user and password into the proxy's URL: http://USER:PASSWORD@host:port"]),
        ControlError::Net {
            error: NetError::NotHttp,
            ..
        } => Check::fail(AUTH, "what answers there is no control plane").next([
            "check scheme, host and port of control_plane.base_url, and control_plane.url_path",
            "a login page of the network can answer in its place: look at the address with a browser",
        ]),
        ControlError::Net { error, .. } => Check::fail(AUTH, format!("asking for the tunnel: {error}")).next([
            "the connection stood and broke: look at what lies between, a proxy or a firewall that inspects TLS",
        ]),
    }
}

/// What a status means here, and what to do.
fn of_status(status: u16, key: &str) -> (String, Vec<String>) {
    match status {
        401 => (
            "HTTP 401: the control plane does not accept the API key".to_owned(),
            vec![
                format!("the key comes from {key}: check that it is complete, and a key of this service"),
                "a key that was revoked stays refused: make a new one at \
                 https://platform.openai.com/settings/organization/api-keys and put it in its place"
                    .to_owned(),
            ],
        ),
        403 => (
            "HTTP 403: the control plane knows the API key, but it may not use this tunnel".to_owned(),
            vec![
                format!("let the owner of the tunnel grant it to the principal of the key from {key}"),
                "or use a key of the organization or workspace that owns the tunnel".to_owned(),
                "a policy on addresses or client certificates answers 403 too: ask who runs the control plane"
                    .to_owned(),
            ],
        ),
        404 => (
            "HTTP 404: the control plane knows no such tunnel for this key".to_owned(),
            vec![
                "compare control_plane.tunnel_id with https://platform.openai.com/settings/organization/tunnels"
                    .to_owned(),
                "a tunnel of another organization looks the same: set control_plane.organization_id, or use its key"
                    .to_owned(),
                "behind a gateway, check control_plane.url_path".to_owned(),
            ],
        ),
        300..=399 => (
            format!("HTTP {status}: the control plane redirects, which is refused: it would carry the key elsewhere"),
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

fn said(error: &ApiError) -> Option<String> {
    match (error.code.as_str(), error.message.as_str()) {
        ("", "") => None,
        ("", message) => Some(format!("it says: {message}")),
        (code, "") => Some(format!("it says: {code}")),
        (code, message) => Some(format!("it says: {code}: {message}")),
    }
}

fn clock(theirs: SystemTime, ours: SystemTime) -> Check {
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
    use super::*;
    use crate::doctor::Status;

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
    fn statuses_are_told_apart() {
        let summaries: Vec<String> = [401, 403, 404, 302, 407, 429, 503, 200]
            .iter()
            .map(|status| of_status(*status, "env:KEY").0)
            .collect();
        let mut unique = summaries.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), summaries.len(), "{summaries:?}");
    }
}
