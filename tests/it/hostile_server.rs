//! Every command that can start a stdio server keeps it from the client's files, and lets it read trust anchors without changing
//! them.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support;
use crate::support::child::python;
use crate::support::client::{API_KEY, binary};
use crate::support::control::TUNNEL;
use crate::support::hostile::{Hostile, Report};
use crate::support::proof::give;
use crate::support::tls::Authority;
use crate::support::{ControlPlane, Scratch, needs, program, within};

/// `nobody`.
const NOBODY: u32 = 65534;

/// Time that a command may take when no server holds it up.
const WHOLE: std::time::Duration = std::time::Duration::from_secs(60);

/// A client whose files lie in one tree, and a hostile server in another place.
struct Site {
    files: Scratch,
    control: ControlPlane,
    /// User that runs the client and owns all files.
    user: Option<u32>,
}

impl Site {
    fn new() -> Self {
        let files = Scratch::new();
        for directory in ["keys", "trust", "log", "conf", "linked", "out"] {
            fs::create_dir(files.file(directory)).unwrap();
        }
        files.write("keys/key", API_KEY);
        files.write("log/log", "");
        files.write("out/in", "");
        let bundle = files.write("trust/ca.pem", Authority::new().pem());
        fs::set_permissions(bundle, Permissions::from_mode(0o644)).unwrap();
        let (certificate, key) = Authority::new().client("ours");
        files.write("keys/client.pem", &certificate);
        files.write("keys/client.key", &key);
        files.write("trust/proxies.pem", Authority::new().pem());
        symlink("../trust/ca.pem", files.file("linked/ca.pem")).unwrap();
        Self {
            files,
            control: ControlPlane::http(),
            user: None,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.files.file(name)
    }

    /// Targets of a server.
    fn targets(&self) -> Vec<PathBuf> {
        let files = [SECRET.as_slice(), &TRUST].concat();
        files.into_iter().map(|name| self.at(name)).collect()
    }

    /// The configuration, with the server in this sandbox.
    fn configure(&self, hostile: &Hostile, sandbox: &str) {
        let at = |name: &str| self.at(name).display().to_string();
        let text = format!(
            "config_version: 1
control_plane:
  base_url: \"{}\"
  tunnel_id: {TUNNEL}
  api_key: \"file:{}\"
  client_cert: \"{}\"
  client_key: \"{}\"
ca_bundle: \"{}\"
proxy: {{ca_bundle: \"{}\"}}
log: {{file: \"{}\"}}
health: {{listen_addr: \"127.0.0.1:0\"}}
mcp:
  commands:
    - channel: main
      command: \"{}\"
      sandbox: {sandbox}
",
            self.control.url(),
            at("keys/key"),
            at("keys/client.pem"),
            at("keys/client.key"),
            at("linked/ca.pem"),
            at("trust/proxies.pem"),
            at("log/log"),
            hostile.command(),
        );
        self.files.write("conf/tunnel.yaml", &text);
    }

    /// Runs a command with this configuration until the server has reported; its standard output and error are files.
    fn report_under(&self, arguments: &[&str], hostile: &Hostile) -> Report {
        let stream = |name: &str| File::options().append(true).create(true).open(self.at(name)).unwrap();
        let program = self.user.map_or_else(binary, |_| self.at("tunnel-client"));
        let mut command = Command::new(program);
        if let Some(user) = self.user {
            program::copy(&binary(), &self.at("tunnel-client"));
            give(self.files.path(), user);
            give(hostile.directory(), user);
            command.uid(user).gid(user);
        }
        let mut child = command
            .args(arguments)
            .arg("--config")
            .arg(self.at("conf/tunnel.yaml"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", hostile.directory())
            .current_dir(hostile.directory())
            .stdin(File::open(self.at("out/in")).unwrap())
            .stdout(stream("out/out"))
            .stderr(stream("out/err"))
            .spawn()
            .unwrap();
        let ended = within(WHOLE, "a report or the end of the client", || {
            let is_there = hostile.directory().join("report").exists();
            let status = child.try_wait().unwrap();
            (is_there || status.is_some()).then_some(status)
        });
        let said =
            || ["out/out", "out/err", "log/log"].map(|name| fs::read_to_string(self.at(name)).unwrap_or_default());
        assert!(hostile.directory().join("report").exists(), "{ended:?}: {:#?}", said());
        let _ = child.kill();
        child.wait().unwrap();
        hostile.report()
    }
}

/// Hidden: secrets, the configuration, the log, and the targets of the standard streams.
const SECRET: [&str; 8] = [
    "keys/key",
    "keys/client.key",
    "keys/client.pem",
    "conf/tunnel.yaml",
    "log/log",
    "out/out",
    "out/err",
    "out/in",
];

/// Readable and not changeable.
const TRUST: [&str; 3] = ["linked/ca.pem", "trust/ca.pem", "trust/proxies.pem"];

/// Commands that start servers of the configuration. `doctor --sandbox` starts this program instead: `tests/it/sandbox.rs`.
const STARTING: [&[&str]; 2] = [&["run"], &["doctor", "--start-stdio"]];

#[test]
fn a_default_server_gets_at_no_file_of_the_client_under_any_command_that_starts_it() {
    for command in STARTING {
        let site = Site::new();
        let hostile = Hostile::at(&site.targets());
        site.configure(&hostile, "default");
        let report = site.report_under(command, &hostile);
        SECRET.iter().for_each(|name| report.is_closed(&site.at(name)));
        TRUST.iter().for_each(|name| report.is_read_only(&site.at(name)));
        for process in ["client", "broker"] {
            for part in ["mem", "environ"] {
                assert!(
                    ["EACCES", "EPERM"].contains(&report.of(part, process)),
                    "{command:?}: {report:#?}"
                );
            }
        }
    }
}

#[test]
fn a_strict_server_that_may_read_and_write_all_around_them_gets_at_no_file_either() {
    for command in STARTING {
        let site = Site::new();
        let hostile = Hostile::at(&site.targets());
        let all = site.files.path().display();
        let own = hostile.directory().display();
        // Interpreters may lie outside the places that every strict server reads.
        let python = Path::new(python()).ancestors().nth(2).unwrap().display();
        let sandbox =
            format!("{{level: strict, read: [\"{all}\", \"{own}\", \"{python}\"], write: [\"{all}\", \"{own}\"]}}");
        site.configure(&hostile, &sandbox);
        let report = site.report_under(command, &hostile);
        SECRET.iter().for_each(|name| report.is_closed(&site.at(name)));
        TRUST.iter().for_each(|name| report.is_read_only(&site.at(name)));
    }
}

#[test]
fn a_server_without_a_sandbox_does_not_get_at_the_memory_of_the_client_or_of_the_broker() {
    for command in STARTING {
        let mut site = Site::new();
        // For root's processes capabilities decide; for an ordinary user's only whether they are closed to their user.
        site.user = needs::is_root().then_some(NOBODY);
        let hostile = Hostile::at_memory();
        site.configure(&hostile, "off");
        let report = site.report_under(command, &hostile);
        for process in ["client", "broker"] {
            for part in ["mem", "environ"] {
                assert_eq!(report.of(part, process), "EACCES", "{command:?}: {report:#?}");
            }
        }
    }
}

#[test]
fn only_the_file_is_hidden_that_standard_output_leads_to_and_not_its_directory() {
    let site = Site::new();
    site.files.write("out/neighbour", "n");
    let hostile = Hostile::at(&[site.at("out/neighbour"), site.at("out/err")]);
    site.configure(&hostile, "default");
    let report = site.report_under(&["doctor", "--start-stdio"], &hostile);
    assert_eq!(report.of("append", site.at("out/neighbour")), "done");
    report.is_closed(&site.at("out/err"));
}

#[test]
fn a_bundle_in_a_hidden_directory_stays_hidden() {
    let site = Site::new();
    site.files.write("keys/ca.pem", Authority::new().pem());
    let hostile = Hostile::at(&[site.at("keys/ca.pem"), site.at("keys/key")]);
    site.configure(&hostile, "default");
    let text = fs::read_to_string(site.at("conf/tunnel.yaml")).unwrap();
    site.files
        .write("conf/tunnel.yaml", &text.replace("linked/ca.pem", "keys/ca.pem"));
    let report = site.report_under(&["run"], &hostile);
    report.is_closed(&site.at("keys/ca.pem"));
    report.is_closed(&site.at("keys/key"));
}

#[test]
fn the_store_that_ssl_cert_file_names_is_kept_from_changes() {
    let site = Site::new();
    fs::create_dir(site.at("store")).unwrap();
    site.files.write("store/store.pem", Authority::new().pem());
    let hostile = Hostile::at(&[site.at("store/store.pem")]);
    let control = ControlPlane::http();
    let client = support::ClientBuilder::new(&control)
        .command(hostile.command())
        .env("SSL_CERT_FILE", site.at("store/store.pem").display().to_string())
        .start();
    hostile.report().is_read_only(&site.at("store/store.pem"));
    drop(client);
}
