//! Build, configuration and environment, as a bundle shows them.

use serde_json::{Map, Value, json};

use super::EFFECTIVE;
use crate::config::{Effective, EffectiveValue, Selection, Source, shown_origin, shown_variable};
use crate::identity::{BUILD_SHA, CLIENT_NAME, CLIENT_VERSION, USER_AGENT, is_sha};
use crate::secrets::Environment;
use crate::telemetry::redact::REDACTED;

/// Variables of proxies, in either case. They can have a password.
const PROXIES: [&str; 3] = ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"];
/// Variables of no setting that hold no secret.
const PLAIN: [&str; 4] = ["NO_PROXY", "SSL_CERT_DIR", "SSL_CERT_FILE", "no_proxy"];
/// Variables of the API key that no setting of `run` may name.
const KEYS: [&str; 1] = ["OPENAI_API_KEY"];
/// Beginnings of the names of variables that are shown without their values: they may belong to a server, or be misspelt.
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
        EFFECTIVE: effective,
        "mistakes": mistakes,
    })
}

/// The variables that a bundle shows. Only those have values that this program reads itself and that hold no secret; `secret` are the
/// names of those that do in this configuration, right or wrong.
#[must_use]
pub fn environment(environment: &Environment, secret: &[String]) -> Value {
    let shown = environment.iter().filter_map(|(name, value)| {
        let name = name.to_str()?;
        let value = value.to_string_lossy();
        let text = match shown_variable(name, &value) {
            Some(text) => text,
            None if PROXIES.iter().any(|known| known.eq_ignore_ascii_case(name)) => Some(shown_origin(&value)),
            None if PLAIN.contains(&name) => Some(value.clone().into_owned()),
            None => {
                let is_listed = KEYS.contains(&name)
                    || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                    || secret.iter().any(|known| known == name);
                is_listed.then_some(None)?
            }
        };
        let text = text.filter(|_| !secret.iter().any(|known| known == name));
        let text = match value.is_empty() {
            true => String::new(),
            false => text.unwrap_or_else(|| REDACTED.to_owned()),
        };
        Some((name.to_owned(), json!(text)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_of_this_program_without_a_secret_have_values() {
        let variables = [
            ("CONTROL_PLANE_API_KEY", "hunter2x"),
            ("HTTPS_PROXY", "http://user:hunter2x@proxy.invalid:3128/hunter2x"),
            ("HTTP_PROXY", "user:hunter2x@proxy.invalid:3128"),
            ("LOG_FILE", "/hunter2x/log"),
            ("LOG_FORMAT", "json"),
            ("LOG_LEVEL", ""),
            ("MCP_COMMANDS", "serve --pass hunter2x"),
            ("MCP_DB_PASS", "hunter2x"),
            ("MCP_EXTRA_HEADERS", "X-Any: hunter2x"),
            ("MCP_GITLAB_PAT", "hunter2x"),
            ("MCP_URL", "https://docs.invalid/hunter2x"),
            ("NO_PROXY", "localhost"),
            ("OPENAI_API_KEY", "hunter2x"),
            ("OTHER_URL", "https://other.invalid/hunter2x"),
            ("PGPASSWORD", "hunter2x"),
            ("TUNNEL_CRED", "hunter2x"),
        ];
        let secret = ["LOG_FILE".to_owned(), "OTHER_URL".to_owned()];
        let shown = environment(&variables.into_iter().collect(), &secret);
        assert!(!shown.to_string().contains("hunter2x"), "{shown}");
        for (name, expected) in [
            ("CONTROL_PLANE_API_KEY", REDACTED),
            ("HTTPS_PROXY", "http://proxy.invalid:3128"),
            ("LOG_FILE", REDACTED),
            ("LOG_FORMAT", "json"),
            ("LOG_LEVEL", ""),
            ("MCP_DB_PASS", REDACTED),
            ("NO_PROXY", "localhost"),
            ("OTHER_URL", REDACTED),
            ("TUNNEL_CRED", REDACTED),
        ] {
            assert_eq!(shown[name], expected, "{name}");
        }
        assert_eq!(shown["PGPASSWORD"], Value::Null);
    }
}
