//! The channels and the MCP servers behind them.

use std::ffi::OsStr;

use super::embedded;
use super::poll_channels;
use super::proxies::proxy_of;
use super::reader::{Checked, Reader};
use super::stdio::{self, Own};
use crate::config::checked::{Binding, Class, Identity, Proxies, Target};
use crate::config::settings::{Embedded, EmbeddedMode, Origin, Parts, RecordEntry, Sources, table};
use crate::config::values::HttpUrl;
use crate::config::values::channel::{HARPOON, MAIN, is_channel};
use crate::limits::BINDINGS_MAX;

/// What servers get that do not say otherwise.
pub(super) struct Defaults<'a> {
    pub(super) proxies: &'a Proxies,
    /// The client certificate, with the place where it is written.
    pub(super) identity: Option<(Identity, Origin)>,
    /// What no stdio server may have.
    pub(super) own: Own<'a>,
}

/// URLs, then commands; each channel once, `main` among them unless other channels are polled. What is polled is not known
/// when it is written wrong.
pub(super) fn bindings(
    reader: &mut Reader<'_>,
    defaults: &Defaults<'_>,
    polled: Option<&[(String, Origin)]>,
) -> Checked<Vec<Binding>> {
    let stub = reader.sources.flags.embedded();
    let urls = match stub.map(|stub| stub.mode) {
        // It stands for the flag that names a URL, which replaces those of variables and files.
        Some(EmbeddedMode::Stateful) => Ok(Vec::new()),
        Some(EmbeddedMode::Stateless) | None => reader.records(&table::SERVER_URLS, BINDINGS_MAX, |reader, entry| {
            http(&reader.sources, entry, defaults).map_err(|problem| vec![(None, problem)])
        }),
    };
    let commands = reader.records(&table::COMMANDS, BINDINGS_MAX, |reader, entry| {
        stdio::server(reader, entry, defaults.own)
    });
    let (urls, commands) = (urls?, commands?);
    if let (true, Some((identity, origin))) = (urls.is_empty() && stub.is_none(), &defaults.identity) {
        let problem = format!(
            "{} needs at least one MCP server behind a URL; set mcp.server-url, or remove it",
            identity.setting
        );
        return Err(reader.report(identity.setting, origin.clone(), problem));
    }
    let urls = urls.into_iter().map(|entry| (&table::SERVER_URLS, entry));
    let commands = commands.into_iter().map(|entry| (&table::COMMANDS, entry));
    let mut bindings: Vec<Binding> = Vec::new();
    let mut outcome = Ok(());
    for (setting, (binding, origin)) in urls.chain(commands) {
        if bindings.iter().any(|known| known.channel == binding.channel) {
            let problem = format!("duplicate channel {}; bind each channel once", binding.channel);
            outcome = Err(reader.report(setting.flag, origin, problem));
        } else {
            bindings.push(binding);
        }
    }
    outcome?;
    if let Some(stub) = stub {
        serve_main(&mut bindings, stub).map_err(|problem| reader.refuse(&table::COMMANDS, problem))?;
    }
    check_together(&bindings, polled).map_err(|problem| {
        let stdio_only = !bindings.is_empty() && bindings.iter().all(Binding::is_stdio);
        let setting = match stdio_only {
            true => &table::COMMANDS,
            false => &table::SERVER_URLS,
        };
        reader.refuse(setting, problem)
    })?;
    Ok(bindings)
}

/// Puts the embedded stub behind `main`: in place of any other server when it is stateless, otherwise beside commands for other
/// channels, as a flag that names a URL does.
fn serve_main(bindings: &mut Vec<Binding>, stub: &Embedded) -> Result<(), String> {
    match stub.mode {
        EmbeddedMode::Stateless => bindings.retain(|binding| binding.channel != MAIN),
        EmbeddedMode::Stateful if bindings.iter().any(|binding| binding.channel == MAIN) => {
            return Err(format!(
                "duplicate channel {MAIN}: --{} serves it as well; remove the command, or use --{}, which takes its place",
                stub.mode.flag(),
                EmbeddedMode::Stateless.flag()
            ));
        }
        EmbeddedMode::Stateful => {}
    }
    bindings.insert(0, embedded::binding(stub));
    Ok(())
}

/// The channel of an entry, if a server can be bound to it: trimmed, in lower case (contract: config, section 5).
pub(super) fn channel(parts: &Parts<'_>) -> Result<String, String> {
    let name = parts.get("channel").unwrap_or(MAIN).trim().to_ascii_lowercase();
    match name.as_str() {
        "" => Ok(MAIN.to_owned()),
        HARPOON => Err(format!("channel {HARPOON} is reserved; choose another name")),
        _ if is_channel(&name) => Ok(name),
        _ => Err("entry has an invalid channel; write 1 to 64 letters, digits, \"-\" or \"_\"".to_owned()),
    }
}

/// A server behind a URL. Neither the URL nor a path is part of a message: they can hold a token.
fn http(sources: &Sources<'_>, entry: &RecordEntry<'_>, defaults: &Defaults<'_>) -> Result<Binding, String> {
    let in_entry = |error| format!("entry {error}");
    let parts = entry.parts(&table::SERVER_URLS).map_err(in_entry)?;
    let url = parts.required("url").map_err(in_entry)?;
    let (unix_socket, http_proxy) = (parts.get("unix_socket"), parts.get("http_proxy"));
    if unix_socket.is_some() && http_proxy.is_some() {
        return Err("unix-socket cannot be combined with http-proxy; remove one".to_owned());
    }
    let certificate = match (parts.get("client_cert"), parts.get("client_key")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (Some(_), None) => return Err(missing_partner("client-key")),
        (None, Some(_)) => return Err(missing_partner("client-cert")),
        (None, None) => None,
    };
    let channel = channel(&parts)?;
    let url = sources
        .value(url, entry.record().is_some())
        .and_then(|url| HttpUrl::parse(&url).map_err(|error| error.to_string()))
        .map_err(|error| format!("URL {error}"))?;
    let path = |what: &str, written: &str| {
        let path = sources.path(OsStr::new(written));
        path.map_err(|error| format!("{what} path {error}"))
    };
    let unix_socket = unix_socket
        .map(|written| sources.socket(OsStr::new(written)))
        .transpose()
        .map_err(|error| format!("unix socket path {error}"))?;
    let identity = match certificate {
        Some((certificate, key)) => Some(Identity {
            certificate: path("client cert", certificate)?,
            key: path("client key", key)?,
            setting: table::SERVER_URLS.flag,
        }),
        None => defaults.identity.as_ref().map(|(identity, _)| identity.clone()),
    };
    let proxy = match (&unix_socket, http_proxy) {
        (Some(_), _) => None,
        (None, Some(written)) => {
            let proxy = proxy_of(sources, written, table::SERVER_URLS.flag);
            Some(proxy.map_err(|error| format!("http-proxy {error}"))?)
        }
        (None, None) => {
            let proxy = defaults.proxies.checked(Class::Mcp, &url);
            proxy.map_err(|error| format!("entry is reached through a proxy, but {error}"))?
        }
    };
    Ok(Binding {
        channel,
        target: Target::Http {
            url,
            unix_socket,
            proxy: proxy.map(Box::new),
            identity,
        },
    })
}

fn missing_partner(key: &str) -> String {
    format!("missing {key}: client-cert and client-key go together")
}

/// What holds for all bindings together.
fn check_together(bindings: &[Binding], polled: Option<&[(String, Origin)]>) -> Result<(), String> {
    let main = bindings.iter().any(|binding| binding.channel == MAIN);
    if !main && polled.is_some_and(|polled| poll_channels::include(polled, MAIN)) {
        return Err(if bindings.is_empty() {
            "main channel is required; set --mcp.server-url or --mcp.command, or MCP_SERVER_URL or MCP_COMMAND"
        } else {
            "main channel is required; add channel=main to one of the servers"
        }
        .to_owned());
    }
    if bindings.len() > BINDINGS_MAX {
        return Err(format!(
            "the number of channels must be less than or equal to {BINDINGS_MAX}"
        ));
    }
    Ok(())
}
