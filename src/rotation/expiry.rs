//! When certificates in force end: for the metrics, and as a warning in time.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use log::{error, warn};

use crate::limits::{EXPIRY_INTERVAL, EXPIRY_MARGIN, EXPIRY_WARNINGS};
use crate::monitor::{Certificate, Monitor};
use crate::net::Network;
use crate::tls::{CertFacts, Roots, Validity};

/// What was said about each certificate.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    said: BTreeMap<&'static str, Said>,
    /// The next end of one.
    next_end: Option<SystemTime>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    certificate: CertFacts,
    stage: Stage,
}

/// How far a certificate is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Far,
    /// So many of [`EXPIRY_WARNINGS`] have passed.
    Near(usize),
    Over,
}

impl Stage {
    fn of(certificate: &CertFacts, now: SystemTime) -> Self {
        let Some(end) = certificate.not_after else {
            return Self::Far;
        };
        match end.duration_since(now) {
            Err(_) => Self::Over,
            Ok(left) => match EXPIRY_WARNINGS.iter().filter(|warning| left < **warning).count() {
                0 => Self::Far,
                passed => Self::Near(passed),
            },
        }
    }
}

impl Expiry {
    /// Looks at every certificate in force; true when an authority among them has ended.
    pub(super) fn look(&mut self, network: &Network, monitor: &Monitor) -> bool {
        let now = SystemTime::now();
        let in_force = in_force(network);
        let ends: Vec<_> = in_force.iter().filter_map(InForce::end).collect();
        monitor
            .metrics
            .certificates(ends.iter().map(|one| (one.setting, one.not_after)));
        self.next_end = next_end(ends.iter().map(|one| one.not_after), now);
        monitor.health.certificates(ends);
        for one in &in_force {
            if self.is_news(one, now) {
                tell(one, now);
            }
        }
        in_force
            .iter()
            .any(|one| !one.is_shown && Stage::of(&one.facts, now) == Stage::Over)
    }

    /// How long until the next look: an end is told when it comes.
    pub(super) fn pause(&self, now: SystemTime) -> Duration {
        let end = self.next_end.map(|end| end.duration_since(now).unwrap_or_default());
        end.map_or(EXPIRY_INTERVAL, |left| EXPIRY_INTERVAL.min(left + EXPIRY_MARGIN))
    }

    /// Whether there is something to say about it that was not said yet.
    fn is_news(&mut self, one: &InForce, now: SystemTime) -> bool {
        let stage = Stage::of(&one.facts, now);
        let said = Said {
            certificate: one.facts.clone(),
            stage,
        };
        let before = self.said.insert(one.setting, said);
        match before.filter(|before| before.certificate == one.facts) {
            Some(known) => stage > known.stage,
            None => {
                stage > Stage::Far
                    || one.facts.validity(now) != Validity::Valid
                    || one.is_shown && !one.facts.purposes.client
            }
        }
    }
}

/// The first end that has not come yet.
fn next_end(ends: impl Iterator<Item = SystemTime>, now: SystemTime) -> Option<SystemTime> {
    ends.filter(|end| *end >= now).min()
}

/// A certificate in force, with the setting that names it.
struct InForce {
    setting: &'static str,
    facts: CertFacts,
    /// It is shown to servers; the others are authorities.
    is_shown: bool,
}

impl InForce {
    fn end(&self) -> Option<Certificate> {
        Some(Certificate {
            setting: self.setting,
            subject: self.facts.subject.as_str().into(),
            issuer: self.facts.issuer.as_str().into(),
            not_before: self.facts.not_before,
            not_after: self.facts.not_after?,
        })
    }
}

/// Each setting once, with the certificate that ends first.
fn in_force(network: &Network) -> Vec<InForce> {
    let generation = network.live().current();
    let authorities = [
        ("ca-bundle", generation.roots().first_to_end()),
        (
            "proxy.ca-bundle",
            generation.proxy_roots().and_then(Roots::first_to_end),
        ),
    ];
    let authorities = authorities.into_iter().filter_map(|(setting, facts)| {
        Some(InForce {
            setting,
            facts: facts?.clone(),
            is_shown: false,
        })
    });
    let clients = network.client_certificates().into_iter().map(|one| InForce {
        setting: one.setting,
        facts: one.facts,
        is_shown: true,
    });
    let mut first: BTreeMap<&'static str, InForce> = BTreeMap::new();
    for one in clients.chain(authorities) {
        if first
            .get(one.setting)
            .is_none_or(|known| one.facts.ends_before(&known.facts))
        {
            first.insert(one.setting, one);
        }
    }
    first.into_values().collect()
}

fn tell(
    InForce {
        setting,
        facts,
        is_shown,
    }: &InForce,
    now: SystemTime,
) {
    let (setting, subject, until) = (*setting, facts.subject.as_str(), facts.expiry());
    let left = facts.not_after.and_then(|end| end.duration_since(now).ok());
    let days = left.map_or(0, |left| left.as_secs() / 86_400);
    match (facts.validity(now), is_shown) {
        (Validity::Expired, true) => {
            error!(setting, subject, until; "the client certificate has expired; put a new one into its file");
        }
        (Validity::Expired, false) => {
            error!(setting, subject, until; "a certificate authority has expired; put its next certificate into the file");
        }
        (Validity::NotYetValid, _) => {
            warn!(setting, subject; "a certificate in force is not valid yet; is the clock of this host right?");
        }
        (Validity::Valid, true) if !facts.purposes.client => {
            warn!(setting, subject; "the client certificate is not for clients (extended key usage); servers will refuse it");
        }
        (Validity::Valid, _) => {
            warn!(setting, subject, until, days; "a certificate in force ends soon; put a new one into its file");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Purposes;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn ending(in_days: u32, now: SystemTime) -> InForce {
        InForce {
            setting: "control-plane.client-cert",
            facts: CertFacts {
                subject: "CN=x".to_owned(),
                issuer: "CN=ca".to_owned(),
                not_before: Some(now - DAY),
                not_after: Some(now + DAY * in_days),
                names: Vec::new(),
                purposes: Purposes {
                    server: false,
                    client: true,
                },
                is_authority: false,
                defects: Vec::new(),
            },
            is_shown: true,
        }
    }

    #[test]
    fn each_threshold_is_told_once_and_a_new_certificate_begins_anew() {
        let start = SystemTime::now();
        let mut expiry = Expiry::default();
        let certificate = ending(40, start);
        let told: Vec<u32> = (0..=41)
            .filter(|day| expiry.is_news(&certificate, start + DAY * *day + Duration::from_secs(60)))
            .collect();
        assert_eq!(told, [10, 33, 39, 40], "30, 7 and 1 days ahead, and at the end");
        assert!(!expiry.is_news(&ending(300, start), start), "far away");
        assert!(expiry.is_news(&ending(5, start), start), "another one that ends soon");
        assert!(!expiry.is_news(&ending(5, start), start));
    }

    #[test]
    fn the_next_look_comes_with_the_first_end_and_at_the_latest_after_the_interval() {
        let now = SystemTime::now();
        let pause = |ends: &[SystemTime]| {
            let next_end = next_end(ends.iter().copied(), now);
            let expiry = Expiry {
                next_end,
                ..Expiry::default()
            };
            expiry.pause(now)
        };
        assert_eq!(pause(&[]), EXPIRY_INTERVAL);
        assert_eq!(pause(&[now + DAY]), EXPIRY_INTERVAL);
        let soon = now + Duration::from_secs(60);
        assert_eq!(pause(&[now + DAY, soon]), Duration::from_secs(60) + EXPIRY_MARGIN);
        assert_eq!(pause(&[now - DAY]), EXPIRY_INTERVAL, "what has ended is told already");
    }

    #[test]
    fn a_certificate_for_other_purposes_is_told_at_once() {
        let now = SystemTime::now();
        let mut other = ending(300, now);
        other.facts.purposes.client = false;
        assert!(Expiry::default().is_news(&other, now));
        other.is_shown = false;
        assert!(!Expiry::default().is_news(&other, now), "an authority");
    }
}
