//! The channels and the MCP servers behind them.

use std::ffi::OsStr;

use super::binding::{self, BindingError, CommandEntry, HttpEntry};
use super::poll_channels;
use super::reader::{Checked, Reader};
use super::stdio::{self, Own, Problem};
use crate::config::checked::{Binding, Class, Identity, Proxies, Proxy, Target};
use crate::config::settings::{
    Origin, RecordEntry, Setting, Source, Sources, name_at, referenced_path, socket_path, table,
};
use crate::config::values::channel::MAIN;
use crate::config::values::{HttpUrl, argv, shell};
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
    let sources = reader.sources;
    let urls = entries(
        reader,
        &table::SERVER_URLS,
        |entry| http(&sources, &HttpEntry::parse(entry)?, false, defaults),
        |record| {
            let entry = HttpEntry::of_record(record).and_then(|entry| http(&sources, &entry, true, defaults));
            entry.map_err(|error| vec![(None, error.to_string())])
        },
    );
    let commands = entries(
        reader,
        &table::COMMANDS,
        |entry| stdio::of_entry(&sources, &CommandEntry::parse(entry)?, false),
        |record| stdio::of_record(&sources, record, defaults.own),
    );
    let (urls, commands) = (urls?, commands?);
    warn_of_shell_syntax(reader);
    if let (true, Some((identity, origin))) = (urls.is_empty(), &defaults.identity) {
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
    check_together(&bindings, polled).map_err(|problem| {
        let stdio_only = !bindings.is_empty() && bindings.iter().all(Binding::is_stdio);
        let setting = if stdio_only {
            &table::COMMANDS
        } else {
            &table::SERVER_URLS
        };
        let origin = origin_of_list(&reader.sources, setting);
        reader.report(setting.flag, origin, problem)
    })?;
    Ok(bindings)
}

/// Says where a command has what only a shell would understand. Every command was read before.
fn warn_of_shell_syntax(reader: &mut Reader<'_>) {
    let setting = &table::COMMANDS;
    let sources = reader.sources;
    for entry in sources.records(setting).into_iter().take(BINDINGS_MAX) {
        let (command, origin) = match &entry {
            RecordEntry::Text(written) => {
                let text = written.value.to_str().unwrap_or_default();
                let command = CommandEntry::parse(text).map(|entry| value(&sources, entry.command, false));
                (command, written.origin.clone())
            }
            RecordEntry::Fields(record) => {
                let command = CommandEntry::of_record(record).map(|entry| value(&sources, entry.command, true));
                let place = record.field("command").map_or(&record.location, |text| &text.location);
                (command, Origin::new(Source::File(place.clone())))
            }
        };
        let Ok(Ok(command)) = command else { continue };
        if let Some(said) = argv::words(&command).ok().and_then(|words| shell::meaningless(&words)) {
            reader.warn(format!("command {said} ({} {origin})", name_at(setting.flag, &origin)));
        }
    }
}

/// The entries of a list of servers that make sense, with their places.
fn entries(
    reader: &mut Reader<'_>,
    setting: &'static Setting,
    of_text: impl Fn(&str) -> Result<Binding, BindingError>,
    of_record: impl Fn(&crate::config::settings::Record) -> Result<Binding, Vec<Problem>>,
) -> Checked<Vec<(Binding, Origin)>> {
    let mut found = Vec::new();
    let mut outcome = Ok(());
    // One more than may be is enough to tell that there are too many.
    for entry in reader.sources.records(setting).into_iter().take(BINDINGS_MAX + 1) {
        let (binding, origin) = match entry {
            RecordEntry::Text(written) => match reader.text(setting, &written) {
                Ok(text) => {
                    let binding = of_text(&text).map_err(|error| vec![(None, error.to_string())]);
                    (binding, written.origin)
                }
                Err(reported) => {
                    outcome = Err(reported);
                    continue;
                }
            },
            RecordEntry::Fields(record) => (of_record(record), Origin::new(Source::File(record.location.clone()))),
        };
        match binding {
            Ok(binding) => found.push((binding, origin)),
            Err(problems) => {
                for (place, problem) in problems {
                    let origin = place.map_or_else(|| origin.clone(), |place| Origin::new(Source::File(place)));
                    outcome = Err(reader.report(setting.flag, origin, problem));
                }
            }
        }
    }
    outcome.map(|()| found)
}

fn http(
    sources: &Sources<'_>,
    entry: &HttpEntry<'_>,
    in_file: bool,
    defaults: &Defaults<'_>,
) -> Result<Binding, BindingError> {
    let channel = binding::channel(entry.channel)?;
    let url = value(sources, entry.url, in_file).map_err(|error| BindingError::Reference("URL", error))?;
    let url = HttpUrl::parse(&url).map_err(BindingError::Url)?;
    let path = |key: &'static str, written: &str| {
        referenced_path(sources, OsStr::new(written)).map_err(|error| BindingError::Path(key, error))
    };
    let unix_socket = entry
        .unix_socket
        .map(|written| {
            socket_path(path("unix-socket", written)?).map_err(|error| BindingError::Path("unix-socket", error))
        })
        .transpose()?;
    let identity = match (entry.client_cert, entry.client_key) {
        (Some(certificate), Some(key)) => Some(Identity {
            certificate: path("client-cert", certificate)?,
            key: path("client-key", key)?,
            setting: table::SERVER_URLS.flag,
        }),
        _ => defaults.identity.as_ref().map(|(identity, _)| identity.clone()),
    };
    let proxy = match (&unix_socket, entry.http_proxy) {
        (Some(_), _) => None,
        (None, Some(written)) => {
            Some(Proxy::of_setting(sources, written, table::SERVER_URLS.flag).map_err(BindingError::Proxy)?)
        }
        (None, None) => defaults
            .proxies
            .checked(Class::Mcp, &url)
            .map_err(BindingError::Environment)?,
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

/// In a configuration file the URL and the command may be references.
pub(super) fn value(
    sources: &Sources<'_>,
    written: &str,
    in_file: bool,
) -> Result<secrecy::zeroize::Zeroizing<String>, String> {
    if in_file {
        sources.referenced_value(written)
    } else {
        Ok(written.to_owned().into())
    }
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

/// Where a list is written, as a whole.
pub(super) fn origin_of_list(sources: &Sources<'_>, setting: &Setting) -> Origin {
    let origin = match sources.records(setting).first() {
        Some(RecordEntry::Text(written)) => written.origin.clone(),
        Some(RecordEntry::Fields(record)) => Origin::new(Source::File(record.location.clone())),
        None => Origin::UNSET,
    };
    Origin { entry: None, ..origin }
}
