//! The files of a bundle and their order.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::*;

fn sources() -> Sources {
    Sources {
        at: UNIX_EPOCH + Duration::from_secs(1_795_395_723),
        made_by: "a test",
        runtime: runtime(json!({"LOG_LEVEL": "info"}), Err("it is broken")),
        log: Ok(Log {
            place: "a file".to_owned(),
            lines: vec![
                r#"{"msg":"one","token":"tok-4711"}"#.to_owned(),
                "2026/01/01 INFO two Authorization: Bearer abcdefgh".to_owned(),
            ],
            window: Some((UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(1800))),
            capacity: Some(2048),
        }),
        metrics: Ok("up 1\n".to_owned()),
        documents: ADMIN
            .into_iter()
            .map(|name| (name, Ok(Document::Json(json!({ "name": name })))))
            .chain([(HEALTH, Err("nobody answered".to_owned()))])
            .collect(),
    }
}

fn text<'e>(entries: &'e [Entry], name: &str) -> &'e str {
    entries.iter().find(|entry| entry.name == name).unwrap().text.as_str()
}

#[test]
fn files_are_in_the_order_of_the_contract() {
    let entries = to_the_end(entries(sources()));
    let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
    let first = [MANIFEST, README, RUNTIME, LOG, METRICS];
    assert_eq!(names, [&first[..], &ADMIN[..]].concat());
    let manifest: Value = serde_json::from_str(text(&entries, MANIFEST)).unwrap();
    assert_eq!(manifest["files"], json!(names));
    assert_eq!(manifest["window"], "30m0s");
    assert_eq!(manifest["event_count"], 2);
    assert_eq!(manifest["log_buffer_capacity"], 2048);
    assert_eq!(manifest["metrics_bytes"], 5);
    assert_eq!(manifest["redacted"], true);
    assert_eq!(manifest["generated_at"], "2026-11-23T01:02:03.000Z");
    assert_eq!(manifest["left_out"], json!({ HEALTH: "nobody answered" }));
    assert!(text(&entries, README).contains("nobody answered"));
}

#[test]
fn each_line_of_the_log_is_an_object_without_secrets() {
    let entries = to_the_end(entries(sources()));
    let lines: Vec<Value> = text(&entries, LOG)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            json!({"msg": "one", "token": "[REDACTED]"}),
            json!({"line": "2026/01/01 INFO two Authorization: [REDACTED]"}),
        ]
    );
}
