//! An MCP server behind a URL: the way to it, then `initialize` as `run` probes it, then OAuth metadata.

use super::answer::Route;
use super::initialize::{Seen, judge};
use super::oauth;
use crate::config::{Binding, Config, HttpUrl, Target};
use crate::doctor::advice::{Peer, advice};
use crate::doctor::report::{Check, Status};
use crate::doctor::walk::Walk;
use crate::doctor::way::{Way, worries};
use crate::mcp::http::{FixedHeaders, HttpServer, patience};
use crate::net::{self, Connector, Network, Via};
use crate::wire::command::MAIN_CHANNEL;

pub(super) const SETTING: &str = "mcp.server_urls (MCP_SERVER_URL)";
const IDENTITY: &str = "mcp.client_cert and mcp.client_key";

/// A check's id, with the channel unless it is `main`.
pub(super) fn id(base: &str, channel: &str) -> String {
    match channel {
        MAIN_CHANNEL => base.to_owned(),
        channel => format!("{base}[{channel}]"),
    }
}

/// The server of a binding with a URL; nothing for any other. Without a network everything is blocked `by` something.
pub(in crate::doctor) async fn http(
    walk: &mut Walk<'_>,
    config: &Config,
    network: Result<&Network, &str>,
    binding: &Binding,
) {
    let Target::Http { url, proxy, .. } = &binding.target else {
        return;
    };
    let channel = binding.channel.as_str();
    let (reachable, metadata) = (id("mcp_server_reachable", channel), id("oauth_metadata", channel));
    let Some(to) = net::Way::to_server(&binding.target) else {
        return;
    };
    walk.add(Check::pass(id("mcp_target", channel), target(url, &to.via)));
    let connector = match network.map(|network| network.connector(&to)) {
        Ok(Ok(connector)) => connector,
        Ok(Err(_)) => return blocked(walk, channel, "client_certificate"),
        Err(by) => return blocked(walk, channel, by),
    };
    walk.begin(&reachable);
    let way = Way::walk(&connector).await;
    let authority = url.authority();
    if let Some(error) = &way.error {
        let peer = Peer {
            address: SETTING,
            identity: IDENTITY,
            authority: &authority,
            proxy: proxy.as_deref(),
            trust: &config.trust,
            unseen_names: walk.unseen_names(),
        };
        let check = Check::fail(&reachable, error.to_string())
            .evidence(way.evidence())
            .next(advice(error, &peer));
        walk.add(check);
        return skip_metadata(walk, channel, &reachable);
    }
    let server = match server(config, channel, url, connector.clone()) {
        Ok(server) => server,
        Err(problem) => {
            walk.add(Check::fail(&reachable, problem).next(["correct that setting"]));
            return skip_metadata(walk, channel, &reachable);
        }
    };
    let seen = Seen::of(&server).await;
    let discovery = match &seen {
        Seen::Answer(_) | Seen::Status(401, _) => {
            walk.begin(&metadata);
            Some(oauth::look(&server, url).await)
        }
        _ => None,
    };
    let route = Route {
        tls: url.tls,
        asked: way.certificate_asked(),
        identity: IDENTITY,
        address: SETTING,
        authority: &authority,
        proxy: proxy.as_deref(),
        demand: connector.proxy_demand(),
    };
    let check = judge(&reachable, &seen, discovery.as_ref(), route);
    let (said, steps): (Vec<_>, Vec<_>) = worries(&way, IDENTITY).into_iter().unzip();
    walk.add(
        match check.status {
            _ if said.is_empty() => check,
            Status::Pass => Check::warn(&reachable, said.join("; ")).next(steps.concat()),
            // Whatever came of it may come of that.
            _ => check.evidence(said).next(steps.concat()),
        }
        .evidence(way.evidence()),
    );
    match discovery {
        // Callers learn of logins through the main channel only (contract: oauth-and-harpoon, section 1).
        Some(discovery) if channel == MAIN_CHANNEL => walk.add(discovery.check(&metadata)),
        _ => skip_metadata(walk, channel, &reachable),
    }
}

fn blocked(walk: &mut Walk<'_>, channel: &str, by: &str) {
    walk.add(Check::blocked(id("mcp_server_reachable", channel), by));
    skip_metadata(walk, channel, by);
}

fn skip_metadata(walk: &mut Walk<'_>, channel: &str, by: &str) {
    if channel == MAIN_CHANNEL {
        walk.add(Check::blocked(id("oauth_metadata", channel), by));
    }
}

/// Without the path, which can hold a token.
fn target(url: &HttpUrl, via: &Via) -> String {
    match via {
        Via::Direct => url.origin(),
        Via::Unix(path) => format!("{} at the unix socket {}", url.origin(), path.display()),
        Via::Proxy(proxy) => format!("{} through the proxy {}", url.origin(), proxy.name()),
    }
}

/// The server with the headers that probes and discovery carry.
fn server(config: &Config, channel: &str, url: &HttpUrl, connector: Connector) -> Result<HttpServer, String> {
    let headers = FixedHeaders::of_traffic(&config.mcp).and_then(|fixed| match channel {
        MAIN_CHANNEL => fixed.with_discovery(&config.mcp),
        _ => Ok(fixed),
    });
    let headers = headers.map_err(|error| error.to_string())?;
    HttpServer::new(channel, url, connector, patience(&config.mcp), headers)
        .ok_or_else(|| format!("{SETTING}: the URL cannot be sent in a request"))
}
