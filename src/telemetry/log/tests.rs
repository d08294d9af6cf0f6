//! Tests of the log sink.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Arguments;

use ::log::LevelFilter;
use ::log::kv::{ToValue, Value as Any};

use super::*;

/// Every form that a line can take.
pub(super) fn every_form() -> [(&'static str, LogFormat); 3] {
    [
        ("plain", LogFormat::Plain),
        ("struct-text", LogFormat::StructText),
        ("json", LogFormat::Json),
    ]
}

pub(super) fn compose(format: LogFormat, message: &Arguments<'_>, fields: &[(&str, Any<'_>)]) -> String {
    let file = File::open("/dev/null").unwrap();
    let base = [
        ("tunnel_id", "tunnel_x".to_owned()),
        ("client_instance_id", "i-1".to_owned()),
    ];
    let sink = Sink::new(format, file, &base);
    let record = Record::builder()
        .args(*message)
        .level(Level::Info)
        .target("tunnel_client")
        .key_values(&fields)
        .build();
    let (mut line, mut scratch) = (String::from("left over"), String::new());
    sink.compose(&record, &mut line, &mut scratch);
    line
}

fn json(message: &Arguments<'_>, fields: &[(&str, Any<'_>)]) -> serde_json::Value {
    serde_json::from_str(&compose(LogFormat::Json, message, fields)).unwrap()
}

#[test]
fn every_line_carries_the_base_fields() {
    for format in [LogFormat::Plain, LogFormat::StructText] {
        let line = compose(format, &format_args!("hello"), &[]);
        assert!(line.contains("tunnel_id=tunnel_x client_instance_id=i-1\n"), "{line}");
    }
    let line = json(&format_args!("hello"), &[]);
    assert_eq!(
        (line["tunnel_id"].as_str(), line["client_instance_id"].as_str()),
        (Some("tunnel_x"), Some("i-1"))
    );
}

#[test]
fn values_keep_their_type_in_json() {
    let number = 7_u64;
    let error = io::Error::other("broken");
    let line = json(
        &format_args!("n is {number}"),
        &[
            ("count", number.to_value()),
            ("delta", (-1_i32).to_value()),
            ("ratio", 0.5_f64.to_value()),
            ("nan", f64::NAN.to_value()),
            ("ok", true.to_value()),
            ("none", Any::null()),
            ("error", Any::from_display(&error)),
            ("large", u128::MAX.to_value()),
        ],
    );
    assert_eq!(line["msg"], "n is 7");
    assert_eq!(
        (line["count"].as_u64(), line["delta"].as_i64(), line["ratio"].as_f64()),
        (Some(7), Some(-1), Some(0.5))
    );
    assert_eq!(
        (&line["nan"], &line["ok"], &line["error"]),
        (&"NaN".into(), &true.into(), &"broken".into())
    );
    assert!(line["none"].is_null());
    assert_eq!(line["large"], u128::MAX.to_string());
}

#[test]
fn no_key_stands_twice_on_a_line() {
    let fields = [
        ("msg", 1.to_value()),
        ("tunnel_id", "other".to_value()),
        ("a", "first".to_value()),
        ("a", "second".to_value()),
    ];
    let line = compose(LogFormat::Json, &format_args!("x"), &fields);
    for key in ["msg", "tunnel_id", "a"] {
        assert_eq!(line.matches(&format!("\"{key}\":")).count(), 1, "{line}");
    }
    assert!(
        line.contains("\"a\":\"first\"") && line.contains("\"msg\":\"x\""),
        "{line}"
    );
}

#[test]
fn more_fields_than_fit_are_left_out() {
    let names: Vec<String> = (0..100).map(|number| format!("key{number}")).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), 1.to_value())).collect();
    let line = json(&format_args!("x"), &fields);
    assert_eq!(line.as_object().unwrap().len(), LINE_KEYS.len() + 2 + LOG_FIELDS_MAX);
}

#[test]
fn secrets_are_scrubbed_from_messages_values_and_by_name() {
    let line = compose(
        LogFormat::Json,
        &format_args!("got Authorization: Bearer {}", "m1"),
        &[
            ("detail", "https://user:m2@host/?access_token=m3".to_value()),
            ("api_key", "m4".to_value()),
        ],
    );
    for mark in ["m1", "m2", "m3", "m4"] {
        assert!(!line.contains(mark), "{line}");
    }
    let _: serde_json::Value = serde_json::from_str(&line).unwrap();
}

#[test]
fn a_long_value_is_cut_at_a_character() {
    let long = format!("x{}", "ä".repeat(LOG_TEXT_MAX));
    let line = json(&format_args!("x"), &[("long", long.as_str().to_value())]);
    let shown = line["long"].as_str().unwrap();
    assert!(
        shown.len() < LOG_TEXT_MAX + 40 && shown.ends_with("bytes more)"),
        "{}",
        &shown[shown.len() - 40..]
    );
}

#[test]
fn own_records_pass_at_the_level_and_others_from_warnings_up() {
    let sink = Sink::new(LogFormat::Json, File::open("/dev/null").unwrap(), &[]);
    ::log::set_max_level(LevelFilter::Debug);
    for (target, level, passes) in [
        ("tunnel_client", Level::Debug, true),
        ("tunnel_client::mcp::http", Level::Debug, true),
        ("tunnel_client", Level::Trace, false),
        ("tunnel_clients", Level::Info, false),
        ("hyper::client", Level::Info, false),
        ("rustls", Level::Warn, true),
    ] {
        let metadata = Metadata::builder().target(target).level(level).build();
        assert_eq!(sink.enabled(&metadata), passes, "{target} {level}");
    }
}

#[test]
fn a_log_file_is_appended_to_and_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let path = std::env::temp_dir().join(format!("tunnel-client-log-test-{}", std::process::id()));
    std::fs::write(&path, "before\n").unwrap();
    std::fs::remove_file(&path).unwrap();
    let settings = Log {
        level: LevelFilter::Info,
        format: LogFormat::Json,
        file: Some(path.clone()),
    };
    for text in ["one\n", "two\n"] {
        open(&settings, Trusted::ours())
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    let contents = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!((contents.as_str(), mode), ("one\ntwo\n", 0o600));
}

#[test]
fn a_log_file_that_cannot_be_opened_is_named() {
    let file = Some("/nonexistent-directory/log".into());
    let settings = Log {
        level: LevelFilter::Info,
        format: LogFormat::Json,
        file,
    };
    let error = open(&settings, Trusted::ours()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("open log file /nonexistent-directory/log: "),
        "{error}"
    );
}
