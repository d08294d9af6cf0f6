//! What peers will not like about a certificate, for the log.

use std::fmt::Display;
use std::path::Path;
use std::time::SystemTime;

use super::certificate::{Certificate, Life};
use crate::clock::rfc3339;
use crate::{limits, log};

/// One thing that is wrong with a certificate that can be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    /// Its life begins later.
    NotYetValid(SystemTime),
    /// Its life is over.
    Expired(SystemTime),
    /// Its life is nearly over, in so many days.
    ExpiresSoon(SystemTime, u64),
    /// It names no host.
    NoNames,
    /// It does not name this host, which is one of the relay's names.
    OtherNames(&'a str),
    /// It is a certificate authority's own.
    Authority,
    /// Its extended key usage leaves servers out.
    OtherPurpose,
}

impl<'a> Verdict<'a> {
    /// Judges the relay's own certificate.
    pub(super) fn of_own(certificate: &Certificate, names: &'a [Box<str>], now: SystemTime) -> Vec<Self> {
        let mut verdicts = Self::of_dates(certificate, now);
        if certificate.has_names() {
            let others = names.iter().filter(|name| !certificate.is_for(name));
            verdicts.extend(others.map(|name| Self::OtherNames(name)));
        } else {
            verdicts.push(Self::NoNames);
        }
        if certificate.is_authority {
            verdicts.push(Self::Authority);
        }
        if !certificate.is_for_servers {
            verdicts.push(Self::OtherPurpose);
        }
        verdicts
    }

    /// Judges the dates of a certificate.
    pub(super) fn of_dates(certificate: &Certificate, now: SystemTime) -> Vec<Self> {
        let verdict = match certificate.life(now) {
            Life::Before(start) => Self::NotYetValid(start),
            Life::After(end) => Self::Expired(end),
            // Certificates that live for days only are renewed late in their life.
            Life::During(end, left) if left < limits::EXPIRES_SOON.min(certificate.lifetime() / 3) => {
                Self::ExpiresSoon(end, left.as_secs() / 86_400)
            }
            Life::During(..) => return Vec::new(),
        };
        vec![verdict]
    }

    /// Logs it.
    pub(super) fn log(&self, file: &Path, certificate: &Certificate) {
        const RENEW: &str = "put a new certificate and its key into the files; they are read again by themselves";
        const MAKE: &str = "make one as the README says under: A certificate of your own";
        let (message, fact, action): (_, Option<(&str, Box<dyn Display + '_>)>, _) = match self {
            Self::NotYetValid(start) => (
                "TLS certificate is not valid yet",
                Some(("from", Box::new(rfc3339(*start)))),
                "check the clock of this host and that of the authority; peers refuse the certificate until then",
            ),
            Self::Expired(end) => (
                "TLS certificate has expired",
                Some(("since", Box::new(rfc3339(*end)))),
                RENEW,
            ),
            Self::ExpiresSoon(end, _) => (
                "TLS certificate expires soon",
                Some(("until", Box::new(rfc3339(*end)))),
                RENEW,
            ),
            Self::NoNames => (
                "TLS certificate has no subjectAltName, so peers accept it for no host",
                None,
                MAKE,
            ),
            Self::OtherNames(name) => (
                "TLS certificate is not for a name of this relay",
                Some(("name", Box::new(*name))),
                "add the name to the certificate's subjectAltName",
            ),
            Self::Authority => (
                "TLS certificate is that of an authority (CA:TRUE), which tunnel-client refuses for a server",
                None,
                MAKE,
            ),
            Self::OtherPurpose => (
                "TLS certificate is not for servers (extended key usage without serverAuth)",
                None,
                MAKE,
            ),
        };
        let file = file.display();
        let mut fields: Vec<(&str, &dyn Display)> = vec![("file", &file), ("subject", &certificate.subject)];
        if let Some((name, value)) = &fact {
            fields.push((name, value));
        }
        if let Self::ExpiresSoon(_, days) = self {
            fields.push(("days", days));
        }
        fields.push(("action", &action));
        log::warn(message, &fields);
    }
}
