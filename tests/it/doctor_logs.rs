//! `doctor` and where records go: the audit log, and a syslog server over TCP or TLS.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command as Program;

use crate::support::cases::closed_port;
use crate::support::client::binary;
use crate::support::doctor::Doctor;
use crate::support::syslog::LogServer;
use crate::support::tls::Authority;
use crate::support::{Client, ClientBuilder, Command, ControlPlane, McpServer};

fn syslog(address: &str) -> Doctor {
    Doctor::healthy()
        .env("LOG_TARGET", "syslog")
        .env("LOG_SYSLOG_ADDRESS", address)
}

#[test]
fn a_syslog_server_is_connected_to_and_sent_nothing() {
    let server = LogServer::start(None);
    let examined = syslog(&format!("tcp://{}", server.address)).examine();
    assert_eq!(examined.status("log_file"), "PASS", "{}", examined.summary("log_file"));
    assert!(examined.summary("log_file").contains("in clear"));
    assert!(server.records.all().is_empty());
}

#[test]
fn a_syslog_server_that_is_not_reached_is_named_with_the_hop_that_fails() {
    let examined = syslog(&format!("tcp://{}", closed_port())).examine();
    let said = examined.summary("log_file");
    assert_eq!(examined.status("log_file"), "WARN", "{said}");
    assert!(said.contains("connect") && said.contains("refused"), "{said}");
    // Signed by an authority that is not trusted, and then by one that is.
    let authority = Authority::new();
    let server = LogServer::start(Some(authority.server(&["127.0.0.1"])));
    let doctor = syslog(&format!("tls://{}", server.address));
    let examined = doctor.examine();
    let said = examined.summary("log_file");
    assert_eq!(examined.status("log_file"), "WARN", "{said}");
    assert!(said.contains("tls://") && said.contains("certificate"), "{said}");
    let bundle = doctor.file("syslog-ca.pem", authority.pem(), 0o644);
    let examined = doctor.env("CA_BUNDLE", bundle.display().to_string()).examine();
    assert_eq!(examined.status("log_file"), "PASS", "{}", examined.summary("log_file"));
    // A server that speaks no TLS.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in silent.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"no TLS here\r\n");
        }
    });
    let examined = syslog(&format!("tls://{address}")).examine();
    assert_eq!(examined.status("log_file"), "WARN", "{}", examined.summary("log_file"));
}

/// An audit log with a key, in directories of its own.
struct Site {
    doctor: Doctor,
}

impl Site {
    fn new() -> Self {
        let doctor = Doctor::healthy();
        for name in ["records", "private"] {
            fs::create_dir(doctor.files.file(name)).unwrap();
            fs::set_permissions(doctor.files.file(name), fs::Permissions::from_mode(0o700)).unwrap();
        }
        let (file, key) = (doctor.files.file("records/audit.log"), doctor.files.file("private/key"));
        let made = Program::new(binary())
            .args(["audit", "init"])
            .arg(&key)
            .env_clear()
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Self {
            doctor: doctor
                .env("AUDIT_FILE", file.display().to_string())
                .env("AUDIT_KEY_FILE", key.display().to_string()),
        }
    }

    fn run(&self, control: &ControlPlane, server: &McpServer) -> Client {
        let file = |name: &str| self.doctor.files.file(name).display().to_string();
        let client = ClientBuilder::new(control)
            .server(server.url())
            .env("AUDIT_FILE", file("records/audit.log"))
            .env("AUDIT_KEY_FILE", file("private/key"))
            .start();
        client.await_ready();
        client
    }

    #[track_caller]
    fn says(&self, status: &str, parts: &[&str]) {
        let examined = self.doctor.examine();
        let said = examined.summary("audit_log");
        assert_eq!(examined.status("audit_log"), status, "{said}");
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[test]
fn an_audit_log_is_looked_at_before_its_first_record_while_it_is_written_and_afterwards() {
    let (control, server) = (ControlPlane::http(), McpServer::echo());
    let site = Site::new();
    let file = site.doctor.files.file("records/audit.log");
    site.says("PASS", &["does not exist yet", "no record yet"]);
    assert!(!file.exists(), "doctor made it");
    let mut client = site.run(&control, &server);
    control.push(Command::call("r1", "tools/list", "{}"));
    assert_eq!(control.terminal("r1").resp_code, 200);
    site.says("PASS", &["as a running client does", "mode 0600"]);
    client.terminate();
    assert!(client.wait_exit(crate::support::wait::BOUND).success());
    site.says(
        "PASS",
        &["the last record is number 3", "it is the one that the key file knows"],
    );
    let before = fs::read(site.doctor.files.file("private/key")).unwrap();
    site.says("PASS", &[]);
    assert_eq!(
        fs::read(site.doctor.files.file("private/key")).unwrap(),
        before,
        "the key moved on"
    );
    // Somebody cut the last record off.
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&file, format!("{}\n", lines[..2].join("\n"))).unwrap();
    site.says("WARN", &["ends with record 2", "knows record 3"]);
    fs::write(&file, "not a record\n".repeat(9)).unwrap();
    site.says("FAIL", &["no sealed records"]);
    fs::write(&file, &text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    site.says("WARN", &["mode 0644"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    // The file alone is written by another process.
    let other = fs::File::options().append(true).open(&file).unwrap();
    other.lock().unwrap();
    site.says("FAIL", &["another process writes"]);
    drop(other);
    let key = site.doctor.files.file("private/key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    site.says("FAIL", &["audit.key_file", "mode 0640"]);
    fs::remove_file(&key).unwrap();
    site.says("FAIL", &["audit init makes one"]);
}
