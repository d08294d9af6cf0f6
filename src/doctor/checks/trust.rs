//! Trust anchors and client certificates: read as `run` reads them.

use std::time::SystemTime;

use crate::config::{Config, Identity, Target};
use crate::doctor::report::Check;
use crate::doctor::way::expires_soon;
use crate::net::{Network, NetworkError, Via};
use crate::tls::{CertFacts, Validity};

/// The trust anchors, and with them everything that connections share.
pub(in crate::doctor) fn ca_bundle(config: &Config) -> (Check, Option<Network>) {
    let id = "ca_bundle";
    match Network::of(config) {
        Ok(network) => {
            let summary = match &config.ca_bundle {
                Some(path) => format!("the built-in authorities, and those in {}", path.display()),
                None => "the built-in authorities".to_owned(),
            };
            (Check::pass(id, summary), Some(network))
        }
        Err(NetworkError::Tls(error)) => {
            let check = Check::fail(id, error.to_string()).next([
                "write the authorities as PEM (-----BEGIN CERTIFICATE-----) into that file, or unset ca_bundle",
            ]);
            (check, None)
        }
        Err(error) => {
            let check = Check::fail(id, error.to_string())
                .next(["the limit of threads or memory is reached: see ulimit -u, and TasksMax= of the unit"]);
            (check, None)
        }
    }
}

/// The client certificates and their keys. Without one that can be used, `run` does not start.
pub(in crate::doctor) fn client_certificate(config: &Config, network: &Network) -> Check {
    let id = "client_certificate";
    let identities = identities(config);
    if identities.is_empty() {
        return Check::pass(id, "none is configured");
    }
    let probed = &config.control_plane.base_url;
    let broken = identities
        .iter()
        .find_map(|identity| network.connector(probed, Via::Direct, Some(identity)).err());
    if let Some(error) = broken {
        return Check::fail(id, error.to_string())
            .next(["correct the file, or the setting that names it; certificate and key go together"]);
    }
    let certificates = network.client_certificates();
    let shown = certificates.iter().map(|(setting, facts)| describe(setting, facts));
    let check = match judge(&certificates) {
        Some(Problem::Bad(problem)) => Check::fail(id, problem).next([
            "have a new certificate issued; servers refuse this one",
            "check the clock of this host: date -u",
        ]),
        Some(Problem::Soon(problem)) => Check::warn(id, problem).next(["have a new certificate issued in time"]),
        None => Check::pass(id, shown.clone().collect::<Vec<_>>().join("; ")),
    };
    check.evidence(shown)
}

enum Problem {
    Bad(String),
    Soon(String),
}

fn judge(certificates: &[(&'static str, CertFacts)]) -> Option<Problem> {
    let now = SystemTime::now();
    let bad = certificates.iter().find_map(|(setting, facts)| {
        let subject = &facts.subject;
        match facts.validity(now) {
            Validity::Valid => None,
            Validity::Expired => Some(format!(
                "{setting}: the certificate of {subject} expired on {}",
                facts.expiry()
            )),
            Validity::NotYetValid => Some(format!("{setting}: the certificate of {subject} is not valid yet")),
        }
    });
    let soon = || {
        certificates
            .iter()
            .find_map(|(setting, facts)| Some(format!("{setting}: {}", expires_soon(facts)?)))
    };
    bad.map(Problem::Bad).or_else(|| soon().map(Problem::Soon))
}

fn describe(setting: &str, facts: &CertFacts) -> String {
    format!("{setting}: {}, until {}", facts.subject, facts.expiry())
}

/// Each once.
fn identities(config: &Config) -> Vec<&Identity> {
    let servers = config.served().filter_map(|binding| match &binding.target {
        Target::Http { identity, .. } => identity.as_ref(),
        Target::Stdio { .. } => None,
    });
    let mut identities: Vec<&Identity> = Vec::new();
    for identity in config.control_plane.identity.iter().chain(servers) {
        if !identities.contains(&identity) {
            identities.push(identity);
        }
    }
    identities
}
