//! Mounts of this process (proc_pid_mountinfo(5)). A bind mount gives a file a second name, and a rule about the first one says nothing
//! about the second.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use crate::limits::MOUNTS_BYTES_MAX;

#[cfg(fuzzing)]
pub(crate) mod fuzzing;

const MOUNTS: &str = "/proc/self/mountinfo";

/// File system of containers' root directories.
const OVERLAY: &[u8] = b"overlay";

/// File systems whose parts are mounted as root directories of hosts: those with subvolumes, and what bwrap(1) makes in a tmpfs.
const OF_HOSTS: [&[u8]; 3] = [b"btrfs", b"bcachefs", b"tmpfs"];

/// Where ostree(1) keeps the root directories of a host.
const OSTREE: &str = "/ostree";

/// File systems whose files are devices, wherever they are mounted.
const OF_DEVICES: [&[u8]; 2] = [b"devtmpfs", b"devpts"];

/// File systems whose files are settings of the kernel or of other processes, wherever they are mounted. Without hugetlbfs, whose
/// files are memory of programs.
const OF_KERNEL: [&[u8]; 13] = [
    b"binfmt_misc",
    b"bpf",
    b"cgroup",
    b"cgroup2",
    b"configfs",
    b"debugfs",
    b"efivarfs",
    b"fusectl",
    b"proc",
    b"pstore",
    b"securityfs",
    b"sysfs",
    b"tracefs",
];

/// All mounts, in the order of the kernel.
#[derive(Debug, Default)]
pub(crate) struct Mounts(Vec<Mount>);

/// A file by its place in a file system, whichever mount shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inside {
    device: Vec<u8>,
    path: PathBuf,
}

#[derive(Debug, PartialEq, Eq)]
struct Mount {
    id: u64,
    /// Number of the mount that its mount point lies in.
    parent: u64,
    /// Major and minor number: the file system that it shows.
    device: Vec<u8>,
    /// Directory or file of the file system that it shows.
    root: PathBuf,
    /// Directory or file at which it is mounted.
    point: PathBuf,
    is_of_devices: bool,
    is_of_kernel: bool,
    is_overlay: bool,
    /// It has a layer that is written to. Hosts whose root directory is an overlay of images alone (composefs) have none.
    has_upper: bool,
    /// Its file system is one of [`OF_HOSTS`].
    is_of_hosts: bool,
    /// `hidepid` of a proc file system is set (proc(5)).
    hides_processes: bool,
}

impl Mounts {
    /// Reads the mounts that this process sees.
    ///
    /// # Errors
    /// `/proc` is missing, or there are too many mounts.
    pub(crate) fn read() -> io::Result<Self> {
        Self::read_from(Path::new(MOUNTS))
    }

    /// Reads the mounts that another process, or one thread, sees, by its directory in `/proc`.
    ///
    /// # Errors
    /// It has ended, the file is closed to this user, or there are too many mounts.
    pub(crate) fn of_process(place: &Path) -> io::Result<Self> {
        Self::read_from(&place.join("mountinfo"))
    }

    fn read_from(file: &Path) -> io::Result<Self> {
        let mut text = Vec::new();
        let limit = u64::try_from(MOUNTS_BYTES_MAX).unwrap_or(u64::MAX);
        File::open(file)?.take(limit).read_to_end(&mut text)?;
        if text.len() >= MOUNTS_BYTES_MAX {
            return Err(io::Error::other(format!(
                "{} has more than {limit} bytes",
                file.display()
            )));
        }
        Ok(Self::parse(&text))
    }

    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(text.split(|byte| *byte == b'\n').filter_map(Mount::parse).collect())
    }

    /// Other names of a path without links, and of everything below it: the places where its directory, one above it or a part of
    /// it is mounted as well. The same for the mount points on the way, which those names could move away. Not every name is
    /// visible, as another mount may lie over it.
    pub(crate) fn names(&self, path: &Path) -> Vec<PathBuf> {
        self.names_in(path, mount_of(path))
    }

    fn names_in(&self, path: &Path, id: Option<u64>) -> Vec<PathBuf> {
        let mut names = Vec::new();
        let mut shown = self.shows(path, id);
        // Mounts form a tree: the way has no more steps than there are mounts.
        for _ in &self.0 {
            let Some((mount, rest)) = shown else { break };
            let inside = join(&mount.root, rest);
            let others = self.0.iter();
            let others = others.filter(|other| other.id != mount.id && other.device == mount.device);
            names.extend(others.filter_map(|other| match inside.strip_prefix(&other.root) {
                Ok(rest) => Some(join(&other.point, rest)),
                Err(_) => other.root.starts_with(&inside).then(|| other.point.clone()),
            }));
            shown = self.shows_point_of(mount);
        }
        names.sort();
        names.dedup();
        names
    }

    /// Place of an opened file in its file system; `path` is its path without links.
    pub(crate) fn place(&self, path: &Path, file: &File) -> Option<Inside> {
        let mount = self.of_file(file)?;
        let rest = path.strip_prefix(&mount.point).ok()?;
        Some(Inside {
            device: mount.device.clone(),
            path: join(&mount.root, rest),
        })
    }

    /// Whether an opened file lies on an overlay. The directories that it is made of can be reached without it.
    pub(crate) fn is_on_overlay(&self, file: &File) -> bool {
        self.of_file(file).is_some_and(|mount| mount.is_overlay)
    }

    fn of_file(&self, file: &File) -> Option<&Mount> {
        let id = mount_of_file(file)?;
        self.0.iter().find(|mount| mount.id == id)
    }

    /// Whether one of these mounts shows the file, by whatever name.
    pub(crate) fn show(&self, file: &Inside) -> bool {
        let mut same = self.0.iter().filter(|mount| mount.device == file.device);
        same.any(|mount| file.path.starts_with(&mount.root))
    }

    /// Whether these are of the mount namespace that has mounts with these numbers: a mount is in one only, and its number is given
    /// once.
    pub(crate) fn share_namespace(&self, numbers: &BTreeSet<u64>) -> bool {
        self.0.iter().any(|mount| numbers.contains(&mount.id))
    }

    /// Numbers of all mounts.
    pub(crate) fn numbers(&self) -> BTreeSet<u64> {
        self.0.iter().map(|mount| mount.id).collect()
    }

    /// Number of the mount of the root directory. `None` for a process whose root directory lies within a mount (chroot(2)): of
    /// that mount nothing is listed.
    pub(crate) fn root(&self) -> Option<u64> {
        self.root_mount().map(|mount| mount.id)
    }

    /// Whether the root directory is as container runtimes make it, and hosts seldom: an overlay, or a directory of another file system.
    pub(crate) fn are_of_container(&self) -> bool {
        self.root_mount().is_some_and(|mount| match mount.is_overlay {
            true => mount.has_upper,
            false => mount.root != Path::new("/") && !mount.root.starts_with(OSTREE) && !mount.is_of_hosts,
        })
    }

    /// Whether `/proc` leaves out processes of other users.
    pub(crate) fn hide_processes(&self) -> bool {
        let mut of_processes = self.0.iter().filter(|mount| mount.point == Path::new("/proc"));
        of_processes.any(|mount| mount.hides_processes)
    }

    fn root_mount(&self) -> Option<&Mount> {
        self.0.iter().rfind(|mount| mount.point == Path::new("/"))
    }

    /// The mount that the point of another one lies in, and the way there.
    fn shows_point_of<'a>(&'a self, mount: &'a Mount) -> Option<(&'a Mount, &'a Path)> {
        let parent = self
            .0
            .iter()
            .find(|other| other.id == mount.parent && other.id != mount.id)?;
        Some((parent, mount.point.strip_prefix(&parent.point).ok()?))
    }

    /// Mount points of file systems of devices.
    pub(crate) fn of_devices(&self) -> impl Iterator<Item = &Path> {
        let mounts = self.0.iter().filter(|mount| mount.is_of_devices);
        mounts.map(|mount| mount.point.as_path())
    }

    /// Mount points of file systems of the kernel.
    pub(crate) fn of_kernel(&self) -> impl Iterator<Item = &Path> {
        let mounts = self.0.iter().filter(|mount| mount.is_of_kernel);
        mounts.map(|mount| mount.point.as_path())
    }

    /// All mount points.
    pub(crate) fn points(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|mount| mount.point.as_path())
    }

    /// The mount with this number and the way from there to the path; without a number the nearest mount, of several the last one,
    /// which lies over the others.
    fn shows<'a>(&'a self, path: &'a Path, id: Option<u64>) -> Option<(&'a Mount, &'a Path)> {
        let above = self.0.iter();
        let above = above.filter_map(|mount| Some((mount, path.strip_prefix(&mount.point).ok()?)));
        let told = above.clone().find(|(mount, _)| Some(mount.id) == id);
        told.or_else(|| above.max_by_key(|(mount, _)| mount.point.components().count()))
    }
}

/// Other names that mounts give the file that a path leads to; empty where they cannot be read.
#[must_use]
pub fn other_names(path: &Path) -> Vec<PathBuf> {
    let found = path.canonicalize().and_then(|path| Ok(Mounts::read()?.names(&path)));
    found.unwrap_or_default()
}

impl Mount {
    /// `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELDS] - TYPE SOURCE OPTIONS`.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
        let (id, parent) = (number()?, number()?);
        let device = fields.next()?.to_vec();
        let (root, point) = (path(fields.next()?), path(fields.next()?));
        fields.find(|field| *field == b"-")?;
        let kind = fields.next()?;
        let settings = fields.nth(1).unwrap_or_default();
        let settings = settings.split(|byte| *byte == b',');
        let hides = |setting: &[u8]| matches!(setting.strip_prefix(b"hidepid="), Some(value) if !matches!(value, b"0" | b"off"));
        Some(Self {
            id,
            parent,
            device,
            root,
            point,
            is_of_devices: OF_DEVICES.contains(&kind),
            is_of_kernel: OF_KERNEL.contains(&kind),
            is_overlay: kind == OVERLAY,
            has_upper: settings.clone().any(|setting| setting.starts_with(b"upperdir=")),
            is_of_hosts: OF_HOSTS.contains(&kind),
            hides_processes: settings.clone().any(hides),
        })
    }
}

/// Number of the mount that contains a path, or its nearest existing directory.
fn mount_of(path: &Path) -> Option<u64> {
    let found = path.ancestors().find_map(|path| {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        statx(CWD, path, flags, StatxFlags::MNT_ID).ok()
    })?;
    let told = StatxFlags::from_bits_retain(found.stx_mask);
    told.contains(StatxFlags::MNT_ID).then_some(found.stx_mnt_id)
}

fn mount_of_file(file: &File) -> Option<u64> {
    let found = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).ok()?;
    let told = StatxFlags::from_bits_retain(found.stx_mask);
    told.contains(StatxFlags::MNT_ID).then_some(found.stx_mnt_id)
}

/// Decodes blanks, line ends and backslashes, which are written as three octal digits.
fn path(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (byte, escaped) {
            (b'\\', Some(escaped)) => {
                bytes.push(escaped);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    std::ffi::OsString::from_vec(bytes).into()
}

/// Without the slash that an empty rest would add.
fn join(directory: &Path, rest: &Path) -> PathBuf {
    match rest.as_os_str() == OsStr::from_bytes(b"") {
        true => directory.to_owned(),
        false => directory.join(rest),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const TEXT: &[u8] = b"\
1 0 254:0 / / rw shared:1 - ext4 /dev/vda rw
2 1 0:6 / /dev rw - devtmpfs devtmpfs rw
3 1 254:0 /srv/ours /media/the\\040whole rw shared:1 master:2 - ext4 /dev/vda rw
4 1 254:0 /srv/ours/keys/key /media/one-file rw - ext4 /dev/vda rw
5 1 254:0 /srv /media/parent ro - ext4 /dev/vda rw
6 1 0:9 /srv/ours /media/other rw - tmpfs tmpfs rw
7 1 254:0 /srv/ours2 /media/sibling rw - ext4 /dev/vda rw
8 1 0:7 / /jail/dev/pts rw - devpts devpts rw
broken
";

    fn names(path: &str) -> Vec<String> {
        let names = Mounts::parse(TEXT).names_in(Path::new(path), None);
        names.iter().map(|path| path.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn blanks_in_names_are_read_as_they_are() {
        assert_eq!(path(b"/media/the\\040whole"), Path::new("/media/the whole"));
        assert_eq!(path(b"/a\\134b\\012c\\"), Path::new("/a\\b\nc\\"));
    }

    #[test]
    fn a_file_has_a_name_in_each_mount_of_its_directory_of_one_above_and_of_a_part() {
        let whole = ["/media/one-file", "/media/parent/ours", "/media/the whole"];
        assert_eq!(names("/srv/ours"), whole);
        assert_eq!(
            names("/media/the whole/keys"),
            ["/media/one-file", "/media/parent/ours/keys", "/srv/ours/keys"]
        );
        assert_eq!(
            names("/media/one-file"),
            [
                "/media/parent/ours/keys/key",
                "/media/the whole/keys/key",
                "/srv/ours/keys/key"
            ]
        );
        assert_eq!(names("/media/sibling"), ["/media/parent/ours2", "/srv/ours2"]);
    }

    #[test]
    fn the_same_directory_of_another_file_system_is_another_one() {
        assert_eq!(names("/media/other/x"), [] as [&str; 0]);
    }

    #[test]
    fn of_mounts_over_each_other_the_last_one_is_in_sight() {
        let text = b"1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 /a /m rw - ext4 b rw\n3 1 8:1 /b /m rw - ext4 a rw\n";
        let mounts = Mounts::parse(text);
        assert_eq!(mounts.names_in(Path::new("/m/x"), None), [Path::new("/b/x")]);
        // Unless the kernel says otherwise.
        assert_eq!(mounts.names_in(Path::new("/m/x"), Some(2)), [] as [&Path; 0]);
    }

    #[test]
    fn the_directory_under_a_mount_has_other_names_too() {
        let text = b"1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /users/u/ours rw - ext4 b rw\n3 1 8:1 /users /media/homes rw - ext4 a rw\n";
        let mounts = Mounts::parse(text);
        assert_eq!(
            mounts.names_in(Path::new("/users/u/ours/key"), None),
            [Path::new("/media/homes/u/ours")]
        );
    }

    #[test]
    fn file_systems_of_devices_are_known_wherever_they_are() {
        let mounts = Mounts::parse(TEXT);
        let found: Vec<_> = mounts.of_devices().collect();
        assert_eq!(found, [Path::new("/dev"), Path::new("/jail/dev/pts")]);
    }

    #[test]
    fn a_proc_that_hides_processes_is_known_by_any_form_of_the_setting() {
        let mounts = |setting: &str| Mounts::parse(format!("9 1 0:5 / /proc rw - proc proc rw,{setting}\n").as_bytes());
        for setting in [
            "hidepid=1",
            "hidepid=2",
            "hidepid=invisible",
            "hidepid=ptraceable,gid=5",
        ] {
            assert!(mounts(setting).hide_processes(), "{setting}");
        }
        for setting in ["hidepid=0", "hidepid=off", "gid=5"] {
            assert!(!mounts(setting).hide_processes(), "{setting}");
        }
    }

    #[test]
    fn a_root_directory_of_a_container_is_an_overlay_or_a_part_of_a_file_system() {
        for (line, expected) in [
            ("1 0 254:0 / / rw - ext4 /dev/vda rw", false),
            (
                "1 0 0:50 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w",
                true,
            ),
            // composefs, older ostree, a host on a subvolume, bwrap(1).
            (
                "1 0 0:50 / / ro - overlay composefs ro,lowerdir=/run/a::/sysroot/b",
                false,
            ),
            ("1 0 254:0 /ostree/deploy/x/deploy/1.0 / rw - xfs /dev/vda rw", false),
            ("1 0 0:30 /root / rw - btrfs /dev/vda rw,subvol=/root", false),
            ("1 0 0:40 /newroot / rw - tmpfs tmpfs rw", false),
            ("1 0 0:50 /var/lib/vfs/dir/1 / rw - ext4 /dev/vda rw", true),
            ("2 1 0:50 / /srv rw - overlay overlay rw", false),
        ] {
            assert_eq!(Mounts::parse(line.as_bytes()).are_of_container(), expected, "{line}");
        }
    }

    #[test]
    fn another_namespace_shows_a_file_by_its_file_system_and_not_by_its_name() {
        let file = |device: &[u8], path: &str| Inside {
            device: device.to_owned(),
            path: path.into(),
        };
        let mounts = Mounts::parse(b"3 1 254:0 /srv/ours /a rw - ext4 /dev/vda rw\n");
        assert!(mounts.show(&file(b"254:0", "/srv/ours/key")));
        assert!(!mounts.show(&file(b"254:0", "/srv/theirs/key")));
        assert!(!mounts.show(&file(b"0:50", "/srv/ours/key")));
        assert!(!mounts.share_namespace(&BTreeSet::from([4])));
        assert!(mounts.share_namespace(&Mounts::parse(TEXT).numbers()));
    }

    #[test]
    fn the_mounts_of_this_process_are_read() {
        assert!(
            Mounts::read()
                .unwrap()
                .0
                .iter()
                .any(|mount| mount.point == Path::new("/"))
        );
    }
}
