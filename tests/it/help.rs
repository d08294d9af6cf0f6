//! Help topics and the manual: complete, short enough for a terminal, and what they tell one to type is understood.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use tunnel_client::cli::TOPICS;

use crate::support::Scratch;
use crate::support::tls::Authority;
use crate::support::to_the_end::{run, succeeded};

/// Lines of help are read on terminals of this width.
const WIDTH: usize = 80;

fn help(words: &[&str]) -> Output {
    run(&[&["help"], words].concat(), &[])
}

#[track_caller]
fn text(words: &[&str]) -> String {
    succeeded(&help(words))
}

#[test]
fn quickstart_leads_from_nothing_to_a_running_tunnel() {
    let text = text(&["quickstart"]);
    for part in [
        "sample_mcp_stdio_local",
        "sample_mcp_remote_no_auth",
        "sample_mcp_with_dcr",
        "sample_mcp_enterprise_proxy",
        "tunnel-client init --sample",
        "tunnel-client doctor --profile",
        "tunnel-client run --profile",
        "tunnel-relay mcp-stub",
        "run --embedded-mcp-stub",
        "CONTROL_PLANE_TUNNEL_ID",
        "CONTROL_PLANE_API_KEY",
        "Never give the daemon an admin key",
        "only while the daemon runs",
        "https://platform.openai.com/settings/organization/tunnels",
        "https://platform.openai.com/settings/organization/api-keys",
        "https://platform.openai.com/settings/organization/admin-keys",
        "https://chatgpt.com/#settings/Connectors",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn every_topic_fits_a_terminal_and_is_listed_for_those_who_guess() {
    let unknown = help(&["nothing"]);
    assert_eq!(unknown.status.code(), Some(1));
    let listed = String::from_utf8(unknown.stderr).unwrap();
    let root = text(&[]);
    for topic in TOPICS {
        assert!(listed.contains(topic), "{topic} in {listed}");
        assert!(
            root.contains(&format!("tunnel-client help {topic}")),
            "{topic} in {root}"
        );
        for line in text(&[topic]).lines() {
            assert!(line.chars().count() <= WIDTH, "{topic}: {line}");
        }
    }
    // An address cannot be shortened.
    let mut lines = root.lines().filter(|line| !line.contains("https://"));
    let long = lines.find(|line| line.chars().count() > WIDTH);
    assert_eq!(long, None, "the help of the program");
}

#[test]
fn what_was_left_out_is_answered_with_what_to_do_instead() {
    for word in ["plugin", "codex", "dev"] {
        let text = text(&[word]);
        assert!(text.starts_with(word) && text.lines().count() == 1, "{text}");
    }
}

#[test]
fn help_of_a_subcommand_is_what_the_subcommand_prints_itself() {
    for words in [["run"].as_slice(), &["health"], &["admin"], &["profiles"]] {
        let own = Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
            .args(words)
            .arg("--help")
            .output()
            .unwrap();
        assert_eq!(text(words).as_bytes(), own.stdout, "{words:?}");
    }
    assert_eq!(help(&["run", "nothing"]).status.code(), Some(1));
    // One word is taken, as by the existing client; the message says where the help of a subcommand is.
    let two = help(&["profiles", "list"]);
    assert_eq!(two.status.code(), Some(1), "{two:?}");
    assert!(two.stdout.is_empty(), "{two:?}");
    assert_eq!(
        String::from_utf8(two.stderr).unwrap(),
        "help takes one command or topic; run tunnel-client profiles list --help\n"
    );
}

#[test]
fn every_command_line_of_help_and_manual_is_understood() {
    let mut texts: Vec<(String, String)> = TOPICS
        .iter()
        .map(|topic| (format!("help {topic}"), text(&[topic])))
        .collect();
    texts.push(("help".to_owned(), text(&[])));
    let root = env!("CARGO_MANIFEST_DIR");
    for path in ["README.md", "docs/configuration.md"] {
        texts.push((
            path.to_owned(),
            std::fs::read_to_string(format!("{root}/{path}")).unwrap(),
        ));
    }
    let manual = std::fs::read_to_string(format!("{root}/man/tunnel-client.1")).unwrap();
    // Its examples are lines of their own, without an indent.
    let manual = manual.replace("\\-", "-").replace("\\\\", "\\");
    texts.push((
        "manual".to_owned(),
        manual.replace("\ntunnel-client ", "\n  tunnel-client "),
    ));
    let mut tried = 0;
    for (place, text) in &texts {
        for line in command_lines(text) {
            let error = tunnel_client::cli::command().try_get_matches_from(words(&line)).err();
            let error = error.filter(clap::Error::use_stderr);
            assert!(error.is_none(), "{place}: {line}: {}", error.unwrap());
            tried += 1;
        }
    }
    assert!(tried > 30, "only {tried} command lines were found");
}

/// Indented lines that begin with `tunnel-client` and a word, with the lines they go on in, up to what explains them.
fn command_lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    joined
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(str::trim)
        .filter(|line| line.starts_with("tunnel-client ") && !line.contains(['[', '|', '.', '(']) || is_call(line))
        .map(|line| {
            line.split("   ")
                .next()
                .unwrap_or(line)
                .trim_end_matches(" &")
                .to_owned()
        })
        .filter(|line| !line.contains(" ...") && !line.starts_with("tunnel-client - "))
        .collect()
}

/// A line with a flag is a call even if it has a dot or a bracket in it.
fn is_call(line: &str) -> bool {
    line.starts_with("tunnel-client ") && line.contains(" --") && !line.contains(['[', '|'])
}

/// Splits at blanks outside of double quotes.
fn words(line: &str) -> Vec<String> {
    line.split('"')
        .enumerate()
        .flat_map(|(index, part)| match index % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

#[test]
fn the_example_of_the_manual_is_accepted() {
    let scratch = Scratch::new();
    let folder = scratch.path().display().to_string();
    let authority = Authority::new();
    let (certificate, key) = authority.client("tunnel-client");
    for name in ["client", "mcp"] {
        scratch.write(&format!("{name}.pem"), &certificate);
        secret(&scratch, &format!("{name}.key"), &key);
    }
    scratch.write("ca.pem", authority.pem());
    scratch.write("proxy-ca.pem", authority.pem());
    secret(&scratch, "proxy", "https://user:pa55word@proxy.example:3129");
    secret(&scratch, "api-key", "sk-manual_0123456789");
    secret(&scratch, "files.token", "files-0123456789");
    let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/reference/src/example.yaml")).unwrap();
    let file = scratch.write("example.yaml", &example.replace("/etc/tunnel-client", &folder));
    let output = Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
        .args(["config", "show", "--config", file.to_str().unwrap()])
        .env_clear()
        .env("GATEWAY_TOKEN", "token-0123456789")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md")).unwrap();
    assert!(page.contains(&example), "the page has the example");
}

/// Each line that is off can be put on, alone and with all others, and is what it says.
#[test]
fn the_packaged_configuration_is_accepted_as_it_is_and_with_everything_on() {
    let packaged =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/tunnel-client.yaml")).unwrap();
    // Prose has a capital or a point; a setting is a key with a colon.
    let is_setting = |line: &str| {
        let text = line.trim_start().trim_start_matches('#').trim_start();
        let key = text.split(':').next().unwrap_or_default();
        text.contains(':') && !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let on: String = packaged
        .lines()
        .map(|line| match line.split_once("# ") {
            Some((before, setting)) if before.trim().is_empty() && is_setting(line) => format!("{before}{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(
        on.matches("require_client_cert: true").count() == 1 && on.contains("\n  trust: [bundle]"),
        "{on}"
    );
    for text in [&packaged, &on] {
        let scratch = Scratch::new();
        let folder = scratch.path().display().to_string();
        secret(&scratch, "secret_api-key", "sk-manual_0123456789");
        for name in ["client.pem", "client.key", "proxy.pem", "proxy.key"] {
            secret(&scratch, &format!("secret_{name}"), "not read by config show");
        }
        secret(&scratch, "hardening-mode", "enforce\n");
        let file = scratch.write(
            "tunnel-client.yaml",
            &text.replace("file:/etc/tunnel-client", &format!("file:{folder}")),
        );
        let output = Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
            .args(["config", "show", "--config", file.to_str().unwrap()])
            .env_clear()
            .env("CREDENTIALS_DIRECTORY", &folder)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{text}");
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains("require_proxy "), "{shown}");
    }
}

/// A file that only its owner can read.
fn secret(scratch: &Scratch, name: &str, content: &str) {
    let path = scratch.write(name, content);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
