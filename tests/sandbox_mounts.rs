//! A second mount gives the client's files a second name, which is closed to servers as well. In mount namespaces of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::path::Path;
use std::process::Command as Process;

use support::layout::{Layout, Placed, User};

/// Set in the process that has mounts of its own.
const INSIDE: &str = "TUNNEL_CLIENT_TEST_MOUNTS";

/// Runs the test of this name again in a process whose mounts no other process sees; returns whether this is that process.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if !rustix::process::geteuid().is_root() {
        return false;
    }
    let output = Process::new("unshare")
        .args(["--mount", "--propagation", "private", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

fn mount(arguments: &[&str]) {
    let output = Process::new("mount").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn bind(from: &Path, to: &Path) {
    mount(&["--bind", from.to_str().unwrap(), to.to_str().unwrap()]);
}

fn layout() -> Layout {
    Layout::new("mounted twice", "c.yaml", "secrets/key")
}

#[test]
fn a_second_mount_of_the_directory_opens_none_of_its_files() {
    if !is_inside("a_second_mount_of_the_directory_opens_none_of_its_files") {
        return;
    }
    let placed = Placed::new(&layout(), "/opt", User::Root);
    let other = placed.base().join("other");
    std::fs::create_dir(&other).unwrap();
    bind(&placed.base().join("tunnel-client"), &other);
    placed.holds_by(&[other.join("c.yaml"), other.join("secrets/key")]);
    placed.holds();
    let _ = Process::new("umount").arg(&other).status();
}

#[test]
fn what_is_configured_by_its_second_name_is_closed_by_the_first_one() {
    if !is_inside("what_is_configured_by_its_second_name_is_closed_by_the_first_one") {
        return;
    }
    let original = std::env::temp_dir().join(format!("tunnel-client-original-{}", std::process::id()));
    std::fs::create_dir_all(&original).unwrap();
    let placed = Placed::mounted(&layout(), "/opt", User::Root, |directory| bind(&original, directory));
    placed.holds_by(&[original.join("c.yaml"), original.join("secrets/key")]);
    placed.holds();
    drop(placed);
    std::fs::remove_dir_all(original).unwrap();
}

#[test]
fn mounts_of_what_is_above_of_a_part_and_of_a_single_file_open_nothing() {
    if !is_inside("mounts_of_what_is_above_of_a_part_and_of_a_single_file_open_nothing") {
        return;
    }
    let placed = Placed::new(&layout(), "/var/lib", User::Nobody);
    let others = std::env::temp_dir().join(format!("tunnel-client-others-{}", std::process::id()));
    for name in ["whole", "above", "part"] {
        std::fs::create_dir_all(others.join(name)).unwrap();
    }
    std::fs::write(others.join("file"), "").unwrap();
    bind(placed.base(), &others.join("whole"));
    bind(Path::new("/var"), &others.join("above"));
    bind(&placed.base().join("tunnel-client/secrets"), &others.join("part"));
    bind(&placed.base().join("tunnel-client/c.yaml"), &others.join("file"));
    let above = others.join("above").join(placed.base().strip_prefix("/var").unwrap());
    placed.holds_by(&[
        others.join("whole/tunnel-client/c.yaml"),
        others.join("whole/tunnel-client/secrets/key"),
        above.join("tunnel-client/c.yaml"),
        above.join("tunnel-client/secrets/key"),
        others.join("part/key"),
        others.join("file"),
    ]);
    drop(placed);
    // The mounts end with this process; the directories below them are left to no other.
    for name in ["whole", "above", "part", "file"] {
        let _ = Process::new("umount").arg(others.join(name)).status();
    }
    let _ = std::fs::remove_dir_all(&others);
}

#[test]
fn a_directory_on_the_way_cannot_be_moved_by_its_name_in_another_mount() {
    if !is_inside("a_directory_on_the_way_cannot_be_moved_by_its_name_in_another_mount") {
        return;
    }
    let others = std::env::temp_dir().join(format!("tunnel-client-moved-{}", std::process::id()));
    std::fs::create_dir_all(&others).unwrap();
    // The files lie on a file system of their own, and the directory of its mount is seen twice.
    let placed = Placed::mounted(&layout(), "/opt", User::Root, |directory| {
        mount(&["-t", "tmpfs", "none", directory.to_str().unwrap()]);
    });
    bind(Path::new("/opt"), &others);
    placed.holds_with(&[others.join(placed.base().strip_prefix("/opt").unwrap())]);
    let _ = Process::new("umount").arg(&others).status();
    let _ = std::fs::remove_dir(&others);
}

#[test]
fn devices_below_another_directory_are_closed_as_those_below_dev_are() {
    if !is_inside("devices_below_another_directory_are_closed_as_those_below_dev_are") {
        return;
    }
    let devices = std::env::temp_dir().join(format!("tunnel-client-devices-{}", std::process::id()));
    std::fs::create_dir_all(&devices).unwrap();
    mount(&["-t", "devtmpfs", "none", devices.to_str().unwrap()]);
    let names = ["kmsg", "fuse", "tty0", "userfaultfd", "loop0", "net/tun"].map(|name| devices.join(name));
    let found: Vec<_> = names.into_iter().filter(|path| path.exists()).collect();
    assert!(!found.is_empty());
    let placed = Placed::new(&layout(), "/opt", User::Root);
    placed.opens_none_of(&found);
    let _ = Process::new("umount").arg(&devices).status();
    let _ = std::fs::remove_dir(&devices);
}
