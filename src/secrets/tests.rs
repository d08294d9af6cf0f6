//! Who may get at a file: real files, links, pipes and modes.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::*;

/// A directory that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "tc-secrets-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, "contents").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn directory(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn contents(path: &Path, guard: Guard) -> Result<String, String> {
    read(path, 100, guard)
        .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
        .map_err(|error| error.to_string())
}

#[test]
fn a_secret_file_is_for_its_owner_and_for_reading_by_its_group() {
    let scratch = Scratch::new();
    for mode in [0o600, 0o400, 0o640, 0o440] {
        let path = scratch.file("secret", mode);
        assert_eq!(
            contents(&path, Guard::Secret(Accepted::Both)).unwrap(),
            "contents",
            "{mode:o}"
        );
    }
    for (mode, what) in [
        (0o644, "other users can read"),
        (0o604, "other users can read"),
        (0o660, "its group can change"),
        (0o602, "other users can change"),
        (0o666, "other users can change"),
    ] {
        let path = scratch.file("secret", mode);
        let error = contents(&path, Guard::Secret(Accepted::Both)).unwrap_err();
        let expected = format!("{what} it (mode {mode:04o}); chmod 0600 {}", path.display());
        assert_eq!(error, expected);
    }
}

#[test]
fn a_secret_that_its_mode_lets_others_read_is_accepted_in_a_closed_directory_alone() {
    let scratch = Scratch::new();
    let open = scratch.directory("open", 0o755);
    let closed = scratch.directory("closed", 0o700);
    let (key, way) = (closed.join("sub/key"), closed.join("sub"));
    fs::create_dir(&way).unwrap();
    fs::set_permissions(&way, Permissions::from_mode(0o755)).unwrap();
    let bare = scratch.file("key", 0o644);
    fs::copy(&bare, &key).unwrap();
    symlink(&key, open.join("link")).unwrap();
    symlink(&bare, closed.join("link")).unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    for (file, directory) in [
        (0o644, 0o700),
        (0o444, 0o750),
        (0o604, 0o710),
        (0o444, 0o500),
        (0o644, 0o750),
    ] {
        mode(&key, file);
        mode(&closed, directory);
        let disk = Disk::default();
        for path in [&key, &open.join("link")] {
            assert_eq!(**disk.secret(path, 100).unwrap(), *b"contents");
            let by = Seclusion::Directory(closed.canonicalize().unwrap());
            assert!(disk.secluded().contains(&SecludedFile { path: path.clone(), by }));
        }
    }
    for directory in [0o711, 0o755, 0o701] {
        mode(&closed, directory);
        let error = contents(&key, Guard::Secret(Accepted::Both)).unwrap_err();
        assert!(error.starts_with("other users can read it (mode 0644)"), "{error}");
    }
    mode(&closed, 0o700);
    // The directory of a link closes nothing, and neither does one that the path leaves again.
    for path in [closed.join("link"), closed.join("../key"), way.join("../../key")] {
        let error = contents(&path, Guard::Secret(Accepted::Both)).unwrap_err();
        assert!(error.starts_with("other users can read it (mode 0644)"), "{error}");
    }
    // Rights to change it are another matter.
    for (bits, what) in [(0o646, "other users can change it"), (0o664, "its group can change it")] {
        mode(&key, bits);
        let error = contents(&key, Guard::Secret(Accepted::Both)).unwrap_err();
        assert!(error.starts_with(what), "{error}");
    }
    mode(&key, 0o644);
    let error = contents(&key, Guard::Secret(Accepted::Nothing)).unwrap_err();
    assert!(
        error.contains("(mode 0644; lockdown accepts this nowhere); chmod 0600"),
        "{error}"
    );
    assert!(contents(&key, Guard::Secret(Accepted::Directory)).is_ok());
    // By its second name it may be anywhere.
    fs::hard_link(&key, scratch.0.join("second")).unwrap();
    let error = contents(&key, Guard::Secret(Accepted::Both)).unwrap_err();
    assert!(error.contains("it has several names"), "{error}");
}

#[test]
fn a_directory_that_another_user_owns_closes_nothing() {
    let scratch = Scratch::new();
    let closed = scratch.directory("closed", 0o700);
    let key = closed.join("key");
    fs::rename(scratch.file("key", 0o644), &key).unwrap();
    assert!(contents(&key, Guard::Secret(Accepted::Both)).is_ok());
    // Only root can give a directory away.
    if std::os::unix::fs::chown(&closed, Some(12345), None).is_ok() {
        let error = contents(&key, Guard::Secret(Accepted::Both)).unwrap_err();
        assert!(error.starts_with("other users can read it"), "{error}");
    }
}

#[test]
fn the_chmod_that_is_proposed_mends_it() {
    let scratch = Scratch::new();
    let path = scratch.file("a file", 0o644);
    let error = contents(&path, Guard::Secret(Accepted::Both)).unwrap_err();
    let command = error.split("; ").nth(1).unwrap();
    assert!(Command::new("sh").args(["-c", command]).status().unwrap().success());
    assert_eq!(contents(&path, Guard::Secret(Accepted::Both)).unwrap(), "contents");
}

#[test]
fn a_configuration_file_may_be_read_by_all_and_changed_by_no_others() {
    let scratch = Scratch::new();
    for mode in [0o644, 0o664, 0o444] {
        assert!(
            contents(&scratch.file("config", mode), Guard::Config).is_ok(),
            "{mode:o}"
        );
    }
    let error = contents(&scratch.file("config", 0o646), Guard::Config).unwrap_err();
    assert!(
        error.contains("change it (mode 0646); chmod 0644 ") && error.ends_with("config"),
        "{error}"
    );
}

#[test]
fn a_report_of_another_process_is_read_whoever_may_change_it() {
    let scratch = Scratch::new();
    let shared = scratch.directory("shared", 0o777);
    let report = shared.join("report");
    fs::rename(scratch.file("report", 0o666), &report).unwrap();
    assert_eq!(contents(&report, Guard::Report).unwrap(), "contents");
}

#[test]
fn a_directory_that_others_can_write_is_refused_wherever_it_lies_on_the_way() {
    let scratch = Scratch::new();
    let open = scratch.directory("open", 0o777);
    let key = scratch.file("key", 0o600);
    let sub = open.join("sub");
    fs::create_dir(&sub).unwrap();
    fs::copy(&key, sub.join("key")).unwrap();
    symlink(&key, open.join("link")).unwrap();
    symlink(open.join("link"), scratch.0.join("link-to-link")).unwrap();
    symlink(&sub, scratch.0.join("short")).unwrap();
    let ways = [
        sub.join("key"),
        open.join("link"),
        scratch.0.join("link-to-link"),
        scratch.0.join("short/key"),
        scratch.0.join("open/../key"),
        scratch.0.join("short/../../key"),
    ];
    for way in ways {
        for guard in [Guard::Secret(Accepted::Both), Guard::Config] {
            let error = contents(&way, guard).unwrap_err();
            let expected = format!("(mode 0777); chmod o-w {}", open.display());
            assert!(error.ends_with(&expected), "{}: {error}", way.display());
        }
    }
    assert!(contents(&key, Guard::Secret(Accepted::Both)).is_ok());
}

#[test]
fn what_somebody_else_put_into_a_sticky_directory_is_refused() {
    let scratch = Scratch::new();
    let shared = scratch.directory("shared", 0o1777);
    let key = shared.join("key");
    fs::rename(scratch.file("key", 0o600), &key).unwrap();
    assert!(contents(&key, Guard::Secret(Accepted::Both)).is_ok());
    // Only root can give a file away; another user's test ends here.
    if std::os::unix::fs::chown(&key, Some(12345), None).is_ok() {
        let error = contents(&key, Guard::Secret(Accepted::Both)).unwrap_err();
        assert!(error.contains("belongs to user 12345"), "{error}");
        symlink("key", shared.join("link")).unwrap();
        std::os::unix::fs::chown(&key, Some(0), None).unwrap();
        std::os::unix::fs::lchown(shared.join("link"), Some(12345), None).unwrap();
        let error = contents(&shared.join("link"), Guard::Secret(Accepted::Both)).unwrap_err();
        assert!(error.contains("link is in a directory that all can write"), "{error}");
    }
}

/// As the kubelet does it: a new directory, a new link beside the old one, and a rename over it.
#[test]
fn a_kubernetes_volume_is_read_while_its_contents_are_exchanged() {
    let scratch = Scratch::new();
    let volume = scratch.directory("volume", 0o1777);
    let exchange = |turn: u32| {
        let directory = volume.join(format!("..2026_{turn}"));
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
        fs::write(directory.join("key"), format!("key-{turn}")).unwrap();
        fs::set_permissions(directory.join("key"), Permissions::from_mode(0o400)).unwrap();
        symlink(directory.file_name().unwrap(), volume.join("..data_tmp")).unwrap();
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    };
    exchange(0);
    symlink("..data/key", volume.join("key")).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for turn in 1..200 {
                exchange(turn);
            }
            stop.store(true, Ordering::Release);
        });
        let mut last = 0;
        while !stop.load(Ordering::Acquire) {
            let text = contents(&volume.join("key"), Guard::Secret(Accepted::Both)).unwrap();
            let turn = text.strip_prefix("key-").unwrap().parse().unwrap();
            assert!(turn >= last, "went back from {last} to {turn}");
            last = turn;
        }
    });
    assert_eq!(
        contents(&volume.join("key"), Guard::Secret(Accepted::Both)).unwrap(),
        "key-199"
    );
    fs::set_permissions(volume.join("..data/key"), Permissions::from_mode(0o644)).unwrap();
    let error = contents(&volume.join("key"), Guard::Secret(Accepted::Both)).unwrap_err();
    assert!(error.contains("defaultMode: 0400"), "{error}");
}

#[test]
fn a_pipe_is_read_to_its_end_and_not_waited_for_without_end() {
    let scratch = Scratch::new();
    let pipe = scratch.0.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg("-m")
            .arg("600")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut writer = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
            writer.write_all(b"from ").unwrap();
            writer.write_all(b"pipe").unwrap();
        });
        assert_eq!(contents(&pipe, Guard::Secret(Accepted::Both)).unwrap(), "from pipe");
    });
    fs::set_permissions(&pipe, Permissions::from_mode(0o644)).unwrap();
    assert!(
        contents(&pipe, Guard::Secret(Accepted::Both))
            .unwrap_err()
            .contains("other users can read it")
    );
}

#[test]
fn a_descriptor_that_was_handed_over_is_judged_by_what_it_is() {
    use std::os::fd::AsRawFd;
    let scratch = Scratch::new();
    let path = scratch.file("key", 0o600);
    let file = fs::File::open(&path).unwrap();
    let descriptor = PathBuf::from(format!("/dev/fd/{}", file.as_raw_fd()));
    assert_eq!(
        contents(&descriptor, Guard::Secret(Accepted::Both)).unwrap(),
        "contents"
    );
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert!(
        contents(&descriptor, Guard::Secret(Accepted::Both))
            .unwrap_err()
            .contains("other users can read")
    );
}

#[test]
fn links_in_a_circle_and_files_as_directories_are_plain_errors() {
    let scratch = Scratch::new();
    symlink("b", scratch.0.join("a")).unwrap();
    symlink("a", scratch.0.join("b")).unwrap();
    assert!(contents(&scratch.0.join("a"), Guard::Secret(Accepted::Both)).is_err());
    let file = scratch.file("file", 0o600);
    assert!(contents(&file.join("x"), Guard::Secret(Accepted::Both)).is_err());
    let error = read(&scratch.0.join("none"), 10, Guard::Secret(Accepted::Both)).unwrap_err();
    assert!(matches!(&error, FileError::Io(io) if io.kind() == std::io::ErrorKind::NotFound));
}
