//! Why a name has no address.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::time::Duration;

use crate::limits::{RESOLV_CONF_MAX, RESOLVER_PROMPT};
use crate::sys::lookup::Failure;

/// Why a name has no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unresolved {
    /// The name servers, or `/etc/hosts`, say that there is no such name.
    Unknown,
    /// The name is known and has no address.
    Nothing,
    /// The name servers did not answer.
    Silent,
    /// The name servers answered with an error, or nobody listens there.
    Failing,
    /// There is no name server to be asked.
    NoServers,
    /// Too many lookups of this name wait already.
    Busy,
    /// The system did not let it be looked up.
    System,
}

impl Unresolved {
    /// Whether the name or its servers are the cause, and not this host.
    pub(super) fn is_of_the_name(self) -> bool {
        matches!(self, Self::Unknown | Self::Nothing | Self::Silent | Self::Failing)
    }
}

const RESOLV_CONF: &str = "/etc/resolv.conf";

impl Unresolved {
    /// Of the library's failure after a while: a server that answers with an error does so at once, one that is silent is asked
    /// for seconds.
    pub(super) fn of(failure: &Failure, took: Duration) -> Self {
        match failure {
            Failure::Unknown => Self::Unknown,
            Failure::NoAddress => Self::Nothing,
            Failure::Again | Failure::System(_) if !has_servers(&resolv_conf()) => Self::NoServers,
            Failure::Again if took >= RESOLVER_PROMPT => Self::Silent,
            Failure::Again | Failure::Refused => Self::Failing,
            Failure::System(_) | Failure::Other(_) => Self::System,
        }
    }
}

fn resolv_conf() -> String {
    let mut text = String::new();
    if let Ok(file) = File::open(RESOLV_CONF) {
        // What cannot be read names no server.
        let _ = file.take(RESOLV_CONF_MAX).read_to_string(&mut text);
    }
    text
}

/// Whether a resolv.conf(5) names a server. Without any both libraries ask this host, where seldom somebody answers.
fn has_servers(text: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next() == Some("nameserver") && words.next().is_some()
    })
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such name (NXDOMAIN)",
            Self::Nothing => "the name exists without one",
            Self::Silent => "the name servers did not answer, or not in time",
            Self::Failing => "the name servers answered with an error (SERVFAIL or REFUSED), or cannot be reached",
            Self::NoServers => "no name server is set in /etc/resolv.conf",
            Self::Busy => "too many lookups of it wait already",
            Self::System => "the system did not let it be looked up",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_is_told_from_one_that_says_no() {
        let (at_once, late) = (Duration::from_millis(20), Duration::from_secs(5));
        for (failure, took, expected) in [
            (Failure::Unknown, late, Unresolved::Unknown),
            (Failure::NoAddress, at_once, Unresolved::Nothing),
            (Failure::Refused, at_once, Unresolved::Failing),
            (Failure::Other(-10), at_once, Unresolved::System),
        ] {
            assert_eq!(Unresolved::of(&failure, took), expected, "{failure:?}");
        }
        if has_servers(&resolv_conf()) {
            assert_eq!(Unresolved::of(&Failure::Again, at_once), Unresolved::Failing);
            assert_eq!(Unresolved::of(&Failure::Again, late), Unresolved::Silent);
        } else {
            assert_eq!(Unresolved::of(&Failure::Again, late), Unresolved::NoServers);
        }
    }

    #[test]
    fn only_a_line_of_a_server_names_one() {
        for (text, expected) in [
            ("search x\nnameserver 192.0.2.1\n", true),
            ("\tnameserver\t::1", true),
            ("# nameserver 192.0.2.1\n", false),
            ("nameserver\n", false),
            ("", false),
        ] {
            assert_eq!(has_servers(text), expected, "{text:?}");
        }
    }
}
