//! The harpoon channel: internal URLs that callers may request by label. Not served yet; checked all the same.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use super::reader::{Checked, Reader};
use crate::config::settings::{RecordEntry, Sources, table};
use crate::config::values::harpoon::is_label;
use crate::config::values::{HttpUrl, boolean};
use crate::limits::HARPOON_TARGETS_MAX;

/// The number of targets; each has a label of its own.
pub(super) fn targets(reader: &mut Reader<'_>) -> Checked<usize> {
    let setting = &table::HARPOON_TARGETS;
    let sources = reader.sources;
    let plaintext = sources
        .one(&table::HARPOON_PLAINTEXT)
        .and_then(|written| written.value.to_str())
        .is_some_and(|text| boolean(text.trim()) == Some(true));
    let mut labels = BTreeSet::new();
    let targets = reader.records(setting, HARPOON_TARGETS_MAX, |_, entry| {
        let label = target(&sources, entry, plaintext).and_then(|label| match labels.len() {
            _ if labels.contains(&label) => Err(format!("has label {label} twice; rename one")),
            HARPOON_TARGETS_MAX => Err(format!("must have less than or equal to {HARPOON_TARGETS_MAX} targets")),
            _ => Ok(labels.insert(label)),
        });
        label.map_err(|problem| vec![(None, format!("{} {problem}", setting.flag))])
    });
    targets.map(|targets| targets.len())
}

/// The label of a target that makes sense.
fn target(sources: &Sources<'_>, entry: &RecordEntry<'_>, plaintext: bool) -> Result<String, String> {
    let parts = entry
        .parts(&table::HARPOON_TARGETS)
        .map_err(|error| error.to_string())?;
    let required = |name| parts.required(name).map_err(|error| error.to_string());
    let label = required("label")?;
    if !is_label(label) {
        return Err("label must match ^[a-z0-9][a-z0-9_-]{0,63}$; rename it".to_owned());
    }
    let url = sources
        .value(required("url")?, entry.record().is_some())
        .and_then(|url| HttpUrl::parse(&url).map_err(|error| error.to_string()))
        .map_err(|error| format!("URL {error}"))?;
    if !url.tls && !plaintext {
        return Err("URL must be https; write https://, or set harpoon.allow-plaintext-http".to_owned());
    }
    if climbs(&url) {
        return Err("URL has . or .. segments in its path; write the path they lead to".to_owned());
    }
    if let Some(socket) = parts.get("unix_socket") {
        let socket = sources.socket(OsStr::new(socket));
        socket.map_err(|error| format!("unix-socket {error}"))?;
    }
    Ok(label.to_owned())
}

/// Whether a path could leave its place, with dots plain or percent-encoded.
fn climbs(url: &HttpUrl) -> bool {
    let path = url.path_and_query.split('?').next().unwrap_or_default();
    path.split('/')
        .any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}
