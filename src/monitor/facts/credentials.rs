//! Component `credentials`: keys and certificates, and the last attempt to exchange them.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::limits::CERTIFICATE_ENDS_SOON;
use crate::monitor::component::{Brief, Moment, Status};

/// The certificate of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The setting that names its file.
    pub setting: &'static str,
    /// Distinguished name (RFC 4514).
    pub subject: Box<str>,
    /// Distinguished name of the issuer.
    pub issuer: Box<str>,
    /// Its beginning, if it is known.
    pub not_before: Option<SystemTime>,
    /// Its end.
    pub not_after: SystemTime,
}

/// What is known of keys and certificates.
#[derive(Debug, Default)]
pub(in super::super) struct Credentials {
    generation: u64,
    /// The last reload was rejected. Those before it are active, so readiness does not depend on it.
    pub(in super::super) is_rejected: bool,
    pub(in super::super) certificates: Vec<Certificate>,
    last_reload: Option<Moment>,
    observed: Option<Moment>,
}

impl Credentials {
    pub(in super::super) fn active(&mut self, generation: u64) {
        self.generation = generation;
        self.observed = Some(Moment::now());
    }

    pub(in super::super) fn reloaded(&mut self, accepted: bool) {
        self.is_rejected = !accepted;
        self.last_reload = Some(Moment::now());
        self.observed = self.last_reload;
    }

    pub(in super::super) fn certificates(&mut self, certificates: Vec<Certificate>) {
        self.certificates = certificates;
        self.observed = Some(Moment::now());
    }

    fn first_end(&self) -> Option<SystemTime> {
        self.certificates.iter().map(|one| one.not_after).min()
    }

    /// An end that has come shows at once: the clock is read here.
    pub(in super::super) fn brief(&self) -> Brief {
        let left = self
            .first_end()
            .map(|end| end.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO));
        match left {
            _ if self.observed.is_none() => Brief::new(Status::Unknown, "not_observed"),
            Some(Duration::ZERO) => Brief::new(Status::Degraded, "expired").because(Some("certificate_expired")),
            _ if self.is_rejected => Brief::new(Status::Degraded, "current").because(Some("reload_rejected")),
            Some(left) if left < CERTIFICATE_ENDS_SOON => {
                Brief::new(Status::Ok, "current").because(Some("certificate_ends_soon"))
            }
            _ => Brief::new(Status::Ok, "current"),
        }
    }

    pub(in super::super) fn observed_at(&self) -> Option<Moment> {
        self.observed
    }

    pub(in super::super) fn details(&self) -> impl Serialize {
        let certificates = self.certificates.iter().map(|one| End {
            setting: one.setting,
            not_after: one.not_after.into(),
        });
        Details {
            generation: self.generation,
            last_reload: self.last_reload,
            certificates: certificates.collect(),
        }
    }
}

#[derive(Serialize)]
struct Details {
    generation: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_reload: Option<Moment>,
    certificates: Vec<End>,
}

#[derive(Serialize)]
struct End {
    setting: &'static str,
    not_after: Moment,
}
