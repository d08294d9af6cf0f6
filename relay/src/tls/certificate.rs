//! What a certificate says of itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use x509_cert::der::Decode as _;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectAltName};

/// The part of a certificate that decides whether peers accept it from this relay.
#[derive(Debug)]
pub(super) struct Certificate {
    /// Distinguished name of its holder.
    pub(super) subject: String,
    not_before: SystemTime,
    not_after: SystemTime,
    dns: Vec<String>,
    addresses: Vec<IpAddr>,
    /// It may issue others.
    pub(super) is_authority: bool,
    /// Servers may use it.
    pub(super) is_for_servers: bool,
}

/// How long a certificate has still to live.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It begins then.
    Before(SystemTime),
    /// It ends then, after this time.
    During(SystemTime, Duration),
    /// It ended then.
    After(SystemTime),
}

impl Certificate {
    /// Reads it; `None` if that fails: rustls, which reads it too, is the one to judge then.
    pub(super) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        const ANY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
        const SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
        let certificate = x509_cert::Certificate::from_der(der).ok()?;
        let tbs = certificate.tbs_certificate();
        let (mut dns, mut addresses) = (Vec::new(), Vec::new());
        if let Some((_, SubjectAltName(names))) = tbs.get_extension().ok()? {
            for name in names {
                match name {
                    GeneralName::DnsName(name) => dns.push(name.to_string().to_ascii_lowercase()),
                    GeneralName::IpAddress(bytes) => addresses.extend(address(bytes.as_bytes())),
                    _ => {}
                }
            }
        }
        let is_authority = matches!(tbs.get_extension(), Ok(Some((_, BasicConstraints { ca: true, .. }))));
        let is_for_servers = match tbs.get_extension() {
            Ok(Some((_, ExtendedKeyUsage(purposes)))) => purposes.iter().any(|purpose| [ANY, SERVER].contains(purpose)),
            Ok(None) => true,
            Err(_) => false,
        };
        Some(Self {
            subject: tbs.subject().to_string(),
            not_before: tbs.validity().not_before.to_system_time(),
            not_after: tbs.validity().not_after.to_system_time(),
            dns,
            addresses,
            is_authority,
            is_for_servers,
        })
    }

    /// Whether it is over.
    pub(super) fn has_ended(&self, now: SystemTime) -> bool {
        matches!(self.life(now), Life::After(_))
    }

    /// Where `now` lies in its life.
    pub(super) fn life(&self, now: SystemTime) -> Life {
        if now < self.not_before {
            return Life::Before(self.not_before);
        }
        match self.not_after.duration_since(now) {
            Ok(left) => Life::During(self.not_after, left),
            Err(_) => Life::After(self.not_after),
        }
    }

    /// From its first moment to its last.
    pub(super) fn lifetime(&self) -> Duration {
        self.not_after.duration_since(self.not_before).unwrap_or_default()
    }

    /// Whether it is for any host at all.
    pub(super) fn has_names(&self) -> bool {
        !self.dns.is_empty() || !self.addresses.is_empty()
    }

    /// Whether it is for this host (RFC 9525, section 6): a name, or an address with or without brackets.
    pub(super) fn is_for(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return self.addresses.contains(&address.to_canonical());
        }
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let parent = host.split_once('.').map(|(_, parent)| parent);
        self.dns.iter().any(|name| match name.strip_prefix("*.") {
            Some(wild) => parent == Some(wild),
            None => *name == host,
        })
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(|bytes| IpAddr::from(Ipv4Addr::from(bytes)));
    let sixteen = <[u8; 16]>::try_from(bytes).map(|bytes| IpAddr::from(Ipv6Addr::from(bytes)));
    Some(four.or(sixteen).ok()?.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = rcgen::CertificateParams::new(names).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        Certificate::read(params.self_signed(&key).unwrap().der()).unwrap()
    }

    #[test]
    fn a_certificate_is_for_its_names_and_addresses() {
        let certificate = read(&["relay.example", "*.wild.example", "192.0.2.1", "::1"]);
        for host in [
            "relay.example",
            "Relay.Example.",
            "a.wild.example",
            "192.0.2.1",
            "[::1]",
            "::1",
        ] {
            assert!(certificate.is_for(host), "{host}");
        }
        for host in [
            "a.relay.example",
            "wild.example",
            "a.b.wild.example",
            "192.0.2.2",
            "example",
        ] {
            assert!(!certificate.is_for(host), "{host}");
        }
        assert!(!read(&[]).has_names());
    }
}
