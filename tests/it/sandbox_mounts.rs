//! A second mount gives the client's files a second name, which is closed to servers as well. In mount namespaces of their own.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;

use tunnel_client::config::{Mode, ServerSandbox};
use tunnel_client::sandbox::server::{Prepared, Protected, ServerCage};

use crate::support::Scratch;
use crate::support::layout::{Layout, Placed, User};
use crate::support::mounted::{bind, is_inside, mount};
use crate::support::scratch::remove_all;

fn layout() -> Layout {
    Layout::new("mounted twice", "c.yaml", "secrets/key")
}

#[test]
fn a_second_mount_of_the_directory_opens_none_of_its_files() {
    if !is_inside("sandbox_mounts::a_second_mount_of_the_directory_opens_none_of_its_files") {
        return;
    }
    let placed = Placed::new(&layout(), "/opt", User::Root);
    let other = placed.base().join("other");
    fs::create_dir(&other).unwrap();
    bind(&placed.base().join("tunnel-client"), &other);
    placed.holds_by(&[other.join("c.yaml"), other.join("secrets/key")]);
    placed.holds();
    let _ = Process::new("umount").arg(&other).status();
}

#[test]
fn what_is_configured_by_its_second_name_is_closed_by_the_first_one() {
    if !is_inside("sandbox_mounts::what_is_configured_by_its_second_name_is_closed_by_the_first_one") {
        return;
    }
    let original = std::env::temp_dir().join(format!("tunnel-client-original-{}", std::process::id()));
    fs::create_dir_all(&original).unwrap();
    let placed = Placed::mounted(&layout(), "/opt", User::Root, |directory| bind(&original, directory));
    placed.holds_by(&[original.join("c.yaml"), original.join("secrets/key")]);
    placed.holds();
    drop(placed);
    remove_all(&original);
}

#[test]
fn mounts_of_what_is_above_of_a_part_and_of_a_single_file_open_nothing() {
    if !is_inside("sandbox_mounts::mounts_of_what_is_above_of_a_part_and_of_a_single_file_open_nothing") {
        return;
    }
    let placed = Placed::new(&layout(), "/var/lib", User::Nobody);
    let others = std::env::temp_dir().join(format!("tunnel-client-others-{}", std::process::id()));
    for name in ["whole", "above", "part"] {
        fs::create_dir_all(others.join(name)).unwrap();
    }
    fs::write(others.join("file"), "").unwrap();
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
    remove_all(&others);
}

#[test]
fn a_directory_on_the_way_cannot_be_moved_by_its_name_in_another_mount() {
    if !is_inside("sandbox_mounts::a_directory_on_the_way_cannot_be_moved_by_its_name_in_another_mount") {
        return;
    }
    let others = std::env::temp_dir().join(format!("tunnel-client-moved-{}", std::process::id()));
    fs::create_dir_all(&others).unwrap();
    // The files lie on a file system of their own, and the directory of its mount is seen twice.
    let placed = Placed::mounted(&layout(), "/opt", User::Root, |directory| {
        mount(&["-t", "tmpfs", "none", directory.to_str().unwrap()]);
    });
    bind(Path::new("/opt"), &others);
    placed.holds_with(&[others.join(placed.base().strip_prefix("/opt").unwrap())]);
    let _ = Process::new("umount").arg(&others).status();
    let _ = fs::remove_dir(&others);
}

#[test]
fn devices_below_another_directory_are_closed_as_those_below_dev_are() {
    if !is_inside("sandbox_mounts::devices_below_another_directory_are_closed_as_those_below_dev_are") {
        return;
    }
    let devices = std::env::temp_dir().join(format!("tunnel-client-devices-{}", std::process::id()));
    fs::create_dir_all(&devices).unwrap();
    mount(&["-t", "devtmpfs", "none", devices.to_str().unwrap()]);
    let names = ["kmsg", "fuse", "tty0", "userfaultfd", "loop0", "net/tun"].map(|name| devices.join(name));
    let found: Vec<_> = names.into_iter().filter(|path| path.exists()).collect();
    assert!(!found.is_empty());
    let placed = Placed::new(&layout(), "/opt", User::Root);
    placed.opens_none_of(&found);
    let _ = Process::new("umount").arg(&devices).status();
    let _ = fs::remove_dir(&devices);
}

fn cage(own: &[PathBuf], trust: &[PathBuf]) -> ServerCage {
    let protected = Protected {
        own: own.iter().map(PathBuf::as_path),
        trust: trust.iter().map(PathBuf::as_path),
    };
    ServerCage::new(
        &ServerSandbox::default(),
        Mode::Enforce,
        &["/bin/true".to_owned()],
        protected,
        std::iter::empty(),
    )
}

fn prepared(cage: &ServerCage) -> Arc<Prepared> {
    Arc::new(cage.prepare(&["/bin/true".to_owned()], None).unwrap())
}

/// Asserts that a server can read each file and open none for writing. Nothing is written.
#[track_caller]
fn is_read_only(cage: &Prepared, files: &[PathBuf]) {
    let opened: Vec<_> = files.iter().filter(|file| fs::File::open(file).is_err()).collect();
    assert_eq!(opened, [] as [&PathBuf; 0]);
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            cage.enter().unwrap();
            for file in files {
                fs::File::open(file).unwrap();
                let written = OpenOptions::new().write(true).open(file).map(drop);
                let kind = written.map_err(|error| error.kind());
                assert_eq!(kind, Err(ErrorKind::PermissionDenied), "{}", file.display());
            }
        });
        server.join().unwrap();
    });
}

/// The tests below mount directories of the host: a failed one must not remove what is in them.
#[test]
fn what_is_mounted_in_a_directory_of_a_test_is_not_removed_with_it() {
    if !is_inside("sandbox_mounts::what_is_mounted_in_a_directory_of_a_test_is_not_removed_with_it") {
        return;
    }
    let host = Scratch::new();
    let kept = host.write("kept", "k");
    let directory = Scratch::new();
    let point = directory.file("point");
    fs::create_dir(&point).unwrap();
    bind(host.path(), &point);
    drop(directory);
    assert!(kept.exists());
    assert!(Process::new("umount").arg(&point).status().unwrap().success());
    remove_all(point.parent().unwrap());
    assert!(!point.exists() && kept.exists());
}

#[test]
fn settings_of_the_kernel_in_a_second_mount_cannot_be_changed() {
    if !is_inside("sandbox_mounts::settings_of_the_kernel_in_a_second_mount_cannot_be_changed") {
        return;
    }
    let (directory, ours) = (Scratch::new(), Scratch::new());
    let [kernel, devices, jail, part] = ["proc", "sys", "jail", "part"].map(|name| {
        fs::create_dir(directory.file(name)).unwrap();
        directory.file(name)
    });
    mount(&["-t", "proc", "none", kernel.to_str().unwrap()]);
    mount(&["-t", "sysfs", "none", devices.to_str().unwrap()]);
    mount(&["--rbind", "/", jail.to_str().unwrap()]);
    bind(Path::new("/proc/sys/kernel"), &part);
    let own = ours.write("key", "k");
    let files = [
        kernel.join("sys/kernel/core_pattern"),
        devices.join("kernel/profiling"),
        jail.join("proc/sys/kernel/core_pattern"),
        part.join("core_pattern"),
    ];
    let found: Vec<_> = files.into_iter().filter(|file| file.exists()).collect();
    assert!(found.len() > 2, "{found:?}");
    is_read_only(&prepared(&cage(&[own], &[])), &found);
    for point in [&kernel, &devices, &jail, &part] {
        let _ = Process::new("umount")
            .args(["--recursive", "--lazy"])
            .arg(point)
            .status();
    }
}

#[test]
fn settings_and_programs_of_the_host_in_another_mount_cannot_be_changed_by_root() {
    if !is_inside("sandbox_mounts::settings_and_programs_of_the_host_in_another_mount_cannot_be_changed_by_root") {
        return;
    }
    let (directory, ours) = (Scratch::new(), Scratch::new());
    let [settings, programs] = ["settings", "programs"].map(|name| {
        fs::create_dir(directory.file(name)).unwrap();
        directory.file(name)
    });
    bind(Path::new("/etc"), &settings);
    bind(Path::new("/usr"), &programs);
    let own = ours.write("key", "k");
    // A trust bundle that the rules about the host already protect by its first name.
    let trust = Path::new("/etc").canonicalize().unwrap().join("passwd");
    let files = [
        settings.join("passwd"),
        settings.join("group"),
        programs.join("bin/env"),
    ];
    is_read_only(&prepared(&cage(&[own], &[trust])), &files);
    for point in [&settings, &programs] {
        let _ = Process::new("umount").arg(point).status();
    }
}

#[test]
fn a_mount_made_after_the_first_start_opens_nothing_to_the_next_one() {
    if !is_inside("sandbox_mounts::a_mount_made_after_the_first_start_opens_nothing_to_the_next_one") {
        return;
    }
    let (files, other) = (Scratch::new(), Scratch::new());
    let own = files.write("ours", "o");
    // An argument next to the file: the file is hidden, and not its directory.
    let argv = ["/bin/cat".to_owned(), files.write("theirs", "t").display().to_string()];
    let protected = Protected {
        own: std::iter::once(own.as_path()),
        trust: std::iter::empty(),
    };
    let cage = ServerCage::new(
        &ServerSandbox::default(),
        Mode::Enforce,
        &argv,
        protected,
        std::iter::empty(),
    );
    // Below a directory that the first cage allows as a whole.
    let point = other.file("point");
    fs::create_dir(&point).unwrap();
    let first = Arc::new(cage.prepare(&argv, None).unwrap());
    bind(files.path(), &point);
    let next = cage.prepare_again(&first, None).unwrap();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            next.enter().unwrap();
            fs::read(point.join("ours")).unwrap_err();
            fs::read(files.file("ours")).unwrap_err();
            fs::read(files.file("theirs")).unwrap();
        });
        server.join().unwrap();
    });
    let _ = Process::new("umount").arg(&point).status();
}
