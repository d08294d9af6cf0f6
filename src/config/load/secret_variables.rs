//! Which environment variables hold secrets: no child process may see them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::config::binding::HttpEntry;
use crate::config::sources::{HeaderEntry, RecordEntry, Source, Sources, Written};
use crate::config::table;
use crate::secrets::Reference;

/// Variables that hold secrets whatever the configuration says; the last two are for other commands.
const ALWAYS: [&str; 4] = [
    "CONTROL_PLANE_API_KEY",
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
    "CLOUDFLARED_TUNNEL_TOKEN",
];

/// The names of all of them.
pub(super) fn secret_variables(sources: &Sources<'_>) -> Vec<String> {
    let mut names = Names(ALWAYS.map(str::to_owned).to_vec());
    if let Some(written) = sources.one(&table::API_KEY) {
        names.add_reference(written.value);
    }
    for setting in [&table::CONTROL_HEADERS, &table::MCP_HEADERS, &table::DISCOVERY_HEADERS] {
        for entry in sources.headers(setting) {
            match entry {
                HeaderEntry::Text(written) => {
                    let line = written.value.to_str().unwrap_or_default();
                    names.add_reference(OsStr::new(line.split_once(':').map_or("", |(_, value)| value.trim())));
                    names.add_source(&written);
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
            if has_userinfo(written.value) {
                names.add_source(&written);
            }
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

    /// The variable in which the value itself stands.
    fn add_source(&mut self, written: &Written<'_>) {
        if let Source::Variable(name) = written.origin.source {
            self.add(name);
        }
    }
}

fn has_userinfo(url: &OsStr) -> bool {
    url.as_bytes().contains(&b'@')
}
