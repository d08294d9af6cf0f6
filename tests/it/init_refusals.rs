//! `init` with the real binary: what it refuses, how it says so, and that nothing is left behind.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::support::init::{ID, URL, command, home, init};

#[test]
fn a_directory_where_others_could_exchange_the_profile_is_refused() {
    let home = home();
    let directory = home.file("shared");
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
    let arguments = ["--mcp-server-url", URL, "--profile-dir", directory.to_str().unwrap()];
    for force in [&[][..], &["--force"]] {
        let message = init(&home, &[&arguments[..], force].concat()).failure();
        assert!(
            message.contains("make the profile directory ") && message.contains("chmod"),
            "{message}"
        );
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    }
}

#[test]
fn a_key_that_was_typed_as_a_name_is_not_shown() {
    let home = home();
    for reference in [
        "env:hunter2hunter2",
        "file:hunter2hunter2",
        "credential:hunter2hunter2",
        "env:sk-hunter2hunter2",
    ] {
        let arguments = [
            "init",
            "--tunnel-id",
            ID,
            "--mcp-server-url",
            URL,
            "--force",
            "--control-plane-api-key-ref",
        ];
        let shown = home.run(&[&arguments[..], &[reference]].concat(), &[]).shown();
        assert!(!shown.contains("hunter2"), "{reference}: {shown}");
    }
}

#[test]
fn nothing_is_written_when_the_command_cannot_start() {
    let home = home();
    home.program("no-shebang", "hello\n");
    home.program("bad-shebang", "#!/no/such/python\n");
    for (command, gist) in [
        (command(&home, "absent.py"), "absent.py\" was not found; fix:"),
        (
            "no-such-server --token hunter2".to_owned(),
            "\"no-such-server\" was not found; fix: install it,",
        ),
        (
            home.file("server.py").display().to_string(),
            "is not executable; fix: chmod +x",
        ),
        (home.file("bin").display().to_string(), "is a directory"),
        (home.file("no-shebang").display().to_string(), "without a #! line"),
        (
            home.file("bad-shebang").display().to_string(),
            "uses an unavailable interpreter",
        ),
        (
            "sh -c 'no-such-server --token hunter2'".to_owned(),
            "\"no-such-server\" was not found",
        ),
    ] {
        let message = init(&home, &["--mcp-command", &command]).failure();
        assert!(
            message.starts_with("mcp-command preflight failed: ") && message.contains(gist),
            "{command}: {message}"
        );
        assert!(
            !message.contains("hunter2") && message.lines().count() == 1,
            "{message}"
        );
    }
    assert!(!home.file(".config").exists());
}

#[test]
fn a_script_that_this_user_may_not_read_is_refused() {
    let home = home();
    let script = home.write("secret.py", "pass\n");
    fs::set_permissions(&script, Permissions::from_mode(0o000)).unwrap();
    let command = command(&home, "secret.py");
    let arguments = ["init", "--tunnel-id", ID, "--mcp-command", &command];
    let message = home.run_unprivileged(&arguments).failure();
    assert!(message.contains("secret.py\" is not readable; fix:"), "{message}");
    let locked = home.program("locked", "#!/bin/sh\n");
    fs::set_permissions(&locked, Permissions::from_mode(0o644)).unwrap();
    let locked = locked.display().to_string();
    let arguments = ["init", "--tunnel-id", ID, "--mcp-command", &locked];
    let message = home.run_unprivileged(&arguments).failure();
    assert!(
        message.contains("locked\" is not executable; fix: chmod +x"),
        "{message}"
    );
}

#[test]
fn nothing_is_written_when_a_value_is_wrong_and_all_are_named_by_their_flags() {
    let home = home();
    let message = init(
        &home,
        &[
            "--mcp-server-url",
            "ftp://u:hunter2@h/x",
            "--control-plane-base-url",
            "relay",
            "--health-listen-addr",
            "8080",
            "--control-plane-url-path",
            "prefix",
        ],
    )
    .failure();
    for gist in [
        "--mcp-server-url: ",
        "--control-plane-base-url: invalid control-plane.base-url",
        "--health-listen-addr: ",
        "--control-plane-url-path: invalid control-plane.url-path",
    ] {
        assert!(message.contains(gist), "{gist:?} is not in {message:?}");
    }
    assert!(!message.contains("hunter2"), "{message}");
    assert!(!home.file(".config").exists());
}

#[test]
fn each_mistake_in_the_flags_has_its_message() {
    let home = home();
    let long = format!("tunnel_{}", "0".repeat(33));
    for (arguments, gists) in [
        (
            &["init"][..],
            &[
                "tunnel ID is required",
                "admin tunnels create",
                "help quickstart",
                "chatgpt.com/#settings",
            ][..],
        ),
        (&["init", "--tunnel-id", " "], &["tunnel ID is required"]),
        (
            &["init", "--tunnel-id", "bad", "--mcp-server-url", URL],
            &["invalid tunnel ID \"bad\": must match tunnel_<32 lowercase letters or digits>\n"],
        ),
        (
            &["init", "--tunnel-id", &long, "--mcp-server-url", URL],
            &["invalid tunnel ID \"tunnel_0000"],
        ),
        (
            &[
                "init",
                "--tunnel-id",
                "sk-hunter2hunter2hunter2",
                "--mcp-server-url",
                URL,
            ],
            &["invalid tunnel ID: must match"],
        ),
        (
            &["init", "--tunnel-id", ID],
            &["sample_mcp_with_dcr requires exactly one of --mcp-server-url or --mcp-command\n"],
        ),
        (
            &["init", "--tunnel-id", ID, "--mcp-server-url", URL, "--mcp-command", "x"],
            &["requires exactly one of --mcp-server-url or --mcp-command\n"],
        ),
        (
            &[
                "init",
                "--tunnel-id",
                ID,
                "--sample",
                "sample_mcp_stdio_local",
                "--mcp-server-url",
                URL,
            ],
            &["sample_mcp_stdio_local requires --mcp-command"],
        ),
        (
            &[
                "init",
                "--tunnel-id",
                ID,
                "--sample",
                "sample_mcp_remote_no_auth",
                "--mcp-command",
                "x",
            ],
            &["sample_mcp_remote_no_auth requires --mcp-server-url"],
        ),
        (
            &["init", "--tunnel-id", ID, "--sample", "nope", "--mcp-server-url", URL],
            &["unknown sample \"nope\"; run tunnel-client profiles samples list\n"],
        ),
        (
            &["init", "--tunnel-id", ID, "--profile", "../x", "--mcp-server-url", URL],
            &["invalid profile name \"../x\""],
        ),
        (
            &[
                "init",
                "--tunnel-id",
                ID,
                "--mcp-server-url",
                URL,
                "--control-plane-api-key-ref",
                "hunter2",
            ],
            &["env:", "file:"],
        ),
        (
            &[
                "init",
                "--tunnel-id",
                ID,
                "--mcp-server-url",
                URL,
                "--control-plane-api-key-ref",
                "env:1X",
            ],
            &["--control-plane-api-key-ref"],
        ),
        (
            &["init", "--tunnel-id", ID, "--mcp-command", "x\ny"],
            &["mcp.commands has a line break"],
        ),
        (
            &["init", "--tunnel-id", ID, "--mcp-command", "x 'y"],
            &["unterminated quoted string"],
        ),
        (
            &[
                "init",
                "--tunnel-id",
                ID,
                "--mcp-server-url",
                URL,
                "--open-web-ui=maybe",
            ],
            &["true or false"],
        ),
        (&["init", "--frobnicate"], &["unknown flag: --frobnicate\n"]),
    ] {
        let message = home.run(arguments, &[]).failure();
        for gist in gists {
            assert!(message.contains(gist), "{arguments:?}: {gist:?} is not in {message:?}");
        }
        assert!(!message.contains("hunter2"), "{message}");
    }
    assert!(!home.file(".config").exists());
}

#[test]
fn without_a_home_directory_the_flag_is_asked_for() {
    let home = home();
    let arguments = ["init", "--tunnel-id", ID, "--mcp-server-url", URL];
    let message = home.run_without_home(&arguments).failure();
    assert!(message.contains("--profile-dir"), "{message}");
}
