//! Extra headers (contract: config, section 4).

use std::ffi::OsStr;
use std::path::Path;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::reader::{Checked, Reader};
use crate::config::checked::Header;
use crate::config::settings::{
    HeaderEntry, Kind, Origin, SETTINGS, Setting, Source, Sources, Written, reference, refers,
};
use crate::limits::{EXTRA_HEADERS_MAX, HEADER_NAME_MAX, HEADER_VALUE_MAX};
use crate::secrets::{Files as _, Prefix, Reference, ReferenceError};
use crate::wire::headers::is_framing;

/// Whose requests get the headers; decides which names are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// The control plane: what authenticates and names us is ours.
    ControlPlane,
    /// MCP servers and their OAuth metadata: a server may want any authentication.
    Mcp,
}

/// What authenticates and names us to the control plane.
const IDENTITY: [&str; 9] = [
    "accept",
    "authorization",
    "user-agent",
    "x-tunnel-client-capabilities",
    "x-tunnel-client-instance-id",
    "x-tunnel-client-name",
    "x-tunnel-client-version",
    "x-tunnel-client-wire-protocol-version",
    "x-tunnel-mcp-server-info",
];

/// What the MCP transport decides for each message.
const TRANSPORT: [&str; 4] = ["accept", "last-event-id", "mcp-protocol-version", "mcp-session-id"];

/// A header and its place.
struct Found {
    header: Header,
    origin: Origin,
}

/// The headers of a setting; a name once, in whatever case it is written.
pub(super) fn headers(reader: &mut Reader<'_>, setting: &'static Setting, peer: Peer) -> Checked<Vec<Header>> {
    let mut found: Vec<Found> = Vec::new();
    let mut outcome = Ok(());
    for entry in reader.sources.headers(setting) {
        let origin = entry.origin();
        let added = read(&reader.sources, &entry, peer).and_then(|header| {
            if is_made_here(&header.name, peer) {
                let name = &header.name;
                reader.warn(format!(
                    "{}: header {name} belongs to one message or connection; the client makes it, and this one is not sent",
                    setting.flag
                ));
                return Ok(());
            }
            let origin = origin.clone();
            add(&mut found, Found { header, origin })
        });
        let added = added.and_then(|()| match found.len() {
            0..=EXTRA_HEADERS_MAX => Ok(()),
            _ => Err(format!(
                "must have less than or equal to {EXTRA_HEADERS_MAX} headers; remove some"
            )),
        });
        if let Err(problem) = added {
            outcome = Err(reader.report(setting.flag, origin, format!("{} {problem}", setting.flag)));
        }
        if found.len() > EXTRA_HEADERS_MAX {
            break;
        }
    }
    outcome?;
    Ok(found.into_iter().map(|Found { header, .. }| header).collect())
}

/// Adds a header, or finds that it is there. Of a flag that repeats a name as it stands the last one counts.
fn add(found: &mut Vec<Found>, new: Found) -> Result<(), String> {
    let header = &new.header;
    let Some(known) = found
        .iter_mut()
        .find(|known| known.header.name.eq_ignore_ascii_case(&header.name))
    else {
        found.push(new);
        return Ok(());
    };
    if known.header.name == header.name && matches!(new.origin.source, Source::Flag(_)) {
        *known = new;
        return Ok(());
    }
    if known.header.value.expose_secret() == header.value.expose_secret() {
        return Ok(());
    }
    Err(format!(
        "has conflicting values for case-insensitive HTTP header {}; keep one",
        header.name
    ))
}

/// Shows `see` the values of headers that are secret.
pub(super) fn each_secret(sources: &Sources<'_>, see: &mut impl FnMut(&str)) {
    for setting in SETTINGS.iter().filter(|setting| setting.kind == Kind::Headers) {
        let headers = sources.headers(setting).into_iter();
        let headers = headers.filter_map(|entry| read(sources, &entry, Peer::Mcp).ok());
        headers
            .filter(Header::is_secret)
            .for_each(|header| see(header.value.expose_secret()));
    }
}

fn read(sources: &Sources<'_>, entry: &HeaderEntry<'_>, peer: Peer) -> Result<Header, String> {
    let text = |written: &Written<'_>| {
        let text = written.value.to_str().ok_or("is not UTF-8 text")?;
        Ok::<_, String>(Zeroizing::new(text.to_owned()))
    };
    let (name, value) = match entry {
        HeaderEntry::Text(written) => {
            let line = text(written)?;
            let (name, value) = line
                .split_once(':')
                .ok_or("has an entry without a colon; write Name: value")?;
            (name.trim().to_owned(), Zeroizing::new(value.trim().to_owned()))
        }
        HeaderEntry::Pair(name, value) => (text(name)?.trim().to_owned(), text(value)?.trim().to_owned().into()),
    };
    check_name(&name, peer)?;
    let (value, referenced) = resolve(sources, &value)
        .map_err(|problem| format!("has an invalid HTTP header value of {name}; it {problem}"))?;
    Ok(Header {
        name,
        value,
        referenced,
    })
}

/// The value, or what it refers to, and whether it was kept elsewhere. It is never part of a message.
fn resolve(sources: &Sources<'_>, written: &str) -> Result<(SecretString, bool), String> {
    let Some(reference) = reference(OsStr::new(written), Prefix::Exact, "")? else {
        check_value(written)?;
        return Ok((SecretString::from(written), false));
    };
    let read = |path: &Path| sources.files.read_secret(path, HEADER_VALUE_MAX + LINE_END_MAX);
    let found = reference.text(sources.environment, read);
    let found = found.map_err(|error| refers(&reference, error))?;
    let value = match reference {
        Reference::Variable(_) => found.as_str(),
        Reference::File(_) | Reference::Credential(_) => without_line_end(&found),
    };
    check_value(value).map_err(|problem| refers(&reference, problem))?;
    Ok((SecretString::from(value), true))
}

/// The longest line end.
const LINE_END_MAX: usize = 2;

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn check_name(name: &str, peer: Peer) -> Result<(), String> {
    if name.is_empty() || name.len() > HEADER_NAME_MAX || !name.bytes().all(is_token) {
        return Err("has an invalid HTTP header name; write letters, digits and hyphens, such as X-Site".to_owned());
    }
    match peer {
        Peer::ControlPlane if IDENTITY.iter().any(|known| name.eq_ignore_ascii_case(known)) => Err(format!(
            "cannot override control-plane authentication or identity: header {name} is the client's own; remove it"
        )),
        _ => Ok(()),
    }
}

/// What frames a message, belongs to one connection, or is decided for each message: the wrong value splits requests. It
/// is no error, because the existing client takes such headers, and some of them never had an effect there either.
fn is_made_here(name: &str, peer: Peer) -> bool {
    let is_transports = peer == Peer::Mcp && TRANSPORT.iter().any(|known| name.eq_ignore_ascii_case(known));
    is_transports || is_framing(name)
}

fn check_value(value: &str) -> Result<(), String> {
    if value.trim().is_empty() {
        return Err(ReferenceError::Empty.to_string());
    }
    if value.len() > HEADER_VALUE_MAX {
        return Err(format!("is longer than {HEADER_VALUE_MAX} bytes; shorten it"));
    }
    if value.chars().any(|char| char.is_control() && char != '\t') {
        return Err("has a line break or another control character; remove it".to_owned());
    }
    Ok(())
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names_are_tokens() {
        for name in ["X-Site", "x_1", "!#$%&'*+-.^_`|~"] {
            assert!(check_name(name, Peer::Mcp).is_ok(), "{name}");
        }
        for name in ["", "X Site", "X:", "X\u{e4}", "X\n", "(x)", &"x".repeat(257)] {
            let error = check_name(name, Peer::Mcp).unwrap_err();
            assert!(error.contains("invalid HTTP header name"), "{error}");
        }
    }

    #[test]
    fn what_is_ours_cannot_be_set_in_any_case() {
        for name in [
            "Authorization",
            "ACCEPT",
            "user-Agent",
            "X-Tunnel-Client-Name",
            "x-tunnel-client-instance-id",
        ] {
            let error = check_name(name, Peer::ControlPlane).unwrap_err();
            assert!(
                error.contains("cannot override control-plane authentication"),
                "{error}"
            );
        }
        for peer in [Peer::ControlPlane, Peer::Mcp] {
            for name in [
                "Host",
                "content-length",
                "TRANSFER-encoding",
                "Connection",
                "Content-Type",
            ] {
                assert!(is_made_here(name, peer), "{name}");
            }
            assert!(!is_made_here("X-Site", peer));
        }
        for name in ["Accept", "MCP-Session-Id", "mcp-protocol-version"] {
            assert!(is_made_here(name, Peer::Mcp), "{name}");
        }
        for name in ["Authorization", "User-Agent", "Cookie"] {
            assert!(check_name(name, Peer::Mcp).is_ok(), "{name}");
        }
        assert!(check_name("OpenAI-Organization", Peer::ControlPlane).is_ok());
    }

    #[test]
    fn values_hold_no_control_character_but_the_tab() {
        for value in ["a", "a\tb", "\u{e4}", "a,b;c"] {
            assert!(check_value(value).is_ok(), "{value}");
        }
        for value in ["", " ", "a\nb", "a\rb", "a\0", "\u{7f}", "\u{85}", &"x".repeat(8193)] {
            assert!(check_value(value).is_err(), "{value:?}");
        }
        assert_eq!(without_line_end("a\r\n"), "a");
        assert_eq!(without_line_end("a\n\n"), "a\n");
    }
}
