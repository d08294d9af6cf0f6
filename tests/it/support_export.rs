//! `tunnel-client support export`: what is in the archive, and what is not.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Output, Stdio};

use serde_json::Value;

use crate::support::bundle::unpacked;
use crate::support::client::binary;
use crate::support::leaks::{self, Leaky, assert_clean};
use crate::support::page::TOKEN;
use crate::support::{Client, ClientBuilder, Command, ControlPlane, McpServer, StdioServer, eventually};

/// A client with secrets everywhere, which runs, and its log in a file.
struct Site {
    leaky: Leaky,
    config: PathBuf,
    control_plane: ControlPlane,
    _server: McpServer,
    _stdio: StdioServer,
    _client: Client,
}

impl Site {
    fn start() -> Self {
        Self::with("")
    }

    /// `more`: lines at the end of the configuration.
    fn with(more: &str) -> Self {
        let (control, server, stdio) = (ControlPlane::http(), McpServer::echo(), StdioServer::echo());
        let leaky = Leaky::new(&control.url(), &server.url(), &stdio.command());
        let log = leaky.files.file("client.log");
        let config = leaky.write(
            "config.yaml",
            &format!(
                "log:\n  format: json\n  level: debug\n  file: {}\n{more}",
                log.display()
            ),
        );
        let mut builder = ClientBuilder::new(&control).arg(&format!("--config={}", config.display()));
        for name in [
            "CONTROL_PLANE_BASE_URL",
            "CONTROL_PLANE_API_KEY",
            "HEALTH_LISTEN_ADDR",
            "HEALTH_URL_FILE",
            "LOG_FORMAT",
            "LOG_LEVEL",
        ] {
            builder = builder.no_env(name);
        }
        for (name, value) in leaky.variables() {
            builder = builder.env(name, value);
        }
        let client = builder.env("PAGE_TOKEN", TOKEN).start();
        let site = Self {
            leaky,
            config,
            control_plane: control,
            _server: server,
            _stdio: stdio,
            _client: client,
        };
        eventually("the log", || {
            let log = fs::read_to_string(&log).ok()?;
            log.contains("tunnel-client started").then_some(())
        });
        site.control_plane.call(Command::call("r1", "ping", "{}"), "r1");
        // What a careless program, or an older version, has left there.
        let mut log = fs::OpenOptions::new().append(true).open(log).unwrap();
        for secret in leaks::KNOWN {
            for spelling in leaks::spellings(secret) {
                writeln!(log, "a line with {spelling} in it").unwrap();
                writeln!(
                    log,
                    "{}",
                    serde_json::json!({ "msg": format!("one with {spelling}"), "n": 1 })
                )
                .unwrap();
            }
        }
        write!(log, "{}", leaks::pem()).unwrap();
        site
    }

    fn export(&self, arguments: &[&str]) -> Output {
        export(&self.leaky, &self.config, arguments)
    }
}

fn export(leaky: &Leaky, config: &Path, arguments: &[&str]) -> Output {
    Program::new(binary())
        .args(["support", "export", "--config"])
        .arg(config)
        .args(arguments)
        .env_clear()
        .envs(leaky.variables())
        .current_dir(leaky.files.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn an_archive_holds_what_helps_and_no_secret() {
    let site = Site::start();
    let output = site.export(&["--output", "bundle.tar.gz"]);
    let shown = String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned();
    assert!(output.status.success(), "{shown}");
    assert_clean("the command", &shown);
    let archive = site.leaky.files.file("bundle.tar.gz");
    assert_eq!(fs::metadata(&archive).unwrap().permissions().mode() & 0o777, 0o600);
    let entries = unpacked(&archive);
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "manifest.json",
            "README.txt",
            "tunnel-client.runtime.yaml",
            "tunnel-client.logs.ndjson",
            "tunnel-client.metrics.prom",
            "health.json",
            "readyz.txt",
            "doctor.json",
            "sandbox.json",
        ]
    );
    for (name, entry) in &entries {
        assert_clean(name, entry["text"].as_str().unwrap());
        assert_eq!(
            (&entry["mode"], &entry["uid"], &entry["gid"], &entry["file"]),
            (&0o600.into(), &0.into(), &0.into(), &true.into()),
            "{name}"
        );
        assert_eq!(entry["mtime"], entries[0].1["mtime"]);
    }
    let text: BTreeMap<&str, &str> = entries
        .iter()
        .map(|(name, entry)| (name.as_str(), entry["text"].as_str().unwrap()))
        .collect();
    let json = |name: &str| serde_json::from_str::<Value>(text[name]).unwrap_or_else(|error| panic!("{name}: {error}"));
    let manifest = json("manifest.json");
    assert_eq!(manifest["files"], serde_json::json!(names));
    assert!(manifest["event_count"].as_u64().unwrap() > 10, "{manifest}");
    assert!(manifest["left_out"]["admin/status.json"].is_string(), "{manifest}");
    let runtime = text["tunnel-client.runtime.yaml"];
    for part in [
        "api_key: \"file:",
        "X-Auth-Token",
        "OPENAI_ADMIN_KEY: \"[REDACTED]\"",
        "command=",
        "config.yaml:",
    ] {
        assert!(runtime.contains(part), "{part}\n{runtime}");
    }
    assert!(!runtime.contains("A comment"), "{runtime}");
    let log = text["tunnel-client.logs.ndjson"];
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        events
            .iter()
            .any(|event| event["msg"] == "one with [REDACTED]" && event["n"] == 1),
        "{log}"
    );
    assert!(
        events
            .iter()
            .any(|event| event["line"] == "a line with [REDACTED] in it"),
        "{log}"
    );
    assert!(text["tunnel-client.metrics.prom"].contains("commands_poll_cycles_total"));
    assert!(json("health.json")["components"].is_object(), "{}", text["health.json"]);
    assert!(json("doctor.json")["checks"].is_array());
    assert!(json("sandbox.json")["layers"].is_array());
    assert!(text["README.txt"].contains("Never in a bundle"));

    // GNU tar reads it too, and every byte of what is packed was searched, the names and headers included.
    let listed = Program::new("tar").args(["-tvzf"]).arg(&archive).output().unwrap();
    assert!(listed.status.success() && listed.stderr.is_empty(), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.lines().count(), names.len());
    assert!(
        listed.lines().all(|line| line.starts_with("-rw------- root/root")),
        "{listed}"
    );
    let raw = Program::new("gzip").arg("-dc").arg(&archive).output().unwrap();
    assert!(raw.status.success(), "{raw:?}");
    assert_clean("the archive", &String::from_utf8_lossy(&raw.stdout));

    // To a pipe the same, and the process is found by its port as well.
    let url = fs::read_to_string(site.leaky.files.file("health.url")).unwrap();
    let output = site.export(&["--output=-", "--offline", "--port", url.rsplit(':').next().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let piped = site.leaky.files.file("piped.tar.gz");
    fs::write(&piped, output.stdout).unwrap();
    let entries = unpacked(&piped);
    assert!(entries.iter().all(|(name, _)| name != "doctor.json"));
    assert!(entries.iter().any(|(name, _)| name == "health.json"));
}

#[test]
fn the_status_page_is_asked_with_its_token() {
    let site = Site::with("admin_ui:\n  enabled: true\n  token: env:PAGE_TOKEN\n");
    let url = fs::read_to_string(site.leaky.files.file("health.url")).unwrap();
    let port = url.trim().rsplit(':').next().unwrap().to_owned();
    let exported = |name: &str, token: Option<&str>| {
        let mut command = Program::new(binary());
        command.args(["support", "export", "--offline", "--config"]);
        command.arg(&site.config).args(["--port", &port, "--output", name]);
        command.env_clear().envs(site.leaky.variables());
        if let Some(token) = token {
            command.env("PAGE_TOKEN", token);
        }
        let output = command.current_dir(site.leaky.files.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        unpacked(&site.leaky.files.file(name))
    };
    let entries = exported("with.tar.gz", Some(TOKEN));
    let status = entries.iter().find(|(name, _)| name == "admin/status.json");
    let (_, status) = status.unwrap_or_else(|| panic!("{entries:?}"));
    let status: Value = serde_json::from_str(status["text"].as_str().unwrap()).unwrap();
    assert_eq!(status["lifecycle"], "running");
    for (name, entry) in &entries {
        let text = entry["text"].as_str().unwrap();
        assert_clean(name, text);
        assert!(!text.contains(TOKEN), "{name}");
    }
    // Without it, the archive says what is missing.
    for (name, token) in [
        ("without.tar.gz", None),
        ("wrong.tar.gz", Some("another-token-0123456789")),
    ] {
        let entries = exported(name, token);
        let manifest: Value = serde_json::from_str(entries[0].1["text"].as_str().unwrap()).unwrap();
        let why = manifest["left_out"]["admin/status.json"].as_str().unwrap();
        assert!(why.contains("admin_ui.token"), "{manifest}");
        assert!(entries.iter().any(|(name, _)| name == "health.json"));
    }
}

#[test]
fn a_file_that_is_there_and_a_link_are_left_alone() {
    let leaky = Leaky::new("http://127.0.0.1:9", "http://127.0.0.1:9/mcp", "/bin/cat");
    let config = leaky.write("config.yaml", "");
    let (there, link) = (leaky.files.write("there", "precious"), leaky.files.file("link"));
    symlink(leaky.files.file("nowhere"), &link).unwrap();
    for name in ["there", "link"] {
        let output = export(&leaky, &config, &["--offline", "--output", name]);
        let shown = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{shown}");
        assert!(shown.contains(name) && shown.contains("name a new file"), "{shown}");
        assert_clean("the refusal", &shown);
    }
    assert_eq!(fs::read_to_string(there).unwrap(), "precious");
    assert!(!leaky.files.file("nowhere").exists());
}

#[test]
fn a_log_that_is_a_link_is_not_followed() {
    let leaky = Leaky::new("http://127.0.0.1:9", "http://127.0.0.1:9/mcp", "/bin/cat");
    let private = leaky.files.write("private", "not a log\n");
    symlink(private, leaky.files.file("client.log")).unwrap();
    let log = leaky.files.file("client.log").display().to_string();
    let config = leaky.write("config.yaml", &format!("log:\n  file: {log}\n"));
    let output = export(&leaky, &config, &["--offline", "--output", "b.tar.gz"]);
    assert!(output.status.success(), "{output:?}");
    let entries = unpacked(&leaky.files.file("b.tar.gz"));
    assert!(entries.iter().all(|(name, _)| name != "tunnel-client.logs.ndjson"));
    assert!(
        entries
            .iter()
            .all(|(_, entry)| !entry["text"].as_str().unwrap().contains("not a log"))
    );
    let readme = entries[1].1["text"].as_str().unwrap();
    assert!(readme.contains("client.log cannot be read"), "{readme}");
}

#[test]
fn a_configuration_with_mistakes_is_exported_with_them() {
    let leaky = Leaky::new("http://127.0.0.1:9", "http://127.0.0.1:9/mcp", "/bin/cat");
    let config = leaky.write("config.yaml", "proxy_check_interval_typo: 1\n");
    let output = export(&leaky, &config, &["--output", "b.tar.gz"]);
    let shown = String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned();
    assert!(output.status.success(), "{shown}");
    let entries = unpacked(&leaky.files.file("b.tar.gz"));
    for (name, entry) in &entries {
        assert_clean(name, entry["text"].as_str().unwrap());
    }
    let runtime = entries[2].1["text"].as_str().unwrap();
    assert!(runtime.contains("proxy_check_interval_typo"), "{runtime}");
    // Where there is no room nothing is left behind.
    let output = export(&leaky, &config, &["--output", "missing/b.tar.gz"]);
    assert_eq!(output.status.code(), Some(1));
}
