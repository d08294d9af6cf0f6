//! Secrets whose mode lets others read them, in a client: in closed directories, under `lockdown`, at a rotation.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::client::API_KEY;
use crate::support::kernel::Kernel;
use crate::support::{ClientBuilder, Command, ControlPlane, Doctor, McpServer};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn lockdown_refuses_such_a_key_wherever_it_lies() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = ClientBuilder::new(&control)
        .server(mcp.url())
        .no_env("CONTROL_PLANE_API_KEY");
    let closed = builder.directory().file("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let key = closed.join("key");
    fs::write(&key, API_KEY).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let mut client = builder
        .env("LOCKDOWN_ALLOWED_NETWORKS", "127.0.0.0/8")
        .arg(&format!("--control-plane.api-key=file:{}", key.display()))
        .start();
    assert_eq!(client.wait_exit(LONG).code(), Some(1));
    client.await_log("lets others read a secret, and lockdown accepts this nowhere; set mode 0400");
    assert!(control.seen().is_empty());
}

/// A certificate of a client whose key has a mode that lets others read it, in a closed directory, and a key for the control plane
/// there; the directory.
fn with_readable_secrets() -> (Doctor, PathBuf) {
    let doctor = Doctor::healthy();
    let (certificate, private) = doctor.authority.client("client");
    let closed = doctor.files.file("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let certificate = doctor.file("client.pem", &certificate, 0o644).display().to_string();
    for (name, text) in [("client.key", private.as_str()), ("key", API_KEY)] {
        fs::write(closed.join(name), text).unwrap();
        fs::set_permissions(closed.join(name), Permissions::from_mode(0o644)).unwrap();
    }
    let doctor = doctor
        .no_env("CONTROL_PLANE_API_KEY")
        .env("CONTROL_PLANE_CLIENT_CERT", certificate)
        .env(
            "CONTROL_PLANE_CLIENT_KEY",
            closed.join("client.key").display().to_string(),
        )
        .arg(format!("--control-plane.api-key=file:{}", closed.join("key").display()));
    (doctor, closed)
}

#[test]
fn doctor_warns_of_a_private_key_and_of_an_api_key_and_lockdown_refuses_each() {
    let (doctor, closed) = with_readable_secrets();
    let examined = doctor.examine();
    for (check, name) in [("config_validation", "key"), ("client_certificate", "client.key")] {
        assert_eq!(examined.status(check), "WARN", "{:#}", examined.report);
        let said = examined.said(check);
        let expected = format!("the mode of {} lets others read a secret", closed.join(name).display());
        assert!(
            said.contains(&expected) && said.contains("which others cannot enter"),
            "{said}"
        );
    }
    // The private key is read after the configuration.
    let (doctor, closed) = with_readable_secrets();
    fs::set_permissions(closed.join("key"), Permissions::from_mode(0o600)).unwrap();
    let examined = doctor.env("LOCKDOWN_ALLOWED_NETWORKS", "127.0.0.0/8").examine();
    assert_eq!(examined.status("client_certificate"), "FAIL", "{:#}", examined.report);
    let said = examined.said("client_certificate");
    assert!(said.contains("lockdown accepts this nowhere"), "{said}");
    let (doctor, _) = with_readable_secrets();
    let examined = doctor.env("LOCKDOWN_REQUIRE_CLIENT_CERT", "true").examine();
    let report = examined.report.to_string();
    assert!(report.contains("lockdown accepts this nowhere"), "{report}");
}

/// The sandbox refuses the calls that look at other processes: what was not proved before is not proved.
#[test]
fn a_key_that_becomes_readable_for_others_is_accepted_in_a_closed_directory_alone_and_ends_nothing() {
    for (kernel, hardening) in [
        (Kernel::default(), "enforce"),
        (Kernel::landlock("none"), "best-effort"),
    ] {
        let (control, mcp) = (ControlPlane::http(), McpServer::echo());
        let builder = ClientBuilder::new(&control)
            .on(kernel)
            .server(mcp.url())
            .env("HARDENING_MODE", hardening)
            .no_env("CONTROL_PLANE_API_KEY");
        let directory = builder.directory().file("keys");
        fs::create_dir(&directory).unwrap();
        let (key, mode) = (directory.join("key"), |path: &Path, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        });
        mode(&directory, 0o755);
        fs::write(&key, API_KEY).unwrap();
        mode(&key, 0o600);
        let client = builder
            .arg(&format!("--control-plane.api-key=file:{}", key.display()))
            .start();
        client.await_ready();
        mode(&key, 0o644);
        client.signal(Signal::HUP);
        let line = client.await_log("those in force stay");
        assert!(
            line.contains("was not proved at the start") || line.contains("chmod 0600"),
            "{line}"
        );
        mode(&directory, 0o700);
        client.signal(Signal::HUP);
        client.await_log("keys and certificates were read again and are in force");
        client.await_log("only its location keeps them from it");
        assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
    }
}
