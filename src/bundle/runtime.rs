//! Build, configuration and environment, as a bundle shows them.

use serde_json::{Map, Value, json};

use crate::config::{ADMIN_SETTINGS, Effective, EffectiveValue, SETTINGS, Selection, Source, variable_holds_secret};
use crate::identity::{BUILD_SHA, CLIENT_NAME, CLIENT_VERSION, USER_AGENT, is_sha};
use crate::secrets::Environment;
use crate::telemetry::redact::{REDACTED, is_sensitive_name};

/// Variables that are shown, whatever else is in the environment.
const VARIABLES: [&str; 16] = [
    "ALL_PROXY",
    "ALLOW_REMOTE_UI",
    "CA_BUNDLE",
    "HEALTH_LISTEN_ADDR",
    "HEALTH_UNIX_SOCKET",
    "HEALTH_URL_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "OPENAI_API_KEY",
    "OPEN_WEB_UI",
    "PID_FILE",
    "PROXY_CHECK_INTERVAL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "http_proxy",
];
/// Beginnings of the names of variables that are shown.
const PREFIXES: [&str; 10] = [
    "ADMIN_UI_",
    "AUDIT_",
    "CLOUDFLARED_",
    "CONTROL_PLANE_",
    "HARPOON_",
    "HARDENING_",
    "LOG_",
    "MCP_",
    "OPENAI_TUNNEL_",
    "TUNNEL_",
];
/// Words of names whose values are secrets.
const SECRET_WORDS: [&str; 6] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "COOKIE", "AUTHORIZATION"];

/// A configuration as written.
#[derive(Debug)]
pub struct Written<'a> {
    /// The file that was chosen.
    pub selection: &'a Selection,
    /// What that file alone says.
    pub file: Option<Vec<Effective>>,
    /// What all sources together say.
    pub effective: Vec<Effective>,
    /// What is wrong with it, one sentence each.
    pub mistakes: Vec<String>,
}

/// The document. Without a configuration: why there is none.
#[must_use]
pub fn runtime(environment: Value, written: Result<&Written<'_>, &str>) -> Value {
    let (actual, effective, mistakes) = match written {
        Ok(written) => (
            json!({
                "source": written.selection.to_string(),
                "path": written.selection.path().map(|path| path.display().to_string()),
                "contents": written.file.as_deref().map(contents),
            }),
            sections(&written.effective),
            json!(written.mistakes),
        ),
        Err(why) => (Value::Null, Value::Null, json!([why])),
    };
    json!({
        "client": {
            "client_name": CLIENT_NAME,
            "semantic_version": CLIENT_VERSION,
            "version": match BUILD_SHA.filter(|sha| is_sha(sha)) {
                Some(sha) => format!("{CLIENT_VERSION}+{sha}"),
                None => CLIENT_VERSION.to_owned(),
            },
            "user_agent": USER_AGENT,
        },
        "environment": environment,
        "actual_config": actual,
        "effective_config": effective,
        "mistakes": mistakes,
    })
}

/// The variables that a bundle shows, those that hold secrets without their values.
#[must_use]
pub fn environment(environment: &Environment) -> Value {
    let shown = environment.iter().filter_map(|(name, value)| {
        let name = name.to_str()?;
        let is_shown = VARIABLES.iter().any(|known| known.eq_ignore_ascii_case(name))
            || SETTINGS
                .iter()
                .chain(ADMIN_SETTINGS)
                .any(|setting| setting.variables.contains(&name))
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let is_secret = || {
            variable_holds_secret(name)
                || is_sensitive_name(name)
                || name
                    .split('_')
                    .any(|word| SECRET_WORDS.contains(&word.to_ascii_uppercase().as_str()))
        };
        let value = value.to_string_lossy();
        is_shown.then(|| {
            let shown = match !value.is_empty() && is_secret() {
                true => REDACTED.into(),
                false => value,
            };
            (name.to_owned(), json!(shown))
        })
    });
    Value::Object(shown.collect())
}

/// `section`, then `name`, then its values with their sources.
fn sections(settings: &[Effective]) -> Value {
    let mut sections: Map<String, Value> = Map::new();
    for one in settings {
        let (section, name) = one
            .setting
            .key
            .split_once('.')
            .unwrap_or(("top_level", one.setting.key));
        let values = one.values.iter().map(|value| {
            json!({
                "value": value.text,
                "source": source(value),
            })
        });
        let values: Vec<Value> = values.collect();
        let section = sections.entry(section).or_insert_with(|| json!({}));
        if let Value::Object(section) = section {
            section.insert(name.to_owned(), Value::Array(values));
        }
    }
    Value::Object(sections)
}

/// Without "from" and "by".
fn source(value: &EffectiveValue) -> String {
    let text = value.origin.to_string();
    let text = text.strip_prefix("from ").or(text.strip_prefix("by ")).unwrap_or(&text);
    text.to_owned()
}

/// What a file says, as YAML: each setting that is in it, secrets and comments left out.
fn contents(settings: &[Effective]) -> String {
    let in_file = |value: &&EffectiveValue| matches!(value.origin.source, Source::File(_));
    let mut text = String::new();
    let mut last = None;
    for one in settings {
        let values: Vec<&str> = one
            .values
            .iter()
            .filter(in_file)
            .map(|value| value.text.as_str())
            .collect();
        if values.is_empty() {
            continue;
        }
        let (section, name) = match one.setting.key.split_once('.') {
            Some((section, name)) => (Some(section), name),
            None => (None, one.setting.key),
        };
        if let Some(section) = section.filter(|_| last != section) {
            text.push_str(&format!("{section}:\n"));
        }
        last = section;
        let indent = if section.is_some() { "  " } else { "" };
        match (&values[..], one.setting.is_list()) {
            ([value], false) => text.push_str(&format!("{indent}{name}: {}\n", Value::from(*value))),
            (values, _) => {
                text.push_str(&format!("{indent}{name}:\n"));
                for value in values {
                    text.push_str(&format!("{indent}  - {}\n", Value::from(*value)));
                }
            }
        }
    }
    text
}
