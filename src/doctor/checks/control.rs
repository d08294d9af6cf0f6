//! The way to the control plane: name or proxy, TCP, tunnel, TLS.

use std::net::IpAddr;
use std::time::SystemTime;

use super::answer::Route;
use super::auth::{AUTH, CLOCK, ask, clock};
use crate::config::Config;
use crate::doctor::advice::{Peer, advice};
use crate::doctor::report::Check;
use crate::doctor::walk::Walk;
use crate::doctor::way::{Way, Whose, tls_summary, worries};
use crate::net::{self, Hop, Network, Step};

const ROUTE: &str = "control_plane_route";
const CONNECT: &str = "control_plane_connect";
const PROXY: &str = "control_plane_proxy";
const TLS: &str = "control_plane_tls";

const ADDRESS: &str = "control_plane.base_url (CONTROL_PLANE_BASE_URL)";
const IDENTITY: &str = "control_plane.client_cert and control_plane.client_key";

/// Walks to the control plane and asks it for the tunnel.
pub(in crate::doctor) async fn control_plane(walk: &mut Walk<'_>, config: &Config, network: &Network) {
    let control = &config.control_plane;
    let connector = match network.connector(&net::Way::to_control_plane(config)) {
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
    let route = Route {
        tls: control.base_url.tls,
        asked: way.certificate_asked(),
        identity: IDENTITY,
        address: ADDRESS,
        authority: &control.base_url.authority(),
        proxy: control.proxy.as_ref(),
        demand: None,
    };
    let (check, metadata) = ask(config, connector, route).await;
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
        address: ADDRESS,
        identity: IDENTITY,
        authority: &authority,
        proxy: control.proxy.as_ref(),
        trust: &config.trust,
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
                    .evidence(shown_route(config))
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
                Some(proxy) => format!("through the proxy {}", proxy.name()),
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
                Hop::ProxyEncrypted(facts) => Some(format!("TLS with the proxy: {}", tls_summary(facts, Whose::Proxy))),
                _ => None,
            }),
        )
        .evidence(way.evidence()),
        _ if control.base_url.leaves_in_clear(control.proxy.as_ref()) => {
            let proxy = control.proxy.as_ref().map_or_else(String::new, |proxy| {
                format!(", and the proxy {} reads them", proxy.name())
            });
            let summary = format!("plain HTTP: the API key and all payloads travel unencrypted{proxy}");
            Check::warn(id, summary).next(["use https in control_plane.base_url (CONTROL_PLANE_BASE_URL)"])
        }
        _ if !control.base_url.tls => Check::skip(id, "plain HTTP that does not leave this host"),
        _ => {
            let summary = find(|hop| match hop {
                Hop::Encrypted(facts) => Some(tls_summary(facts, Whose::Peer)),
                _ => None,
            });
            let worries = worries(way, IDENTITY);
            match worries.is_empty() {
                true => Check::pass(id, summary),
                false => {
                    let (said, steps): (Vec<_>, Vec<_>) = worries.into_iter().unzip();
                    Check::warn(id, said.join("; ")).next(steps.concat())
                }
            }
            .evidence(way.evidence())
        }
    }
}

fn shown_route(config: &Config) -> [String; 1] {
    [match &config.control_plane.proxy {
        Some(proxy) => format!("route: through the proxy {}", proxy.name()),
        None => format!("route: direct to {}", config.control_plane.base_url.origin()),
    }]
}
