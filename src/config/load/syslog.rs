//! Where a syslog server is, and as what it is spoken to: for the log and for the audit log.

use std::path::PathBuf;

use super::identity::identity;
use super::reader::{Checked, Reader};
use crate::config::checked::{Identity, LogServer, LogTarget};
use crate::config::settings::{Setting, table};
use crate::config::values::HttpUrl;
use crate::config::values::scalar::echo;
use crate::limits::UNIX_SOCKET_PATH_MAX;

/// A syslog server, as the settings have it.
#[derive(Debug, Clone)]
pub(super) struct Syslog {
    facility: u8,
    address: Address,
    identity: Option<Identity>,
}

/// Where a syslog server is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    Socket(PathBuf),
    Server(HttpUrl),
}

impl Syslog {
    /// The server of the log. Everything is checked, also where it has no effect.
    pub(super) fn of_log(reader: &mut Reader<'_>) -> Checked<Self> {
        let facility = reader.required(&table::SYSLOG_FACILITY, "log.syslog-facility is missing", |text| {
            facility(text, &table::SYSLOG_FACILITY)
        });
        let address = reader.required(&table::SYSLOG_ADDRESS, "log.syslog-address is missing", |text| {
            address(text, &table::SYSLOG_ADDRESS)
        });
        let identity = identity(reader, &table::SYSLOG_CERT, &table::SYSLOG_KEY);
        Ok(Self {
            facility: facility?,
            address: address?,
            identity: identity?.map(|(identity, _)| identity),
        })
    }

    /// The server of the audit log: that of the log, as far as no setting says otherwise.
    pub(super) fn of_audit(self, own: OwnSyslog) -> Self {
        Self {
            facility: own.facility.unwrap_or(self.facility),
            address: own.address.unwrap_or(self.address),
            identity: self.identity,
        }
    }

    /// Where messages go, and the server that a connection leads to.
    pub(super) fn target(&self) -> (LogTarget, Option<LogServer>) {
        let facility = self.facility;
        match &self.address {
            Address::Socket(socket) => {
                let socket = socket.clone();
                (LogTarget::Syslog { facility, socket }, None)
            }
            Address::Server(url) => {
                let server = LogServer {
                    url: url.clone(),
                    identity: self.identity.clone(),
                };
                let shown = server.shown();
                (LogTarget::SyslogServer { facility, shown }, Some(server))
            }
        }
    }

    /// Whether a client certificate is configured that a connection to this server would show to nobody.
    pub(super) fn hides_identity(&self) -> bool {
        self.identity.is_some() && !matches!(&self.address, Address::Server(url) if url.tls)
    }
}

/// What the settings of the audit log say of its server, if they do.
#[derive(Debug)]
pub(super) struct OwnSyslog {
    facility: Option<u8>,
    address: Option<Address>,
}

impl OwnSyslog {
    pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let facility = reader.optional(&table::AUDIT_SYSLOG_FACILITY, |text| {
            facility(text, &table::AUDIT_SYSLOG_FACILITY)
        });
        let address = reader.optional(&table::AUDIT_SYSLOG_ADDRESS, |text| {
            address(text, &table::AUDIT_SYSLOG_ADDRESS)
        });
        Ok(Self {
            facility: facility?,
            address: address?,
        })
    }

    /// A setting that is written.
    pub(super) fn first(&self) -> Option<&'static Setting> {
        match (&self.address, self.facility) {
            (Some(_), _) => Some(&table::AUDIT_SYSLOG_ADDRESS),
            (None, Some(_)) => Some(&table::AUDIT_SYSLOG_FACILITY),
            (None, None) => None,
        }
    }
}

/// Warns where messages leave this host unencrypted.
pub(super) fn warn_if_open(reader: &mut Reader<'_>, server: &LogServer, what: &str, setting: &Setting) {
    if !server.url.tls && !server.url.is_loopback() {
        reader.warn(format!(
            "{what} travel unencrypted to {}; begin {} with tls://",
            server.shown(),
            setting.flag
        ));
    }
}

/// Name of a facility (RFC 5424, section 6.2.1; syslog(3)), of those that a daemon may use.
fn facility(text: &str, setting: &Setting) -> Result<u8, String> {
    const NAMES: [(&str, u8); 13] = [
        ("user", 1),
        ("daemon", 3),
        ("auth", 4),
        ("syslog", 5),
        ("authpriv", 10),
        ("local0", 16),
        ("local1", 17),
        ("local2", 18),
        ("local3", 19),
        ("local4", 20),
        ("local5", 21),
        ("local6", 22),
        ("local7", 23),
    ];
    let known = NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    known.map(|(_, number)| *number).ok_or_else(|| {
        format!(
            "{} is unknown: {}; write user, daemon, auth, syslog, authpriv or local0 to local7",
            setting.flag,
            echo(text)
        )
    })
}

/// An absolute path, or `tcp://` or `tls://` with a host.
fn address(text: &str, setting: &Setting) -> Result<Address, String> {
    const PORTS: [(&str, &str, u16); 2] = [("tcp://", "http://", 601), ("tls://", "https://", 6514)];
    let name = setting.flag;
    if text.starts_with('/') {
        return match text.len() <= UNIX_SOCKET_PATH_MAX {
            true => Ok(Address::Socket(PathBuf::from(text))),
            false => Err(format!(
                "{name} is longer than the path of a unix socket can be, {UNIX_SOCKET_PATH_MAX} bytes"
            )),
        };
    }
    let Some((scheme, stand_in, port)) = PORTS.iter().find(|(scheme, _, _)| text.starts_with(scheme)) else {
        return Err(format!(
            "{name} is neither an absolute path nor begins with tcp:// or tls://; write one of them"
        ));
    };
    // The grammar of hosts and ports is that of URLs; the ports that these leave out are not.
    let rest = &text[scheme.len()..];
    let url = HttpUrl::parse(&format!("{stand_in}{rest}")).map_err(|error| format!("{name} {error}"))?;
    if url.path_and_query != "/" {
        return Err(format!("{name} has a path or a query; write a host and a port alone"));
    }
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let has_port = rest
        .trim_end_matches('/')
        .rsplit_once(':')
        .is_some_and(|(_, port)| is_number(port));
    let port = if has_port { url.port } else { *port };
    Ok(Address::Server(HttpUrl { port, ..url }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn syslog_address(text: &str) -> Result<Address, String> {
        address(text, &table::SYSLOG_ADDRESS)
    }

    #[test]
    fn syslog_servers_are_sockets_or_hosts() {
        assert_eq!(syslog_address("/dev/log"), Ok(Address::Socket("/dev/log".into())));
        for (text, host, port, tls) in [
            ("tcp://logs.example", "logs.example", 601, false),
            ("tls://logs.example", "logs.example", 6514, true),
            ("tls://[::1]:443", "::1", 443, true),
            ("tcp://192.0.2.1:80", "192.0.2.1", 80, false),
        ] {
            let found = match syslog_address(text).unwrap() {
                Address::Server(url) => Some((url.host, url.port, url.tls)),
                Address::Socket(_) => None,
            };
            assert_eq!(found, Some((host.to_owned(), port, tls)), "{text}");
        }
        for text in [
            "",
            "dev/log",
            "udp://h",
            "https://h",
            "tls://",
            "tls://u@h",
            "tls://h/x",
            "tls://h:0",
            "tls://h:x",
        ] {
            assert!(syslog_address(text).is_err(), "{text}");
        }
    }
}
