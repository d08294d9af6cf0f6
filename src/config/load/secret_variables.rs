//! Which environment variables hold secrets: no child process may see them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::binding::HttpEntry;
use crate::config::settings::{HeaderEntry, RecordEntry, Setting, Sources, table};
use crate::secrets::Reference;

/// Variables of other commands.
const OF_OTHERS: [&str; 1] = ["CLOUDFLARED_TUNNEL_TOKEN"];

/// Settings whose variables can hold a secret in their text: a key, a token in a URL or a command, a proxy's password. They
/// count whether or not a flag wins over them, because the secret is there all the same.
const HOLDERS: [&Setting; 12] = [
    &table::ADMIN_KEY,
    &table::API_KEY,
    &table::CONTROL_HEADERS,
    &table::MCP_HEADERS,
    &table::DISCOVERY_HEADERS,
    &table::SERVER_URLS,
    &table::COMMANDS,
    &table::HARPOON_TARGETS,
    &table::HTTP_PROXY,
    &table::CONTROL_PROXY,
    &table::MCP_PROXY,
    &table::HARPOON_PROXY,
];

/// The names of all of them.
pub(super) fn secret_variables(sources: &Sources<'_>) -> Vec<String> {
    let ours = HOLDERS.iter().flat_map(|setting| setting.variables);
    let mut names = Names(ours.chain(&OF_OTHERS).map(|&name| name.to_owned()).collect());
    if let Some(written) = sources.one(&table::API_KEY) {
        names.add_reference(written.value);
    }
    for setting in [&table::CONTROL_HEADERS, &table::MCP_HEADERS, &table::DISCOVERY_HEADERS] {
        for entry in sources.headers(setting) {
            match entry {
                HeaderEntry::Text(written) => {
                    let line = written.value.to_str().unwrap_or_default();
                    names.add_reference(OsStr::new(line.split_once(':').map_or("", |(_, value)| value.trim())));
                }
                HeaderEntry::Pair(_, written) => names.add_reference(written.value),
            }
        }
    }
    for setting in [
        &table::HTTP_PROXY,
        &table::CONTROL_PROXY,
        &table::MCP_PROXY,
        &table::HARPOON_PROXY,
    ] {
        if let Some(written) = sources.one(setting) {
            names.add_proxy(sources, written.value);
        }
    }
    for entry in sources.records(&table::SERVER_URLS) {
        let parts = match &entry {
            RecordEntry::Text(written) => HttpEntry::parse(written.value.to_str().unwrap_or_default()),
            RecordEntry::Fields(record) => HttpEntry::of_record(record),
        };
        let Ok(parts) = parts else { continue };
        if let Some(proxy) = parts.http_proxy {
            names.add_proxy(sources, OsStr::new(proxy));
        }
        // The URL of a server can hold a token.
        if matches!(entry, RecordEntry::Fields(_)) {
            names.add_reference(OsStr::new(parts.url));
        }
    }
    names.0
}

/// Whether the flag of this name, without dashes, takes a value that can be a secret.
#[must_use]
pub fn flag_holds_secret(name: &str) -> bool {
    HOLDERS
        .iter()
        .any(|setting| setting.flag == name || setting.hidden_flag == Some(name))
}

/// Whether the environment variable of this name can hold a secret of ours, whatever a configuration refers to.
#[must_use]
pub fn variable_holds_secret(name: &str) -> bool {
    let mut ours = HOLDERS.iter().flat_map(|setting| setting.variables).chain(&OF_OTHERS);
    ours.any(|known| *known == name)
}

/// Names, each once.
struct Names(Vec<String>);

impl Names {
    fn add(&mut self, name: &str) {
        if !self.0.iter().any(|known| known == name) {
            self.0.push(name.to_owned());
        }
    }

    /// The variable that `written` refers to. Prefixes in any case: too many names do no harm.
    fn add_reference(&mut self, written: &OsStr) {
        if let Some(Reference::Variable(name)) = written.to_str().and_then(Reference::parse_any_case) {
            self.add(&name);
        }
    }

    /// The variable that `written` refers to, if the proxy in it has a password.
    fn add_proxy(&mut self, sources: &Sources<'_>, written: &OsStr) {
        if let Some(Reference::Variable(name)) = Reference::parse(written)
            && sources.environment.value(&name).is_some_and(has_userinfo)
        {
            self.add(&name);
        }
    }
}

fn has_userinfo(url: &OsStr) -> bool {
    url.as_bytes().contains(&b'@')
}
