//! Secrets and certificates that the service manager hands over as credentials: every setting takes them, and a session is served from
//! nothing else, in directories as systemd makes them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};

use rustix::fs::{XattrFlags, setxattr};
use rustix::process::Signal;

use crate::support;
use crate::support::client::{API_KEY, binary};
use crate::support::control::TUNNEL;
use crate::support::mounted::{is_inside, mount};
use crate::support::rotating::{IN_FORCE, NAMES};
use crate::support::tls::Authority;
use crate::support::{ClientBuilder, Command, ControlPlane, McpServer, Scratch, admin, needs, program, relay};

/// `nobody`.
const NOBODY: u32 = 65534;

/// Every setting that can hold a secret or names a file of keys or certificates, in a file.
const ALL: &str = r#"
control_plane:
  base_url: https://control.example
  tunnel_id: tunnel_0123456789abcdef0123456789abcdef
  api_key: credential:secret_api-key
  client_cert: credential:control-cert
  client_key: credential:control-key
  http_proxy: credential:control-proxy
  extra_headers: {X-Site: "credential:control-header"}
http_proxy: credential:top-proxy
ca_bundle: credential:bundle
proxy:
  ca_bundle: credential:proxy-bundle
  client_cert: credential:proxy-cert
  client_key: credential:proxy-key
harpoon:
  http_proxy: credential:harpoon-proxy
mcp:
  http_proxy: credential:mcp-proxy
  client_cert: credential:mcp-cert
  client_key: credential:mcp-key
  extra_headers: {X-Token: "credential:mcp-header"}
  discovery_extra_headers: {X-Discovery: "credential:discovery-header"}
  server_urls:
    - url: credential:server-url
      http_proxy: credential:server-proxy
      client_cert: credential:server-cert
      client_key: credential:server-key
    - channel: other
      url: https://other.example/mcp
  commands:
    - channel: local
      command: credential:command
      env: {PASSWORD: "credential:variable"}
"#;

/// The same in flags and variables, as far as there are any.
const FLAGS: [&str; 14] = [
    "--control-plane.api-key=credential:secret_api-key",
    "--control-plane.client-cert=credential:control-cert",
    "--control-plane.client-key=credential:control-key",
    "--control-plane.http-proxy=credential:control-proxy",
    "--control-plane.extra-headers=X-Site: credential:control-header",
    "--http-proxy=credential:top-proxy",
    "--ca-bundle=credential:bundle",
    "--proxy.ca-bundle=credential:proxy-bundle",
    "--proxy.client-cert=credential:proxy-cert",
    "--proxy.client-key=credential:proxy-key",
    "--mcp.http-proxy=credential:mcp-proxy",
    "--mcp.client-cert=credential:mcp-cert",
    "--mcp.client-key=credential:mcp-key",
    "--mcp.extra-headers=X-Token: credential:mcp-header",
];

/// Credentials, and a home for the commands that use them.
struct Unit {
    files: Scratch,
    directory: PathBuf,
}

impl Unit {
    fn new() -> Self {
        let files = Scratch::new();
        let directory = files.file("credentials");
        fs::create_dir(&directory).unwrap();
        Self { files, directory }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.directory.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    }

    /// All that [`ALL`] names; returns their names.
    fn fill(&self) -> Vec<&'static str> {
        let authority = Authority::new();
        let names = ALL.split("credential:").skip(1);
        let names: Vec<&str> = names.map(|rest| rest.split(['"', '\n']).next().unwrap()).collect();
        let pairs: Vec<_> = ["control", "proxy", "mcp", "server"]
            .iter()
            .map(|whose| (*whose, authority.client(whose)))
            .collect();
        for name in &names {
            let (whose, what) = name.rsplit_once('-').unwrap_or((name, ""));
            let pair = pairs.iter().find(|(known, _)| *known == whose).map(|(_, pair)| pair);
            let text = match (*name, what, pair) {
                ("secret_api-key", ..) => API_KEY,
                ("server-url", ..) => "https://mcp.example/mcp",
                ("command", ..) => "/bin/cat",
                (_, "cert", Some((certificate, _))) => certificate,
                (_, "key", Some((_, key))) => key,
                (_, "proxy", _) => "http://user:password@127.0.0.1:3128",
                (_, "bundle", _) | ("bundle", ..) => authority.pem(),
                _ => "a-value",
            };
            self.write(name, text);
        }
        names
    }

    fn check(&self, arguments: &[&str]) -> Output {
        Process::new(binary())
            .args(["config", "check"])
            .args(arguments)
            .env_clear()
            .env("HOME", self.files.path())
            .env("PATH", "/usr/bin:/bin")
            .env("CREDENTIALS_DIRECTORY", &self.directory)
            .current_dir(self.files.path())
            .output()
            .unwrap()
    }
}

#[track_caller]
fn accepted(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[track_caller]
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_secret_and_every_certificate_can_be_a_credential_and_a_missing_one_is_named_with_its_line_of_the_unit() {
    let unit = Unit::new();
    let names = unit.fill();
    assert_eq!(names.len(), 22, "{names:?}");
    let config = unit.files.write("config.yaml", ALL);
    let in_file = ["--config", config.to_str().unwrap()];
    let (base, id) = (
        "--control-plane.base-url=https://control.example",
        format!("--control-plane.tunnel-id={TUNNEL}"),
    );
    let server = "--mcp.server-url=url=https://mcp.example/mcp,http-proxy=credential:server-proxy,\
                  client-cert=credential:server-cert,client-key=credential:server-key";
    let flags: Vec<&str> = FLAGS.into_iter().chain([base, &id, server]).collect();
    accepted(&unit.check(&in_file));
    accepted(&unit.check(&flags));
    for name in names {
        let (path, aside) = (unit.directory.join(name), unit.files.file("aside"));
        fs::rename(&path, &aside).unwrap();
        let is_flag = flags.iter().any(|flag| flag.contains(&format!("credential:{name}")));
        let outputs = [Some(&in_file[..]), is_flag.then_some(&flags[..])];
        for arguments in outputs.into_iter().flatten() {
            let said = refused(&unit.check(arguments));
            let line = said.lines().find(|line| line.contains(&format!("credential {name}")));
            let line = line.unwrap_or_else(|| panic!("{name}: {said}"));
            assert!(
                line.contains("not among those that the service manager handed over")
                    && line.contains(&format!("LoadCredential={name} with")),
                "{line}"
            );
            assert_eq!(
                line.contains("/etc/tunnel-client/secrets/api-key"),
                name == "secret_api-key"
            );
        }
        fs::rename(&aside, &path).unwrap();
    }
}

/// The line of an error that names the credential.
#[track_caller]
fn line_about<'a>(said: &'a str, name: &str) -> &'a str {
    let line = said.lines().find(|line| line.contains(&format!("credential {name}")));
    line.unwrap_or_else(|| panic!("{name}: {said}"))
}

#[test]
fn without_credentials_of_a_service_manager_the_remedy_is_named() {
    let unit = Unit::new();
    let config = unit.files.write("config.yaml", ALL);
    let output = Process::new(binary())
        .args(["config", "check", "--config"])
        .arg(config)
        .env_clear()
        .env("HOME", unit.files.path())
        .output()
        .unwrap();
    let said = refused(&output);
    for name in ["secret_api-key", "control-key", "bundle", "top-proxy"] {
        let line = line_about(&said, name);
        assert!(
            line.contains("CREDENTIALS_DIRECTORY is not set")
                && line.contains(&format!("LoadCredential={name} with"))
                && line.contains("file:PATH"),
            "{line}"
        );
    }
}

/// As systemd before 257 does for `ExecReload=` of a unit with mounts of its own.
#[test]
fn credentials_that_are_hidden_from_the_process_are_said_to_be() {
    if !needs::root() {
        return;
    }
    let unit = Unit::new();
    unit.fill();
    let config = unit.files.write("config.yaml", ALL);
    let inaccessible = unit.files.file("inaccessible");
    fs::create_dir(&inaccessible).unwrap();
    fs::rename(&unit.directory, inaccessible.join("credentials")).unwrap();
    program::copy(&binary(), &unit.files.file("tunnel-client"));
    for path in [unit.files.path(), &config] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(&inaccessible, Permissions::from_mode(0o000)).unwrap();
    let output = Process::new(unit.files.file("tunnel-client"))
        .args(["config", "check", "--config"])
        .arg(&config)
        .env_clear()
        .env("HOME", "/")
        .env("CREDENTIALS_DIRECTORY", inaccessible.join("credentials"))
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let said = refused(&output);
    for name in ["secret_api-key", "control-key", "bundle", "top-proxy"] {
        let line = line_about(&said, name);
        assert!(
            line.contains("hidden from this process") && line.contains("ExecReload="),
            "{line}"
        );
    }
}

#[test]
fn the_admin_key_can_be_a_credential() {
    let unit = Unit::new();
    let service = admin::service(support::Answer::json(200, "{}"));
    let arguments = [
        "list",
        "--admin-key=credential:admin",
        "--control-plane-base-url",
        &service.0.origin(),
    ];
    let directory = unit.directory.display().to_string();
    let variables = [("CREDENTIALS_DIRECTORY", directory.as_str())];
    let said = admin::failure(&arguments, &variables);
    assert!(said.contains("LoadCredential=admin with"), "{said}");
    unit.write("admin", admin::KEY);
    let _ = admin::tunnels(&arguments, &variables);
    let seen = service.1.lock().unwrap();
    let bearer = format!("Bearer {}", admin::KEY);
    assert_eq!(seen[0].header("authorization"), Some(bearer.as_str()));
}

/// What systemd mounts the credentials of a unit as: a file system without access control lists, or with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Files and directory belong to the user of the unit.
    Ramfs,
    /// They belong to root, with an entry for the user.
    Tmpfs,
}

/// An access control list that gives root and this user these rights, in the kernel's form (`posix_acl_xattr.h`).
fn list(user: u32, rights: u16) -> Vec<u8> {
    let entries = [
        (0x01, rights, u32::MAX),
        (0x02, rights, user),
        (0x04, 0, u32::MAX),
        (0x10, rights, u32::MAX),
        (0x20, 0, u32::MAX),
    ];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        bytes.extend(u16::to_le_bytes(tag));
        bytes.extend(u16::to_le_bytes(rights));
        bytes.extend(u32::to_le_bytes(id));
    }
    bytes
}

/// Mounts them there; false where this kernel has no such lists.
fn hand_over(layout: Layout, directory: &Path, credentials: &[(&str, &str)]) -> bool {
    fs::create_dir_all(directory).unwrap();
    let at = directory.to_str().unwrap();
    let kind = match layout {
        Layout::Ramfs => "ramfs",
        Layout::Tmpfs => "tmpfs",
    };
    mount(&["-t", kind, "-o", "nodev,noexec,nosuid,mode=0700", kind, at]);
    let give = |path: &Path, mode: u32, rights: u16| {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        match layout {
            Layout::Ramfs => chown(path, Some(NOBODY), Some(0)).is_ok(),
            Layout::Tmpfs => setxattr(
                path,
                "system.posix_acl_access",
                &list(NOBODY, rights),
                XattrFlags::empty(),
            )
            .is_ok(),
        }
    };
    let given = credentials.iter().all(|(name, text)| {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        give(&path, 0o400, 4)
    });
    let given = given && give(directory, 0o500, 5);
    mount(&["-o", "remount,bind,ro,nodev,noexec,nosuid", at]);
    given
}

#[test]
fn a_session_is_served_from_credentials_as_systemd_lays_them_out() {
    if !is_inside("credentials::a_session_is_served_from_credentials_as_systemd_lays_them_out") {
        return;
    }
    // ProcSubset=pid and ProtectProc=invisible.
    mount(&["-t", "proc", "-o", "subset=pid,hidepid=2", "proc", "/proc"]);
    for layout in [Layout::Ramfs, Layout::Tmpfs] {
        let (servers, clients) = (Authority::named("servers"), Authority::named("clients"));
        let control = ControlPlane::https(servers.server_for(&NAMES, &clients, true));
        let (mcp, place) = (McpServer::echo(), Scratch::new());
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        let directory = place.file("credentials/unit.service");
        let (certificate, key) = clients.client("ours");
        let credentials = [
            ("secret_api-key", API_KEY),
            ("bundle", servers.pem()),
            ("client-cert", &*certificate),
            ("client-key", &key),
            ("header", "from-a-credential"),
        ];
        if !needs::met("acl", hand_over(layout, &directory, &credentials)) {
            continue;
        }
        let builder = ClientBuilder::new(&control);
        let at = builder.directory().path().to_owned();
        let server = builder.directory().file("relay");
        program::copy(&relay::binary(), &server);
        let settings = [
            ("CREDENTIALS_DIRECTORY", directory.display().to_string()),
            ("CONTROL_PLANE_BASE_URL", control.url()),
            ("CONTROL_PLANE_TUNNEL_ID", TUNNEL.to_owned()),
            ("CONTROL_PLANE_CLIENT_CERT", "credential:client-cert".to_owned()),
            ("CONTROL_PLANE_CLIENT_KEY", "credential:client-key".to_owned()),
            ("CA_BUNDLE", "credential:bundle".to_owned()),
            ("MCP_SERVER_URL", mcp.url()),
            (
                "MCP_COMMAND",
                format!("channel=local,command={} mcp-stub --stdio", server.display()),
            ),
            ("HEALTH_LISTEN_ADDR", "127.0.0.1:0".to_owned()),
            ("HEALTH_URL_FILE", at.join("health.url").display().to_string()),
            ("PID_FILE", at.join("pid").display().to_string()),
        ];
        let flags = [
            "--control-plane.api-key=credential:secret_api-key",
            "--control-plane.extra-headers=X-Site: credential:header",
        ];
        let mut builder = builder.no_env("CONTROL_PLANE_API_KEY");
        for (name, value) in &settings {
            builder = builder.env(name, value);
        }
        for flag in flags {
            builder = builder.arg(flag);
        }
        let client = builder.started_by(NOBODY).unreadable().start();
        client.await_ready();
        control.call(Command::call("r1", "tools/list", "{}"), "r1");
        control.introduce_on("local");
        control.call(Command::call("r2", "tools/list", "{}").channel("local"), "r2");
        let polls = control.polls();
        assert_eq!(polls[0].header("x-site"), Some("from-a-credential"));
        // They are read again, and are what they were.
        client.signal(Signal::HUP);
        let line = client.await_log(IN_FORCE);
        assert!(line.contains("\"generation\":2"), "{layout:?}: {line}");
        control.call(Command::call("r3", "tools/list", "{}"), "r3");
        assert_eq!(client.log_with("cannot be read any more"), [""; 0], "{layout:?}");
        // ExecReload= of the unit, beside the running client.
        let check = Process::new(at.join("tunnel-client"))
            .args(["config", "check"])
            .args(flags)
            .env_clear()
            .envs(settings)
            .env("HOME", &at)
            .current_dir(&at)
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        accepted(&check);
        drop(client);
        let _ = Process::new("umount").arg("--lazy").arg(&directory).status();
    }
}
