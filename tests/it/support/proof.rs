//! `doctor --sandbox` on a configuration that has everything, and what it proves.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::client::{API_KEY, binary};
use super::control::TUNNEL;
use super::kernel::Kernel;
use super::program;
use super::scratch::Scratch;
use super::tls::Authority;

/// What there is not on every host to try it on.
const NOT_EVERYWHERE: [(&str, &str); 11] = [
    (
        "read the client's files past a mount",
        "hosts on which nothing is mounted twice",
    ),
    ("open /dev/userfaultfd", "kernels before 6.1, and containers, have none"),
    ("open a device in a directory", "containers without it"),
    ("read a disk", "containers without any"),
    ("list the keys of this host", "hosts without a directory for them"),
    ("memory that is shared by name", "containers without it"),
    ("write to the kernel's log (/dev/kmsg)", "containers without it"),
    (
        "open /dev/mem",
        "kernels without CONFIG_DEVMEM, and containers, have none",
    ),
    (
        "open /proc/sysrq-trigger",
        "kernels without CONFIG_MAGIC_SYSRQ have none",
    ),
    ("connect to another TCP port (IPv6)", "hosts without IPv6"),
    ("open a terminal (/dev/ptmx)", "containers without it"),
];

/// A configuration that uses all there is, in a directory of its own.
pub struct Site {
    pub files: Scratch,
    pub user: Option<u32>,
    kernel: Kernel,
    environment: Vec<(&'static str, String)>,
}

impl Site {
    /// Owned by this user, or by another one, who also runs it.
    pub fn new(user: Option<u32>) -> Self {
        let files = Scratch::new();
        for directory in ["keys", "log", "records", "private", "run", "data", "conf"] {
            fs::create_dir(files.file(directory)).unwrap();
        }
        files.write("keys/key", API_KEY);
        let authority = Authority::new();
        let (certificate, key) = authority.client("proof");
        files.write("keys/client.pem", &certificate);
        files.write("keys/client.key", &key);
        files.write("keys/ca.pem", authority.pem());
        files.write("log/log", "");
        files.write("records/audit.log", "{}\n");
        files.write("private/audit.key", "made by nobody");
        let at = |name: &str| files.file(name).display().to_string();
        let configuration = format!(
            "config_version: 1
control_plane:
  api_key: \"file:{key}\"
mcp:
  server_urls:
    - channel: main
      url: \"http://localhost:7778/mcp\"
    - channel: socket
      url: \"http://localhost/mcp\"
      unix_socket: \"{}\"
  commands:
    - channel: local
      command: /bin/cat
    - channel: tight
      command: /bin/cat
      sandbox: {{level: strict, read: [{data}], write: [{data}], connect: [7779], network: tcp}}
",
            at("run/mcp.sock"),
            key = at("keys/key"),
            data = at("data"),
        );
        files.write("conf/tunnel.yaml", &configuration);
        let environment = vec![
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("HOME", files.path().display().to_string()),
            ("CONTROL_PLANE_TUNNEL_ID", TUNNEL.to_owned()),
            ("CONTROL_PLANE_BASE_URL", "https://localhost:7777".to_owned()),
            ("CONTROL_PLANE_CLIENT_CERT", at("keys/client.pem")),
            ("CONTROL_PLANE_CLIENT_KEY", at("keys/client.key")),
            ("CA_BUNDLE", at("keys/ca.pem")),
            ("LOG_FILE", at("log/log")),
            ("AUDIT_FILE", at("records/audit.log")),
            ("AUDIT_KEY_FILE", at("private/audit.key")),
            ("PID_FILE", at("run/pid")),
            ("HEALTH_UNIX_SOCKET", at("run/health.sock")),
        ];
        let site = Self {
            files,
            user,
            kernel: Kernel::default(),
            environment,
        };
        if let Some(user) = user {
            give(site.files.path(), user);
        }
        site
    }

    pub fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// As on this kernel.
    pub fn on(mut self, kernel: Kernel) -> Self {
        self.kernel = kernel;
        self
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.kernel.command(&self.binary());
        command
            .args(["doctor", "--config"])
            .arg(self.files.file("conf/tunnel.yaml"))
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command.output().unwrap()
    }

    /// Build products may lie where only root may enter: others have a copy.
    fn binary(&self) -> PathBuf {
        if self.user.is_none() {
            return binary();
        }
        let copy = self.files.file("tunnel-client");
        if !copy.exists() {
            program::copy(&binary(), &copy);
        }
        copy
    }

    #[track_caller]
    pub fn prove(&self) -> Proof {
        // Each takes its time, which is bounded, for itself.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let output = self.run(&["--sandbox", "--json"]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains(API_KEY));
        let report: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
        Proof {
            code: output.status.code().unwrap(),
            report,
        }
    }
}

/// Makes somebody the owner of a file, or of a directory with all that is in it.
pub fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

/// What came of it.
pub struct Proof {
    pub code: i32,
    pub report: Value,
}

impl Proof {
    pub fn probes(&self) -> &[Value] {
        self.report["probes"].as_array().unwrap()
    }

    /// Names and places of the probes of which this holds.
    pub fn named(&self, wanted: impl Fn(&Value) -> bool) -> Vec<(&str, &str)> {
        let found = self.probes().iter().filter(|probe| wanted(probe));
        found
            .map(|probe| (probe["name"].as_str().unwrap(), probe["place"].as_str().unwrap()))
            .collect()
    }

    pub fn verdict(&self, verdict: &str) -> Vec<(&str, &str)> {
        self.named(|probe| probe["verdict"] == verdict)
    }

    /// Everything is as it was expected, and each attempt that was refused would have got further without the sandbox, but for
    /// `exceptions`.
    #[track_caller]
    pub fn holds(&self, exceptions: &[&str]) {
        assert_eq!(self.verdict("WRONG"), []);
        assert_eq!((self.code, &self.report["result"]), (0, &Value::from("ok")));
        let mut anyway = self.named(|probe| probe["anyway"] == true);
        anyway.retain(|(name, _)| !exceptions.contains(name));
        assert_eq!(anyway, [], "refused without the sandbox too");
        for (name, place) in self.verdict("not tried") {
            let known = NOT_EVERYWHERE.iter().any(|(known, _)| *known == name);
            assert!(known, "{place}: {name} is not tried");
        }
        for probe in self.probes() {
            let without = probe["without"].as_str().unwrap();
            let says_something = !["no cage", "broken", "too long"].contains(&without);
            assert!(says_something, "{probe:#}");
        }
        // Of those that have to work, only what the sandbox itself brings does not work without it.
        for probe in self.probes().iter().filter(|probe| probe["expected"] == "works") {
            let is_mark = [
                "without capabilities, and none to be gained",
                "under a filter",
                "no descriptor but its own three",
            ];
            assert!(
                probe["without"] == "works" || is_mark.contains(&probe["name"].as_str().unwrap()),
                "{probe:#}"
            );
        }
    }
}
