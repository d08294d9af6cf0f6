//! What YAML and JSON texts say, compared with yaml.v3.

use super::*;

#[test]
fn every_kind_of_value_is_read_with_its_place() {
    let text = "\
config_version: 1
ca_bundle: \"env:BUNDLE\" # a comment
control_plane:
  tunnel_id: 0123
  max_inflight_requests: 20
  poll_channels: [main, docs]
  extra_headers:
    X-One: a, b; c
    \"X-Two\": 'it''s'
health:
  listen_addr: 127.0.0.1:8080
mcp:
  server_urls:
    - channel: main
      url: https://h/a,b
    - {channel: docs, url: env:DOCS, unix_socket: }
  commands: []
admin_ui:
  open_browser: false
";
    assert_eq!(
        accepted(text),
        [
            "ca_bundle 2:12 env:BUNDLE",
            "control_plane.tunnel_id 4:14 0123",
            "control_plane.max_inflight_requests 5:26 20",
            "control_plane.poll_channels 6:18 main|docs",
            "control_plane.extra_headers 8:5 X-One=a, b; c|X-Two=it's",
            "health.listen_addr 11:16 127.0.0.1:8080",
            "mcp.server_urls 14:5 {channel=main;url=https://h/a,b;}{channel=docs;url=env:DOCS;}",
            "admin_ui.open_browser 19:17 false",
        ]
    );
}

#[test]
fn json_is_read_with_tabs_and_on_one_line() {
    let expected = ["control_plane.tunnel_id", "mcp.commands"];
    for text in [
        "{\n\t\"control_plane\": {\n\t\t\"tunnel_id\": \"x\"\n\t},\n\t\"mcp\": {\"commands\": [\n\t\t{\"command\":\"a \\\"b\\\"\"}\n\t]}\n}\n",
        r#"{"control_plane":{"tunnel_id":"x"},"mcp":{"commands":[{"command":"a \"b\""}]}}"#,
        "{\r\n\t\"config_version\": 1,\r\n\t\"control_plane\"\t:\t{ \"tunnel_id\":\t\"x\" },\r\n\t\"mcp\": {\"commands\":[{\"command\":\"a \\\"b\\\"\"}]},\r\n\t\"log\": null\r\n}",
    ] {
        let lines = accepted(text);
        assert_eq!(lines.len(), 2, "{lines:?}");
        for (line, key) in lines.iter().zip(expected) {
            assert!(line.starts_with(key), "{line}");
        }
        assert!(
            lines[0].ends_with(" x") && lines[1].ends_with("{command=a \"b\";}"),
            "{lines:?}"
        );
    }
    assert_eq!(
        accepted(r#"{"ca_bundle": "\u00e9\/\ud83d\ude00"}"#),
        ["ca_bundle 1:15 é/😀"]
    );
}

#[test]
fn plain_values_stay_the_text_that_was_written() {
    for text in [
        "0x1F",
        "1_000",
        "1e3",
        "010",
        "2001-01-01",
        ".5",
        "+1",
        "-0",
        "12:30:45",
        "a b",
        "http://h/#x",
        "a:b",
        "=",
        "c'd\"e",
    ] {
        assert_eq!(
            accepted(&format!("ca_bundle: {text}")),
            [format!("ca_bundle 1:12 {text}")]
        );
    }
    assert_eq!(accepted("ca_bundle: !!str 12"), ["ca_bundle 1:18 12"]);
    assert_eq!(accepted("ca_bundle: !!str null"), ["ca_bundle 1:18 null"]);
    assert_eq!(accepted("ca_bundle: |\n  a\n  b\n"), ["ca_bundle 2:3 a\nb\n"]);
    assert_eq!(accepted("ca_bundle: >-\n  a\n  b\n"), ["ca_bundle 2:3 a b"]);
}

#[test]
fn nothing_in_all_its_spellings_is_unset() {
    for value in [
        "",
        " ",
        "~",
        "null",
        "Null",
        "NULL",
        "\"\"",
        "''",
        "\"  \"",
        "!!null null",
    ] {
        let is_quoted = value.contains(['"', '\'']);
        let keys: &[&str] = if is_quoted {
            &["ca_bundle"]
        } else {
            &["ca_bundle", "control_plane", "config_version", "cloudflared", "codex"]
        };
        for key in keys {
            let text = format!("{key}: {value}\nlog: {{level: info}}\n");
            assert_eq!(accepted(&text), ["log.level 2:14 info"], "{text}");
        }
        let text = format!("control_plane: {{tunnel_id: {value}}}");
        assert_eq!(accepted(&text), [""; 0], "{text}");
    }
    let text = "mcp: {server_urls: , commands: [~], extra_headers: {A: , B: ''}, pass_env: [null, '']}";
    assert_eq!(accepted(text), [""; 0]);
}

#[test]
fn switches_take_the_older_words_too() {
    for (value, expected) in [
        ("true", "true"),
        ("True", "True"),
        ("yes", "true"),
        ("On", "true"),
        ("y", "true"),
        ("N", "false"),
        ("off", "false"),
        ("NO", "false"),
        ("\"no\"", "false"),
        ("nope", "nope"),
        ("1", "1"),
    ] {
        let text = format!("harpoon: {{allow_plaintext_http: {value}}}");
        assert_eq!(
            accepted(&text),
            [format!("harpoon.allow_plaintext_http 1:33 {expected}")]
        );
    }
    assert_eq!(accepted("ca_bundle: yes"), ["ca_bundle 1:12 yes"], "no switch");
}

#[test]
fn aliases_and_merges_are_those_of_yaml_v3() {
    let text = "\
mcp:
  server_urls:
    - &first {channel: main, url: https://a, client_cert: &cert /c, client_key: /k}
    - <<: *first
      channel: docs
    - <<: [{channel: three}, *first]
      url: https://b
    - {channel: four, url: https://c, client_cert: *cert}
  client_cert: *cert
";
    assert_eq!(
        accepted(text),
        [
            "mcp.server_urls 3:5 {channel=main;url=https://a;client_cert=/c;client_key=/k;}\
             {channel=docs;url=https://a;client_cert=/c;client_key=/k;}\
             {url=https://b;channel=three;client_cert=/c;client_key=/k;}\
             {channel=four;url=https://c;client_cert=/c;}",
            "mcp.client_cert 3:65 /c",
        ]
    );
    // A quoted << is a key like any other; an alias can be a key.
    assert!(mistake("mcp: {extra_headers: {\"<<\": {a: b}}}").contains("must be a single value"));
    assert_eq!(accepted("ca_bundle: &k log\n*k : {level: info}\n").len(), 2);
}

/// What stands around the one document and means nothing.
#[test]
fn a_marker_a_directive_or_comments_around_the_document_change_nothing() {
    for (text, line) in [
        ("---\nca_bundle: a\n", 2),
        ("--- # x\nca_bundle: a\n", 2),
        ("%YAML 1.1\n---\nca_bundle: a\n...\n", 3),
        ("# a\n\n# b\n---\nca_bundle: a\n", 5),
        ("\u{feff}---\nca_bundle: a\n", 2),
        ("...\nca_bundle: a\n", 2),
        ("ca_bundle: a\n...\n# the end\n\n", 1),
        ("ca_bundle: a\n...\n...\n", 1),
        ("ca_bundle: a\n# ---\n", 1),
        ("# one\r# two\rca_bundle: a\r", 3),
    ] {
        assert_eq!(accepted(text), [format!("ca_bundle {line}:12 a")], "{text:?}");
    }
    // No marker: it is no line of its own, or more than three characters.
    assert_eq!(accepted("ca_bundle: |\n  ---\n  ...\n"), ["ca_bundle 2:3 ---\n...\n"]);
    assert_eq!(accepted("{\"ca_bundle\": \"a\"}\n\n"), ["ca_bundle 1:15 a"]);
}

/// `lockdown.require_proxy` stands where it would have no effect.
#[test]
fn text_behind_the_document_is_a_mistake_with_its_place() {
    let second = "a second document begins here";
    let behind = "text follows the end of the settings";
    for (text, expected, place) in [
        ("ca_bundle: a\n---\nlockdown: {require_proxy: true}\n", second, "2:1"),
        (
            "config_version: 1\nca_bundle: a\n---\nlockdown: {require_proxy: true}\n",
            second,
            "3:1",
        ),
        ("---\nca_bundle: a\n---\nca_bundle: [\n", second, "3:1"),
        ("ca_bundle: a\n--- # nothing\n", second, "2:1"),
        ("---\n---\nca_bundle: a\n", second, "2:1"),
        (
            "ca_bundle: a\n...\n---\nlockdown: {require_proxy: true}\n",
            second,
            "3:1",
        ),
        ("ca_bundle: a\n...\n%YAML 1.2\n---\nlog: {}\n", second, "4:1"),
        ("ca_bundle: a\n...\nlockdown: {require_proxy: true}\n", behind, "3:1"),
        (
            "ca_bundle: a\n...\n\u{feff}lockdown: {require_proxy: true}\n",
            behind,
            "3:1",
        ),
        (
            "{\"ca_bundle\": \"a\"}\n{\"lockdown\": {\"require_proxy\": true}}\n",
            behind,
            "2:1",
        ),
        ("{\"ca_bundle\": \"a\"} {\"log\": {}}", behind, "1:20"),
        ("{\"ca_bundle\": \"a\"}, {\"log\": {}}", "", ""),
        ("{\"ca_bundle\": \"a\"}}\n", "", ""),
        ("{\"ca_bundle\": \"a\"}\nlockdown: {require_proxy: true}\n", "", ""),
        ("ca_bundle: a\n... lockdown\n", behind, ""),
        ("ca_bundle: a\n%YAML 1.2\n---\nlog: {}\n", "", ""),
        ("ca_bundle: a\r---\rlockdown: {require_proxy: true}\r", second, "2:1"),
    ] {
        assert!(!parse(text).is_readable, "{text:?}");
        let line = mistake(text);
        assert!(
            line.contains(expected) && line.contains(&format!("(from p.yaml:{place}")),
            "{text:?}: {line}"
        );
    }
}

/// An editor shows two lines; what follows the character would be part of a comment or a value.
#[test]
fn a_character_that_hides_a_setting_is_a_mistake() {
    for (char, name) in [
        ('\u{85}', "U+0085"),
        ('\u{2028}', "U+2028"),
        ('\u{2029}', "U+2029"),
        ('\u{b}', "U+000B"),
        ('\u{c}', "U+000C"),
        ('\u{1b}', "U+001B"),
    ] {
        for text in [
            format!("ca_bundle: a # x{char}lockdown: {{require_proxy: true}}\n"),
            format!("ca_bundle: a\r\nlog: {{}} #{char}x\n"),
            format!("ca_bundle: 'a{char}b'\n"),
        ] {
            let line = mistake(&text);
            assert!(line.contains(name), "{text:?}: {line}");
        }
    }
    assert!(mistake("ca_bundle: a\rlog: {} #\u{2028}x\r").contains("(from p.yaml:2:10)"));
}

#[test]
fn an_empty_file_is_a_mistake() {
    for text in [
        "",
        "\n",
        "# nothing\n",
        "---\n",
        "---\n...\n",
        "null",
        "\u{feff}",
        "~ # x",
    ] {
        assert_eq!(
            mistake(text),
            "the file is empty; write the settings into it, or do not name it (from p.yaml)",
            "{text:?}"
        );
        assert!(!parse(text).is_readable);
    }
    assert_eq!(accepted("{}"), [""; 0]);
}

#[test]
fn encodings_other_than_utf8_are_refused_in_clear_words() {
    let of = |bytes: &[u8]| {
        let file = File::from_bytes(Path::new("p.yaml"), bytes);
        assert!(!file.is_readable);
        file.mistakes.iter().map(ToString::to_string).collect::<String>()
    };
    assert_eq!(
        of(b"\xff\xfea\0:\0"),
        "the file is UTF-16 text; save it as UTF-8 (from p.yaml)"
    );
    assert_eq!(
        of(b"\xfe\xff\0a\0:"),
        "the file is UTF-16 text; save it as UTF-8 (from p.yaml)"
    );
    assert_eq!(
        of(b"c\0a\0:\0"),
        "the file is UTF-16 text; save it as UTF-8 (from p.yaml)"
    );
    assert_eq!(
        of(b"a: b\nc: \0"),
        "the file has a NUL byte; is it a text file? (from p.yaml:2:4)"
    );
    assert_eq!(
        of(b"# \xc3\xa9\nlog: {level: \xe9}\n"),
        "the file is not UTF-8 text from here on; save it as UTF-8 (from p.yaml:2:14)"
    );
    let large = vec![b'#'; crate::limits::CONFIG_FILE_MAX + 1];
    assert!(of(&large).contains("larger than 1048576 bytes"));
    assert_eq!(
        accepted("\u{feff}ca_bundle: a\r\nlog:\r\n  level: info\r\n"),
        ["ca_bundle 1:12 a", "log.level 3:10 info"]
    );
}

#[test]
fn a_syntax_error_names_its_place_in_plain_words() {
    for (text, expected) in [
        (
            "log:\n\tlevel: info\n",
            "a tab stands where YAML takes spaces only; indent with spaces (from p.yaml:2:2)",
        ),
        (
            "ca_bundle: \"x\n",
            "a quoted value is never closed; add the closing quote",
        ),
        (
            "mcp: {commands: [\n",
            "the list in brackets that begins here is never closed; add the ] (from p.yaml:1:17)",
        ),
        ("mcp: [}", "brackets or braces do not match"),
        (
            "ca_bundle: a: b\n",
            "put a value that contains \": \" in quotes (from p.yaml:1:13)",
        ),
        (
            "log:\n  level: info\n format: json\n",
            "keys of one section begin in the same column",
        ),
        ("ca_bundle\nlog: {}\n", "check the indentation and the line above"),
        ("log: {}\nca_bundle\n", "this line has no key"),
        (
            "ca_bundle: *x\n",
            "an alias (*name) has no anchor (&name) before it (from p.yaml:1:12)",
        ),
        (
            "ca_bundle: \"\\q\"\n",
            "a backslash in double quotes begins no known escape",
        ),
        ("ca_bundle: @x\n", "put the value in quotes"),
        ("ca_bundle: `x`\n", "put the value in quotes"),
        (
            "ca_bundle: !!binary aGk=\n",
            "a tag (a word that begins with !) stands before the value",
        ),
        (
            "ca_bundle: !secret x\n",
            "a tag (a word that begins with !) stands before the value",
        ),
        (
            "mcp: &a {extra_headers: *a}\n",
            "an alias stands inside the value that it repeats",
        ),
    ] {
        let line = mistake(text);
        assert!(line.contains(expected), "{text:?}: {line}");
        assert!(line.contains("(from p.yaml:"), "{line}");
    }
}
