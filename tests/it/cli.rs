//! The command line of the real binary: what is wrong is said once, named, and without secrets.

use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

use crate::support::to_the_end::{failed, run, succeeded, text};

const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";
const KEY: &str = "sk-cli_test-0123456789";
const URL: &str = "http://127.0.0.1:9/mcp";

#[track_caller]
fn failure(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    failed(&run(arguments, variables))
}

#[track_caller]
fn success(arguments: &[&str]) -> String {
    succeeded(&run(arguments, &[]))
}

#[test]
fn version_and_name_are_printed_on_stdout() {
    for flag in ["--version", "-v"] {
        let line = success(&[flag]);
        // The first word is the version, as scripts read it; a commit in it is one of the build's.
        let first = line.split(' ').next().unwrap();
        assert_eq!(first.split('+').next(), Some(env!("CARGO_PKG_VERSION")), "{line}");
        assert!(
            line.ends_with(" tunnel-client-hardened\n") && line.lines().count() == 1,
            "{line}"
        );
    }
    let lines = success(&["version"]);
    let expected = concat!(
        "tunnel-client (tunnel-client-hardened) ",
        env!("CARGO_PKG_VERSION"),
        "\ncommit: "
    );
    assert!(lines.starts_with(expected), "{lines}");
}

#[test]
fn words_of_other_tools_are_answered_with_the_command_that_does_it() {
    for (arguments, instead) in [
        (["ps"].as_slice(), "tunnel-client health"),
        (&["ping", "--json"], "tunnel-client doctor"),
        (&["start", "--profile", "x"], "tunnel-client run"),
        (&["stop"], "SIGTERM"),
        (&["restart"], "SIGHUP"),
        (&["reload"], "SIGHUP"),
        (&["check"], "tunnel-client config check"),
        (&["test"], "tunnel-client config check"),
        (&["validate", "--config", "x"], "tunnel-client config check"),
        (&["log"], "journalctl"),
        (&["tunnels"], "tunnel-client admin tunnels"),
        (&["config", "validate"], "tunnel-client config check"),
        (&["profiles", "delete", "x"], "tunnel-client profiles list"),
        (&["admin", "list"], "tunnel-client admin tunnels"),
        (&["admin", "tunnels", "show", "x"], "tunnel-client admin tunnels get"),
        (&["help", "ps"], "tunnel-client health"),
        (&["help", "config", "test"], "tunnel-client config check"),
    ] {
        let stderr = failure(arguments, &[]);
        let (first, hint) = stderr.split_once('\n').unwrap();
        assert!(first.starts_with("unknown "), "{stderr}");
        assert!(
            hint.contains(instead) && hint.lines().count() == 1,
            "{arguments:?}: {stderr}"
        );
    }
}

#[test]
fn a_shell_without_completions_is_told_so_in_a_comment() {
    for shell in ["powershell", "tcsh", "pwsh", "nushell", "elvish"] {
        let script = success(&["completion", shell, "--no-descriptions"]);
        assert!(
            script.starts_with("# ") && script.contains("bash, zsh and fish"),
            "{script}"
        );
        assert_eq!(script.lines().count(), 1, "{script}");
    }
    assert!(failure(&["completion", "nosh"], &[]).contains("unknown command"));
    assert!(!success(&["completion", "--help"]).contains("powershell"));
}

#[test]
fn no_arguments_and_all_ways_to_ask_for_help_print_it_on_stdout() {
    let root = success(&[]);
    assert!(
        root.contains("Commands:") && !root.contains("control-plane.base-url"),
        "{root}"
    );
    for text in [
        "connect a local or private MCP server",
        "Agent-first help topics:",
        "tunnel-client help quickstart",
    ] {
        assert!(root.contains(text), "{text} in {root}");
    }
    for url in [
        "/settings/organization/tunnels",
        "/api-keys",
        "/admin-keys",
        "chatgpt.com/#settings/Connectors",
    ] {
        assert!(root.contains(url), "{url} in {root}");
    }
    for arguments in [["--help"].as_slice(), &["-h"], &["help"]] {
        assert_eq!(success(arguments), root, "{arguments:?}");
    }
    let run = success(&["run", "--help"]);
    assert!(
        run.contains("--control-plane.base-url") && run.contains("CONTROL_PLANE_BASE_URL"),
        "{run}"
    );
    assert!(
        !run.contains("Commands:") && !run.contains("control-plane-base-url"),
        "{run}"
    );
    for arguments in [["run", "-h"], ["help", "run"]] {
        assert_eq!(success(&arguments), run, "{arguments:?}");
    }
}

#[test]
fn what_does_not_exist_is_named_once() {
    for (arguments, expected) in [
        (
            ["frobnicate"].as_slice(),
            "unknown command \"frobnicate\" for \"tunnel-client\"\n",
        ),
        (&["--frobnicate"], "unknown flag: --frobnicate\n"),
        (&["run", "--frobnicate=x"], "unknown flag: --frobnicate\n"),
        (&["run", "-x"], "unknown shorthand flag: -x\n"),
        (&["run", "--version"], "unknown flag: --version\n"),
        (&["run", "--log.level"], "flag needs an argument: --log.level\n"),
        (
            &["help", "nothing"],
            "unknown help topic \"nothing\"; available topics: doctor, hardening, oauth, quickstart, samples, troubleshooting\n",
        ),
    ] {
        assert_eq!(failure(arguments, &[]), expected, "{arguments:?}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
        .args(["init", "--tunnel-id"])
        .arg(std::ffi::OsStr::from_bytes(b"\xff"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(
        text(&output.stderr),
        "an argument is not UTF-8 text; see tunnel-client init --help\n"
    );
    let hint = failure(&["run", "--mcp.server-ur", "x"], &[]);
    assert_eq!(hint, "unknown flag: --mcp.server-ur\nDid you mean --mcp.server-url?\n");
}

#[test]
fn missing_settings_are_all_named_with_how_to_set_them() {
    let stderr = failure(&["run"], &[]);
    let (mistakes, _first_steps) = stderr.split_once("\n\n").unwrap();
    let lines: Vec<_> = mistakes.lines().collect();
    assert_eq!(lines.len(), 3, "{stderr}");
    for (line, gists) in lines.iter().zip([
        [
            "tunnel ID is required",
            "CONTROL_PLANE_TUNNEL_ID",
            "(control-plane.tunnel-id is not set)",
        ],
        [
            "control plane API key is required",
            "CONTROL_PLANE_API_KEY",
            "(control-plane.api-key is not set)",
        ],
        [
            "main channel is required; set --mcp.server-url or --mcp.command",
            "MCP_COMMAND",
            "(mcp.server-url is not set)",
        ],
    ]) {
        assert!(line.starts_with("configure tunnel-client: "), "{line}");
        assert!(gists.iter().all(|gist| line.contains(gist)), "{line}");
    }
}

#[test]
fn a_malformed_key_id_and_url_are_named_with_their_source_and_not_shown() {
    let variables = [
        ("CONTROL_PLANE_TUNNEL_ID", "tunnel_SECRET-PASTED-HERE"),
        ("CONTROL_PLANE_API_KEY", "sk-secret key"),
        ("MCP_SERVER_URL", URL),
    ];
    let stderr = failure(
        &["run", "--control-plane.base-url", "https://user:hunter2@h"],
        &variables,
    );
    for gist in [
        "invalid control-plane.base-url: ",
        "from flag --control-plane.base-url)",
        "invalid tunnel ID: ",
        "from variable CONTROL_PLANE_TUNNEL_ID)",
        "control plane API key is malformed",
        "from variable CONTROL_PLANE_API_KEY)",
    ] {
        assert!(stderr.contains(gist), "{gist} in {stderr}");
    }
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
    for secret in ["PASTED", "sk-secret", "hunter2", "user:"] {
        assert!(!stderr.contains(secret), "{secret} in {stderr}");
    }
}

#[test]
fn a_key_given_where_it_does_not_belong_is_never_shown() {
    let rest = [
        ("CONTROL_PLANE_TUNNEL_ID", ID),
        ("MCP_SERVER_URL", URL),
        ("CONTROL_PLANE_API_KEY", KEY),
    ];
    for arguments in [
        ["run", "--control-plane.api-key", KEY].as_slice(),
        &["run", &format!("--control-plane.api-key=env:{KEY}")],
        &["run", &format!("--control-plane.api-key=file:{KEY}")],
        &["run", "--control-plane.tunnel-id", KEY],
        &["run", "--mcp.max-concurrent-requests", KEY],
        &["run", "--mcp.server-url", KEY],
        &["run", "--log.level", KEY],
        &["run", &format!("--frobnicate={KEY}")],
        &["run", &format!("--{KEY}")],
        &[KEY],
        &["help", KEY],
    ] {
        let stderr = failure(arguments, &rest);
        assert!(
            !stderr.contains("cli_test") && !stderr.contains("0123456789"),
            "{stderr}"
        );
    }
}

#[test]
fn a_key_reference_that_leads_nowhere_is_named() {
    let rest = [("CONTROL_PLANE_TUNNEL_ID", ID), ("MCP_SERVER_URL", URL)];
    for (reference, gist) in [
        ("env:NO_SUCH_KEY", "variable NO_SUCH_KEY is not set"),
        (
            "file:/nonexistent/key",
            "read control-plane api key file: file \"/nonexistent/key\" cannot be read",
        ),
        ("file:/dev/zero", "neither a regular file nor a pipe"),
        ("file:/", "neither a regular file nor a pipe"),
        ("literal", "\"env:\" and the name of a variable, \"file:\" and a path"),
    ] {
        let stderr = failure(&["run", "--control-plane.api-key", reference], &rest);
        assert!(stderr.contains(gist) && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn what_this_build_cannot_do_stops_the_start_instead_of_being_ignored() {
    let variables = [
        ("CONTROL_PLANE_TUNNEL_ID", ID),
        ("CONTROL_PLANE_API_KEY", KEY),
        ("MCP_SERVER_URL", URL),
        ("CONTROL_PLANE_HTTP_PROXY", "socks5://user:hunter2@proxy:3128"),
        ("TUNNEL_INTEGRATION_TUNNEL_SERVICE_SOCKET_PATH", "/run/hunter2.sock"),
        ("CLOUDFLARED_MANAGED", "true"),
        ("CLOUDFLARED_PATH", "/usr/bin/cloudflared"),
    ];
    let stderr = failure(&["run"], &variables);
    for gist in [
        "control-plane.http-proxy needs a proxy that speaks HTTP",
        "TUNNEL_INTEGRATION_TUNNEL_SERVICE_SOCKET_PATH is not supported: ",
        "CLOUDFLARED_MANAGED is not supported: ",
    ] {
        assert!(stderr.contains(gist), "{stderr}");
    }
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn surplus_arguments_of_run_are_ignored() {
    let plain = failure(&["run"], &[]);
    assert_eq!(
        failure(
            &["run", "surplus", "--log.format", "json", "more", "--", "--even-this"],
            &[]
        ),
        plain
    );
}

#[test]
fn a_reader_that_closes_early_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
        .arg("--help")
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn every_switch_takes_true_and_false_as_well() {
    assert_eq!(success(&["--version=true"]), success(&["--version"]));
    assert!(success(&["--version=false"]).contains("Commands:"));
    assert!(success(&["completion", "bash", "--no-descriptions=true"]).contains("complete -F"));
    assert!(success(&["profiles", "samples", "list", "--json=true"]).starts_with('['));
    assert!(success(&["profiles", "samples", "list", "--json=false"]).starts_with("sample_"));
    assert!(success(&["profiles", "list", "--profile-dir", "/nowhere", "--json=1"]).starts_with("[]"));
    for (arguments, starts_with) in [
        (["doctor", "--json=true", "--explain=false"], "{"),
        (["doctor", "--json=false", "--start-stdio=false"], "CHECK "),
    ] {
        let output = run(&arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stdout).starts_with(starts_with), "{output:?}");
    }
    for command in [
        &["init", "--force=false"][..],
        &["profiles", "add", "x", "--force=true"],
    ] {
        let message = failure(command, &[]);
        assert!(!message.contains("--force"), "{message}");
    }
    let message = failure(&["doctor", "--json=maybe"], &[]);
    assert!(
        message.contains("invalid argument for --json: write true or false"),
        "{message}"
    );
}
