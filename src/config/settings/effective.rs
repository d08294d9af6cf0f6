//! What every setting is and where its value comes from, as it may be shown to anybody.

use std::borrow::Cow;
use std::ffi::OsStr;

use super::entry::{bare, fields};
use super::{
    ADMIN_SETTINGS, FieldValue, HeaderEntry, Kind, Origin, Record, RecordEntry, SELECTORS, SETTINGS, Setting, Shown,
    Source, Sources, Written,
};
use crate::config::values::{HttpUrl, argv, shell};
use crate::limits::EFFECTIVE_TEXT_MAX;
use crate::telemetry::{is_unsafe, redact};

/// What is shown of a value that may hold a secret.
pub(in crate::config) const HIDDEN: &str = "(hidden)";

/// A setting with its values, none of them secret.
#[derive(Debug)]
pub struct Effective {
    /// Which.
    pub setting: &'static Setting,
    /// None when it is unset; more than one only for lists.
    pub values: Vec<EffectiveValue>,
}

/// One value.
#[derive(Debug)]
pub struct EffectiveValue {
    /// What may be shown of it, by [`Setting::shown`], on one line.
    pub text: String,
    /// Where it was written.
    pub origin: Origin,
}

/// Every setting of the table, in its order. Nothing is checked, and no reference is followed.
#[must_use]
pub(in crate::config) fn effective(sources: &Sources<'_>) -> Vec<Effective> {
    let settings = SETTINGS.iter().copied();
    let shown = settings.map(|setting| Effective {
        setting,
        values: values(sources, setting),
    });
    shown.collect()
}

fn values(sources: &Sources<'_>, setting: &'static Setting) -> Vec<EffectiveValue> {
    match setting.kind {
        Kind::One | Kind::Switch => sources
            .one(setting)
            .map(|written| shown(&written, single(setting, &written)))
            .into_iter()
            .collect(),
        Kind::List(_) => {
            let entries = sources.list(setting).into_iter();
            entries
                .map(|written| shown(&written, plain(&lossy(written.value))))
                .collect()
        }
        Kind::Records(..) => {
            let entries = sources.records(setting).into_iter();
            entries
                .map(|entry| EffectiveValue {
                    text: match &entry {
                        RecordEntry::Text(written) => text_entry(setting, &lossy(written.value)),
                        RecordEntry::Fields(record) => record_entry(record),
                    },
                    origin: entry.origin(),
                })
                .collect()
        }
        Kind::Headers => {
            let entries = sources.headers(setting).into_iter();
            entries
                .map(|entry| match entry {
                    HeaderEntry::Text(written) => {
                        let text = lossy(written.value);
                        let name = text.split_once(':').map_or(HIDDEN, |(name, _)| name.trim());
                        shown(&written, plain(name))
                    }
                    HeaderEntry::Pair(name, _) => shown(&name, plain(&lossy(name.value))),
                })
                .collect()
        }
    }
}

/// What may be shown of the value of an environment variable: `None` when no setting has it, `Some(None)` when it can hold a secret.
#[must_use]
pub fn shown_variable(name: &str, value: &str) -> Option<Option<String>> {
    let settings = SETTINGS.iter().chain(ADMIN_SETTINGS).chain(SELECTORS);
    let mut known = settings.filter(|setting| setting.variables.contains(&name)).peekable();
    let first = known.peek().copied()?;
    if known.any(|setting| setting.holds_secret) {
        return Some(None);
    }
    Some(match (first.kind, first.shown) {
        (Kind::One | Kind::Switch | Kind::List(_), Shown::Plain) => Some(plain(value.trim())),
        (Kind::One, Shown::Origin) => Some(origin(value)),
        (Kind::One, Shown::Program) => Some(program(value)),
        _ => None,
    })
}

/// Scheme, host and port of a URL that may have a password.
#[must_use]
pub fn shown_origin(url: &str) -> String {
    origin(url)
}

fn shown(written: &Written<'_>, text: String) -> EffectiveValue {
    EffectiveValue {
        text,
        origin: written.origin.clone(),
    }
}

fn single(setting: &Setting, written: &Written<'_>) -> String {
    let text = lossy(written.value);
    let text = text.trim();
    match setting.shown {
        Shown::Plain => plain(text),
        Shown::Origin => origin(text),
        Shown::Program => program(text),
        Shown::Names => HIDDEN.to_owned(),
        Shown::Secret => match (reference(text), &written.origin.source) {
            (Some(reference), _) => reference.to_owned(),
            (None, Source::Variable(name)) => format!("env:{name}"),
            (None, _) => HIDDEN.to_owned(),
        },
    }
}

/// A mapping of a file in the form of a flag.
fn record_entry(record: &Record) -> String {
    let fields = record.fields.iter();
    let parts = fields.map(|(name, value)| match value {
        FieldValue::One(text) => field(&name.replace('_', "-"), &text.text),
        value => format!("{}={}", name.replace('_', "-"), nested(value)),
    });
    parts.collect::<Vec<_>>().join(",")
}

/// What has no form of a flag: lists, the names of variables without their values, the keys of a mapping.
fn nested(value: &FieldValue) -> String {
    let parts: Vec<String> = match value {
        FieldValue::One(text) => vec![plain(text.text.trim())],
        FieldValue::List(texts) => texts.iter().map(|text| plain(text.text.trim())).collect(),
        FieldValue::Names(pairs) => pairs.iter().map(|(name, _)| plain(name.text.trim())).collect(),
        FieldValue::Group(record) => {
            let fields = record.fields.iter();
            fields
                .map(|(name, value)| format!("{name}: {}", nested(value)))
                .collect()
        }
    };
    match (value, &parts[..]) {
        (FieldValue::One(_), [one]) => one.clone(),
        (FieldValue::Group(_), _) => format!("{{{}}}", parts.join(", ")),
        _ => format!("[{}]", parts.join(", ")),
    }
}

/// An entry of a flag or a variable: `key=value,key=value`, or one bare value. What belongs to no key is left out.
fn text_entry(setting: &Setting, text: &str) -> String {
    let known = |part: &str| {
        let (key, value) = part.trim().split_once('=')?;
        let is_own = fields(setting).iter().any(|field| field.text_key() == Some(key));
        is_own.then(|| field(key, value.trim()))
    };
    let mut parts = text.split(',').peekable();
    if parts.peek().is_none_or(|first| known(first).is_none()) {
        return field(bare(setting).map_or("url", |field| field.name), text);
    }
    parts.filter_map(known).collect::<Vec<_>>().join(",")
}

fn field(key: &str, value: &str) -> String {
    let value = match key {
        "url" | "http-proxy" => origin(value),
        "command" => program(value),
        _ => plain(value),
    };
    format!("{key}={value}")
}

/// Scheme, host and port; a reference stays what it is.
fn origin(text: &str) -> String {
    let text = text.trim();
    if let Some(reference) = reference(text) {
        return reference.to_owned();
    }
    match HttpUrl::parse(&without_userinfo(text)) {
        Ok(url) => url.origin(),
        Err(_) => HIDDEN.to_owned(),
    }
}

/// `scheme://user:password@host` as `scheme://host`.
fn without_userinfo(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Cow::Borrowed(text);
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => Cow::Owned(format!("{scheme}://{host}{path}")),
        None => Cow::Borrowed(text),
    }
}

/// The first word of a command.
fn program(text: &str) -> String {
    if let Some(reference) = reference(text.trim()) {
        return reference.to_owned();
    }
    match argv::words(text).ok().and_then(|words| words.into_iter().next()) {
        Some(program) => match shell::assignment(&program.text) {
            Some(name) => format!("{name}={HIDDEN}"),
            None => plain(&program.text),
        },
        None => HIDDEN.to_owned(),
    }
}

/// A reference whose name looks like one: `env:$KEY`, expanded by a shell, holds the key itself.
fn reference(text: &str) -> Option<&str> {
    let (prefix, name) = text.split_once(':')?;
    let name = name.trim();
    let is_name = match prefix.to_ascii_lowercase().as_str() {
        "env" => {
            name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        }
        "file" => name.contains('/') && !name.contains("//") && !name.contains(char::is_control),
        "credential" => {
            name.len() <= 64
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        }
        _ => false,
    };
    (is_name && matches!(redact::scrub(text), Cow::Borrowed(_))).then_some(text)
}

/// Untrusted text on one line, scrubbed and short.
fn plain(text: &str) -> String {
    let scrubbed = redact::scrub(text);
    let short = scrubbed.chars().take(EFFECTIVE_TEXT_MAX);
    let line: String = short.map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }).collect();
    if scrubbed.chars().nth(EFFECTIVE_TEXT_MAX).is_some() {
        return line + "...";
    }
    line
}

fn lossy(value: &OsStr) -> Cow<'_, str> {
    value.to_string_lossy()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use super::*;
    use crate::config::settings::{File, Flags, Recorder};
    use crate::secrets::{Disk, Environment};

    fn lines(file: &str, variables: &[(&str, &str)], given: &[(&'static str, &str)]) -> Vec<String> {
        let file = File::parse(Path::new("p.yaml"), file);
        let environment: Environment = variables.iter().copied().collect();
        let mut flags = Flags::default();
        for (name, value) in given {
            flags.add(name, [value.into()]);
        }
        let settings = effective(&Sources {
            flags: &flags,
            environment: &environment,
            file: Some(&file),
            files: &Recorder::of(&Disk::default()),
        });
        let written = settings
            .into_iter()
            .flat_map(|one| one.values.into_iter().map(move |value| (one.setting, value)));
        written
            .filter(|(_, value)| value.origin.source != Source::Default)
            .map(|(setting, value)| format!("{} {} {}", setting.key, value.text, value.origin))
            .collect()
    }

    #[test]
    fn values_are_shown_with_their_sources_and_without_secrets() {
        let file = "\
control_plane:
  base_url: https://u:sekret@h.example:8443/sekret?sekret
  api_key: ENV:MY_KEY
  extra_headers: {X-Token: sekret}
http_proxy: http://user:sekret@proxy:3128
mcp:
  server_urls:
    - {channel: a, url: https://h/sekret, http_proxy: http://u:sekret@p, client_key: /k}
    - {channel: b, url: env:DOCS_URL}
  commands:
    - {channel: c, command: srv --token sekret}
";
        let variables = [
            ("MCP_EXTRA_HEADERS", "A: sekret; B: sekret"),
            ("MCP_COMMAND", "command=srv --token=sekret,x,channel=d\nbare sekret"),
        ];
        let flags = [(
            "harpoon.target",
            "label=l,url=https://u:sekret@h/sekret,sekret,desc=text",
        )];
        assert_eq!(
            lines(file, &variables, &flags),
            [
                "control_plane.base_url https://h.example:8443 from p.yaml:2:13",
                "control_plane.api_key ENV:MY_KEY from p.yaml:3:12",
                "control_plane.extra_headers X-Token from p.yaml:4:19",
                "http_proxy http://proxy:3128 from p.yaml:5:13",
                "mcp.server_urls channel=a,url=https://h,http-proxy=http://p,client-key=/k from p.yaml:8:7",
                "mcp.server_urls channel=b,url=env:DOCS_URL from p.yaml:9:7",
                "mcp.commands command=srv,channel=d from variable MCP_COMMAND, entry 1",
                "mcp.commands command=bare from variable MCP_COMMAND, entry 2",
                "mcp.extra_headers A from variable MCP_EXTRA_HEADERS, entry 1",
                "mcp.extra_headers B from variable MCP_EXTRA_HEADERS, entry 2",
                "harpoon.targets label=l,url=https://h,desc=text from flag --harpoon.target, entry 1",
            ]
        );
    }

    #[test]
    fn of_a_key_only_a_reference_is_shown() {
        for (value, expected) in [
            (" env:MY_KEY ", "env:MY_KEY"),
            ("file:/run/key", "file:/run/key"),
            ("credential:api-key", "credential:api-key"),
            ("env:sekretvalue", HIDDEN),
            ("file:sekret", HIDDEN),
            ("env:SK-SEKRET", HIDDEN),
            ("sekret", HIDDEN),
        ] {
            let lines = lines("{}", &[], &[("control-plane.api-key", value)]);
            assert_eq!(
                lines,
                [format!(
                    "control_plane.api_key {expected} from flag --control-plane.api-key"
                )]
            );
        }
        let lines = lines("{}", &[("OPENAI_API_KEY", "sekret")], &[]);
        assert_eq!(
            lines,
            ["control_plane.api_key env:OPENAI_API_KEY from variable OPENAI_API_KEY"]
        );
    }

    #[test]
    fn what_is_no_url_and_no_command_is_hidden() {
        for (flag, value) in [
            ("http-proxy", "sekret"),
            ("http-proxy", "socks5://u:sekret@h"),
            ("control-plane.base-url", "https://h\\sekret"),
            ("mcp.server-url", "sekret"),
            ("mcp.command", "'sekret"),
            ("mcp.command", "DB=sekret srv"),
            ("mcp.extra-headers", "sekret"),
            ("mcp.server-url", "channel=x,url=sekret"),
        ] {
            for line in lines("{}", &[], &[(flag, value)]) {
                assert!(line.contains(HIDDEN) && !line.contains("sekret"), "{flag}: {line}");
            }
        }
    }

    #[test]
    fn text_is_on_one_line_and_short() {
        assert_eq!(plain("a\nb\u{1b}\u{202e}"), "a\u{fffd}b\u{fffd}\u{fffd}");
        assert_eq!(plain(&"x".repeat(5000)).len(), EFFECTIVE_TEXT_MAX + 3);
    }
}
