//! The table of settings, in the words of a manual.

use tunnel_client::config::{Kind, SETTINGS, Setting};

/// The placeholder of a proxy's URL.
const PROXY: &str = "URL|env:NAME|file:PATH|credential:NAME";

/// The sections of a configuration file, in the order of the table; the first is the top level, which has no name.
pub(crate) fn sections() -> Vec<(&'static str, Vec<&'static Setting>)> {
    let mut sections: Vec<(&str, Vec<&Setting>)> = vec![("", Vec::new())];
    for setting in SETTINGS {
        let section = setting.key.split_once('.').map_or("", |(section, _)| section);
        match sections.iter_mut().find(|(name, _)| *name == section) {
            Some((_, settings)) => settings.push(setting),
            None => sections.push((section, vec![setting])),
        }
    }
    sections
}

/// What a section is about.
pub(crate) fn about(section: &str) -> &'static str {
    match section {
        "" => "At the top of the file.",
        "control_plane" => "The control plane, and how it is polled.",
        "tls" => "What is trusted, and which TLS is spoken.",
        "proxy" => "Proxies: whom they are proved by, and what they are shown.",
        "lockdown" => "Rules that the configuration and every connection keep, or nothing starts.",
        "connection" => "How long the steps of a connection may take.",
        "reload" => "Keys, certificates and proxies that are exchanged while the client runs.",
        "mcp" => "The private MCP servers.",
        "log" => "What is logged, in which form, and where.",
        "audit" => "Records of commands, for an auditor.",
        "health" => "The listener for health, readiness and metrics.",
        "process" => "The process.",
        "hardening" => "What the process gives up once it has started.",
        "admin_ui" => "The status page.",
        "harpoon" => "Internal URLs that callers may request by label.",
        _ => "",
    }
}

/// The key within its section.
pub(crate) fn name(setting: &Setting) -> &'static str {
    setting.key.split_once('.').map_or(setting.key, |(_, name)| name)
}

/// What a value is in a configuration file.
pub(crate) fn kind(setting: &Setting) -> String {
    match setting.kind {
        Kind::One => match setting.placeholder {
            "N" => "number".to_owned(),
            "DURATION" => "duration".to_owned(),
            "PATH" => "path".to_owned(),
            "URL" | PROXY => "URL".to_owned(),
            choice if choice.contains('|') && choice.bytes().all(|byte| !byte.is_ascii_uppercase()) => {
                choice.split('|').collect::<Vec<_>>().join(", ")
            }
            _ => "text".to_owned(),
        },
        Kind::Switch => "true or false".to_owned(),
        Kind::List(_) => "list of texts".to_owned(),
        Kind::Records(_, fields) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
            format!("list of mappings with {}", names.join(", "))
        }
        Kind::Headers => "mapping of names to values".to_owned(),
    }
}

/// Which references a value may be, in a configuration file.
pub(crate) fn references(setting: &Setting) -> Option<&'static str> {
    let is_path = setting.placeholder == "PATH" && (setting.reference || setting.values.contains("file:PATH"));
    match setting.kind {
        _ if setting.placeholder == PROXY => Some("env:NAME, file:PATH or credential:NAME"),
        Kind::Headers => Some("values may be env:NAME, file:PATH or credential:NAME"),
        Kind::Records(_, fields) if fields.iter().any(|field| field.name == "command") => {
            Some("command and values of env may be env:NAME, file:PATH or credential:NAME")
        }
        Kind::Records(..) => Some(
            "url may be env:NAME, file:PATH or credential:NAME; paths may be env:NAME or file:PATH; a proxy may be env:NAME, file:PATH or credential:NAME",
        ),
        _ if is_path => Some("env:NAME (the variable holds the path) or file:PATH"),
        _ if setting.reference => Some("env:NAME, file:PATH or credential:NAME"),
        _ => None,
    }
}
