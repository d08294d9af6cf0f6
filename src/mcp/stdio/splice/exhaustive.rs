//! Splices of every small text at every place, and of the ids of every form of a small message.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "audit/proofs.md has these numbers")]

use serde_json::Value;

use super::*;
use crate::every;
use crate::wire::jsonrpc::Message;

/// Texts of so many of these characters.
fn texts(characters: &[char], length: usize) -> Vec<String> {
    let mut all = Vec::new();
    every::sequence(characters, length, |characters| all.push(characters.iter().collect()));
    all
}

/// The text with its parts exchanged, byte by byte.
fn expected(text: &str, values: &[(Range<usize>, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for at in 0..text.len() {
        for (span, value) in values {
            if span.start == at {
                out.extend_from_slice(value.as_bytes());
            }
        }
        if !values.iter().any(|(span, _)| span.contains(&at)) {
            out.push(text.as_bytes()[at]);
        }
    }
    out.iter()
        .map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte })
        .collect()
}

#[test]
fn every_small_text_changes_in_its_spans_and_nowhere_else_in_whichever_order_they_are_given() {
    let mut checked = 0;
    for length in 0..=5 {
        for text in texts(&['a', '\n', '\r'], length) {
            let spans: Vec<_> = (0..length)
                .flat_map(|start| (start + 1..=length).map(move |end| start..end))
                .collect();
            assert_eq!(splice(&text, Vec::new()), expected(&text, &[]));
            for first in &spans {
                for value in ["", "1", "\"x\"", "\n"] {
                    let one = [(first.clone(), value)];
                    assert_eq!(splice(&text, one.to_vec()), expected(&text, &one), "{text:?} {one:?}");
                    checked += 1;
                    for second in spans
                        .iter()
                        .filter(|second| second.end <= first.start || second.start >= first.end)
                    {
                        let two = [(first.clone(), value), (second.clone(), "23")];
                        assert_eq!(splice(&text, two.to_vec()), expected(&text, &two), "{text:?} {two:?}");
                        checked += 1;
                    }
                }
            }
        }
    }
    println!("splicer: {checked} splices of small texts");
}

/// Orders of all members.
fn orders(members: &[String]) -> Vec<Vec<String>> {
    if members.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for at in 0..members.len() {
        let mut rest = members.to_vec();
        let first = rest.remove(at);
        all.extend(
            orders(&rest)
                .into_iter()
                .map(|order| [vec![first.clone()], order].concat()),
        );
    }
    all
}

#[test]
fn an_exchanged_id_is_all_that_changes_in_every_form_of_a_message() {
    const IDS: [&str; 11] = [
        "0",
        "-1",
        "1.0",
        "1e5",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\"",
        "\"\\\"\"",
        "\"\\u0061\"",
        "\"\u{e9}\"",
        "\"id\"",
    ];
    const PARAMS: [&str; 6] = [
        r"{}",
        r#"{"id":1}"#,
        r#"[{"id":"a"},"id"]"#,
        r#"{"a":"\"id\":0,\u007b"}"#,
        r#"{"_meta":{"progressToken":0},"x":[[]]}"#,
        r#""id""#,
    ];
    const BLANKS: [&str; 5] = ["", " ", "\n", "\r\n\t", "  \r"];
    let mut checked = 0;
    for id in IDS {
        for params in PARAMS {
            for blank in BLANKS {
                let member = |name: &str, value: &str| format!("{blank}\"{name}\"{blank}:{blank}{value}{blank}");
                let members = [
                    ("jsonrpc", "\"2.0\""),
                    ("method", "\"id\""),
                    ("params", params),
                    ("id", id),
                ]
                .map(|(name, value)| member(name, value));
                for order in orders(&members) {
                    let text = format!("{blank}{{{}}}{blank}", order.join(","));
                    let message = Message::parse(&text).unwrap();
                    let span = message.id_span().unwrap();
                    assert_eq!(&text[span.clone()], id);
                    for new in ["7", "\"\u{e9}-1\""] {
                        let out = splice(&text, vec![(span.clone(), new)]);
                        let out = std::str::from_utf8(&out).unwrap();
                        assert!(!out.contains(['\n', '\r']), "{out:?}");
                        let mut wanted: Value = serde_json::from_str(&text).unwrap();
                        wanted["id"] = serde_json::from_str(new).unwrap();
                        assert_eq!(serde_json::from_str::<Value>(out).unwrap(), wanted, "{text:?}");
                        assert_eq!(&out[Message::parse(out).unwrap().id_span().unwrap()], new);
                        checked += 1;
                    }
                }
            }
        }
    }
    println!("splicer: {checked} exchanged ids");
}
