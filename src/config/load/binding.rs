//! Entries of `mcp.server-url` and `mcp.command`: a channel and the MCP server behind it.

use std::fmt;

use crate::config::checked::{BrokenVariable, ProxyError};
use crate::config::settings::Record;
use crate::config::values::UrlError;
use crate::config::values::argv::ArgvError;
use crate::config::values::channel::{HARPOON, MAIN, is_channel};

/// An entry that begins with one of these is a list of `key=value`; any other entry is one bare value.
const KEYS: [&str; 7] = [
    "channel",
    "url",
    "command",
    "unix-socket",
    "http-proxy",
    "client-cert",
    "client-key",
];

/// An entry of `mcp.server-url`, in parts as written; none is blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HttpEntry<'a> {
    pub(super) channel: &'a str,
    pub(super) url: &'a str,
    pub(super) unix_socket: Option<&'a str>,
    pub(super) http_proxy: Option<&'a str>,
    pub(super) client_cert: Option<&'a str>,
    pub(super) client_key: Option<&'a str>,
}

/// An entry of `mcp.command`, in parts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CommandEntry<'a> {
    pub(super) channel: &'a str,
    pub(super) command: &'a str,
}

/// Why an entry is refused. The entry itself is not part of the message: a URL or a command can hold a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BindingError {
    /// A part between commas is not `key=value` with a known key.
    UnknownKey,
    /// A key twice.
    RepeatedKey(&'static str),
    /// No `url=` or `command=`.
    Missing(&'static str),
    /// A key that has no place in this kind of entry.
    NotHere(&'static str, &'static str),
    /// `unix-socket` beside `http-proxy`.
    SocketAndProxy,
    /// `client-cert` without `client-key`, or the other way round.
    MissingPartner(&'static str),
    /// Not a channel name.
    Channel,
    /// The channel that the client itself serves.
    Reserved,
    /// The URL.
    Url(UrlError),
    /// The command.
    Command(ArgvError),
    /// A reference in the place of the URL or the command, with the reason.
    Reference(&'static str, String),
    /// A path, with the reason.
    Path(&'static str, String),
    /// The proxy.
    Proxy(ProxyError),
    /// The proxy that the environment names.
    Environment(BrokenVariable),
}

impl fmt::Display for BindingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey => f.write_str(
                "entry has a part that is not key=value with key channel, url, unix-socket, http-proxy, client-cert or \
                 client-key; a URL that contains a comma can be given in a configuration file, or alone for channel main",
            ),
            Self::RepeatedKey(key) => write!(f, "entry has {key} twice; keep one"),
            Self::Missing(key) => write!(f, "entry has no {key}; add it"),
            Self::NotHere(key, setting) => write!(f, "entry has {key}, which does not belong here; use --{setting} for it"),
            Self::SocketAndProxy => f.write_str("unix-socket cannot be combined with http-proxy; remove one"),
            Self::MissingPartner(key) => {
                write!(f, "missing {key}: client-cert and client-key go together")
            }
            Self::Channel => f.write_str("entry has an invalid channel; write 1 to 64 letters, digits, \"-\" or \"_\""),
            Self::Reserved => write!(f, "channel {HARPOON} is reserved; choose another name"),
            Self::Url(error) => write!(f, "URL {error}"),
            Self::Command(error) => error.fmt(f),
            Self::Reference(key, reason) => write!(f, "{key} {reason}"),
            Self::Path(key, reason) => write!(f, "{} path {reason}", key.replace('-', " ")),
            Self::Proxy(error) => write!(f, "http-proxy {error}"),
            Self::Environment(error) => write!(f, "entry is reached through a proxy, but {error}"),
        }
    }
}

impl<'a> HttpEntry<'a> {
    /// Reads a text: a URL, or `channel=..,url=..,unix-socket=..` and so on in any order.
    ///
    /// # Errors
    ///
    /// See [`BindingError`].
    pub(super) fn parse(entry: &'a str) -> Result<Self, BindingError> {
        if leading_key(entry).is_none() {
            return Self::from_fields(|key| (key == "url").then_some(entry));
        }
        let fields = Fields::parse(entry)?;
        if fields.value("command").is_some() {
            return Err(BindingError::NotHere("command", "mcp.command"));
        }
        Self::from_fields(|key| fields.value(key))
    }

    /// Reads a mapping of a configuration file.
    ///
    /// # Errors
    ///
    /// See [`BindingError`].
    pub(super) fn of_record(record: &'a Record) -> Result<Self, BindingError> {
        Self::from_fields(|key| record.field(&key.replace('-', "_")).map(|text| text.text.trim()))
    }

    fn from_fields(field: impl Fn(&str) -> Option<&'a str>) -> Result<Self, BindingError> {
        let entry = Self {
            channel: field("channel").unwrap_or(MAIN),
            url: field("url").ok_or(BindingError::Missing("url"))?,
            unix_socket: field("unix-socket"),
            http_proxy: field("http-proxy"),
            client_cert: field("client-cert"),
            client_key: field("client-key"),
        };
        if entry.unix_socket.is_some() && entry.http_proxy.is_some() {
            return Err(BindingError::SocketAndProxy);
        }
        match (entry.client_cert, entry.client_key) {
            (Some(_), None) => Err(BindingError::MissingPartner("client-key")),
            (None, Some(_)) => Err(BindingError::MissingPartner("client-cert")),
            _ => Ok(entry),
        }
    }
}

impl<'a> CommandEntry<'a> {
    /// Reads a text: a command, `channel=..,command=..` or `command=..,channel=..`.
    ///
    /// Commas inside the command survive: a leading channel ends at its comma, a trailing one begins at the last
    /// `,channel=`.
    ///
    /// # Errors
    ///
    /// See [`BindingError`].
    pub(super) fn parse(entry: &'a str) -> Result<Self, BindingError> {
        let (channel, command) = match leading_key(entry) {
            None => (MAIN, entry),
            Some("command") => {
                let value = entry.strip_prefix("command=").unwrap_or_default();
                refuse_trailing_key(value)?;
                value
                    .rsplit_once(",channel=")
                    .map_or((MAIN, value), |(command, name)| (name, command))
            }
            Some("channel") => {
                let value = entry.strip_prefix("channel=").unwrap_or_default();
                let (name, rest) = value.split_once(',').ok_or(BindingError::Missing("command"))?;
                let rest = rest.trim_start();
                let missing = || leading_key(rest).map_or(BindingError::Missing("command"), not_for_command);
                (name, rest.strip_prefix("command=").ok_or_else(missing)?)
            }
            Some(other) => return Err(not_for_command(other)),
        };
        Ok(Self { channel, command })
    }

    /// Reads a mapping of a configuration file.
    ///
    /// # Errors
    ///
    /// See [`BindingError`].
    pub(super) fn of_record(record: &'a Record) -> Result<Self, BindingError> {
        let field = |name| record.field(name).map(|text| text.text.trim());
        Ok(Self {
            channel: field("channel").unwrap_or(MAIN),
            command: field("command").ok_or(BindingError::Missing("command"))?,
        })
    }
}

/// The name of a channel that a server can be bound to: trimmed, in lower case (contract: config, section 5).
pub(super) fn channel(name: &str) -> Result<String, BindingError> {
    let name = name.trim().to_ascii_lowercase();
    match name.as_str() {
        "" => Ok(MAIN.to_owned()),
        HARPOON => Err(BindingError::Reserved),
        _ if is_channel(&name) => Ok(name),
        _ => Err(BindingError::Channel),
    }
}

fn leading_key(entry: &str) -> Option<&'static str> {
    KEYS.into_iter()
        .find(|key| entry.strip_prefix(*key).is_some_and(|rest| rest.starts_with('=')))
}

fn not_for_command(key: &'static str) -> BindingError {
    match key {
        "channel" | "command" => BindingError::RepeatedKey(key),
        _ => BindingError::NotHere(key, "mcp.server-url"),
    }
}

/// Keys of HTTP entries after a command were surely meant as such. A command that contains one as text can be written
/// after `channel=..,command=`.
fn refuse_trailing_key(command: &str) -> Result<(), BindingError> {
    let last = command.rsplit_once(',').and_then(|(_, last)| leading_key(last));
    match last {
        None | Some("channel" | "command") => Ok(()),
        Some(key) => Err(not_for_command(key)),
    }
}

/// The `key=value` parts of an HTTP entry.
struct Fields<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Fields<'a> {
    fn parse(entry: &'a str) -> Result<Self, BindingError> {
        let mut fields: Vec<(&'static str, &str)> = Vec::with_capacity(KEYS.len());
        for part in entry.split(',').map(str::trim) {
            let key = leading_key(part).ok_or(BindingError::UnknownKey)?;
            if fields.iter().any(|(known, _)| *known == key) {
                return Err(BindingError::RepeatedKey(key));
            }
            fields.push((key, part.get(key.len() + 1..).unwrap_or_default().trim()));
        }
        Ok(Self(fields))
    }

    /// The value of `key`, unless it is empty.
    fn value(&self, key: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(known, value)| *known == key && !value.is_empty())
            .map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn http(entry: &str) -> Result<(String, &str, Option<&str>), BindingError> {
        let entry = HttpEntry::parse(entry)?;
        Ok((channel(entry.channel)?, entry.url, entry.unix_socket))
    }

    fn stdio(entry: &str) -> Result<(String, &str), BindingError> {
        let entry = CommandEntry::parse(entry)?;
        Ok((channel(entry.channel)?, entry.command))
    }

    #[test]
    fn a_bare_url_is_for_main_and_may_contain_commas() {
        assert_eq!(http("http://h/a,b").unwrap(), ("main".into(), "http://h/a,b", None));
    }

    #[test]
    fn http_entries_take_their_keys_in_any_order() {
        let expected = ("docs".to_owned(), "https://h/mcp?x=1", Some("/run/s.sock"));
        for entry in [
            "channel=docs,url=https://h/mcp?x=1,unix-socket=/run/s.sock",
            "unix-socket=/run/s.sock, url=https://h/mcp?x=1 , channel= Docs",
        ] {
            assert_eq!(http(entry).unwrap(), expected, "{entry}");
        }
        assert_eq!(http("url=http://h,channel=").unwrap().0, "main");
        assert_eq!(http("url=http://h").unwrap().0, "main");
    }

    #[test]
    fn http_entries_with_a_mistake_are_refused() {
        for (entry, error) in [
            ("channel=x", BindingError::Missing("url")),
            ("channel=x,url=", BindingError::Missing("url")),
            ("channel=x,url=http://h/a,b", BindingError::UnknownKey),
            ("channel=x,URL=http://h", BindingError::UnknownKey),
            ("channel=x,,url=http://h", BindingError::UnknownKey),
            ("channel=x,channel=y,url=http://h", BindingError::RepeatedKey("channel")),
            ("channel=harpoon,url=http://h", BindingError::Reserved),
            ("channel=a b,url=http://h", BindingError::Channel),
            ("channel=\u{e4},url=http://h", BindingError::Channel),
            ("channel=x,command=run", BindingError::NotHere("command", "mcp.command")),
            (
                "url=http://h,http-proxy=http://p,unix-socket=/s",
                BindingError::SocketAndProxy,
            ),
            (
                "url=http://h,client-cert=/c",
                BindingError::MissingPartner("client-key"),
            ),
            (
                "url=http://h,client-key=/k",
                BindingError::MissingPartner("client-cert"),
            ),
        ] {
            assert_eq!(http(entry), Err(error), "{entry}");
        }
        let long = format!("channel={},url=http://h", "x".repeat(65));
        assert_eq!(http(&long), Err(BindingError::Channel));
    }

    #[test]
    fn commas_inside_a_command_survive_both_ways_of_writing() {
        for (entry, name, command) in [
            ("srv --list a,b", "main", "srv --list a,b"),
            ("channel=Docs,command=srv a,b,channel=c", "docs", "srv a,b,channel=c"),
            ("command=srv a,channel=b,channel=docs", "docs", "srv a,channel=b"),
            ("command=srv a,b", "main", "srv a,b"),
            ("channel=x,command=srv a,unix-socket=/s", "x", "srv a,unix-socket=/s"),
            ("channel=, command=srv", "main", "srv"),
        ] {
            assert_eq!(stdio(entry).unwrap(), (name.to_owned(), command), "{entry}");
        }
    }

    #[test]
    fn stdio_entries_with_a_mistake_are_refused() {
        for (entry, error) in [
            ("channel=x", BindingError::Missing("command")),
            ("channel=x,srv", BindingError::Missing("command")),
            ("channel=x,channel=y,command=srv", BindingError::RepeatedKey("channel")),
            (
                "channel=x,unix-socket=/s,command=srv",
                BindingError::NotHere("unix-socket", "mcp.server-url"),
            ),
            ("url=http://h", BindingError::NotHere("url", "mcp.server-url")),
            (
                "command=srv,http-proxy=http://p",
                BindingError::NotHere("http-proxy", "mcp.server-url"),
            ),
            (
                "http-proxy=http://p,command=srv",
                BindingError::NotHere("http-proxy", "mcp.server-url"),
            ),
            ("command=srv,channel=Harpoon", BindingError::Reserved),
        ] {
            assert_eq!(stdio(entry), Err(error), "{entry}");
        }
    }
}
