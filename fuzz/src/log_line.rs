//! Log lines (`src/telemetry/log.rs`, `src/telemetry/line.rs`). Oracle: one event is one line without hidden characters in each format;
//! serde_json reads the message and the fields from JSON, and a reader of logfmt from text, as they were after scrubbing; a planted secret
//! is in none. Records for journald are fields with names that it takes, and messages for syslog have the length that they say.

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use log::kv::{ToValue, Value};
use log::{Level, Record};
use tunnel_client::config::LogFormat;
use tunnel_client::fuzzing::secrets::Lines;
use tunnel_client::limits::{JOURNAL_FIELDS_MAX, JOURNAL_NAME_MAX, JOURNAL_TEXT_MAX, LOG_FIELDS_MAX, LOG_TEXT_MAX};
use tunnel_client::telemetry::redact;

use crate::support::text::is_hidden;

/// One event.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    message: &'a str,
    /// The message and texts hold a secret at their end.
    has_secret: bool,
    fields: Vec<(&'a str, Content<'a>)>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Content<'a> {
    Text(&'a str),
    Shown(&'a str),
    Number(i64),
    Large(u64),
    Fraction(f64),
    Truth(bool),
    Nothing,
}

const SECRET: &str = "log-pL4nt-7d6c5b4a";
const BASE: [(&str, &str); 2] = [("tunnel_id", "tunnel_x y"), ("instance", "i-1\u{202e}")];

struct Formats {
    plain: Lines,
    text: Lines,
    json: Lines,
    journal: Lines,
    syslog: Lines,
}

static FORMATS: LazyLock<Formats> = LazyLock::new(|| {
    redact::protect(SECRET);
    let base = BASE.map(|(key, value)| (key, value.to_owned()));
    let lines = |format| Lines::new(format, &base);
    Formats {
        plain: lines(LogFormat::Plain),
        text: lines(LogFormat::StructText),
        json: lines(LogFormat::Json),
        journal: Lines::journal(&base),
        syslog: Lines::syslog(&base),
    }
});

/// Feeds one event.
pub fn check(input: Input<'_>) {
    let formats = &*FORMATS;
    if input.fields.iter().any(|(name, _)| name.contains(SECRET)) {
        return;
    }
    let secret = if input.has_secret { SECRET } else { "" };
    let message = format!("{}{secret}", input.message);
    let contents: Vec<(&str, Owned)> = input
        .fields
        .iter()
        .map(|(name, content)| (*name, content.owned(secret)))
        .collect();
    let fields: Vec<(&str, Value<'_>)> = contents
        .iter()
        .map(|(name, content)| (*name, content.value()))
        .collect();
    let written = |lines: &Lines| {
        let line = lines.line(
            &Record::builder()
                .args(format_args!("{message}"))
                .level(Level::Warn)
                .target("tunnel_client::x")
                .key_values(&fields)
                .build(),
        );
        assert!(!line.contains(SECRET), "{line:?}");
        line
    };
    let of = |lines: &Lines| {
        let line = written(lines);
        let Some(body) = line.strip_suffix('\n') else {
            panic!("no line end: {line:?}")
        };
        if let Some(c) = body.chars().find(|c| is_hidden(*c)) {
            panic!("U+{:04X} in {body:?}", u32::from(c));
        }
        // Escapes take six bytes a character.
        assert!(
            body.len() <= (2 + LOG_FIELDS_MAX) * (6 * LOG_TEXT_MAX + 600) + 6 * name_bytes(&input),
            "{} bytes",
            body.len()
        );
        body.to_owned()
    };
    let expected = expected(&contents);
    plain(&of(&formats.plain), &message);
    json(&of(&formats.json), &message, &expected);
    logfmt(&of(&formats.text), &message, &expected);
    journal(&written(&formats.journal));
    syslog(&written(&formats.syslog));
}

/// A field a line, with a name that journald takes.
fn journal(record: &str) {
    assert!(
        record.len() <= JOURNAL_FIELDS_MAX + JOURNAL_TEXT_MAX + 10,
        "{} bytes",
        record.len()
    );
    for line in record.lines() {
        let Some((name, _)) = line.split_once('=') else {
            panic!("no field: {line:?}")
        };
        assert!(
            name.len() <= JOURNAL_NAME_MAX
                && name
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'),
            "{name:?}"
        );
    }
}

/// One message of the length that it says, with parameters that end where they should.
fn syslog(record: &str) {
    let Some((length, message)) = record.split_once(' ') else {
        panic!("no length: {record:?}")
    };
    assert_eq!(length.parse(), Ok(message.len()));
    let Some((header, text)) = message.split_once("] \u{feff}") else {
        panic!("no text: {message:?}")
    };
    assert!(!header.contains('\n') && !text.contains('\n'), "{message:?}");
    let mut quoted = false;
    let mut chars = header.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' if quoted => drop(chars.next()),
            '"' => quoted = !quoted,
            ']' => assert!(!quoted, "{header:?}"),
            _ => {}
        }
    }
    assert!(!quoted, "{header:?}");
}

fn name_bytes(input: &Input<'_>) -> usize {
    input.fields.iter().map(|(name, _)| name.len()).sum()
}

/// A value that the record can borrow.
enum Owned {
    Text(String),
    Shown(String),
    Number(i64),
    Large(u64),
    Fraction(f64),
    Truth(bool),
    Nothing,
}

impl Content<'_> {
    fn owned(self, secret: &str) -> Owned {
        match self {
            Self::Text(text) => Owned::Text(format!("{text}{secret}")),
            Self::Shown(text) => Owned::Shown(format!("{text}{secret}")),
            Self::Number(number) => Owned::Number(number),
            Self::Large(number) => Owned::Large(number),
            Self::Fraction(number) => Owned::Fraction(number),
            Self::Truth(truth) => Owned::Truth(truth),
            Self::Nothing => Owned::Nothing,
        }
    }
}

impl Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => text.as_str().to_value(),
            Self::Shown(text) => Value::from_display(text),
            Self::Number(number) => number.to_value(),
            Self::Large(number) => number.to_value(),
            Self::Fraction(number) => number.to_value(),
            Self::Truth(truth) => truth.to_value(),
            Self::Nothing => Value::null(),
        }
    }

    /// As it is read back; `None` when it is left out.
    fn read_back(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Shown(text) => Some(cut(text)),
            Self::Number(number) => Some(number.to_string()),
            Self::Large(number) => Some(number.to_string()),
            Self::Fraction(number) => Some(number.to_string()),
            Self::Truth(truth) => Some(truth.to_string()),
            Self::Nothing => None,
        }
    }
}

/// What is left of a text, by the rules of the log: scrubbed, then cut at a character.
fn cut(text: &str) -> String {
    let text = redact::scrub(text);
    if text.len() <= LOG_TEXT_MAX {
        return text.into_owned();
    }
    let end = (0..=LOG_TEXT_MAX)
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    format!("{}... ({} bytes more)", &text[..end], text.len() - end)
}

/// Fields that a line has besides its own: of each name the first.
fn expected(contents: &[(&str, Owned)]) -> Vec<(String, String)> {
    let mut seen = vec!["time", "level", "msg", BASE[0].0, BASE[1].0];
    let mut expected = Vec::new();
    for (name, content) in contents {
        // A field without a name is none.
        if name.is_empty() || seen.contains(name) || seen.len() == 5 + LOG_FIELDS_MAX {
            continue;
        }
        seen.push(*name);
        let value = match redact::is_sensitive_name(name) {
            true => Some("[REDACTED]".to_owned()),
            false => content.read_back(),
        };
        expected.extend(value.map(|value| ((*name).to_owned(), value)));
    }
    expected
}

/// Time, level, message, fields.
fn plain(line: &str, message: &str) {
    let Some((_, rest)) = line.split_once(" WARN ") else {
        panic!("{line:?}")
    };
    if !cut(message).chars().any(is_escaped) {
        assert!(rest.starts_with(&cut(message)), "{line:?}");
    }
    assert!(rest.contains(" tunnel_id=\"tunnel_x y\" "), "{line:?}");
}

/// Characters that no line holds as they are; there may be more than the hidden ones.
fn is_escaped(c: char) -> bool {
    !(c.is_ascii_graphic() || c == ' ')
}

fn json(line: &str, message: &str, expected: &[(String, String)]) {
    let parsed: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    assert_eq!(parsed["msg"], cut(message), "{line:?}");
    assert_eq!(parsed["level"], "WARN");
    assert_eq!(parsed[BASE[1].0], BASE[1].1);
    assert_eq!(parsed.len(), 3 + BASE.len() + expected.len(), "{line:?}");
    for (name, value) in expected {
        match &parsed[name.as_str()] {
            serde_json::Value::String(text) => assert_eq!(text, value, "{line:?}"),
            serde_json::Value::Number(number) => same_number(&number.to_string(), value, line),
            other => assert_eq!(&other.to_string(), value, "{line:?}"),
        }
    }
}

/// The reader may write a fraction in another way, and rounds its last digit in another way than the standard library.
fn same_number(read: &str, written: &str, line: &str) {
    let fraction = |text: &str| text.contains(['.', 'e']).then(|| text.parse::<f64>().map(f64::to_bits));
    let is_same = read == written || fraction(read).is_some_and(|read| Some(read) == fraction(written));
    let is_written = |end: char| line.contains(&format!("\":{written}{end}"));
    assert!(is_same || is_written(',') || is_written('}'), "{read} {written}");
}

fn logfmt(line: &str, message: &str, expected: &[(String, String)]) {
    let pairs = read_logfmt(line);
    let keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys[..5], ["time", "level", "msg", BASE[0].0, BASE[1].0], "{line:?}");
    assert_eq!(pairs[2].1, cut(message), "{line:?}");
    let fields = &pairs[5..];
    assert_eq!(fields.len(), expected.len(), "{line:?}");
    for ((key, value), (name, wanted)) in fields.iter().zip(expected) {
        assert_eq!(key.chars().count(), name.chars().count(), "{line:?}");
        let is_same = key
            .chars()
            .zip(name.chars())
            .all(|(key, name)| key == name || key == '_');
        assert!(is_same, "{key:?} {name:?}");
        assert_eq!(value, wanted, "{line:?}");
    }
}

/// `key=value` and `key="value"` with the escapes of JSON.
fn read_logfmt(line: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let Some((key, after)) = rest.split_once('=') else {
            panic!("no value: {line:?}")
        };
        assert!(!key.contains([' ', '"']), "{line:?}");
        let (value, after) = match after.starts_with('"') {
            true => quoted(after),
            false => {
                let end = after.find(' ').unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        pairs.push((key.to_owned(), value));
        rest = after.strip_prefix(' ').unwrap_or_else(|| {
            assert!(after.is_empty(), "{line:?}");
            ""
        });
    }
    pairs
}

fn quoted(text: &str) -> (String, &str) {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = values
        .next()
        .and_then(Result::ok)
        .unwrap_or_else(|| panic!("no string: {text:?}"));
    let end = values.byte_offset();
    (value, &text[end..])
}
