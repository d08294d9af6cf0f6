//! The way to a syslog server: name, TCP, TLS. Nothing is sent.

use crate::config::{Config, LogServer};
use crate::doctor::advice::{Peer, advice};
use crate::doctor::report::Check;
use crate::doctor::walk::Walk;
use crate::doctor::way::{Way, worries};
use crate::net::{self, Network};

const ID: &str = "log_file";
const ADDRESS: &str = "log.syslog_address (LOG_SYSLOG_ADDRESS)";
const IDENTITY: &str = "log.syslog_client_cert and log.syslog_client_key";

/// Connects to the server as `run` does. One that is not reached is a warning: `run` starts, and lines wait for it.
pub(in crate::doctor) async fn log_server(
    walk: &mut Walk<'_>,
    config: &Config,
    network: Result<&Network, &str>,
    server: &LogServer,
) {
    let connector = match network.map(|network| network.connector(&net::Way::to_log_server(server))) {
        Ok(Ok(connector)) => connector,
        // Already named by the check of the certificate.
        Ok(Err(_)) => return walk.add(Check::blocked(ID, "client_certificate")),
        Err(by) => return walk.add(Check::blocked(ID, by)),
    };
    walk.begin(ID);
    let way = Way::walk(&connector).await;
    let shown = server.shown();
    if let Some(error) = &way.error {
        let authority = format!("{}:{}", server.url.host, server.url.port);
        let peer = Peer {
            address: ADDRESS,
            identity: IDENTITY,
            authority: &authority,
            proxy: None,
            trust: &config.trust,
            unseen_names: walk.unseen_names(),
        };
        let check = Check::warn(ID, format!("the syslog server {shown} is not reached: {error}"))
            .evidence(["lines wait for it, and are counted once there are too many"])
            .evidence(way.evidence())
            .next(advice(error, &peer));
        return walk.add(check);
    }
    let (said, steps): (Vec<_>, Vec<_>) = worries(&way, IDENTITY).into_iter().unzip();
    let check = match (said.is_empty(), server.url.tls) {
        (false, _) => Check::warn(ID, format!("{shown}: {}", said.join("; "))).next(steps.concat()),
        (true, true) => Check::pass(ID, format!("the syslog server {shown} takes connections over TLS")),
        (true, false) => Check::pass(ID, format!("the syslog server {shown} takes connections, in clear")),
    };
    walk.add(check.evidence(way.evidence()));
}
