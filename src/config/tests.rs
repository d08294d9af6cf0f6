//! Tests of [`load`] over written values: no process state, no disk.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::LevelFilter;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;

use super::load::load;
use super::settings::{Recorder, Sources};
use super::*;
use crate::secrets::{Environment, Files};

mod api_key;
mod bindings;
mod entries;
mod every_key;
mod every_setting;
mod extra_headers;
mod hostile;
mod lockdown;
mod page;
mod proxies;
mod references;
mod values;

const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";
const KEY: &str = "sk-test_0123456789";

/// The least that starts.
const COMPLETE: [(&str, &str); 3] = [
    ("CONTROL_PLANE_TUNNEL_ID", ID),
    ("CONTROL_PLANE_API_KEY", KEY),
    ("MCP_SERVER_URL", "http://127.0.0.1:3000/mcp"),
];

struct NoDisk;

impl Files for NoDisk {
    fn read(&self, path: &Path, _limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        match path.to_str().unwrap() {
            "/run/url" => Ok(Zeroizing::new(b" http://from-file/mcp\n".to_vec())),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn read_secret(&self, path: &Path, _limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        match path.to_str().unwrap() {
            "/run/key" => Ok(Zeroizing::new(b"file-key\n".to_vec())),
            "/run/proxy" => Ok(Zeroizing::new(b"http://user:file-sekret@proxy:3128\n".to_vec())),
            "/run/empty" => Ok(Zeroizing::new(b" \n".to_vec())),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn is_there(&self, path: &Path) -> bool {
        [Path::new("/run/credentials/x"), Path::new("/run/credentials/x/there")].contains(&path)
    }
}

fn load_from(environment: Environment, given: &[(&'static str, &str)]) -> Result<Config, ConfigErrors> {
    let mut flags = Flags::default();
    for (name, value) in given {
        flags.add(name, [OsString::from(value)]);
    }
    load_written(&flags, &environment, None)
}

/// Loads the settings written in the three sources; files are those of [`NoDisk`].
fn load_written(flags: &Flags, environment: &Environment, file: Option<&File>) -> Result<Config, ConfigErrors> {
    let sources = Sources {
        flags,
        environment,
        file,
        files: &Recorder::of(&NoDisk),
    };
    load(&sources, &Selection::None)
}

/// Loads with `variables` over the least that starts; an empty value unsets one of those.
fn with(variables: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Config, ConfigErrors> {
    load_from(COMPLETE.iter().chain(variables).copied().collect(), flags)
}

/// Host and address of a health listener on TCP.
fn tcp(config: &Config) -> (String, String) {
    match &config.health.listen {
        Listen::Tcp { host, addr } => (host.clone(), addr.to_string()),
        other => panic!("no address: {other:?}"),
    }
}

fn lines(result: Result<Config, ConfigErrors>) -> Vec<String> {
    match result {
        Ok(config) => panic!("accepted: {config:?}"),
        Err(errors) => errors.iter().map(printed).collect(),
    }
}

/// A message as it is printed: there is nothing in it that looks like a secret.
fn printed(error: &ConfigError) -> String {
    let line = error.to_string();
    assert_eq!(crate::telemetry::redact::scrub(&line), line);
    line
}

/// The one message that a single mistake leads to.
fn message(variables: &[(&str, &str)], flags: &[(&'static str, &str)]) -> String {
    let mut lines = lines(with(variables, flags));
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

#[test]
fn a_flag_wins_over_the_variable_and_its_old_spelling() {
    let config = with(
        &[
            ("MCP_MAX_CONCURRENT_REQUESTS", "3"),
            ("HEALTH_LISTEN_ADDR", "127.0.0.1:1"),
        ],
        &[
            ("mcp.max-concurrent-requests", "4"),
            ("mcp.max-concurrent-requests", "5"),
            ("health-listen-addr", "127.0.0.1:2"),
            ("health.listen-addr", "127.0.0.1:3"),
        ],
    )
    .unwrap();
    assert_eq!(config.mcp.max_concurrent_requests, 5);
    assert_eq!(tcp(&config).1, "127.0.0.1:3");
    let config = with(&[], &[("health-listen-addr", "127.0.0.1:2")]).unwrap();
    assert_eq!(tcp(&config).1, "127.0.0.1:2");
}

#[test]
fn empty_and_blank_are_unset_in_every_source() {
    let config = with(
        &[
            ("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", ""),
            ("LOG_FORMAT", " "),
            ("LOG_FILE", ""),
        ],
        &[("control-plane.tunnel-id", ""), ("mcp.server-url", " ")],
    )
    .unwrap();
    assert_eq!(
        (
            config.control_plane.max_inflight,
            config.control_plane.tunnel_id.as_str()
        ),
        (20, ID)
    );
    assert_eq!(
        (config.log.format, &config.log.file, config.mcp.bindings.len()),
        (LogFormat::Plain, &None, 1)
    );
}

#[test]
fn every_mistake_is_reported_at_once_with_its_source() {
    let lines = lines(load_from(
        [
            ("CONTROL_PLANE_BASE_URL", "api.example.com"),
            ("CONTROL_PLANE_API_KEY", "not a key"),
            ("MCP_SERVER_URL", "http://h\nchannel=x,url=http://u:p@h"),
            ("LOG_FORMAT", "xml"),
            ("HARPOON_TARGETS", "label=X,url=https://h"),
        ]
        .into_iter()
        .collect(),
        &[
            ("mcp.max-concurrent-requests", "0"),
            ("control-plane.poll-timeout", "30"),
        ],
    ));
    let expected = [
        "invalid control-plane.base-url: it needs a scheme and a host; begin it with https:// or http:// \
         (control-plane.base-url from variable CONTROL_PLANE_BASE_URL)",
        "tunnel ID is required; set --control-plane.tunnel-id or CONTROL_PLANE_TUNNEL_ID to the id of your tunnel \
         (control-plane.tunnel-id is not set)",
        "control plane API key is malformed: it has a character that is no letter, digit, \"-\" or \"_\"; copy it again \
         (control-plane.api-key from variable CONTROL_PLANE_API_KEY)",
        "control-plane.poll-timeout has a number without a unit; write a duration such as 30s, 1m30s or 100ms \
         (control-plane.poll-timeout from flag --control-plane.poll-timeout)",
        "URL holds a user name or a password before the host; remove it \
         (mcp.server-url from variable MCP_SERVER_URL, entry 2)",
        "harpoon.target label must match ^[a-z0-9][a-z0-9_-]{0,63}$; rename it \
         (harpoon.target from variable HARPOON_TARGETS, entry 1)",
        "mcp.max-concurrent-requests must be greater than 0; write a number from 1 to 10000 \
         (mcp.max-concurrent-requests from flag --mcp.max-concurrent-requests)",
        "unsupported log format: \"xml\"; write struct-text or json (log.format from variable LOG_FORMAT)",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn what_is_allowed_but_probably_not_meant_is_a_warning() {
    let config = with(
        &[
            ("CONTROL_PLANE_BASE_URL", "http://relay.example.com/base?x=1"),
            ("HARPOON_MAX_REDIRECTS", "0"),
        ],
        &[],
    )
    .unwrap();
    assert_eq!(config.warnings.len(), 3, "{:?}", config.warnings);
    assert!(config.warnings[0].contains("unencrypted") && config.warnings[1].contains("control-plane.url-path"));
    assert!(config.warnings[2].starts_with("harpoon.max_redirects has no effect in this build: "));
    let local = with(&[("CONTROL_PLANE_BASE_URL", "http://localhost:8000")], &[]).unwrap();
    assert!(local.warnings.is_empty(), "{:?}", local.warnings);
    let beside = ("CONTROL_PLANE_HTTP_PROXY", "http://127.0.0.1:3128");
    let local = with(&[("CONTROL_PLANE_BASE_URL", "http://localhost:8000"), beside], &[]).unwrap();
    assert!(local.warnings.is_empty(), "{:?}", local.warnings);
}

#[test]
fn an_audit_log_whose_anchors_are_not_logged_is_a_warning() {
    let audit = [
        ("AUDIT_FILE", "/var/log/audit.log"),
        ("AUDIT_KEY_FILE", "/var/lib/x/key"),
    ];
    for (level, warnings) in [("debug", 0), ("info", 0), ("warn", 1), ("error", 1)] {
        let log = [("LOG_LEVEL", level), ("LOG_FORMAT", "json")];
        let config = with(&[&audit[..], &log].concat(), &[]).unwrap();
        assert_eq!(config.warnings.len(), warnings, "{level}: {:?}", config.warnings);
        let config = with(&[&audit[..1], &log].concat(), &[]).unwrap();
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    }
}

#[test]
fn an_audit_log_shares_no_file_with_the_log() {
    let same = [("AUDIT_FILE", "/var/log/x.log"), ("LOG_FILE", "/var/log/x.log")];
    let refused = with(&same, &[]).unwrap_err().to_string();
    assert!(refused.contains("is the file of log.file"), "{refused}");
}

#[test]
fn a_key_that_a_remote_proxy_reads_is_a_warning_for_loopback_too() {
    let proxied = [
        ("CONTROL_PLANE_BASE_URL", "http://localhost:8000"),
        ("CONTROL_PLANE_HTTP_PROXY", "http://user:sekret@proxy.example:3128"),
    ];
    let config = with(&proxied, &[]).unwrap();
    let [warning] = config.warnings.as_slice() else {
        panic!("{:?}", config.warnings)
    };
    assert!(
        warning.contains("unencrypted, and the proxy of control-plane.http-proxy reads them"),
        "{warning}"
    );
    assert!(!warning.contains("sekret"));
}

#[test]
fn records_are_forwarded_from_a_file_and_to_the_server_of_the_log_unless_told_otherwise() {
    const FILE: (&str, &str) = ("AUDIT_FILE", "/var/log/audit.log");
    const SYSLOG: (&str, &str) = ("AUDIT_FORWARD", "syslog");
    let forward = |settings: &[(&'static str, &'static str)]| {
        let config = with(settings, &[]).unwrap();
        config.audit.as_ref().unwrap().forward.clone().unwrap()
    };
    let log = ("LOG_SYSLOG_ADDRESS", "tls://logs.example");
    let found = forward(&[FILE, SYSLOG, log, ("LOG_SYSLOG_FACILITY", "local1")]);
    let shown = "tls://logs.example:6514".to_owned();
    assert_eq!(found.target, LogTarget::SyslogServer { facility: 17, shown });
    let found = forward(&[
        FILE,
        SYSLOG,
        log,
        ("AUDIT_SYSLOG_ADDRESS", "/run/log"),
        ("AUDIT_SYSLOG_FACILITY", "auth"),
    ]);
    let socket = "/run/log".into();
    assert_eq!(
        (found.target, found.server),
        (LogTarget::Syslog { facility: 4, socket }, None)
    );
    assert_eq!(found.position, Path::new("/var/log/audit.log.forwarded"));
    assert_eq!(forward(&[FILE, ("AUDIT_FORWARD", "journald")]).backlog, 64 << 20);
    for (settings, gist) in [
        (&[SYSLOG][..], "no records are written without audit.file"),
        (
            &[("AUDIT_SYSLOG_FACILITY", "auth")],
            "no records are written without audit.file",
        ),
        (
            &[FILE, ("AUDIT_SYSLOG_ADDRESS", "/run/log")],
            "has no effect without audit.forward syslog",
        ),
        (
            &[FILE, ("AUDIT_FORWARD", "journald"), ("AUDIT_SYSLOG_FACILITY", "auth")],
            "has no effect without audit.forward syslog",
        ),
    ] {
        let refused = with(settings, &[]).unwrap_err();
        let found: Vec<String> = refused.iter().map(ToString::to_string).collect();
        assert!(found.len() == 1 && found[0].contains(gist), "{gist}: {found:#?}");
    }
    let open = with(&[FILE, SYSLOG, ("AUDIT_SYSLOG_ADDRESS", "tcp://192.0.2.1")], &[]).unwrap();
    let warned =
        "records of the audit log travel unencrypted to tcp://192.0.2.1:601; begin audit.syslog-address with tls://";
    assert_eq!(open.warnings, [warned]);
}
