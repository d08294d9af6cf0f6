//! Configuration files, YAML and JSON (`src/config/file/`, `src/config/load/`). Oracle: every mistake has a place in the file, and their
//! number and length are bounded; what a reference leads to is in no message and no report; what a file sets, written again as JSON and as
//! YAML, sets the same and loads to the same; strings of a JSON file are those that serde_json reads.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use tunnel_client::config::{ConfigError, Entry, FieldValue, File, Flags, Kind, Opened, Record, Source, Text, Value};
use tunnel_client::fuzzing::settings::shown_settings;
use tunnel_client::limits::{CONFIG_ERRORS_MAX, CONFIG_FILE_MAX, CONFIG_MISTAKES_MAX, EFFECTIVE_TEXT_MAX};

use crate::support::planted::{CONFIGURATION, Secret};
use crate::support::text::assert_line;

/// A longer file is only parsed: what is written again could be beyond the bounds.
const REPEATED_MAX: usize = 32 * 1024;

/// Feeds `data` as a configuration file.
pub fn check(data: &[u8]) {
    let secret = Secret::of(data);
    let file = File::from_bytes(Path::new(CONFIGURATION), data);
    assert!(file.mistakes.len() <= CONFIG_MISTAKES_MAX + 1);
    file.mistakes.iter().for_each(|mistake| judge(mistake, data, &secret));
    assert!(file.is_readable || !file.mistakes.is_empty());
    let loaded = load(data, &secret, report);
    if file.is_readable && data.len() <= REPEATED_MAX {
        let sections = Sections::of(&file.entries);
        for again in [sections.as_json(), sections.as_yaml()] {
            written_again(&file, &again, &loaded, &secret);
        }
        as_json(data, &file);
    }
}

/// One line with a place that exists.
fn judge(mistake: &ConfigError, data: &[u8], secret: &Secret) {
    let shown = mistake.to_string();
    assert_line(&shown, 1000);
    secret.assert_absent(&shown);
    let Source::File(location) = &mistake.origin.source else {
        panic!("{shown}: no place")
    };
    assert_eq!(&*location.path, CONFIGURATION);
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    assert!(
        location.line <= lines && location.column <= data.len() + 1,
        "{shown}: {lines} lines"
    );
    assert_eq!(location.line == 0, location.column == 0, "{shown}");
}

/// Outcome of a configuration: itself without its secrets, or its mistakes without their places.
fn load(data: &[u8], secret: &Secret, report: fn(&Opened<'_>, &Secret)) -> Result<String, Vec<(&'static str, String)>> {
    let (environment, files) = (secret.environment(), secret.files(data));
    let mut flags = Flags::default();
    flags.add("config", [CONFIGURATION.into()]);
    let opened = Opened::open(&flags, &environment, &files).unwrap_or_else(|error| panic!("{error}"));
    report(&opened, secret);
    match opened.check() {
        Ok(config) => {
            config.warnings.iter().for_each(|warning| {
                secret.assert_absent(warning);
            });
            // What a reference leads to is a part of it, where it is no secret by its setting.
            Ok(format!("{config:?}"))
        }
        Err(errors) => {
            assert!(errors.iter().count() <= CONFIG_MISTAKES_MAX + CONFIG_ERRORS_MAX + 2);
            for error in errors.iter() {
                secret.assert_absent(&error.to_string());
                assert_line(&error.to_string(), 9000);
                if matches!(error.origin.source, Source::File(_)) {
                    place_exists(error, data);
                }
            }
            Err(errors
                .iter()
                .map(|error| (error.setting, error.problem.clone()))
                .collect())
        }
    }
}

fn place_exists(error: &ConfigError, data: &[u8]) {
    let Source::File(location) = &error.origin.source else {
        return;
    };
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    assert!(location.line <= lines, "{error}: {lines} lines");
}

/// What `config show` prints.
fn report(opened: &Opened<'_>, secret: &Secret) {
    for one in opened.effective() {
        for value in &one.values {
            secret.assert_absent(&value.text);
            assert_line(&value.text, usize::MAX);
            let is_one = matches!(one.setting.kind, Kind::One | Kind::Switch);
            assert!(!is_one || value.text.chars().count() <= EFFECTIVE_TEXT_MAX + 3);
        }
    }
    let (text, json) = shown_settings(opened);
    secret.assert_absent(&text);
    secret.assert_absent(&json);
    text.lines().for_each(|line| assert_line(line, usize::MAX));
    let read: Json = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert!(read["settings"].as_array().is_some_and(|settings| !settings.is_empty()));
}

/// The same settings in another form are the same settings.
fn written_again(file: &File, again: &str, loaded: &Result<String, Vec<(&'static str, String)>>, secret: &Secret) {
    // YAML takes a key without a question mark of at most 1024 characters.
    let has_long_name = file
        .entries
        .iter()
        .any(|entry| matches!(&entry.value, Value::Headers(pairs) if pairs.iter().any(is_long)));
    if again.len() > CONFIG_FILE_MAX || has_long_name || file.entries.iter().flat_map(records_of).any(has_long_names) {
        return;
    }
    let other = File::parse(Path::new(CONFIGURATION), again);
    // Without a setting a file is empty, or strange.
    if file.entries.is_empty() {
        return;
    }
    let mistakes: Vec<String> = other.mistakes.iter().map(ToString::to_string).collect();
    assert!(other.is_readable && mistakes.is_empty(), "{mistakes:?} in {again}");
    assert_eq!(texts(file), texts(&other), "{again}");
    if file.mistakes.is_empty() {
        let mut other = load(again.as_bytes(), secret, |_, _| ());
        let mut loaded = loaded.clone();
        for outcome in [&mut loaded, &mut other] {
            if let Err(mistakes) = outcome {
                mistakes.sort();
            }
        }
        assert_eq!(loaded, other, "{again}");
    }
}

fn is_long((name, _): &(Text, Text)) -> bool {
    name.text.len() > 150
}

fn records_of(entry: &Entry) -> &[Record] {
    match &entry.value {
        Value::Records(records) => records,
        _ => &[],
    }
}

fn has_long_names(record: &Record) -> bool {
    let mut fields = record.fields.iter();
    fields.any(|(_, value)| matches!(value, FieldValue::Names(pairs) if pairs.iter().any(is_long)))
}

/// Every text of a file by its setting and its place in the value.
fn texts(file: &File) -> BTreeMap<String, String> {
    fn field(texts: &mut BTreeMap<String, String>, at: String, value: &FieldValue) {
        match value {
            FieldValue::One(text) => drop(texts.insert(at, text.text.to_string())),
            FieldValue::List(list) => list.iter().enumerate().for_each(|(number, text)| {
                texts.insert(format!("{at}/{number}"), text.text.to_string());
            }),
            FieldValue::Names(pairs) => pairs.iter().enumerate().for_each(|(number, (name, value))| {
                texts.insert(format!("{at}/{number}"), format!("{}\0{}", *name.text, *value.text));
            }),
            FieldValue::Group(group) => record(texts, at, group),
        }
    }
    fn record(texts: &mut BTreeMap<String, String>, at: String, record: &Record) {
        texts.insert(at.clone(), String::new());
        record
            .fields
            .iter()
            .for_each(|(name, value)| field(texts, format!("{at}/{name}"), value));
    }
    let mut texts = BTreeMap::new();
    for Entry { setting, value, .. } in &file.entries {
        let at = setting.key.to_owned();
        match value {
            Value::One(text) => drop(texts.insert(at, text.text.to_string())),
            Value::List(list) => list.iter().enumerate().for_each(|(number, text)| {
                texts.insert(format!("{at}/{number}"), text.text.to_string());
            }),
            Value::Records(records) => records
                .iter()
                .enumerate()
                .for_each(|(number, one)| record(&mut texts, format!("{at}/{number}"), one)),
            Value::Headers(pairs) => pairs.iter().enumerate().for_each(|(number, (name, value))| {
                texts.insert(format!("{at}/{number}"), format!("{}\0{}", *name.text, *value.text));
            }),
        }
    }
    texts
}

/// What a file sets, by section, to be written in another form.
struct Sections<'a>(BTreeMap<&'static str, Vec<(&'static str, &'a Value)>>);

impl<'a> Sections<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let mut sections = BTreeMap::<_, Vec<_>>::new();
        for entry in entries {
            let (section, name) = entry.setting.key.split_once('.').unwrap_or(("", entry.setting.key));
            sections.entry(section).or_default().push((name, &entry.value));
        }
        Self(sections)
    }

    /// One JSON object on one line.
    fn as_json(&self) -> String {
        let mut top = Vec::new();
        for (section, settings) in &self.0 {
            let settings: Vec<String> = settings
                .iter()
                .map(|(name, value)| format!("\"{name}\":{}", flow(value)))
                .collect();
            match *section {
                "" => top.extend(settings),
                section => top.push(format!("\"{section}\":{{{}}}", settings.join(","))),
            }
        }
        format!("{{{}}}", top.join(","))
    }

    /// Block style, with a comment, one setting a line.
    fn as_yaml(&self) -> String {
        let mut out = String::from("# written again\n---\n");
        for (section, settings) in &self.0 {
            let indent = match *section {
                "" => "",
                section => {
                    out.push_str(&format!("'{section}':\n"));
                    "    "
                }
            };
            for (name, value) in settings {
                match value {
                    Value::List(list) => {
                        out.push_str(&format!("{indent}{name}:\n"));
                        list.iter()
                            .for_each(|text| out.push_str(&format!("{indent}  - {}\n", quoted(text))));
                    }
                    value => out.push_str(&format!("{indent}{name}: {} # {name}\n", flow(value))),
                }
            }
        }
        out + "...\n"
    }
}

fn flow(value: &Value) -> String {
    let list = |parts: Vec<String>| format!("[{}]", parts.join(", "));
    match value {
        Value::One(text) => quoted(text),
        Value::List(texts) => list(texts.iter().map(quoted).collect()),
        Value::Records(records) => list(records.iter().map(record).collect()),
        Value::Headers(pairs) => names(pairs),
    }
}

fn record(record: &Record) -> String {
    let fields = record.fields.iter().map(|(name, value)| {
        let value = match value {
            FieldValue::One(text) => quoted(text),
            FieldValue::List(texts) => format!("[{}]", texts.iter().map(quoted).collect::<Vec<_>>().join(",")),
            FieldValue::Names(pairs) => names(pairs),
            FieldValue::Group(group) => self::record(group),
        };
        format!("\"{name}\": {value}")
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

fn names(pairs: &[(Text, Text)]) -> String {
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}: {}", quoted(name), quoted(value)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

/// In double quotes, everything but plain ASCII escaped as in JSON.
fn quoted(text: &Text) -> String {
    let mut out = String::from("\"");
    for c in text.text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out.push('"');
    out
}

/// A JSON text is understood as JSON.
fn as_json(data: &[u8], file: &File) {
    let Ok(Json::Object(top)) = serde_json::from_slice(data) else {
        return;
    };
    for entry in &file.entries {
        let Value::One(text) = &entry.value else { continue };
        // Words for true and false are translated.
        if entry.setting.is_switch() {
            continue;
        }
        let value = match entry.setting.key.split_once('.') {
            Some((section, name)) => top.get(section).and_then(|section| section.get(name)),
            None => top.get(entry.setting.key),
        };
        match value {
            // Of a key that stands twice this reader keeps the first and reports it, serde_json the last.
            Some(Json::String(string)) if file.mistakes.is_empty() => {
                assert_eq!(&*text.text, string, "{}", entry.setting.key)
            }
            Some(Json::Bool(truth)) if file.mistakes.is_empty() => assert_eq!(*text.text, truth.to_string()),
            None if file.mistakes.is_empty() => panic!("{} is not in the JSON", entry.setting.key),
            _ => {}
        }
    }
}
