//! Files on read-only mounts, as Kubernetes mounts secrets: the modes of their directories let others write, the mount does not.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::relay::{BINARY, lines_of};
use crate::support::scratch::Scratch;
use crate::support::*;

/// A volume as the kubelet makes it: `keys` leads over `..data` to a directory that is exchanged as a whole.
fn volume(scratch: &Scratch, mode: u32) -> PathBuf {
    let volume = scratch.path("volume");
    let inner = volume.join("..2026_11_29");
    fs::create_dir_all(&inner).unwrap();
    fs::write(inner.join("keys"), keys()).unwrap();
    fs::set_permissions(inner.join("keys"), Permissions::from_mode(0o440)).unwrap();
    symlink("..2026_11_29", volume.join("..data")).unwrap();
    symlink("..data/keys", volume.join("keys")).unwrap();
    for directory in [&inner, &volume] {
        fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
    }
    volume
}

/// The line with which the relay starts or gives up, with the volume mounted so; `None` where nothing can be mounted.
#[track_caller]
fn start(volume: &std::path::Path, options: &str) -> Option<String> {
    let mut unshare = Command::new("unshare");
    if !needs::is_root() {
        unshare.arg("--map-root-user");
    }
    unshare.arg("--mount");
    let mut can = Command::new(unshare.get_program());
    can.args(unshare.get_args())
        .args(["mount", "-t", "tmpfs", "none", "/tmp"]);
    let can = can.output().is_ok_and(|output| output.status.success());
    if !needs::met("namespaces", can) {
        return None;
    }
    let script = format!(
        "mount --bind \"$0\" \"$0\" && mount -o remount,bind,{options} \"$0\" && \
         exec \"$1\" serve --listen 127.0.0.1:0 --keys-file \"$0/keys\""
    );
    let mut child = unshare
        .args(["sh", "-c", &script])
        .args([volume.as_os_str(), BINARY.as_ref()])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = lines_of(child.stderr.take().unwrap());
    // That its keys are in plain is not what this is about.
    let line = std::iter::from_fn(|| lines.recv_timeout(PATIENCE).ok()).find(|line| !line.contains(" WARN "));
    let _ = child.kill();
    let _ = child.wait();
    Some(line.unwrap())
}

#[test]
fn a_volume_whose_modes_let_all_users_write_is_read_where_its_mount_lets_nobody() {
    let scratch = Scratch::new();
    let volume = volume(&scratch, 0o777);
    for (options, expected) in [
        ("ro", "relay listening"),
        ("rw", "is a directory that others can write"),
    ] {
        let Some(line) = start(&volume, options) else { return };
        assert!(line.contains(expected), "{options}: {line}");
    }
}

#[test]
fn a_volume_of_the_pods_group_is_read_where_its_mount_lets_nobody_write() {
    if !needs::root() {
        return;
    }
    let scratch = Scratch::new();
    let volume = volume(&scratch, 0o2775);
    for directory in [&volume, &volume.join("..2026_11_29")] {
        lchown(directory, None, Some(12345)).unwrap();
        fs::set_permissions(directory, Permissions::from_mode(0o2775)).unwrap();
    }
    for (options, expected) in [
        ("ro", "relay listening"),
        ("rw", "is a symbolic link that another user"),
    ] {
        let Some(line) = start(&volume, options) else { return };
        assert!(line.contains(expected), "{options}: {line}");
    }
    // A mount that nobody can write says nothing of who wrote before.
    lchown(volume.join("keys"), Some(12345), None).unwrap();
    let Some(line) = start(&volume, "ro") else { return };
    assert!(line.contains("is a symbolic link that another user"), "{line}");
}
