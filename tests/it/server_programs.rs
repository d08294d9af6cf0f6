//! Programs of stdio servers that another stdio server could replace: a warning, or a refused start where the server is strict.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::support::broker::BOUND;
use crate::support::{Client, ClientBuilder, ControlPlane, Doctor, Scratch};

const WARNING: &str = "the program of a stdio MCP server can be replaced by another stdio MCP server";

/// A directory with a program of this user in it.
struct Site {
    directory: Scratch,
    control: ControlPlane,
}

impl Site {
    fn new() -> Self {
        let site = Self {
            directory: Scratch::new(),
            control: ControlPlane::http(),
        };
        site.program("server", "#!/bin/sh\nexec /bin/cat\n");
        site
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.directory.write(name, text);
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    /// Entries of `mcp.commands`, with `DIR` in place of the directory.
    fn start(&self, entries: &str) -> Client {
        let entries = entries.replace("DIR", &self.directory.path().display().to_string());
        let builder = ClientBuilder::new(&self.control);
        let text = format!("mcp:\n  commands:\n{entries}");
        let path = builder.directory().write("config.yaml", &text);
        builder.arg("--config").arg(path.to_str().unwrap()).start()
    }

    fn shown(&self, name: &str) -> String {
        self.directory.file(name).display().to_string()
    }
}

/// The start is over, and the warning would have appeared by now.
fn assert_quiet(client: &Client) {
    client.await_log("tunnel-client started");
    assert_eq!(client.log_with(WARNING), [""; 0]);
}

#[test]
fn a_program_that_another_server_can_replace_is_logged_with_both_channels() {
    let site = Site::new();
    let client =
        site.start("    - { channel: main, command: /bin/cat }\n    - { channel: own, command: DIR/server }\n");
    let line = client.await_log(WARNING);
    for part in ["\"WARN\"", "\"channel\":\"own\"", "\"by\":\"main\""] {
        assert!(line.contains(part), "{part}: {line}");
    }
    client.await_log("tunnel-client started");
    assert_eq!(client.log_with(WARNING).len(), 1, "programs of the system are quiet");
}

#[test]
fn a_script_an_interpreter_and_modules_that_another_server_can_replace_are_logged_too() {
    for command in [
        "/bin/sh DIR/server",
        "/usr/bin/env PATH=/usr/bin:/bin DIR/server",
        "/bin/sh -c 'exec DIR/server'",
        "DIR/by-own-interpreter",
        "DIR/venv/bin/sh -c /bin/cat",
    ] {
        let site = Site::new();
        site.program("by-own-interpreter", &format!("#!{}\n", site.shown("server")));
        fs::create_dir_all(site.directory.file("venv/bin")).unwrap();
        std::os::unix::fs::symlink("/bin/sh", site.directory.file("venv/bin/sh")).unwrap();
        let client = site.start(&format!(
            "    - {{ channel: main, command: /bin/cat }}\n    - {{ channel: own, command: \"{command}\" }}\n"
        ));
        let line = client.await_log(WARNING);
        assert!(line.contains("\"channel\":\"own\""), "{command}: {line}");
    }
}

#[test]
fn a_strict_server_whose_program_another_server_can_replace_is_not_started_unless_that_is_allowed() {
    let site = Site::new();
    let mut refused = site.start(
        "    - { channel: main, command: /bin/cat }\n    - { channel: own, command: DIR/server, sandbox: strict }\n",
    );
    assert_eq!(refused.wait_exit(BOUND).code(), Some(1));
    let line = refused.await_log("mcp.commands: channel own: ");
    assert!(
        line.contains("the MCP server of channel main can replace") && line.contains("allow_writable_program: true"),
        "{line}"
    );
    assert!(!refused.directory().file("health.url").exists());
    let allowed = site.start(
        "    - { channel: main, command: /bin/cat }\n    - channel: own\n      command: DIR/server\n      \
         sandbox: { level: strict, allow_writable_program: true }\n",
    );
    let line = allowed.await_log(WARNING);
    assert!(line.contains("\"channel\":\"own\""), "{line}");
    allowed.await_log("tunnel-client started");
}

#[test]
fn what_no_other_server_reaches_is_quiet() {
    let site = Site::new();
    // The only server.
    assert_quiet(&site.start("    - { channel: main, command: DIR/server, sandbox: strict }\n"));
    // The other one writes elsewhere only.
    let elsewhere = site.start(
        "    - channel: main\n      command: /bin/cat\n      sandbox: { level: strict, write: [/var/tmp] }\n    \
         - { channel: own, command: DIR/server, sandbox: strict }\n",
    );
    assert_quiet(&elsewhere);
    // The other one may write exactly there.
    let mut there = site.start(
        "    - channel: main\n      command: /bin/cat\n      sandbox: { level: strict, write: [DIR] }\n    \
         - { channel: own, command: DIR/server, sandbox: strict }\n",
    );
    assert_eq!(there.wait_exit(BOUND).code(), Some(1));
    there.await_log("can replace");
}

#[test]
fn code_that_an_interpreter_takes_from_the_home_is_logged_unless_it_is_kept_out_or_cannot_be_read() {
    let site = Site::new();
    site.program("by-shebang", "#!/usr/bin/env python3\n");
    site.program("kept-out", "#!/usr/bin/env -S python3 -I\n");
    // The other server writes in the home alone.
    let start = |own: &str| {
        let builder = ClientBuilder::new(&site.control);
        let home = builder.directory().path().display().to_string();
        let text = format!(
            "mcp:\n  commands:\n    - channel: main\n      command: /bin/cat\n      sandbox: {{ level: strict, write: [{home}] }}\n    \
             - {{ channel: own, command: {} }}\n",
            own.replace("DIR", &site.directory.path().display().to_string())
        );
        let path = builder.directory().write("config.yaml", &text);
        builder.arg("--config").arg(path.to_str().unwrap()).start()
    };
    for own in [
        "/usr/bin/env python3 -u -c pass",
        "\"/bin/sh -c 'exec python3 -c pass'\"",
        "python3 -c pass",
        "DIR/by-shebang",
    ] {
        let line = start(own).await_log(WARNING);
        assert!(line.contains("/.local"), "{own}: {line}");
    }
    for own in [
        "python3 -I -c pass",
        "/usr/bin/env python3 -us -c pass",
        "python3 -c pass, sandbox: strict",
        "DIR/kept-out",
    ] {
        assert_quiet(&start(own));
    }
}

#[test]
fn a_strict_server_that_reads_the_home_of_its_interpreter_is_not_started() {
    let control = ControlPlane::http();
    let builder = ClientBuilder::new(&control);
    let home = builder.directory().path().display().to_string();
    let text = format!(
        "mcp:\n  commands:\n    - channel: main\n      command: /bin/cat\n      sandbox: {{ level: strict, write: [{home}] }}\n    \
         - channel: own\n      command: python3 -c pass\n      sandbox: {{ level: strict, read: [{home}/.local/lib] }}\n"
    );
    fs::create_dir_all(builder.directory().file(".local/lib")).unwrap();
    let path = builder.directory().write("config.yaml", &text);
    let mut client = builder.arg("--config").arg(path.to_str().unwrap()).start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    let line = client.await_log("can replace");
    assert!(line.contains("/.local"), "{line}");
}

#[test]
fn doctor_names_the_program_and_start_stdio_starts_it_no_more_than_run_does() {
    let site = Site::new();
    // Each ends before it answers, which does not matter here.
    site.program("server", "#!/bin/sh\nexit 0\n");
    let examine = |sandbox: &str| {
        let doctor = Doctor::healthy();
        let text = format!(
            "mcp:\n  commands:\n    - {{ channel: main, command: /bin/true }}\n    - channel: own\n      command: {}\n      \
             sandbox: {sandbox}\n",
            site.shown("server")
        );
        let path = doctor.file("config.yaml", &text, 0o600);
        doctor
            .no_env("MCP_SERVER_URL")
            .arg("--start-stdio")
            .arg(format!("--config={}", path.display()))
            .examine()
    };
    let examined = examine("default");
    assert_eq!(examined.status("mcp_command_protected"), "PASS");
    assert_eq!(examined.status("mcp_command_protected[own]"), "WARN");
    assert!(
        examined.said("mcp_command_protected[own]").contains("channel main"),
        "{:#}",
        examined.report
    );
    let examined = examine("strict");
    assert_eq!(examined.status("mcp_command_protected[own]"), "FAIL");
    assert_eq!(examined.status("mcp_server_reachable[own]"), "FAIL");
    assert!(
        examined.said("mcp_server_reachable[own]").contains("can replace"),
        "{:#}",
        examined.report
    );
    let examined = examine("{ level: strict, allow_writable_program: true }");
    assert_eq!(examined.status("mcp_command_protected[own]"), "WARN");
}
