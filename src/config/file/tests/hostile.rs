//! Inputs made to hurt: nothing panics, nothing takes long, nothing grows.

use std::time::{Duration, Instant};

use super::*;
use crate::limits::CONFIG_MISTAKES_MAX;

/// What none of these may take, on a slow machine and without optimization.
const BOUND: Duration = Duration::from_secs(10);

const SAMPLES: [&str; 3] = [
    "config_version: 1\ncontrol_plane:\n  tunnel_id: \"t\\u00e9\"\n  poll_channels: [main, 'a b']\n  extra_headers: {A: b}\n",
    "{\"mcp\": {\"commands\": [{\"command\": \"a \\\"b\\\"\"}], \"pass_env\": [\"A\", \"B*\"]},\n\t\"log\": {\"level\": \"info\"}}\n",
    "mcp:\n  server_urls:\n    - &a {channel: main, url: https://h}\n    - <<: *a\n      channel: b # c\n  client_cert: |\n    x\n  client_key: >-\n    y\n...\n",
];

#[track_caller]
fn bounded(text: &str) -> File {
    let start = Instant::now();
    let file = parse(text);
    let took = start.elapsed();
    assert!(took < BOUND, "took {took:?}");
    assert!(file.mistakes.len() <= CONFIG_MISTAKES_MAX + 1);
    for mistake in &file.mistakes {
        assert!(mistake.to_string().len() < 400, "{mistake}");
    }
    file
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    for open in ["[", "{", "{a: ", "- ", "? ", "[{", "a: {", "&x [", "!!seq ["] {
        let line = bounded(&open.repeat(100_000)).mistakes[0].to_string();
        assert!(line.starts_with("the file"), "{open}: {line}");
    }
    let line = bounded(&"[".repeat(1000)).mistakes[0].to_string();
    assert!(line.contains("nested too deeply"), "{line}");
    let staircase: String = (0..500).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(
        bounded(&staircase).mistakes[0]
            .to_string()
            .contains("nested too deeply")
    );
}

#[test]
fn aliases_cannot_multiply_what_was_written() {
    let mut laughs = String::from("ca_bundle: &a0 ha\nmcp:\n  extra_headers: &a1 {h: *a0}\n");
    for level in 1..40 {
        let list = vec![format!("*a{level}"); 10].join(", ");
        laughs.push_str(&format!("x{level}: &a{} {{<<: [{list}]}}\n", level + 1));
    }
    bounded(&laughs);
    let big = "x".repeat(500_000);
    let many = vec!["*b"; 40_000].join(", ");
    let file = bounded(&format!("ca_bundle: &b {big}\nmcp: {{pass_env: [{many}]}}\n"));
    assert!(!file.is_readable);
    assert!(
        file.mistakes
            .iter()
            .any(|mistake| mistake.problem.contains("repeat so much")),
        "{:?}",
        file.mistakes
    );
    let records = vec!["*r"; 40_000].join(", ");
    let file = bounded(&format!(
        "mcp: {{server_urls: [&r {{url: {}, channel: a}}, {records}]}}",
        "y".repeat(300_000)
    ));
    assert!(!file.is_readable);
}

#[test]
fn lists_of_merges_cannot_multiply_either() {
    // What is merged counts, even when it is wrong: each of these would be looked at some billion times.
    let wrong = vec!["0"; 12_000].join(",");
    let mut text = format!("mcp:\n  server_urls:\n    - &m0 {{<<: [{wrong}]}}\n");
    for level in 0..3 {
        let list = vec![format!("*m{level}"); 12_000].join(",");
        text.push_str(&format!("    - &m{} {{<<: [{list}]}}\n", level + 1));
    }
    assert!(!bounded(&text).is_readable);
    // The same keys again and again are remembered once.
    let keys: String = (0..10_000).map(|number| format!("k{number}: v, ")).collect();
    let list = vec!["*h"; 20_000].join(",");
    let file = bounded(&format!(
        "mcp: {{extra_headers: &h {{{keys}}}, discovery_extra_headers: {{<<: [{list}]}}}}"
    ));
    assert!(!file.is_readable);
}

#[test]
fn a_file_without_aliases_is_never_too_much() {
    let fields =
        "{channel: a, url: https://h, unix_socket: /s, http_proxy: http://p, client_cert: /c, client_key: /k},";
    for text in [
        format!("mcp: {{server_urls: [{}]}}", fields.repeat(3800)),
        format!("mcp: {{pass_env: [{}]}}", "a,".repeat(49_900)),
        format!(
            "mcp: {{extra_headers: {{{}}}}}",
            (0..24_900).map(|n| format!("h{n}: v, ")).collect::<String>()
        ),
        format!("ca_bundle: {}", "x".repeat(crate::limits::CONFIG_FILE_MAX - 20)),
    ] {
        let file = bounded(&text);
        assert!(file.is_readable && file.mistakes.is_empty(), "{:?}", file.mistakes);
    }
}

#[test]
fn chains_of_merges_are_cut() {
    let mut text = String::from("mcp:\n  commands:\n    - &m0 {command: a}\n");
    for level in 0..3000 {
        text.push_str(&format!("    - &m{} {{<<: *m{level}}}\n", level + 1));
    }
    let file = bounded(&text);
    assert!(
        file.mistakes
            .iter()
            .any(|mistake| mistake.problem.contains("reach too deep")),
        "{:?}",
        file.mistakes
    );
    for text in [
        "<<: 1\n",
        "<<: [1]\n",
        "<<:\n",
        "<<: {<<: {<<: x}}\n",
        "mcp: {<<: [{<<: 1}]}",
    ] {
        assert!(mistake(text).contains("takes a mapping"), "{text}");
    }
}

#[test]
fn many_keys_long_lines_and_long_words_take_no_time() {
    let keys: String = (0..40_000).map(|number| format!("k{number}: \n")).collect();
    bounded(&keys);
    bounded(&format!(
        "mcp: {{extra_headers: {{{}}}}}",
        (0..10_000).map(|n| format!("h{n}: v, ")).collect::<String>()
    ));
    let nearly: String = (0..24_000)
        .map(|number| format!("stdio_send_initialized_{number}: \n"))
        .collect();
    bounded(&nearly);
    bounded(&format!("mcp:\n{}", nearly.replace("stdio", "  stdio")));
    bounded(&"a".repeat(1_000_000));
    bounded(&format!("{}: x", "a".repeat(1_000_000)));
    bounded(&"\"".repeat(1_000_000));
    bounded(&"# comment\n".repeat(100_000));
    bounded(&"- \n".repeat(300_000));
    bounded(&"a: b\n---\n".repeat(100_000));
    bounded(&"&a ".repeat(300_000));
    bounded(&"!a ".repeat(300_000));
    bounded(&"%TAG ! tag:x\n".repeat(50_000));
    bounded(&" ".repeat(1_000_000));
    bounded(&"\t".repeat(1_000_000));
    bounded(&"\n".repeat(1_000_000));
    bounded(&"a: |\n".repeat(100_000));
    bounded(&"*a, ".repeat(200_000));
    bounded(&"[a, ".repeat(200_000));
    bounded(&"? a\n".repeat(200_000));
    bounded(&": ".repeat(400_000));
    bounded(&"\u{1F600}".repeat(200_000));
}

#[test]
fn every_truncation_of_a_sample_is_read_or_refused() {
    for sample in SAMPLES {
        for end in (0..sample.len()).filter(|end| sample.is_char_boundary(*end)) {
            let _ = parse(&sample[..end]);
        }
    }
}

#[test]
fn changed_samples_are_read_or_refused() {
    // A generator of its own: the same changes on every machine.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let bytes: &[u8] = b"[]{}:,-?&*!|>'\"%@`#~\t\n\r \\<=0a\x00\xff\xc3\x80\xe2";
    for round in 0..6000 {
        let mut text = SAMPLES[round % SAMPLES.len()].as_bytes().to_vec();
        for _ in 0..=next(6) {
            let at = next(text.len());
            match next(4) {
                0 => text[at] = bytes[next(bytes.len())],
                1 => text.insert(at, bytes[next(bytes.len())]),
                2 => drop(text.remove(at)),
                _ => {
                    let end = (at + next(20)).min(text.len());
                    let part = text[at..end].to_vec();
                    let to = next(text.len());
                    text.splice(to..to, part);
                }
            }
            if text.is_empty() {
                text.push(b'a');
            }
        }
        let _ = File::from_bytes(Path::new("p.yaml"), &text);
    }
}
