//! Tests of the log sink.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Arguments;
use std::io::Write as _;
use std::path::PathBuf;

use ::log::LevelFilter;
use ::log::kv::{ToValue, Value as Any};

use super::*;
use crate::limits::{
    JOURNAL_FIELDS_MAX, JOURNAL_TEXT_MAX, LOG_LOSS_RETRY, LOG_TEXT_MAX, SYSLOG_FIELDS_MAX, SYSLOG_TEXT_MAX,
};
use crate::telemetry::output::To;
use crate::telemetry::syslog::Header;
use crate::telemetry::{LogFormat, LogTarget};

/// Every form that a record can take.
pub(super) fn every_form() -> [(&'static str, Form); 5] {
    [
        ("plain", Form::Text(LogFormat::Plain)),
        ("struct-text", Form::Text(LogFormat::StructText)),
        ("json", Form::Text(LogFormat::Json)),
        ("journald", Form::Journal),
        ("syslog", Form::Syslog(Header::new(3, true))),
    ]
}

fn sink(form: &Form) -> Sink {
    let base = [
        ("tunnel_id", "tunnel_x".to_owned()),
        ("client_instance_id", "i-1".to_owned()),
    ];
    Sink::new(form.clone(), Output::to(To::Server), &base)
}

pub(super) fn compose(form: &Form, message: &Arguments<'_>, fields: &[(&str, Any<'_>)]) -> String {
    let record = Record::builder()
        .args(*message)
        .level(Level::Info)
        .target("tunnel_client")
        .key_values(&fields)
        .build();
    let (mut draft, mut scratch) = (Draft::default(), String::new());
    sink(form).compose(&record, &mut draft, &mut scratch);
    draft.text
}

fn json(message: &Arguments<'_>, fields: &[(&str, Any<'_>)]) -> serde_json::Value {
    serde_json::from_str(&compose(&Form::Text(LogFormat::Json), message, fields)).unwrap()
}

#[test]
fn every_line_carries_the_base_fields() {
    for format in [LogFormat::Plain, LogFormat::StructText] {
        let line = compose(&Form::Text(format), &format_args!("hello"), &[]);
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
    let line = compose(&Form::Text(LogFormat::Json), &format_args!("x"), &fields);
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
        &Form::Text(LogFormat::Json),
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

fn to_file(path: PathBuf) -> Log {
    Log {
        level: LevelFilter::Info,
        format: LogFormat::Json,
        file: Some(path),
        target: LogTarget::Stream,
    }
}

#[test]
fn a_log_file_is_appended_to_and_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let path = std::env::temp_dir().join(format!("tunnel-client-log-test-{}", std::process::id()));
    std::fs::write(&path, "before\n").unwrap();
    std::fs::remove_file(&path).unwrap();
    for text in ["one\n", "two\n"] {
        let mut file = places::append(&path, Trusted::ours()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    let contents = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!((contents.as_str(), mode), ("one\ntwo\n", 0o600));
}

#[test]
fn a_place_that_cannot_be_opened_is_named() {
    let missing = PathBuf::from("/nonexistent-directory/log");
    let file = to_file(missing.clone());
    let socket = Log {
        target: LogTarget::Syslog {
            facility: 3,
            socket: missing,
        },
        ..file.clone()
    };
    for (settings, expected) in [
        (file, "open log file /nonexistent-directory/log: "),
        (socket, "open log socket /nonexistent-directory/log: "),
    ] {
        let error = places::open(&settings, Trusted::ours()).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn a_record_for_journald_has_its_fields_and_a_message_for_people() {
    let fields = [
        ("status", 503.to_value()),
        ("error", "it is\n\u{202e}broken".to_value()),
    ];
    let record = compose(&Form::Journal, &format_args!("poll failed"), &fields);
    let pid = std::process::id();
    assert_eq!(
        record,
        format!(
            "PRIORITY=6\nSYSLOG_IDENTIFIER=tunnel-client\nSYSLOG_PID={pid}\nTUNNEL_CLIENT_MSG=poll failed\n\
             TUNNEL_CLIENT_TUNNEL_ID=tunnel_x\nTUNNEL_CLIENT_CLIENT_INSTANCE_ID=i-1\nTUNNEL_CLIENT_STATUS=503\n\
             TUNNEL_CLIENT_ERROR=it is\\n\\u202ebroken\n\
             MESSAGE=poll failed status=503 error=\"it is\\n\\u202ebroken\"\n"
        )
    );
}

#[test]
fn a_message_for_syslog_has_a_header_structured_data_and_its_length() {
    let fields = [("status", 503.to_value()), ("error", "a \"b\" [c]".to_value())];
    let record = compose(
        &Form::Syslog(Header::new(16, true)),
        &format_args!("poll failed"),
        &fields,
    );
    let (length, message) = record.split_once(' ').unwrap();
    assert_eq!(length, message.len().to_string());
    let (header, rest) = message.split_once(" [").unwrap();
    let parts: Vec<&str> = header.split(' ').collect();
    assert_eq!((parts.len(), parts[0]), (6, "<134>1"), "{header}");
    assert!(parts[1].ends_with('Z') && parts[1].len() == 24, "{header}");
    assert_eq!(
        (parts[3], parts[4], parts[5]),
        ("tunnel-client", &*std::process::id().to_string(), "-")
    );
    assert_eq!(
        rest,
        "tunnel-client@32473 tunnel_id=\"tunnel_x\" client_instance_id=\"i-1\" status=\"503\" error=\"a \\\"b\\\" [c\\]\"] \
         \u{feff}poll failed status=503 error=\"a \\\"b\\\" [c]\""
    );
}

#[test]
fn a_record_of_many_long_fields_stays_small_enough_for_its_sink() {
    let long = "x".repeat(2 * LOG_TEXT_MAX);
    let names: Vec<String> = (0..30).map(|number| format!("key{number}")).collect();
    let fields: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), long.as_str().to_value()))
        .collect();
    for (form, bound) in [
        (Form::Journal, JOURNAL_FIELDS_MAX + JOURNAL_TEXT_MAX + 10),
        (
            Form::Syslog(Header::new(3, false)),
            SYSLOG_FIELDS_MAX + SYSLOG_TEXT_MAX + 10,
        ),
    ] {
        let record = compose(&form, &format_args!("x"), &fields);
        assert!(record.len() <= bound, "{} bytes", record.len());
    }
}

/// The level is one for the process: tests that change it take turns.
static LEVEL: Mutex<()> = Mutex::new(());

#[test]
fn the_level_toggles_between_two() {
    let _guard = LEVEL.lock().unwrap();
    level::configured(LevelFilter::Info);
    ::log::set_max_level(LevelFilter::Info);
    for expected in [LevelFilter::Debug, LevelFilter::Info, LevelFilter::Debug] {
        toggle();
        assert_eq!(::log::max_level(), expected);
    }
    set_level(LevelFilter::Error);
    toggle();
    assert_eq!(::log::max_level(), LevelFilter::Info);
}

#[test]
fn own_records_pass_at_the_level_and_others_from_warnings_up() {
    let _guard = LEVEL.lock().unwrap();
    let sink = sink(&Form::Text(LogFormat::Json));
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

/// A disk that was full has room again, and nothing else happens.
#[tokio::test(start_paused = true)]
async fn that_lines_were_lost_is_told_though_no_other_line_comes() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let sink = Sink::new(Form::Text(LogFormat::Plain), Output::to(To::Stream(full.into())), &[]);
    {
        let _guard = LEVEL.lock().unwrap();
        ::log::set_max_level(LevelFilter::Info);
        let record = Record::builder()
            .args(format_args!("no room for this"))
            .level(Level::Warn)
            .target("tunnel_client")
            .build();
        sink.log(&record);
    }
    let mut keeping = std::pin::pin!(queue::keep_up_with(&sink));
    let mut pass = async || {
        tokio::select! {
            () = &mut keeping => {}
            () = tokio::time::sleep(2 * LOG_LOSS_RETRY) => {}
        }
        sink.output().output.condition()
    };
    assert_eq!(pass().await, Condition::Losing);
    let path = std::env::temp_dir().join(format!("tunnel-client-lost-{}", std::process::id()));
    sink.output().output.replace(std::fs::File::create(&path).unwrap());
    assert_eq!(pass().await, Condition::Writing);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(text.contains("log lines were lost") && text.contains('1'), "{text}");
}
