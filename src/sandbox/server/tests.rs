#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, File};
use std::io::ErrorKind;

use super::*;
use crate::needs;

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
    if !needs::met("terminal", terminal().is_ok()) {
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

/// Outcome of an attempt in this cage.
fn inside<T: Send>(cage: &Prepared, attempt: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            cage.enter().unwrap();
            attempt()
        });
        server.join().unwrap()
    })
}

fn default_cage(own: &[PathBuf]) -> ServerCage {
    let protected = Protected {
        own: own.iter().map(PathBuf::as_path),
        trust: std::iter::empty(),
    };
    let argv = ["/bin/true".to_owned()];
    ServerCage::new(
        &ServerSandbox::default(),
        Mode::Enforce,
        &argv,
        protected,
        std::iter::empty(),
    )
}

fn scratch(name: &str) -> PathBuf {
    let base = std::env::temp_dir().canonicalize().unwrap();
    let base = base.join(format!("tunnel-client-cages-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&base);
    fs::create_dir_all(&base).unwrap();
    base
}

#[test]
fn a_directory_that_the_host_has_rotated_stays_closed_to_restarted_servers() {
    let base = scratch("rotated");
    let (current, next) = (base.join("conf"), base.join("conf.new"));
    let fill = |directory: &Path, text: &str| {
        fs::create_dir(directory).unwrap();
        fs::write(directory.join("key"), text).unwrap();
    };
    fill(&current, "1");
    let mut cage = default_cage(&[current.join("key")]);
    // Standard streams of the test may be files.
    cage.hidden.retain(|path| path.starts_with(&base));
    assert!(cage.hides_directories_alone());
    let mut prepared = Arc::new(cage.prepare(&[], None).unwrap());
    for generation in ["2", "3"] {
        fill(&next, generation);
        fs::rename(&current, base.join(format!("before.{generation}"))).unwrap();
        fs::rename(&next, &current).unwrap();
        fs::write(base.join(format!("theirs.{generation}")), "t").unwrap();
        prepared = cage.prepare_again(&prepared, None).unwrap();
    }
    // A hidden file by itself, too.
    fs::rename(current.join("key"), base.join("key.old")).unwrap();
    prepared = cage.prepare_again(&prepared, None).unwrap();
    inside(&prepared, || {
        for closed in ["before.2/key", "before.3/key", "key.old"] {
            assert_eq!(
                fs::read(base.join(closed)).unwrap_err().kind(),
                ErrorKind::PermissionDenied,
                "{closed}"
            );
        }
        // Entries that the host has made since are in reach.
        for open in ["theirs.2", "theirs.3"] {
            fs::read(base.join(open)).unwrap();
        }
    });
    fs::remove_dir_all(base).unwrap();
}

#[test]
fn layers_of_cages_do_not_grow_with_the_number_of_starts() {
    let base = scratch("layers");
    fs::write(base.join("key"), "k").unwrap();
    let mut cage = default_cage(&[]);
    cage.hidden = vec![base.join("key")];
    let mut prepared = Arc::new(cage.prepare(&[], None).unwrap());
    // Landlock takes 16 layers.
    for _ in 0..20 {
        prepared = cage.prepare_again(&prepared, None).unwrap();
    }
    fs::rename(base.join("key"), base.join("moved")).unwrap();
    prepared = cage.prepare_again(&prepared, None).unwrap();
    inside(&prepared, || fs::read(base.join("moved")).unwrap_err());
    fs::remove_dir_all(base).unwrap();
}
