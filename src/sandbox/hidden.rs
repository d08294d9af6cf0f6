//! Rules of landlock that leave everything in reach but some files: landlock can only allow, so all that lies beside the way to
//! them is allowed, piece by piece.
//!
//! What is made later directly in a directory on such a way is out of reach too.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};

use landlock::{Access as _, AccessFs, BitFlags};

use super::rules::{Rules, TARGET};
use crate::limits::HIDDEN_SIBLINGS_MAX;

/// What is hidden, by paths without links. A directory is hidden with all that is in it.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    paths: BTreeSet<PathBuf>,
    /// The directories that lead to them.
    ways: BTreeSet<PathBuf>,
    is_root: bool,
}

/// What servers have no reason to write: settings of the kernel, and of other processes.
const READ_ONLY: [&str; 3] = ["/boot", "/proc", "/sys"];

/// What a server that is root has no reason to write either: programs and settings of the whole host.
const READ_ONLY_FOR_ROOT: [&str; 7] = ["/bin", "/etc", "/lib", "/lib32", "/lib64", "/sbin", "/usr"];

/// Devices that show or change what is not the server's: memory, terminals, keyboards. Disks are among them whatever their names.
const DEVICES: &str = "/dev";
const FOREIGN_DEVICES: [&str; 9] = [
    "console", "input", "kmem", "kmsg", "mem", "port", "ptmx", "pts", "uinput",
];

impl Hidden {
    /// These paths, which are without links. `is_root`: who is kept from them is root, without capabilities.
    pub(super) fn of(paths: &[PathBuf], is_root: bool) -> Self {
        let mut hidden = Self {
            is_root,
            ..Self::default()
        };
        hidden.ways.extend([PathBuf::from("/"), PathBuf::from(DEVICES)]);
        for path in paths {
            hidden.ways.extend(path.ancestors().skip(1).map(Path::to_owned));
            hidden.paths.insert(path.clone());
        }
        hidden
    }

    /// Whether a directory leads to what is hidden.
    pub(super) fn has_way_through(&self, directory: &Path) -> bool {
        fs::canonicalize(directory).is_ok_and(|directory| self.ways.contains(&directory))
    }

    /// Everything else.
    ///
    /// # Errors
    /// Too much lies beside the way.
    pub(super) fn rules(&self) -> io::Result<Rules> {
        let mut rules = Rules::new();
        // Names are no secret, and programs list directories.
        rules.allow("/", AccessFs::ReadDir);
        let mut left = HIDDEN_SIBLINGS_MAX;
        for way in &self.ways {
            // What we cannot list, nobody of our user can.
            let Ok(entries) = fs::read_dir(way) else { continue };
            for entry in entries.flatten() {
                left = left.checked_sub(1).ok_or_else(|| {
                    io::Error::other(format!(
                        "{} and other directories on the way to the client's files hold more than {HIDDEN_SIBLINGS_MAX} entries; \
                         move the client's files into a directory of their own",
                        way.display()
                    ))
                })?;
                if self.leaves(&entry) {
                    let path = entry.path();
                    let access = self.access(&path);
                    rules.allow(path, access);
                }
            }
        }
        Ok(rules)
    }

    /// Whether an entry of a directory on the way stays in reach. A symbolic link gives nothing by itself: what it leads to counts.
    /// A file with more names than one may be one of those that are hidden.
    fn leaves(&self, entry: &DirEntry) -> bool {
        let path = entry.path();
        if self.paths.contains(&path) || self.ways.contains(&path) {
            return false;
        }
        let Ok(found) = entry.metadata() else { return false };
        let kind = found.file_type();
        if kind.is_symlink() || kind.is_block_device() {
            return false;
        }
        if path.parent() == Some(Path::new(DEVICES)) {
            return !is_foreign_device(&entry.file_name().to_string_lossy());
        }
        !kind.is_file() || found.nlink() == 1
    }

    fn access(&self, path: &Path) -> BitFlags<AccessFs> {
        match is_read_only(path, self.is_root) {
            true => AccessFs::from_read(TARGET),
            false => AccessFs::from_all(TARGET),
        }
    }
}

/// Whether a server under `default` can only read a place, whatever its user may. `is_root`: it is root, without capabilities.
#[must_use]
pub fn is_read_only(path: &Path, is_root: bool) -> bool {
    let is_below = |tops: &[&str]| tops.iter().any(|top| path.starts_with(top));
    // In `/` itself nothing is made or removed.
    path == Path::new("/") || is_below(&READ_ONLY) || is_root && is_below(&READ_ONLY_FOR_ROOT)
}

/// Terminals and consoles have numbers; serial lines (`ttyS0`, `ttyUSB0`) are devices like others.
fn is_foreign_device(name: &str) -> bool {
    let is_console = |prefix: &str| {
        let number = name.strip_prefix(prefix);
        number.is_some_and(|number| {
            number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'a' || byte == b'u')
        })
    };
    FOREIGN_DEVICES.contains(&name) || ["tty", "vcs", "hvc"].into_iter().any(is_console)
}

/// What has to be hidden so that a secret stays hidden when another file takes its place: its whole directory, unless that
/// belongs to everybody, or a server lives in it; then the file that is there, by its own name.
pub(super) fn around(file: &Path, used: &[PathBuf]) -> Vec<PathBuf> {
    let mut hidden = Vec::new();
    for place in super::reach::places(file) {
        let is_used = used.iter().any(|path| path.starts_with(&place));
        match is_used {
            false => hidden.push(place),
            true => hidden.extend(fs::canonicalize(file)),
        }
    }
    hidden.sort();
    hidden.dedup();
    hidden
}

/// The places that a server's command names: its program, files among its arguments, without links and as they are written.
pub(super) fn used_by(argv: &[String], homes: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let named = argv
        .iter()
        .flat_map(|word| word.split(['=', ':', ',']))
        .filter(|word| word.contains('/'));
    let named = named.map(PathBuf::from).chain(homes);
    let mut used: Vec<PathBuf> = Vec::new();
    for path in named {
        let Ok(absolute) = std::path::absolute(&path) else {
            continue;
        };
        if absolute.components().all(|part| part == Component::RootDir) {
            continue;
        }
        used.extend(fs::canonicalize(&absolute));
        used.push(absolute);
    }
    used
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::OpenOptions;

    use super::*;

    fn directory(name: &str) -> PathBuf {
        let base = std::env::temp_dir().canonicalize().unwrap();
        let base = base.join(format!("tunnel-client-hidden-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        fs::create_dir_all(base.join("ours")).unwrap();
        fs::create_dir_all(base.join("theirs")).unwrap();
        fs::write(base.join("ours/key"), "k").unwrap();
        fs::write(base.join("theirs/data"), "d").unwrap();
        fs::hard_link(base.join("ours/key"), base.join("other-name")).unwrap();
        std::os::unix::fs::symlink(base.join("ours/key"), base.join("link")).unwrap();
        base
    }

    #[test]
    fn what_is_hidden_cannot_be_read_by_any_name_and_the_rest_can() {
        let base = directory("names");
        let hidden = Hidden::of(&[base.join("ours")], false);
        let key = Hidden::of(&[base.join("ours/key"), base.join("not-there")], true);
        std::thread::scope(|scope| {
            let _ = scope.spawn(|| {
                hidden.rules().unwrap().prepare().unwrap().restrict().unwrap();
                fs::read(base.join("ours/key")).unwrap_err();
                fs::read(base.join("link")).unwrap_err();
                fs::read(base.join("theirs/data")).unwrap();
                fs::write(base.join("theirs/new"), "n").unwrap();
                fs::read("/etc/passwd").unwrap();
                fs::read_dir(&base).unwrap();
            });
            let _ = scope.spawn(|| {
                key.rules().unwrap().prepare().unwrap().restrict().unwrap();
                fs::read(base.join("ours/key")).unwrap_err();
                fs::read(base.join("other-name")).unwrap_err();
                fs::read(base.join("theirs/data")).unwrap();
                fs::write(base.join("not-there"), "now it is").unwrap_err();
                fs::read("/proc/self/status").unwrap();
                for path in ["/proc/self/oom_score_adj", "/etc/hosts", "/dev/kmsg"] {
                    OpenOptions::new().write(true).open(path).unwrap_err();
                }
                OpenOptions::new().write(true).open("/dev/null").unwrap();
            });
        });
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn terminals_are_foreign_and_serial_lines_are_not() {
        for name in ["tty", "tty1", "pts", "vcsa2", "vcsu", "hvc0", "mem"] {
            assert!(is_foreign_device(name), "{name}");
        }
        for name in ["null", "ttyS0", "ttyUSB0", "shm", "nvidia0", "urandom"] {
            assert!(!is_foreign_device(name), "{name}");
        }
    }

    #[test]
    fn a_directory_is_hidden_whole_unless_a_server_lives_in_it() {
        let base = directory("around");
        let key = base.join("ours/key");
        assert_eq!(around(&key, &[base.join("theirs/data")]), [base.join("ours")]);
        assert_eq!(around(&key, &[base.join("ours/server.py")]), [&*key]);
        let used = used_by(
            &["python3".into(), format!("--at={}", base.join("ours/x").display())],
            std::iter::empty(),
        );
        assert_eq!(around(&key, &used), [key]);
        assert_eq!(around(Path::new("/etc/passwd"), &[]), [Path::new("/etc/passwd")]);
        fs::remove_dir_all(base).unwrap();
    }
}
