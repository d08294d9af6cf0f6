//! Trust anchors and client certificates: read as `run` reads them.

use std::time::SystemTime;

use crate::config::Config;
use crate::doctor::certificate;
use crate::doctor::report::Check;
use crate::doctor::way::expires_soon;
use crate::net::{ClientCertificate, Network, NetworkError};
use crate::sandbox;
use crate::tls::{self, Validity};

/// The trust anchors, and with them everything that connections share.
pub(in crate::doctor) fn ca_bundle(config: &Config) -> (Check, Option<Network>) {
    let id = "ca_bundle";
    match Network::of(config) {
        Ok(network) => {
            let check = trusted(config, &network);
            (check, Some(network))
        }
        Err(NetworkError::Tls(error)) => {
            let mut steps = match error.setting() {
                "tls.trust" => {
                    vec!["correct the setting; tunnel-client run --help says what tls.trust takes".to_owned()]
                }
                _ => vec![
                    "write the authorities as PEM (-----BEGIN CERTIFICATE-----) into that file, or unset the setting"
                        .to_owned(),
                ],
            };
            if let tls::Error::NothingUsable(..) = error {
                steps.push(
                    "or make a server's own certificate, with its name in place of HOST, and put server.pem there:"
                        .to_owned(),
                );
                steps.extend(certificate::of_server("HOST"));
            }
            let check = Check::fail(id, error.to_string()).next(steps);
            (check, None)
        }
        Err(error) => {
            let check = Check::fail(id, error.to_string())
                .next(["the limit of threads or memory is reached: see ulimit -u, and TasksMax= of the unit"]);
            (check, None)
        }
    }
}

/// What is trusted, and what of it in vain.
fn trusted(config: &Config, network: &Network) -> Check {
    let id = "ca_bundle";
    let generation = network.live().current();
    let trust = &config.trust;
    let system = generation.roots().system_store();
    let sets = [
        trust.webpki.then(|| "the built-in authorities".to_owned()),
        system.map(|path| format!("the system's in {}", path.display())),
        trust
            .bundle
            .as_ref()
            .map(|path| format!("the authorities in {}", path.display())),
        trust
            .proxy_bundle
            .as_ref()
            .map(|path| format!("for proxies only those in {}", path.display())),
    ];
    let summary = sets.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let notes = generation.notes();
    let unprotected = sandbox::unprotected(config);
    let bundles = [Some(generation.roots()), generation.proxy_roots()];
    let soon = bundles
        .into_iter()
        .flatten()
        .find_map(|roots| expires_soon(roots.first_to_end()?));
    if let Some(first) = unprotected.first() {
        return Check::warn(id, first.clone())
            .evidence([summary])
            .evidence(notes)
            .evidence(unprotected)
            .next(["let root own the file and its directory, set process.server_user, or remove sandbox: off"]);
    }
    match (notes.first(), soon) {
        (Some(note), _) => Check::warn(id, note.clone())
            .evidence([summary])
            .evidence(notes.clone())
            .next(["remove that entry from the file, or replace it by the authority's new certificate"]),
        (None, Some(soon)) => Check::warn(id, soon)
            .evidence([summary])
            .next(["add the authority's next certificate to the file in time"]),
        (None, None) => Check::pass(id, summary),
    }
}

/// The client certificates and their keys. Without one that can be used, `run` does not start.
pub(in crate::doctor) fn client_certificate(network: &Network) -> Check {
    let id = "client_certificate";
    if let Some(error) = network.broken_certificate() {
        return Check::fail(id, error.to_string())
            .next(["correct the file, or the setting that names it; certificate and key go together"]);
    }
    let certificates = network.client_certificates();
    if certificates.is_empty() {
        return Check::pass(id, "none is configured");
    }
    let shown = certificates.iter().map(describe);
    let generation = network.live().current();
    let secluded: Vec<_> = generation.secluded().iter().map(ToString::to_string).collect();
    let check = match judge(&certificates) {
        Some(Problem::Bad(problem)) => Check::fail(id, problem)
            .next([
                "have a new certificate issued by the authority that the server trusts; servers refuse this one",
                "check the clock of this host: date -u",
            ])
            .next(certificate::of_client()),
        Some(Problem::Soon(problem)) => Check::warn(id, problem).next(["have a new certificate issued in time"]),
        None if !secluded.is_empty() => Check::warn(id, secluded.join("; ")),
        None => Check::pass(id, shown.clone().collect::<Vec<_>>().join("; ")),
    };
    check.evidence(shown)
}

enum Problem {
    Bad(String),
    Soon(String),
}

fn judge(certificates: &[ClientCertificate]) -> Option<Problem> {
    let now = SystemTime::now();
    let bad = certificates.iter().find_map(|ClientCertificate { setting, facts }| {
        let subject = &facts.subject;
        match facts.validity(now) {
            Validity::Valid if !facts.purposes.client => Some(format!(
                "{setting}: the certificate of {subject} is not for clients (extended key usage)"
            )),
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
            .find_map(|ClientCertificate { setting, facts }| Some(format!("{setting}: {}", expires_soon(facts)?)))
    };
    bad.map(Problem::Bad).or_else(|| soon().map(Problem::Soon))
}

fn describe(certificate: &ClientCertificate) -> String {
    let ClientCertificate { setting, facts } = certificate;
    format!("{setting}: {}, until {}", facts.subject, facts.expiry())
}
