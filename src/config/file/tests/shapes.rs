//! Keys that do not exist, values of the wrong shape, keys of other tools.

use super::*;
use crate::config::settings::{Kind, SETTINGS, Setting};

#[test]
fn an_unknown_key_is_named_with_its_place_and_what_was_meant() {
    for (text, expected) in [
        (
            "unknown: 1",
            "field unknown not found at the top level (from p.yaml:1:1)",
        ),
        (
            "control_plane:\n  tunnelid: x\n",
            "field tunnelid not found in control_plane; did you mean tunnel_id? (control-plane.tunnel-id from p.yaml:2:3)",
        ),
        (
            "tunnel_id: x\n",
            "field tunnel_id not found at the top level; write it as tunnel_id in section control_plane \
             (control-plane.tunnel-id from p.yaml:1:1)",
        ),
        ("mcp: {xyzzy: 1}", "field xyzzy not found in mcp (from p.yaml:1:7)"),
        (
            "mcp:\n  commands:\n  - comand: srv\n",
            "field comand not found in an entry of mcp.commands; did you mean command? (mcp.commands from p.yaml:3:5)",
        ),
        (
            "harpoon: {targets: [{desc: x}]}",
            "field desc not found in an entry of harpoon.targets; did you mean description? (harpoon.target from p.yaml:1:22)",
        ),
        (
            "mcp: {server_urls: [{port: 1}]}",
            "field port not found in an entry of mcp.server_urls; the keys are channel, url, unix_socket, http_proxy, \
             client_cert, client_key (mcp.server_urls from p.yaml:1:22)",
        ),
        (
            "\"a b\\nc\": 1",
            "field (its name is not shown: it is no word) not found at the top level (from p.yaml:1:1)",
        ),
    ] {
        assert_eq!(mistake(text), expected, "{text}");
    }
}

#[test]
fn every_mistake_is_reported_in_the_order_of_the_file() {
    let text = "\
log: {levle: info}
mcp:
  commands: srv
control_plane:
  tunnel_id: [a]
  tunnel_id: b
config_version: 2
";
    assert_eq!(
        mistakes(text),
        [
            "field levle not found in log; did you mean level? (log.level from p.yaml:1:7)",
            "mcp.commands must be a list of mappings with the keys channel, command, env, pass_env, sandbox (mcp.commands from p.yaml:3:13)",
            "control_plane.tunnel_id must be a single value, not a list (control-plane.tunnel-id from p.yaml:5:14)",
            "key tunnel_id is already set in line 5; keep one of them (from p.yaml:6:3)",
            "config_version must be 1, the only version there is (from p.yaml:7:17)",
        ]
    );
}

#[test]
fn mistakes_are_counted_out_after_some() {
    let text: String = (0..1000).map(|number| format!("key{number}: x\n")).collect();
    let lines = mistakes(&format!("log: {{}}\n{text}"));
    assert_eq!(lines.len(), crate::limits::CONFIG_MISTAKES_MAX + 1);
    assert_eq!(
        lines.last().unwrap(),
        "there are more mistakes from here on; mend these first (from p.yaml:22:1)"
    );
}

#[test]
fn a_key_twice_is_a_mistake_wherever_it_stands() {
    for (text, place) in [
        ("log: {}\nlog: {}\n", "2:1"),
        ("log: {level: info, level: info}", "1:20"),
        ("mcp: {extra_headers: {A: 1, A: 1}}", "1:29"),
        ("mcp: {commands: [{command: a, command: a}]}", "1:31"),
        ("mcp: {commands: [{<<: {command: a}, <<: {channel: b}}]}", "1:37"),
    ] {
        let line = mistake(text);
        assert!(
            line.contains("is already set in line 1") && line.ends_with(&format!("p.yaml:{place})")),
            "{text}: {line}"
        );
    }
    // Not the same header name: case decides, and the rest is checked where headers are.
    assert_eq!(accepted("mcp: {extra_headers: {A: 1, a: 1}}").len(), 1);
}

/// A value of every shape that is wrong for `kind`, without a word of the value in the message.
#[test]
fn every_setting_refuses_every_wrong_shape_and_names_the_right_one() {
    for setting in SETTINGS {
        let wrong: &[&str] = match setting.kind {
            Kind::One | Kind::Switch => &["[sekret]", "{sekret: x}", "[]"],
            Kind::List(_) => &["sekret", "{sekret: x}", "[[sekret]]", "[{sekret: x}]"],
            Kind::Records(..) => &["sekret", "{channel: sekret}", "[sekret]", "[[sekret]]"],
            Kind::Headers => &["sekret", "[sekret]", "{A: [sekret]}", "{A: {b: sekret}}"],
        };
        for value in wrong {
            let text = match setting.key.split_once('.') {
                Some((section, name)) => format!("{section}:\n  {name}: {value}\n"),
                None => format!("{}: {value}\n", setting.key),
            };
            let line = mistake(&text);
            assert!(
                line.contains(setting.key) && line.contains(" must be "),
                "{text}: {line}"
            );
            assert!(
                line.contains(&format!("({} from p.yaml:", name_of(setting))),
                "{text}: {line}"
            );
            assert!(!line.contains("sekret"), "{text}: {line}");
        }
    }
}

#[test]
fn a_section_and_the_whole_file_must_be_mappings() {
    assert_eq!(
        mistake("control_plane: x"),
        "control_plane must be a section with keys and values below it (control_plane from p.yaml:1:16)"
    );
    for text in ["x", "- a", "[]", "sk-0123456789abcdef"] {
        assert!(!parse(text).is_readable);
        let line = mistake(text);
        assert!(
            line.starts_with("the file must consist of keys and values"),
            "{text}: {line}"
        );
    }
    assert!(mistake("[a]: b").contains("a key must be one word"));
}

#[test]
fn the_file_of_another_program_is_told_with_one_mistake_and_without_its_words() {
    for text in [
        "root:*:1:\ndaemon:*:2:\nbin:*:3:\n",
        "[default]: x",
        "a: 1\nb: 2\nc: 3\n",
    ] {
        let file = parse(text);
        assert_eq!(file.mistakes.len(), 1, "{:?}", file.mistakes);
        let line = file.mistakes[0].to_string();
        assert!(!line.contains("root") && !line.contains("default]"), "{line}");
    }
    assert!(mistake("a: 1\nb: 2\nc: 3\n").contains("is it a configuration file of tunnel-client?"));
}

#[test]
fn a_secret_in_the_place_of_a_key_is_not_repeated() {
    let line = mistake("control_plane: {sk-0123456789abcdef0123: x}");
    assert!(
        line.contains("not found in control_plane") && !line.contains("0123456789"),
        "{line}"
    );
    let long = "k".repeat(500);
    let line = mistake(&format!("{long}: x"));
    assert!(line.len() < 200, "{line}");
}

#[test]
fn cloudflared_and_codex_are_accepted_while_they_ask_for_nothing() {
    for text in [
        "cloudflared: {}",
        "cloudflared: {token: '', managed: false, ready_timeout: 1h, path: /usr/bin/cloudflared}",
        "cloudflared: {managed: no, token: ~}",
        "codex:",
    ] {
        assert_eq!(accepted(text), [""; 0], "{text}");
    }
    for (text, key) in [
        ("cloudflared: {token: env:SEKRET}", "token"),
        ("cloudflared: {managed: true}", "managed"),
        ("cloudflared: {managed: maybe, token: env:SEKRET}", "managed"),
        ("cloudflared: {token: [SEKRET]}", "token"),
    ] {
        let line = mistake(text);
        assert!(
            line.starts_with(&format!(
                "cloudflared.{key} is set, but this client runs no cloudflared"
            )),
            "{line}"
        );
        assert!(!line.contains("SEKRET"), "{line}");
    }
    assert!(mistake("cloudflared: {tokn: x}").contains("did you mean token?"));
    assert!(mistake("codex: {home: x}").contains("no Codex integration"));
}

#[test]
fn only_version_one_is_known() {
    assert_eq!(accepted("config_version: \"1\""), [""; 0]);
    for value in ["2", "0", "x", "[1]", "1.5"] {
        assert!(
            mistake(&format!("config_version: {value}")).starts_with("config_version must be 1"),
            "{value}"
        );
    }
}

#[test]
fn a_profile_with_every_documented_key_has_every_setting() {
    let file = parse(include_str!("../../../../tests/data/every-key.yaml"));
    assert!(file.mistakes.is_empty(), "{:?}", file.mistakes);
    for setting in SETTINGS {
        assert!(file.value(setting).is_some(), "{}", setting.key);
    }
    assert_eq!(file.entries.len(), SETTINGS.len());
}

/// The lists of servers are called by their keys.
fn name_of(setting: &Setting) -> &'static str {
    match setting.key {
        key @ ("mcp.server_urls" | "mcp.commands") => key,
        _ => setting.flag,
    }
}
