//! Where and how log lines are written.

use std::path::PathBuf;

use log::LevelFilter;

use super::identity::identity;
use super::reader::{Checked, Reader};
use crate::config::checked::{Log, LogFormat, LogServer, LogTarget};
use crate::config::settings::{File, Value, table};
use crate::config::values::HttpUrl;
use crate::config::values::scalar::echo;
use crate::limits::UNIX_SOCKET_PATH_MAX;

/// The log, and the server that it goes to over a connection.
pub(super) struct Logging {
    pub(super) log: Log,
    pub(super) server: Option<LogServer>,
}

/// What `log.target` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stream,
    Journald,
    Syslog,
}

/// The level that a configuration file asks for, alone.
pub(crate) fn log_level_of(file: &File) -> Result<LevelFilter, String> {
    match file.value(&table::LOG_LEVEL) {
        Some(Value::One(text)) => log_level(&text.text),
        _ => log_level(table::LOG_LEVEL.default.unwrap_or_default()),
    }
}

/// Where a syslog server is.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    Socket(PathBuf),
    Server(HttpUrl),
}

/// Level, format and place, which depend on each other (contract: config, section 2).
pub(super) fn log_settings(reader: &mut Reader<'_>) -> Checked<Logging> {
    let kind = reader.required(&table::LOG_TARGET, "log.target is missing", log_target);
    let format = reader.optional(&table::LOG_FORMAT, log_format);
    let file = reader.path(&table::LOG_FILE);
    let level = reader.required(&table::LOG_LEVEL, "log.level is missing", |text| {
        let level = log_level(text)?;
        // A format that was given and is wrong has its own message.
        let is_plain = matches!((&kind, &format, &file), (Ok(Kind::Stream), Ok(None), Ok(None)));
        if level != LevelFilter::Info && is_plain {
            return Err(
                "this log level requires 'struct-text' or 'json' log format; set --log.format or LOG_FORMAT".to_owned(),
            );
        }
        Ok(level)
    });
    let syslog = syslog(reader);
    let (kind, level, format, file, (facility, address, identity)) = (kind?, level?, format?, file?, syslog?);
    if kind != Kind::Stream && file.is_some() {
        let problem = "log.file has no place beside log.target; remove one of them";
        return Err(reader.refuse(&table::LOG_FILE, problem));
    }
    let server = match (kind, &address) {
        (Kind::Syslog, Address::Server(url)) => Some(LogServer {
            url: url.clone(),
            identity: identity.clone(),
        }),
        _ => None,
    };
    if let Some(server) = server
        .as_ref()
        .filter(|server| !server.url.tls && !server.url.is_loopback())
    {
        reader.warn(format!(
            "log lines travel unencrypted to {}; begin log.syslog-address with tls://",
            server.shown()
        ));
    }
    if identity.is_some() && !matches!(&address, Address::Server(url) if url.tls) {
        let problem = "log.syslog-client-cert has no effect without a log.syslog-address that begins with tls://";
        reader.warn(problem.to_owned());
    }
    let default = if file.is_some() {
        LogFormat::StructText
    } else {
        LogFormat::Plain
    };
    let target = match (kind, address, &server) {
        (Kind::Stream, _, _) => LogTarget::Stream,
        (Kind::Journald, _, _) => LogTarget::Journal,
        (Kind::Syslog, Address::Socket(socket), _) => LogTarget::Syslog { facility, socket },
        (Kind::Syslog, Address::Server(_), server) => LogTarget::SyslogServer {
            facility,
            shown: server.as_ref().map(LogServer::shown).unwrap_or_default(),
        },
    };
    let log = Log {
        level,
        format: format.unwrap_or(default),
        file,
        target,
    };
    Ok(Logging { log, server })
}

/// Facility, address and client certificate, also where they have no effect: they are checked all the same.
fn syslog(reader: &mut Reader<'_>) -> Checked<(u8, Address, Option<crate::config::checked::Identity>)> {
    let facility = reader.required(&table::SYSLOG_FACILITY, "log.syslog-facility is missing", facility);
    let address = reader.required(&table::SYSLOG_ADDRESS, "log.syslog-address is missing", syslog_address);
    let identity = identity(reader, &table::SYSLOG_CERT, &table::SYSLOG_KEY);
    Ok((facility?, address?, identity?.map(|(identity, _)| identity)))
}

fn log_target(text: &str) -> Result<Kind, String> {
    const NAMES: [(&str, Kind); 3] = [
        ("stream", Kind::Stream),
        ("journald", Kind::Journald),
        ("syslog", Kind::Syslog),
    ];
    let known = NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        format!(
            "log.target is unknown: {}; write stream, journald or syslog",
            echo(text)
        )
    })
}

/// Name of a facility (RFC 5424, section 6.2.1; syslog(3)), of those that a daemon may use.
fn facility(text: &str) -> Result<u8, String> {
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
            "log.syslog-facility is unknown: {}; write user, daemon, auth, syslog, authpriv or local0 to local7",
            echo(text)
        )
    })
}

/// An absolute path, or `tcp://` or `tls://` with a host.
fn syslog_address(text: &str) -> Result<Address, String> {
    const PORTS: [(&str, &str, u16); 2] = [("tcp://", "http://", 601), ("tls://", "https://", 6514)];
    if text.starts_with('/') {
        return match text.len() <= UNIX_SOCKET_PATH_MAX {
            true => Ok(Address::Socket(PathBuf::from(text))),
            false => Err(format!(
                "log.syslog-address is longer than the path of a unix socket can be, {UNIX_SOCKET_PATH_MAX} bytes"
            )),
        };
    }
    let Some((scheme, stand_in, port)) = PORTS.iter().find(|(scheme, _, _)| text.starts_with(scheme)) else {
        return Err(
            "log.syslog-address is neither an absolute path nor begins with tcp:// or tls://; write one of them"
                .to_owned(),
        );
    };
    // The grammar of hosts and ports is that of URLs; the ports that these leave out are not.
    let rest = &text[scheme.len()..];
    let url = HttpUrl::parse(&format!("{stand_in}{rest}")).map_err(|error| format!("log.syslog-address {error}"))?;
    if url.path_and_query != "/" {
        return Err("log.syslog-address has a path or a query; write a host and a port alone".to_owned());
    }
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let has_port = rest
        .trim_end_matches('/')
        .rsplit_once(':')
        .is_some_and(|(_, port)| is_number(port));
    let port = if has_port { url.port } else { *port };
    Ok(Address::Server(HttpUrl { port, ..url }))
}

/// A level as Go's `slog` writes it: `info`, `WARN`, `debug-2`. An offset moves to the next level that is not lower.
fn log_level(text: &str) -> Result<LevelFilter, String> {
    const NAMES: [(&str, i32); 4] = [("debug", -4), ("info", 0), ("warn", 4), ("error", 8)];
    let (name, offset) = text.find(['+', '-']).map_or((text, "0"), |sign| text.split_at(sign));
    let base = NAMES
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))
        .map(|(_, value)| *value);
    let value = base
        .zip(offset.parse().ok())
        .and_then(|(base, offset): (i32, i32)| base.checked_add(offset));
    match value.ok_or_else(|| format!("log.level is unknown: {}; write debug, info, warn or error", echo(text)))? {
        ..-4 => Ok(LevelFilter::Trace),
        -4 => Ok(LevelFilter::Debug),
        -3..=0 => Ok(LevelFilter::Info),
        1..=4 => Ok(LevelFilter::Warn),
        5..=8 => Ok(LevelFilter::Error),
        9.. => Ok(LevelFilter::Off),
    }
}

/// `struct-text` or `json`, in any case.
fn log_format(text: &str) -> Result<LogFormat, String> {
    if text.eq_ignore_ascii_case("struct-text") {
        Ok(LogFormat::StructText)
    } else if text.eq_ignore_ascii_case("json") {
        Ok(LogFormat::Json)
    } else {
        Err(format!(
            "unsupported log format: {}; write struct-text or json",
            echo(text)
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn levels_follow_slog_with_offsets() {
        for (text, level) in [
            ("debug", LevelFilter::Debug),
            ("INFO", LevelFilter::Info),
            ("Warn", LevelFilter::Warn),
            ("error", LevelFilter::Error),
            ("debug-1", LevelFilter::Trace),
            ("info-4", LevelFilter::Debug),
            ("info+1", LevelFilter::Warn),
            ("debug+2", LevelFilter::Info),
            ("error+1", LevelFilter::Off),
        ] {
            assert_eq!(log_level(text), Ok(level), "{text}");
        }
        for text in [
            "trace",
            "warning",
            "info+",
            "info+x",
            "info+99999999999",
            "error+2147483647",
            "",
        ] {
            assert!(log_level(text).is_err(), "{text}");
        }
    }

    #[test]
    fn formats_are_recognized_in_any_case() {
        assert_eq!(log_format("JSON"), Ok(LogFormat::Json));
        assert_eq!(log_format("Struct-Text"), Ok(LogFormat::StructText));
        assert!(log_format("logfmt").unwrap_err().contains("unsupported log format"));
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
