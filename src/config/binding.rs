//! Entries of `mcp.server-url` and `mcp.command`: a channel and the MCP server behind it.

use std::fmt;
use std::path::PathBuf;

use super::argv::{self, ArgvError};
use super::checked::{Binding, HttpUrl, Target};
use super::url::UrlError;

/// The channel of an entry that names none.
pub(super) const MAIN: &str = "main";

/// The channel that the client itself serves.
const RESERVED: &str = "harpoon";

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

/// Keys whose work this build does not do yet.
const NOT_YET: [&str; 3] = ["http-proxy", "client-cert", "client-key"];

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
    /// A key of the full grammar that is not built yet.
    NotYet(&'static str),
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
    /// The path of the unix socket, with the reason.
    Socket(String),
}

impl fmt::Display for BindingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey => f.write_str(
                "has a part that is not key=value with key channel, url or unix-socket; \
                 a URL that contains a comma can only be given alone, for channel main",
            ),
            Self::RepeatedKey(key) => write!(f, "has {key}= twice; keep one"),
            Self::Missing(key) => write!(f, "has no {key}=; add it"),
            Self::NotHere(key, setting) => write!(f, "has {key}=, which does not belong here; use --{setting} for it"),
            Self::NotYet(key) => write!(f, "has {key}=, which is not supported yet by this build; remove it"),
            Self::SocketAndProxy => f.write_str("unix-socket cannot be combined with http-proxy; remove one"),
            Self::MissingPartner(key) => {
                write!(f, "missing {key}: client-cert and client-key go together")
            }
            Self::Channel => f.write_str("has an invalid channel; write 1 to 64 letters, digits, \"-\" or \"_\""),
            Self::Reserved => write!(f, "channel {RESERVED} is reserved; choose another name"),
            Self::Url(error) => write!(f, "URL {error}"),
            Self::Command(error) => error.fmt(f),
            Self::Socket(reason) => write!(f, "unix-socket {reason}"),
        }
    }
}

/// Reads one entry of `mcp.server-url`: a URL, or `channel=..,url=..,unix-socket=..` in any order.
///
/// `path` turns what was written for the socket into a path.
///
/// # Errors
///
/// See [`BindingError`].
pub(super) fn server_url(entry: &str, path: impl Fn(&str) -> Result<PathBuf, String>) -> Result<Binding, BindingError> {
    if leading_key(entry).is_none() {
        let url = HttpUrl::parse(entry).map_err(BindingError::Url)?;
        return Ok(Binding {
            channel: MAIN.to_owned(),
            target: Target::Http {
                url,
                unix_socket: None,
                proxy: None,
                identity: None,
            },
        });
    }
    let fields = Fields::parse(entry)?;
    if fields.value("command").is_some() {
        return Err(BindingError::NotHere("command", "mcp.command"));
    }
    fields.check_supported()?;
    let url = fields.value("url").ok_or(BindingError::Missing("url"))?;
    let target = Target::Http {
        url: HttpUrl::parse(url).map_err(BindingError::Url)?,
        unix_socket: fields
            .value("unix-socket")
            .map(path)
            .transpose()
            .map_err(BindingError::Socket)?,
        proxy: None,
        identity: None,
    };
    Ok(Binding {
        channel: channel(fields.value("channel").unwrap_or(MAIN))?,
        target,
    })
}

/// Reads one entry of `mcp.command`: a command, `channel=..,command=..` or `command=..,channel=..`.
///
/// Commas inside the command survive: a leading channel ends at its comma, a trailing one begins at the last `,channel=`.
///
/// # Errors
///
/// See [`BindingError`].
pub(super) fn command(entry: &str) -> Result<Binding, BindingError> {
    let (name, command) = match leading_key(entry) {
        None => (MAIN, entry),
        Some("command") => {
            let value = &entry["command=".len()..];
            refuse_trailing_key(value)?;
            value
                .rsplit_once(",channel=")
                .map_or((MAIN, value), |(command, name)| (name, command))
        }
        Some("channel") => {
            let value = &entry["channel=".len()..];
            let (name, rest) = value.split_once(',').ok_or(BindingError::Missing("command"))?;
            match rest.trim_start().strip_prefix("command=") {
                Some(command) => (name, command),
                None => {
                    return Err(
                        leading_key(rest.trim_start()).map_or(BindingError::Missing("command"), not_for_command)
                    );
                }
            }
        }
        Some(other) => return Err(not_for_command(other)),
    };
    let argv = argv::split(command).map_err(BindingError::Command)?;
    Ok(Binding {
        channel: channel(name)?,
        target: Target::Stdio { argv },
    })
}

/// Channel names are compared trimmed and in lower case (spec: config, section 5).
fn channel(name: &str) -> Result<String, BindingError> {
    let name = name.trim().to_ascii_lowercase();
    match name.as_str() {
        "" => Ok(MAIN.to_owned()),
        RESERVED => Err(BindingError::Reserved),
        _ if name.len() <= 64
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-')) =>
        {
            Ok(name)
        }
        _ => Err(BindingError::Channel),
    }
}

fn leading_key(entry: &str) -> Option<&'static str> {
    KEYS.into_iter()
        .find(|key| entry.strip_prefix(*key).is_some_and(|rest| rest.starts_with('=')))
}

fn not_for_command(key: &'static str) -> BindingError {
    match key {
        "url" | "unix-socket" => BindingError::NotHere(key, "mcp.server-url"),
        "channel" => BindingError::RepeatedKey(key),
        _ if NOT_YET.contains(&key) => BindingError::NotHere(key, "mcp.server-url"),
        _ => BindingError::UnknownKey,
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
            fields.push((key, part[key.len() + 1..].trim()));
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

    fn check_supported(&self) -> Result<(), BindingError> {
        if self.value("unix-socket").is_some() && self.value("http-proxy").is_some() {
            return Err(BindingError::SocketAndProxy);
        }
        match (self.value("client-cert"), self.value("client-key")) {
            (Some(_), None) => return Err(BindingError::MissingPartner("client-key")),
            (None, Some(_)) => return Err(BindingError::MissingPartner("client-cert")),
            _ => {}
        }
        NOT_YET
            .into_iter()
            .find(|key| self.value(key).is_some())
            .map_or(Ok(()), |key| Err(BindingError::NotYet(key)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn http(entry: &str) -> Result<(String, String, Option<PathBuf>), BindingError> {
        let binding = server_url(entry, |text| Ok(PathBuf::from(text)))?;
        match binding.target {
            Target::Http { url, unix_socket, .. } => Ok((
                binding.channel,
                format!("{}{}", url.origin(), url.path_and_query),
                unix_socket,
            )),
            Target::Stdio { .. } => unreachable!("a URL makes an HTTP target"),
        }
    }

    fn stdio(entry: &str) -> Result<(String, Vec<String>), BindingError> {
        let binding = command(entry)?;
        match binding.target {
            Target::Stdio { argv } => Ok((binding.channel, argv)),
            Target::Http { .. } => unreachable!("a command makes a stdio target"),
        }
    }

    #[test]
    fn a_bare_url_is_for_main_and_may_contain_commas() {
        assert_eq!(
            http("http://h/a,b").unwrap(),
            ("main".into(), "http://h/a,b".into(), None)
        );
    }

    #[test]
    fn http_entries_take_their_keys_in_any_order() {
        let expected = (
            "docs".to_owned(),
            "https://h/mcp?x=1".to_owned(),
            Some(PathBuf::from("/run/s.sock")),
        );
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
            ("url=http://h,http-proxy=http://p", BindingError::NotYet("http-proxy")),
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
            (
                "url=http://h,client-cert=/c,client-key=/k",
                BindingError::NotYet("client-cert"),
            ),
            ("url=http://u:p@h", BindingError::Url(UrlError::Userinfo)),
            ("h:3000/mcp", BindingError::Url(UrlError::Scheme)),
        ] {
            assert_eq!(http(entry), Err(error), "{entry}");
        }
        let long = format!("channel={},url=http://h", "x".repeat(65));
        assert_eq!(http(&long), Err(BindingError::Channel));
    }

    #[test]
    fn commas_inside_a_command_survive_both_ways_of_writing() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("srv --list a,b", "main", &["srv", "--list", "a,b"]),
            (
                "channel=Docs,command=srv a,b,channel=c",
                "docs",
                &["srv", "a,b,channel=c"],
            ),
            ("command=srv a,channel=b,channel=docs", "docs", &["srv", "a,channel=b"]),
            ("command=srv a,b", "main", &["srv", "a,b"]),
            (
                "channel=x,command=srv a,unix-socket=/s",
                "x",
                &["srv", "a,unix-socket=/s"],
            ),
            ("channel=, command=srv", "main", &["srv"]),
        ];
        for (entry, name, argv) in cases {
            let (channel, words) = stdio(entry).unwrap();
            assert_eq!(
                (channel.as_str(), words),
                (*name, argv.iter().map(|word| (*word).into()).collect()),
                "{entry}"
            );
        }
    }

    #[test]
    fn stdio_entries_with_a_mistake_are_refused() {
        for (entry, error) in [
            ("channel=x", BindingError::Missing("command")),
            ("channel=x,srv", BindingError::Missing("command")),
            ("channel=x,command=", BindingError::Command(ArgvError::Empty)),
            ("command=", BindingError::Command(ArgvError::Empty)),
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
            ("command=srv 'x", BindingError::Command(ArgvError::UnterminatedQuote)),
        ] {
            assert_eq!(stdio(entry), Err(error), "{entry}");
        }
    }
}
