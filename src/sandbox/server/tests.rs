#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, File};
use std::io::ErrorKind;

use super::*;

/// Outcome of an attempt in a strict cage with these lists.
fn strict<T: Send>(read: &[&str], write: &[&str], attempt: impl FnOnce() -> T + Send) -> T {
    let sandbox = ServerSandbox {
        level: Level::Strict,
        read: read.iter().map(PathBuf::from).collect(),
        write: write.iter().map(PathBuf::from).collect(),
        network: ServerNetwork::None,
        ..ServerSandbox::default()
    };
    let argv = ["/bin/sh".to_owned()];
    let none = Protected {
        own: std::iter::empty(),
        trust: std::iter::empty(),
    };
    let cage = ServerCage::new(&sandbox, Mode::Enforce, &argv, none, std::iter::empty());
    let prepared = cage.prepare(&argv, None).unwrap();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            prepared.enter().unwrap();
            attempt()
        });
        server.join().unwrap()
    })
}

#[test]
fn a_strict_server_opens_the_devices_that_are_listed_and_no_others() {
    let terminal = || File::open("/dev/ptmx").map(drop).map_err(|error| error.kind());
    if terminal().is_err() {
        return;
    }
    assert_eq!(strict(&[], &["/dev/ptmx"], terminal), Ok(()));
    assert_eq!(strict(&["/dev/ptmx"], &[], terminal), Ok(()));
    assert_eq!(strict(&[], &["/dev/pts"], terminal), Err(ErrorKind::PermissionDenied));
    // Listing all of them names no device.
    assert_eq!(strict(&["/dev"], &["/"], terminal), Err(ErrorKind::PermissionDenied));
}

#[test]
fn a_strict_server_reads_certificates_of_the_system_and_not_the_keys_beside_them() {
    // Directories that exist on one distribution or another.
    for private in [
        "/etc/ssl/private",
        "/etc/pki/tls/private",
        "/etc/pki/entitlement",
        "/usr/local/etc",
        "/usr/src",
    ] {
        if fs::read_dir(private).is_ok() {
            let listed = strict(&[], &[], || {
                fs::read_dir(private).map(drop).map_err(|error| error.kind())
            });
            assert_eq!(listed, Err(ErrorKind::PermissionDenied), "{private}");
        }
    }
    for public in ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/lib", "/usr/share"] {
        if fs::read_dir(public).is_ok() {
            strict(&[], &[], || fs::read_dir(public).map(drop)).unwrap();
        }
    }
    for public in [
        "/etc/ssl/openssl.cnf",
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/cert.pem",
        "/etc/passwd",
    ] {
        if File::open(public).is_ok() {
            strict(&[], &[], || File::open(public).map(drop)).unwrap();
        }
    }
}
