//! `config check`: what `run` would refuse is found offline, and nothing is left behind.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::Scratch;
use crate::support::client::{API_KEY, binary};
use crate::support::needs;

const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";

/// A directory with a configuration, and nothing else of the host's.
struct Site {
    home: Scratch,
}

impl Site {
    fn new() -> Self {
        let home = Scratch::new();
        home.write("key", API_KEY);
        std::fs::set_permissions(home.file("key"), PermissionsExt::from_mode(0o600)).unwrap();
        Self { home }
    }

    /// A complete configuration, with `more` at its end.
    fn config(&self, base_url: &str, more: &str) -> PathBuf {
        let key = self.home.file("key");
        let text = format!(
            "control_plane:\n  base_url: {base_url}\n  tunnel_id: {ID}\n  api_key: file:{}\n{more}",
            key.display()
        );
        self.home.write("config.yaml", &text)
    }

    fn check(&self, arguments: &[&str]) -> Output {
        Command::new(binary())
            .args(["config", "check"])
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.home.path())
            .output()
            .unwrap()
    }

    /// Standard error of a check that refuses.
    #[track_caller]
    fn refused(&self, more: &str) -> String {
        let config = self.config("https://control.example", more);
        let output = self.check(&["--config", config.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        text(&output.stderr)
    }

    /// Every file below, with inode, length, and the times that a change would move.
    fn traces(&self) -> BTreeMap<PathBuf, (u64, u64, i64, i64)> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.home.path().to_owned()];
        while let Some(path) = open.pop() {
            let data = std::fs::symlink_metadata(&path).unwrap();
            if data.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            found.insert(path, (data.ino(), data.len(), data.mtime(), data.mtime_nsec()));
        }
        found
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_good_configuration_is_one_line_and_exit_code_0_and_nothing_is_touched() {
    let site = Site::new();
    // Whoever connects is seen in the queue.
    let peers = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [control, server] = [0, 1].map(|at| peers[at].local_addr().unwrap());
    let home = site.home.path().display();
    let marker = site.home.file("started");
    let more = format!(
        "mcp:\n  server_urls:\n    - {{channel: main, url: 'http://{server}/mcp'}}\n  commands:\n    \
         - {{channel: docs, command: touch {}}}\n\
         log: {{format: json, file: {home}/log}}\nprocess: {{pid_file: {home}/run/pid}}\n\
         health: {{listen_addr: '{control}', url_file: {home}/url}}\n",
        marker.display()
    );
    let config = site.config(&format!("http://{control}"), &more);
    let before = site.traces();
    // The port of the health listener is taken: a daemon runs while its unit is reloaded.
    let output = site.check(&["--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        text(&output.stdout),
        format!(
            "OK config file: {}: tunnel {ID} at http://{control}; MCP servers: 1 behind a URL, 1 on stdio; nothing was contacted\n",
            config.display()
        )
    );
    assert_eq!(site.traces(), before);
    for listener in peers {
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn a_profile_is_checked_by_its_name() {
    let site = Site::new();
    let config = site.config("https://control.example", "mcp: {commands: [{command: cat}]}\n");
    std::fs::create_dir_all(site.home.file(".config/tunnel-client")).unwrap();
    let profile = site.home.file(".config/tunnel-client/mine.yaml");
    std::fs::rename(config, &profile).unwrap();
    let output = site.check(&["--profile", "mine"]);
    let expected = format!("OK profile: mine ({}): ", profile.display());
    assert!(text(&output.stdout).starts_with(&expected), "{output:?}");
    let output = site.check(&["--profile", "yours"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("profile yours does not exist"),
        "{output:?}"
    );
}

#[test]
fn every_mistake_of_the_files_form_is_printed_with_its_place() {
    let error = Site::new().refused("log: {level: loud}\nlockdwn: {}\nmcp: {commands: [{command: cat}]}\n");
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(
        error.lines().all(|line| line.starts_with("configure tunnel-client: ")),
        "{error}"
    );
    assert!(
        error.contains("config.yaml:5:14") && error.contains("config.yaml:6:1"),
        "{error}"
    );
    let error = Site::new().refused("mcp: {commands: [{command: cat}]}\n---\nlockdown: {require_proxy: true}\n");
    assert!(
        error.contains("a second document begins here") && error.contains("config.yaml:6:1"),
        "{error}"
    );
}

/// What `run` finds only after the configuration itself was accepted.
#[test]
fn everything_that_a_start_would_read_is_judged_at_once() {
    if !needs::root() {
        return;
    }
    let site = Site::new();
    site.home.write("empty.pem", "no certificate\n");
    let home = site.home.path().display();
    let error = site.refused(&format!(
        "ca_bundle: {home}/empty.pem\nlog: {{format: json, file: {home}/none/log}}\n\
         process: {{pid_file: {home}/empty.pem/pid}}\nmcp: {{commands: [{{command: no-such-program}}]}}\n"
    ));
    for part in ["empty.pem", "none/log", "process.pid_file", "no-such-program"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(
        error.lines().all(|line| line.starts_with("start tunnel-client: ")),
        "{error}"
    );
}

#[test]
fn keys_certificates_references_users_and_the_guard_of_files_count() {
    if !needs::root() {
        return;
    }
    let site = Site::new();
    let home = site.home.path().display().to_string();
    let mcp = "mcp: {commands: [{command: cat}]}\n";
    site.home.write(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    site.home.write("open-key", API_KEY);
    for (mode, file) in [(0o600, "broken.pem"), (0o666, "open-key")] {
        std::fs::set_permissions(site.home.file(file), PermissionsExt::from_mode(mode)).unwrap();
    }
    for (more, part) in [
        ("ca_bundle: HOME/broken.pem\n", "broken.pem"),
        ("ca_bundle: HOME/none.pem\n", "none.pem"),
        ("ca_bundle: env:NOWHERE_BUNDLE\n", "NOWHERE_BUNDLE"),
        ("process: {user: no-such-user-here}\n", "no-such-user-here"),
        ("lockdown: {require_proxy: true}\n", "lockdown.require-proxy"),
        ("health: {unix_socket: HOME/broken.pem/socket}\n", "health.unix_socket"),
    ] {
        let error = site.refused(&format!("{}{mcp}", more.replace("HOME", &home)));
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = site.refused(&format!(
        "  client_cert: {home}/broken.pem\n  client_key: {home}/broken.pem\n{mcp}"
    ));
    assert!(
        error.contains("client-cert") || error.contains("client_cert"),
        "{error}"
    );
    let other = format!("file:{home}/open-key");
    let output = site.check(&[
        "--config",
        &format!("{home}/config.yaml"),
        "--control-plane.api-key",
        &other,
    ]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = text(&output.stderr);
    assert!(error.contains("open-key") && !error.contains(API_KEY), "{error}");
}

#[test]
fn help_says_what_it_does_not_do() {
    let output = Site::new().check(&["--help"]);
    let help = text(&output.stdout);
    assert!(help.contains("Contacts nobody") && help.contains("--profile"), "{help}");
    assert!(Path::new(&binary()).is_file());
}

/// There is no shell: what cannot start is refused, what starts otherwise than meant is said.
#[test]
fn shell_syntax_in_a_command_is_called_by_its_name_with_key_and_place() {
    if !needs::root() {
        return;
    }
    for (command, part) in [
        ("cd /srv && cat", "a change of directory, which only a shell can do"),
        ("A=sekret cat", "NAME=value"),
        ("~/cat", "~ in the name of its program"),
        ("$HOME/cat", "a variable ($) in the name of its program"),
        ("'`which cat`'", "a backquote"),
    ] {
        let error = Site::new().refused(&format!(
            "mcp:\n  commands:\n    - channel: main\n      command: {command}\n"
        ));
        assert!(
            error.contains(part) && error.contains("sh -c") | error.contains("env NAME=value"),
            "{command}: {error}"
        );
        assert!(
            error.contains("(mcp.commands from ") && error.contains("config.yaml:8:16)"),
            "{command}: {error}"
        );
        assert!(!error.contains("sekret") && error.lines().count() == 1, "{error}");
    }
    let site = Site::new();
    for (command, part) in [
        ("cat | tee sekret", "has | in the word at character 5"),
        ("cat > log", "has a redirection (< or >) in the word at character 5"),
        ("cat ~/sekret", "has ~ in the word at character 5"),
        ("cat $HOME", "has a variable ($) in the word at character 5"),
        ("cat *.txt", "has a pattern (*) in the word at character 5"),
    ] {
        let config = site.config(
            "https://control.example",
            &format!("mcp: {{commands: [{{command: '{command}'}}]}}\n"),
        );
        let output = site.check(&["--config", config.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let warning = text(&output.stderr);
        assert!(
            warning.starts_with("warning: command has ")
                && warning.matches("mcp.commands").count() == 1
                && !warning.contains("mcp.command ")
                && warning.contains(part),
            "{warning}"
        );
        assert!(
            warning.contains("config.yaml:5:28)") && !warning.contains("sekret"),
            "{warning}"
        );
    }
    let quoted = site.config(
        "https://control.example",
        "mcp:\n  commands:\n    - command: sh -c 'cd /tmp && exec cat'\n",
    );
    let output = site.check(&["--config", quoted.to_str().unwrap()]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
