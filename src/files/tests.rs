//! Hostile layouts: real directories, links, pipes and owners.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::geteuid;

use super::*;
use crate::needs;

/// A user who is not trusted.
const MALLORY: u32 = 12345;
/// User that the process switches to.
const SERVICE: u32 = 12346;

/// A directory that is removed with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tc-files-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        Self(path.canonicalize().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn directory(&self, name: &str, mode: u32, owner: u32) -> PathBuf {
        let path = self.at(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        give(&path, owner);
        path
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn give(path: &Path, owner: u32) {
    if needs::is_root() {
        lchown(path, Some(owner), Some(owner)).unwrap();
    }
}

fn us() -> u32 {
    geteuid().as_raw()
}

fn link(target: impl AsRef<Path>, path: &Path, owner: u32) {
    symlink(target, path).unwrap();
    give(path, owner);
}

fn read(path: &Path, rule: Rule) -> Result<String, String> {
    let opened = find(path, rule).and_then(|found| found.open());
    let (file, _) = opened.map_err(|error| error.to_string())?;
    io::read_to_string(file).map_err(|error| error.to_string())
}

fn append(path: &Path) -> Result<(), String> {
    let trusted = Trusted::ours().and(Some(SERVICE));
    let opened = Spot::of(path, Rule::creating(), Missing::Fail).and_then(|spot| spot.append(0o600, trusted));
    opened
        .map(|mut file| file.write_all(b"line\n").unwrap())
        .map_err(|error| error.to_string())
}

fn replace(path: &Path) -> Result<(), String> {
    let spot = Spot::of(path, Rule::creating(), Missing::Make(0o755)).map_err(|error| error.to_string())?;
    spot.replace(b"new", 0o600).map(drop).map_err(|error| error.to_string())
}

/// Every way to create a file, and its dry run, refuses with the same words.
#[track_caller]
fn refused(path: &Path, words: &str) {
    let trusted = Trusted::ours().and(Some(SERVICE));
    let spot = || Spot::of(path, Rule::creating(), Missing::Fail);
    for outcome in [
        append(path),
        replace(path),
        spot()
            .and_then(|spot| spot.try_append(0o600, trusted))
            .map_err(|error| error.to_string()),
        spot()
            .and_then(|spot| spot.try_replace())
            .map_err(|error| error.to_string()),
    ] {
        let error = outcome.unwrap_err();
        assert!(error.contains(words), "{}: {error}", path.display());
    }
}

#[test]
fn own_and_roots_links_are_followed_when_nobody_else_can_exchange_them() {
    let scratch = Scratch::new();
    let real = scratch.directory("real", 0o755, us());
    fs::write(real.join("file"), "content").unwrap();
    link("real", &scratch.at("profiles"), us());
    link("profiles/file", &scratch.at("short"), us());
    link(scratch.at("short"), &scratch.at("absolute"), us());
    for name in ["profiles/file", "short", "absolute", "real/../profiles/file"] {
        for rule in [Rule::reading(false), Rule::reading(true)] {
            assert_eq!(read(&scratch.at(name), rule).unwrap(), "content", "{name}");
        }
    }
    // Links of the system.
    assert!(read(Path::new("/proc/self/status"), Rule::reading(true)).is_ok());
}

#[test]
fn a_link_that_another_user_made_or_can_replace_is_not_followed() {
    if !needs::root() {
        return;
    }
    let scratch = Scratch::new();
    scratch.file("file", "content");
    link("file", &scratch.at("theirs"), MALLORY);
    let theirs = scratch.directory("home", 0o755, MALLORY);
    link("../file", &theirs.join("ours"), 0);
    let open = scratch.directory("group", 0o775, 0);
    chown(&open, None, Some(MALLORY)).unwrap();
    link("../file", &open.join("ours"), 0);
    for (name, words) in [
        ("theirs", format!("symbolic link of user {MALLORY}")),
        ("home/ours", format!("symbolic link in a directory of user {MALLORY}")),
        (
            "group/ours",
            "symbolic link in a directory that others can write (mode 0775)".to_owned(),
        ),
    ] {
        let error = read(&scratch.at(name), Rule::reading(false)).unwrap_err();
        assert!(error.contains(&words), "{error}");
        // Nor as a directory on the way.
        fs::remove_file(scratch.at(name)).unwrap();
        link(
            &scratch.0,
            &scratch.at(name),
            if name == "theirs" { MALLORY } else { 0 },
        );
        let error = read(&scratch.at(name).join("file"), Rule::reading(false)).unwrap_err();
        assert!(error.contains(&words), "{error}");
    }
    // The files themselves, without a link, are the administrator's choice.
    fs::write(theirs.join("plain"), "plain").unwrap();
    assert_eq!(read(&theirs.join("plain"), Rule::reading(true)).unwrap(), "plain");
}

#[test]
fn the_user_that_root_becomes_does_not_choose_what_root_reads() {
    if !needs::root() {
        return;
    }
    let scratch = Scratch::new();
    let state = scratch.directory("state", 0o750, SERVICE);
    link("/etc/passwd", &state.join("key"), SERVICE);
    let error = read(&state.join("key"), Rule::reading(true)).unwrap_err();
    assert!(error.contains(&format!("directory of user {SERVICE}")), "{error}");
}

#[test]
fn in_a_sticky_directory_only_links_of_root_and_ours_with_one_name_are_followed() {
    let scratch = Scratch::new();
    scratch.file("file", "content");
    let shared = scratch.directory("shared", 0o1777, us());
    link("../file", &shared.join("ours"), us());
    assert_eq!(read(&shared.join("ours"), Rule::reading(true)).unwrap(), "content");
    fs::hard_link(shared.join("ours"), shared.join("again")).unwrap();
    let error = read(&shared.join("ours"), Rule::reading(true)).unwrap_err();
    assert!(error.contains("several names"), "{error}");
    if needs::root() {
        link("../file", &shared.join("theirs"), MALLORY);
        let error = read(&shared.join("theirs"), Rule::reading(false)).unwrap_err();
        assert!(error.contains("theirs is in a directory that all can write"), "{error}");
    }
}

/// Modes and owners as the kubelet makes them: `secret` and `projected` volumes are tmpfs of mode 1777, 3777 with `fsGroup`, those
/// of some CSI drivers 2775; the directory with the time in its name has mode 2755 in that case.
#[test]
fn volumes_of_kubernetes_are_read_through_their_links() {
    let scratch = Scratch::new();
    for (name, mode) in [("secret", 0o1777), ("with-fsgroup", 0o3777), ("plain", 0o755)] {
        let volume = scratch.directory(name, mode, us());
        let data = volume.join("..2026_01_01");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("key"), name).unwrap();
        if needs::is_root() {
            chown(&volume, None, Some(2000)).unwrap();
            chown(&data, None, Some(2000)).unwrap();
        }
        fs::set_permissions(&volume, Permissions::from_mode(mode)).unwrap();
        fs::set_permissions(&data, Permissions::from_mode(0o2755)).unwrap();
        link("..2026_01_01", &volume.join("..data"), us());
        link("..data/key", &volume.join("key"), us());
        assert_eq!(read(&volume.join("key"), Rule::reading(true)).unwrap(), name);
    }
}

#[test]
fn a_group_that_may_exchange_a_file_counts_where_it_must_not_change_it() {
    if !needs::root() {
        return;
    }
    let scratch = Scratch::new();
    let shared = scratch.directory("shared", 0o2775, 0);
    chown(&shared, None, Some(MALLORY)).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o2775)).unwrap();
    fs::create_dir(shared.join("inner")).unwrap();
    fs::write(shared.join("inner/file"), "content").unwrap();
    assert_eq!(
        read(&shared.join("inner/file"), Rule::reading(false)).unwrap(),
        "content"
    );
    let error = read(&shared.join("inner/file"), Rule::reading(true)).unwrap_err();
    let words = format!("group {MALLORY} can exchange it");
    assert!(
        error.contains(&words) && error.ends_with(&format!("chmod g-w {}", shared.display())),
        "{error}"
    );
    // With the sticky bit it can exchange only its own files, and it has none here.
    fs::set_permissions(&shared, Permissions::from_mode(0o3775)).unwrap();
    assert_eq!(
        read(&shared.join("inner/file"), Rule::reading(true)).unwrap(),
        "content"
    );
    fs::write(shared.join("planted"), "x").unwrap();
    give(&shared.join("planted"), MALLORY);
    assert!(read(&shared.join("planted"), Rule::reading(true)).is_err());
    // Root's own group is root.
    chown(&shared, None, Some(0)).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o775)).unwrap();
    link("inner", &shared.join("link"), 0);
    assert_eq!(read(&shared.join("link/file"), Rule::reading(true)).unwrap(), "content");
}

#[test]
fn a_file_that_took_the_place_of_the_one_that_was_found_is_not_opened() {
    let scratch = Scratch::new();
    let path = scratch.file("file", "old");
    for other in ["file", "link", "directory"] {
        let found = find(&path, Rule::reading(true)).unwrap();
        match other {
            "file" => fs::rename(scratch.file("new", "new"), &path).unwrap(),
            "link" => {
                fs::remove_file(&path).unwrap();
                symlink("/etc/passwd", &path).unwrap();
            }
            _ => {
                fs::remove_file(&path).unwrap();
                fs::create_dir(&path).unwrap();
            }
        }
        assert!(matches!(found.open(), Err(Error::Unsteady)), "{other}");
        if other == "link" {
            fs::remove_file(&path).unwrap();
            scratch.file("file", "again");
        }
    }
}

#[test]
fn nothing_is_created_through_a_link_in_the_place_of_the_file() {
    let scratch = Scratch::new();
    let precious = scratch.file("precious", "precious");
    for (name, target) in [("planted", &precious), ("dangling", &scratch.at("absent"))] {
        let path = scratch.at(name);
        link(target, &path, us());
        refused(&path, "is a symbolic link, and files are not written through links");
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    }
    assert_eq!(fs::read_to_string(precious).unwrap(), "precious");
    assert!(!scratch.at("absent").exists());
}

#[test]
fn nothing_is_created_through_a_link_on_the_way_that_is_not_roots() {
    if !needs::root() {
        return;
    }
    let scratch = Scratch::new();
    let target = scratch.directory("etc", 0o755, 0);
    let state = scratch.directory("state", 0o755, SERVICE);
    link(&target, &state.join("log"), SERVICE);
    link(&target, &state.join("roots"), 0);
    link(&target, &scratch.at("theirs"), MALLORY);
    let shared = scratch.directory("shared", 0o1777, 0);
    link(&target, &shared.join("theirs"), MALLORY);
    for way in ["state/log", "state/roots", "theirs", "shared/theirs"] {
        refused(&scratch.at(way).join("file"), "symbolic link");
        refused(&scratch.at(way).join("../etc/file"), "symbolic link");
        let made = replace(&scratch.at(way).join("new/file")).unwrap_err();
        assert!(made.contains("symbolic link"), "{made}");
    }
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    // As /var/run leads to /run.
    link("etc", &scratch.at("run"), 0);
    append(&scratch.at("run/log")).unwrap();
    replace(&scratch.at("run/pid")).unwrap();
    assert_eq!(fs::read_dir(&target).unwrap().count(), 2);
    // A directory of the service user's, without a link, is one like any other.
    append(&state.join("own.log")).unwrap();
}

#[test]
fn a_log_is_appended_to_a_regular_file_with_one_name_of_a_trusted_user_only() {
    let scratch = Scratch::new();
    let pipe = scratch.at("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let socket = scratch.at("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let directory = scratch.directory("directory", 0o755, us());
    refused(&pipe, "is a named pipe");
    refused(&socket, "is a socket");
    refused(&directory, "is a directory");
    let (first, second) = (scratch.file("first", "precious"), scratch.at("second"));
    fs::hard_link(&first, &second).unwrap();
    assert!(append(&second).unwrap_err().contains("several names (hard links)"));
    assert_eq!(fs::read_to_string(&first).unwrap(), "precious");
    // Its name can be taken over, its content cannot.
    replace(&second).unwrap();
    assert_eq!(fs::read_to_string(&first).unwrap(), "precious");
    append(Path::new("/dev/null")).unwrap();
    if needs::root() {
        // A second /dev/null: should this fail, the first one stays.
        let null = scratch.at("null");
        let made = Command::new("mknod").arg(&null).args(["c", "1", "3"]).status();
        assert!(made.unwrap().success());
        let error = replace(&null).unwrap_err();
        assert!(error.contains("is a device"), "{error}");
        let theirs = scratch.file("theirs", "");
        give(&theirs, MALLORY);
        assert!(
            append(&theirs)
                .unwrap_err()
                .contains(&format!("belongs to user {MALLORY}"))
        );
        give(&theirs, SERVICE);
        append(&theirs).unwrap();
    }
    let log = scratch.at("log");
    for _ in 0..2 {
        append(&log).unwrap();
    }
    assert_eq!(fs::read_to_string(&log).unwrap(), "line\nline\n");
    assert_eq!(fs::metadata(&log).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_directory_that_was_exchanged_after_the_walk_changes_nothing() {
    let scratch = Scratch::new();
    let (run, elsewhere) = (
        scratch.directory("run", 0o755, us()),
        scratch.directory("elsewhere", 0o755, us()),
    );
    let spot = Spot::of(&run.join("pid"), Rule::creating(), Missing::Fail).unwrap();
    fs::rename(&run, scratch.at("moved")).unwrap();
    symlink(&elsewhere, &run).unwrap();
    let written = spot.replace(b"1", 0o644).unwrap();
    assert_eq!(fs::read_to_string(scratch.at("moved/pid")).unwrap(), "1");
    fs::write(elsewhere.join("pid"), "other").unwrap();
    spot.remove_if(Identity::from(&written.metadata().unwrap())).unwrap();
    assert!(!scratch.at("moved/pid").exists());
    assert_eq!(fs::read_to_string(elsewhere.join("pid")).unwrap(), "other");
}

#[test]
fn directories_that_are_missing_are_made_and_a_dry_run_makes_none() {
    let scratch = Scratch::new();
    let path = scratch.at("a/b/file");
    let dry = Spot::of(&path, Rule::creating(), Missing::Stop).unwrap();
    dry.try_replace().unwrap();
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 0);
    replace(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(
        fs::read_dir(scratch.at("a/b")).unwrap().count(),
        1,
        "no draft stays behind"
    );
    // A file is not a directory.
    assert!(replace(&path.join("more")).is_err());
    let names = [scratch.at("a/.."), PathBuf::from("/"), PathBuf::new()];
    for path in names {
        assert!(
            Spot::of(&path, Rule::creating(), Missing::Fail).is_err(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn links_in_a_circle_end() {
    let scratch = Scratch::new();
    link("b", &scratch.at("a"), us());
    link("a", &scratch.at("b"), us());
    let error = find(&scratch.at("a"), Rule::reading(false)).unwrap_err();
    assert!(
        matches!(&error, Error::Io(error) if error.raw_os_error() == Some(40)),
        "{error}"
    );
}
