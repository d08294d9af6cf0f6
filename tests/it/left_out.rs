//! The tree of commands: what was left out is answered with what to use instead, and what makes no sense is named.

use crate::support::to_the_end::{failed, run, succeeded};

#[track_caller]
fn failure(arguments: &[&str]) -> String {
    failed(&run(arguments, &[]))
}

#[track_caller]
fn success(arguments: &[&str]) -> String {
    succeeded(&run(arguments, &[]))
}

#[test]
fn each_left_out_command_says_in_one_line_what_to_use_instead() {
    for (arguments, instead) in [
        (["codex"].as_slice(), "tunnel-client run"),
        (
            &["codex", "plugin", "install", "--codex-home", "/x"],
            "tunnel-client run",
        ),
        (&["plugin", "codex", "install"], "tunnel-client run"),
        (&["runtimes", "connect", "--alias", "a", "--", "x"], "systemd"),
        (&["runtimes", "--help"], "systemd"),
        (
            &["admin-profiles", "set", "p", "--admin-key", "env:X"],
            "OPENAI_ADMIN_KEY",
        ),
        (&["cloudflared", "config", "--token-file=x"], "service of its own"),
        (
            &["dev", "mcp-stub", "--listen-addr", "127.0.0.1:0"],
            "tunnel-relay mcp-stub",
        ),
        (&["dev", "-h"], "tunnel-relay serve"),
    ] {
        let line = failure(arguments);
        assert!(
            line.starts_with(&format!("{} is not available: ", arguments[0])) && line.contains(instead),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1, "{line}");
    }
    let root = success(&["--help"]);
    for name in ["codex", "plugin", "runtimes", "admin-profiles", "cloudflared", "  dev"] {
        assert!(!root.contains(name), "{name} in {root}");
    }
}

#[test]
fn left_out_flags_of_run_point_to_what_does_it_now() {
    let text = failure(&["run", "--cloudflared.token=env:X"]);
    assert!(
        text.contains("--cloudflared.token") && text.contains("service of its own"),
        "{text}"
    );
}

#[test]
fn a_group_of_commands_alone_prints_its_help() {
    for (arguments, gists) in [
        (["admin"].as_slice(), ["Usage: tunnel-client admin", "tunnels"]),
        (&["admin", "tunnels"], ["Usage: tunnel-client admin tunnels", "create"]),
        (
            &["admin", "tunnels", "--help"],
            ["Usage: tunnel-client admin tunnels", "create"],
        ),
        (&["completion"], ["Usage: tunnel-client completion", "bash"]),
    ] {
        let help = success(arguments);
        assert!(gists.iter().all(|gist| help.contains(gist)), "{arguments:?}: {help}");
    }
}

#[test]
fn a_slip_in_a_command_is_named_with_what_was_probably_meant() {
    for (arguments, expected) in [
        (
            ["runn"].as_slice(),
            "unknown command \"runn\" for \"tunnel-client\"\nDid you mean run?\n",
        ),
        (
            &["docter"],
            "unknown command \"docter\" for \"tunnel-client\"\nDid you mean doctor?\n",
        ),
        // Not what was left out, which is nearer.
        (
            &["runtime"],
            "unknown command \"runtime\" for \"tunnel-client\"\nDid you mean run?\n",
        ),
        (
            &["admin", "tunnels", "lits"],
            "unknown command \"lits\" for \"tunnel-client admin tunnels\"\nDid you mean list?\n",
        ),
        (&["admin", "--jsno"], "unknown flag: --jsno\nDid you mean --json?\n"),
        (
            &["completion", "nu"],
            "unknown command \"nu\" for \"tunnel-client completion\"\n",
        ),
    ] {
        assert_eq!(failure(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn a_switch_takes_a_value_behind_an_equals_sign_only() {
    for (flag, code) in [("--json", 2), ("--json=true", 2), ("--json=F", 2), ("--json=x", 1)] {
        let output = run(&["health", "--url", "http://127.0.0.1:1", flag], &[]);
        assert_eq!(output.status.code(), Some(code), "{flag}: {output:?}");
        let is_json = output.stdout.starts_with(b"{");
        assert_eq!(is_json, code == 2 && flag != "--json=F", "{flag}: {output:?}");
    }
}

#[test]
fn completions_are_printed_for_the_shells_that_have_them() {
    for shell in ["bash", "zsh", "fish"] {
        let script = success(&["completion", shell]);
        assert!(script.contains("tunnel-client"), "{script}");
        assert_eq!(success(&["completion", shell, "--no-descriptions"]), script);
    }
    let powershell = success(&["completion", "powershell"]);
    assert!(
        powershell.starts_with("# ") && powershell.lines().count() == 1,
        "{powershell}"
    );
}
