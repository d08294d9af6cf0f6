//! Rules of landlock that leave everything in reach but some files: landlock can only allow, so all that lies beside the way to
//! them is allowed, piece by piece.
//!
//! In a directory on such a way nothing can be made, moved or removed, so the names on the way stay what they are. Files that others
//! make there later are out of reach too.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use landlock::{Access as _, AccessFs, BitFlags};

use super::devices;
use super::host;
use super::identity::Identities;
use super::rules::{Rules, TARGET};
use crate::files::{Account, Mounts};
use crate::limits::{HIDDEN_NAMES_MAX, HIDDEN_SIBLINGS_MAX};
use crate::secrets::is_roots_alone;

/// What is hidden, by paths without links. A directory is hidden with all that is in it.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// Hidden paths; each is outside the others.
    paths: BTreeSet<PathBuf>,
    /// Paths that may be read and not changed. Each is outside the others and the hidden ones.
    read_only: BTreeSet<PathBuf>,
    /// Directories that lead to both. Not hidden themselves.
    ways: BTreeSet<PathBuf>,
    /// Devices that are accessible although they are not harmless.
    devices: Vec<PathBuf>,
    /// Files that this cage and earlier ones hide: one that was moved since is hidden by its new name as well.
    identities: Identities,
    is_root: bool,
}

/// A directory in which a server cannot make files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDirectory {
    /// Its path without links.
    pub directory: PathBuf,
    /// A path of the client's files in it, or a mount that servers cannot change.
    pub because: PathBuf,
}

/// The kernel's own files. Their names cannot be changed, and processes come and go: no directory there is on a way.
const OF_KERNEL: &str = "/proc";

impl Hidden {
    /// Hides these paths, whose directories are without links, and all other names that mounts give them; those of `read_only` can
    /// be read. `is_root`: the servers run as root without capabilities.
    ///
    /// # Errors
    /// Mounts cannot be read, or there are too many.
    pub(super) fn of<'a>(
        paths: impl Iterator<Item = &'a PathBuf>,
        read_only: &[PathBuf],
        is_root: bool,
    ) -> io::Result<Self> {
        Self::under(&Mounts::read()?, paths, read_only, is_root)
    }

    fn under<'a>(
        mounts: &Mounts,
        paths: impl Iterator<Item = &'a PathBuf>,
        read_only: &[PathBuf],
        is_root: bool,
    ) -> io::Result<Self> {
        let mut hidden = Self {
            is_root,
            ..Self::default()
        };
        hidden.ways.extend(["/", devices::DIRECTORY].map(PathBuf::from));
        let mut names = every_name(mounts, paths)?;
        // The entries of the directory of devices are judged one by one.
        let devices = mounts.of_devices();
        names.extend(
            devices
                .filter(|point| !point.starts_with(devices::DIRECTORY))
                .map(Path::to_owned),
        );
        // In the order of paths a directory comes before what is in it, which goes with it.
        for path in names {
            hidden.identities.add(&path);
            if !is_below(&hidden.paths, &path) {
                hidden.ways.extend(path.ancestors().skip(1).map(Path::to_owned));
                hidden.paths.insert(path);
            }
        }
        // No more pieces than necessary, because new entries directly on a way are out of reach. Names in other mounts are judged
        // by themselves.
        let mut read_only = every_name(mounts, read_only.iter())?;
        read_only.retain(|path| !is_safe_anyway(path, is_root));
        read_only.extend(host::other_places(mounts, is_root));
        for path in read_only {
            if !is_below(&hidden.paths, &path) && !is_below(&hidden.read_only, &path) {
                hidden.ways.extend(path.ancestors().skip(1).map(Path::to_owned));
                hidden.read_only.insert(path);
            }
        }
        Ok(hidden)
    }

    /// The same, with these accessible devices: paths without links.
    pub(super) fn with_devices(mut self, devices: Vec<PathBuf>) -> Self {
        self.devices = devices;
        self
    }

    /// The same, which hides the files of earlier cages as well, where they lie directly in a directory on a way.
    pub(super) fn with_earlier(mut self, earlier: &Identities) -> Self {
        self.identities = earlier.followed_by(&self.identities);
        self
    }

    /// Files that it hides.
    pub(super) fn identities(&self) -> &Identities {
        &self.identities
    }

    /// Whether a directory leads to what is hidden.
    pub(super) fn has_way_through(&self, directory: &Path) -> bool {
        fs::canonicalize(directory).is_ok_and(|directory| self.ways.contains(&directory))
    }

    /// Directories on the way in which this user could make files otherwise, each with the first path below it that closes it.
    pub(super) fn closed_to_new_files(&self, account: &Account) -> Vec<ClosedDirectory> {
        let ways = self.ways.iter();
        let ways = ways.filter(|way| !host::is_read_only(way, self.is_root) && !way.starts_with(devices::DIRECTORY));
        ways.filter(|way| account.makes_files_in(way))
            .filter_map(|way| {
                let mut reasons = self.paths.iter().chain(&self.read_only);
                Some(ClosedDirectory {
                    directory: way.clone(),
                    because: reasons.find(|path| path.starts_with(way))?.clone(),
                })
            })
            .collect()
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
                let access = self.access(&entry);
                if !access.is_empty() {
                    rules.allow(entry.path(), access);
                }
            }
        }
        for device in self.devices.iter().filter(|device| !self.covers(device)) {
            rules.allow(device, AccessFs::from_all(TARGET));
        }
        Ok(rules)
    }

    /// Whether a path is hidden, or leads to a hidden one.
    fn covers(&self, path: &Path) -> bool {
        self.ways.contains(path) || is_below(&self.paths, path)
    }

    /// Access to an entry of a directory on the way, and to everything in it. A symbolic link grants nothing by itself: its target
    /// counts. A file with several names may be a hidden one.
    fn access(&self, entry: &DirEntry) -> BitFlags<AccessFs> {
        let (path, all) = (entry.path(), AccessFs::from_all(TARGET));
        let Ok(found) = entry.metadata() else {
            return BitFlags::EMPTY;
        };
        if found.is_symlink() || self.covers(&path) || self.identities.contain(&found) {
            return BitFlags::EMPTY;
        }
        if devices::is_device(&found) || path.parent() == Some(Path::new(devices::DIRECTORY)) {
            return match devices::is_everybodys(&path, &found) {
                true => all,
                false => BitFlags::EMPTY,
            };
        }
        if is_below(&self.read_only, &path) {
            return AccessFs::from_read(TARGET);
        }
        if found.is_file() && found.nlink() > 1 {
            return BitFlags::EMPTY;
        }
        match host::is_read_only(&path, self.is_root) {
            true => AccessFs::from_read(TARGET),
            // Device nodes outside the directory of devices: no ioctl (Linux 6.10).
            false => all & !BitFlags::from(AccessFs::IoctlDev),
        }
    }
}

/// Whether a path is one of these, or in one of them.
fn is_below(tops: &BTreeSet<PathBuf>, path: &Path) -> bool {
    path.ancestors().any(|above| tops.contains(above))
}

/// These paths under every name that mounts give them.
fn every_name<'a>(mounts: &Mounts, paths: impl Iterator<Item = &'a PathBuf>) -> io::Result<BTreeSet<PathBuf>> {
    let mut names = BTreeSet::new();
    for path in paths.filter(|path| can_be_hidden(path)) {
        names.extend(mounts.names(path));
        names.insert(path.clone());
        if names.len() > HIDDEN_NAMES_MAX {
            return Err(io::Error::other(format!(
                "mounts give the client's files more than {HIDDEN_NAMES_MAX} names; move the client's files to a file system that is \
                 mounted fewer times"
            )));
        }
    }
    Ok(names)
}

/// Whether the user of this process cannot change the file even without a rule: another rule protects the settings of the host from
/// root, and modes protect files that only root may write from everybody else.
fn is_safe_anyway(path: &Path, is_root: bool) -> bool {
    match is_root {
        true => host::is_of_host(path, is_root),
        false => path
            .ancestors()
            .all(|above| fs::symlink_metadata(above).is_ok_and(|found| is_roots_alone(&found))),
    }
}

/// Output may go to a harmless device, or to an object that only the kernel has a name for.
fn can_be_hidden(path: &Path) -> bool {
    let is_harmless = || fs::symlink_metadata(path).is_ok_and(|found| devices::is_harmless(&found));
    !path.starts_with(OF_KERNEL) && !is_harmless()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{File, OpenOptions};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::devices::DIRECTORY;

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
        let hidden = Hidden::of([base.join("ours")].iter(), &[], false).unwrap();
        let key = Hidden::of([base.join("ours/key"), base.join("not-there")].iter(), &[], true).unwrap();
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
    fn what_is_read_only_can_be_read_and_neither_changed_nor_exchanged_and_what_is_hidden_in_it_stays_hidden() {
        let base = directory("read-only");
        fs::create_dir_all(base.join("trust/keys")).unwrap();
        fs::write(base.join("trust/ca.pem"), "c").unwrap();
        fs::write(base.join("trust/keys/key"), "k").unwrap();
        let kept = [base.join("trust"), base.join("trust/ca.pem"), base.join("ours/ca.pem")];
        let hidden = Hidden::of([base.join("trust/keys"), base.join("ours")].iter(), &kept, false).unwrap();
        std::thread::scope(|scope| {
            let _ = scope.spawn(|| {
                hidden.rules().unwrap().prepare().unwrap().restrict().unwrap();
                fs::read(base.join("trust/ca.pem")).unwrap();
                OpenOptions::new()
                    .append(true)
                    .open(base.join("trust/ca.pem"))
                    .unwrap_err();
                fs::write(base.join("trust/new"), "n").unwrap_err();
                fs::rename(base.join("trust/ca.pem"), base.join("theirs/ca.pem")).unwrap_err();
                fs::rename(base.join("trust"), base.join("other")).unwrap_err();
                fs::read(base.join("trust/keys/key")).unwrap_err();
                // Read-only access does not open files in a hidden directory.
                fs::read(base.join("ours/key")).unwrap_err();
                fs::write(base.join("theirs/new"), "n").unwrap();
            });
        });
        // Files that its user cannot change anyway cost nothing: files made next to them later remain in reach.
        let bare = Hidden::of([].iter(), &[PathBuf::from("/etc/ssl/certs")], true).unwrap();
        assert!(bare.read_only.is_empty() && !bare.ways.contains(Path::new("/etc")));
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn devices_are_closed_but_those_of_nobody_and_those_that_are_named() {
        let open = |name: &str| File::open(name).map(drop).map_err(|error| error.kind());
        // Opening them has no effect.
        let closed = [
            "kmsg",
            "fuse",
            "userfaultfd",
            "ptmx",
            "loop0",
            "net/tun",
            "tty0",
            "pts/0",
        ];
        let closed = closed.map(|name| format!("{DIRECTORY}/{name}"));
        let there: Vec<_> = closed.iter().filter(|path| open(path).is_ok()).collect();
        let named = there.first().map(PathBuf::from);
        let hide = |devices| {
            Hidden::of([].iter(), &[], false)
                .unwrap()
                .with_devices(devices)
                .rules()
                .unwrap()
        };
        let (none, one) = (hide(Vec::new()), hide(named.iter().cloned().collect()));
        std::thread::scope(|scope| {
            let _ = scope.spawn(|| {
                none.prepare().unwrap().restrict().unwrap();
                for path in &there {
                    assert_eq!(open(path), Err(io::ErrorKind::PermissionDenied), "{path}");
                }
                for path in devices::HARMLESS {
                    open(path).unwrap();
                }
            });
            let _ = scope.spawn(|| {
                one.prepare().unwrap().restrict().unwrap();
                let still: Vec<_> = there.iter().filter(|path| open(path).is_ok()).collect();
                assert_eq!(still, there.iter().take(1).collect::<Vec<_>>());
            });
        });
    }

    #[test]
    fn a_device_on_the_way_is_known_by_its_number_and_not_by_its_name() {
        if !crate::needs::root() {
            return;
        }
        let base = directory("devices");
        let make = |name: &str, kind, major, minor| {
            let number = rustix::fs::makedev(major, minor);
            mknodat(CWD, base.join(name), kind, Mode::RUSR, number).unwrap();
            base.join(name)
        };
        let (disk, kernel) = (
            make("null", FileType::BlockDevice, 7, 0),
            make("zero", FileType::CharacterDevice, 1, 11),
        );
        let harmless = make("hidraw0", FileType::CharacterDevice, 1, 5);
        let hidden = Hidden::of([base.join("ours")].iter(), &[], false)
            .unwrap()
            .rules()
            .unwrap();
        std::thread::scope(|scope| {
            let _ = scope.spawn(|| {
                hidden.prepare().unwrap().restrict().unwrap();
                File::open(disk).unwrap_err();
                File::open(kernel).unwrap_err();
                // A file system may be mounted without devices.
                let opened = File::open(harmless).map(drop).map_err(|error| error.to_string());
                assert!(opened.is_ok(), "{opened:?}");
            });
        });
        fs::remove_dir_all(base).unwrap();
    }
}
